CREATE OR REPLACE VIEW "sealog"."orders_deletes_per_day" AS
SELECT "dt", count(*) AS "deletes",
  count_if("user_identity_type" = 'Service' AND "user_identity_principal_id" = 'dynamodb.amazonaws.com') AS "by_ttl"
FROM "sealog"."orders_changes"
WHERE "event_name" = 'REMOVE' GROUP BY "dt"
