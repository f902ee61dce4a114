CREATE EXTERNAL TABLE IF NOT EXISTS `sealog`.`orders_days` (
  `day` string,
  `gen` string,
  `through_commit` bigint,
  `valid` boolean,
  `made_at` timestamp,
  `superseded_at` timestamp,
  `file` string,
  `sha256` string,
  `bytes` bigint,
  `row_count` bigint
)
PARTITIONED BY (`dt` string)
STORED AS PARQUET
LOCATION 's3://acme-audit/sealog/orders/lake/days/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.dt.type'='date',
  'projection.dt.format'='yyyy-MM-dd',
  'projection.dt.range'='2026-11-15,NOW',
  'projection.dt.interval'='1',
  'projection.dt.interval.unit'='DAYS',
  'storage.location.template'='s3://acme-audit/sealog/orders/lake/days/dt=${dt}/'
)
