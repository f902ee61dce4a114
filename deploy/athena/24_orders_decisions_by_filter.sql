CREATE OR REPLACE VIEW "sealog"."orders_decisions_by_filter" AS
SELECT "name" AS "filter_name", "detail" AS "component", "mode", min("commit_number") AS "first_commit", max("commit_number") AS "last_commit",
  sum("kept") AS "kept", sum("dropped") AS "dropped", sum("redacted") AS "redacted", sum("faults") AS "faults"
FROM "sealog"."orders_commits" WHERE "kind" = 'filter' GROUP BY "name", "detail", "mode"
