CREATE EXTERNAL TABLE IF NOT EXISTS `sealog`.`orders_commits` (
  `kind` string,
  `name` string,
  `commit_sha256` string,
  `previous_sha256` string,
  `writer` string,
  `records_root` string,
  `object_key` string,
  `stream` string,
  `shard` string,
  `parent` string,
  `began` string,
  `after_sequence` string,
  `last_sequence` string,
  `first_sequence` string,
  `cause` string,
  `mode` string,
  `detail` string,
  `commit_number` bigint,
  `records` bigint,
  `bytes` bigint,
  `kept` bigint,
  `dropped` bigint,
  `redacted` bigint,
  `faults` bigint,
  `misfits` bigint,
  `closed` boolean,
  `committed_at` timestamp,
  `noticed_at` timestamp
)
PARTITIONED BY (`dt` string)
STORED AS PARQUET
LOCATION 's3://acme-audit/sealog/orders/lake/log/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.dt.type'='date',
  'projection.dt.format'='yyyy-MM-dd',
  'projection.dt.range'='2026-11-15,NOW',
  'projection.dt.interval'='1',
  'projection.dt.interval.unit'='DAYS',
  'storage.location.template'='s3://acme-audit/sealog/orders/lake/log/dt=${dt}/'
)
