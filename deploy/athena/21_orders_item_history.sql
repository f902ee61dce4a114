CREATE OR REPLACE VIEW "sealog"."orders_item_history" AS
SELECT "pk", "sk",
  row_number() OVER (PARTITION BY "pk", "sk" ORDER BY "stream_label", lpad("sequence_number", 40, '0')) AS "version",
  "created_at", "event_name", "changed", "old_image", "new_image", "user_identity_type", "user_identity_principal_id", "verdict", "reason", "filter", "tags_map", "sequence_number", "commit_number", "row_index", "committed_at", "old_amount", "new_amount", "old_status", "new_status", "dt"
FROM "sealog"."orders_changes"
