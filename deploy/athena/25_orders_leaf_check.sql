CREATE OR REPLACE VIEW "sealog"."orders_leaf_check" AS
SELECT "dt", "commit_number", "row_index", "leaf_hash", "computed",
  NOT ("leaf_hash" IS DISTINCT FROM "computed") AS "good"
FROM (
  SELECT "dt", "commit_number", "row_index", "leaf_hash", sha256(concat(X'00',
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("stream_label")) AS integer)) || to_utf8("stream_label"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("shard_id")) AS integer)) || to_utf8("shard_id"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("sequence_number")) AS integer)) || to_utf8("sequence_number"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("event_id")) AS integer)) || to_utf8("event_id"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("event_name")) AS integer)) || to_utf8("event_name"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("event_version")) AS integer)) || to_utf8("event_version"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("event_source")) AS integer)) || to_utf8("event_source"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("aws_region")) AS integer)) || to_utf8("aws_region"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8(CAST(date_diff('millisecond', timestamp '1970-01-01 00:00:00', "created_at") AS varchar))) AS integer)) || to_utf8(CAST(date_diff('millisecond', timestamp '1970-01-01 00:00:00', "created_at") AS varchar)), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8(CAST("size_bytes" AS varchar))) AS integer)) || to_utf8(CAST("size_bytes" AS varchar)), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("stream_view_type")) AS integer)) || to_utf8("stream_view_type"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("user_identity_type")) AS integer)) || to_utf8("user_identity_type"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("user_identity_principal_id")) AS integer)) || to_utf8("user_identity_principal_id"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("keys")) AS integer)) || to_utf8("keys"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("old_image")) AS integer)) || to_utf8("old_image"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("new_image")) AS integer)) || to_utf8("new_image"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("extra")) AS integer)) || to_utf8("extra"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("verdict")) AS integer)) || to_utf8("verdict"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("reason")) AS integer)) || to_utf8("reason"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("tags")) AS integer)) || to_utf8("tags"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("redactions")) AS integer)) || to_utf8("redactions"), X'00'),
    coalesce(X'01' || to_big_endian_32(CAST(length(to_utf8("filter")) AS integer)) || to_utf8("filter"), X'00'))) AS "computed"
  FROM "sealog"."orders_changes"
)
