CREATE EXTERNAL TABLE IF NOT EXISTS `sealog`.`orders_sorted` (
  `stream_label` string,
  `shard_id` string,
  `sequence_number` string,
  `event_id` string,
  `event_name` string,
  `event_version` string,
  `event_source` string,
  `aws_region` string,
  `created_at` timestamp,
  `size_bytes` bigint,
  `stream_view_type` string,
  `user_identity_type` string,
  `user_identity_principal_id` string,
  `keys` string,
  `old_image` string,
  `new_image` string,
  `extra` string,
  `verdict` string,
  `reason` string,
  `tags` string,
  `redactions` string,
  `filter` string,
  `leaf_hash` binary,
  `commit_number` bigint,
  `row_index` bigint,
  `committed_at` timestamp,
  `pk` string,
  `sk` string,
  `changed` array<string>,
  `tags_map` map<string,string>,
  `gen` string,
  `old_amount` decimal(38,2),
  `new_amount` decimal(38,2),
  `old_status` string,
  `new_status` string
)
PARTITIONED BY (`dt` string)
STORED AS PARQUET
LOCATION 's3://acme-audit/sealog/orders/lake/sorted/'
TBLPROPERTIES (
  'projection.enabled'='true',
  'projection.dt.type'='date',
  'projection.dt.format'='yyyy-MM-dd',
  'projection.dt.range'='2026-11-15,NOW',
  'projection.dt.interval'='1',
  'projection.dt.interval.unit'='DAYS',
  'storage.location.template'='s3://acme-audit/sealog/orders/lake/sorted/dt=${dt}/'
)
