CREATE OR REPLACE VIEW "sealog"."orders_gaps" AS
SELECT "commit_number", "committed_at", "noticed_at", "stream", "shard", "after_sequence", "first_sequence", "cause", "closed" AS "ends_shard", "dt"
FROM "sealog"."orders_commits" WHERE "kind" = 'gap'
