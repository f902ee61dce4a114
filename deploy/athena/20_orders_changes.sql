CREATE OR REPLACE VIEW "sealog"."orders_changes" AS
WITH "all_rows" AS (
  SELECT "stream_label", "shard_id", "sequence_number", "event_id", "event_name", "event_version", "event_source", "aws_region", "created_at", "size_bytes", "stream_view_type", "user_identity_type", "user_identity_principal_id", "keys", "old_image", "new_image", "extra", "verdict", "reason", "tags", "redactions", "filter", "leaf_hash", "commit_number", "row_index", "committed_at", "pk", "sk", "changed", "tags_map", "old_amount", "new_amount", "old_status", "new_status", "dt", "gen" FROM "sealog"."orders_sorted"
  UNION ALL
  SELECT "stream_label", "shard_id", "sequence_number", "event_id", "event_name", "event_version", "event_source", "aws_region", "created_at", "size_bytes", "stream_view_type", "user_identity_type", "user_identity_principal_id", "keys", "old_image", "new_image", "extra", "verdict", "reason", "tags", "redactions", "filter", "leaf_hash", "commit_number", "row_index", "committed_at", "pk", "sk", "changed", "tags_map", "old_amount", "new_amount", "old_status", "new_status", "dt", CAST(NULL AS varchar) AS "gen" FROM "sealog"."orders_fresh"
),
"markers" AS (
  SELECT "dt", max("gen") AS "valid_gen", max("through_commit") AS "through_commit"
  FROM "sealog"."orders_days" WHERE "valid" GROUP BY "dt"
)
SELECT r."stream_label", r."shard_id", r."sequence_number", r."event_id", r."event_name", r."event_version", r."event_source", r."aws_region", r."created_at", r."size_bytes", r."stream_view_type", r."user_identity_type", r."user_identity_principal_id", r."keys", r."old_image", r."new_image", r."extra", r."verdict", r."reason", r."tags", r."redactions", r."filter", r."leaf_hash", r."commit_number", r."row_index", r."committed_at", r."pk", r."sk", r."changed", r."tags_map", r."old_amount", r."new_amount", r."old_status", r."new_status", r."dt"
FROM "all_rows" r LEFT JOIN "markers" m ON r."dt" = m."dt"
WHERE (r."gen" IS NOT NULL AND r."gen" = m."valid_gen")
   OR (r."gen" IS NULL AND (m."through_commit" IS NULL OR r."commit_number" > m."through_commit"))
