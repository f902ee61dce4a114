# `terraform test` (1.11 or newer), without AWS: what is computed there is made up here. Plans only: what must never be
# destroyed could not be torn down after an apply.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }
}

override_resource {
  target          = aws_kms_key.data
  override_during = plan
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
    key_id = "11111111-2222-3333-4444-555555555555"
  }
}

override_resource {
  target          = aws_kms_key.signing
  override_during = plan
  values = {
    arn    = "arn:aws:kms:eu-west-1:123456789012:key/66666666-7777-8888-9999-000000000000"
    key_id = "66666666-7777-8888-9999-000000000000"
  }
}

variables {
  name              = "sealog"
  bucket            = "acme-audit"
  prefix            = "/sealog/"
  tables            = ["orders"]
  writer_principals = { services = ["pods.eks.amazonaws.com"] }
  auditor_arns      = ["arn:aws:iam::210987654321:role/auditors"]
  analyst_arns      = ["arn:aws:iam::123456789012:role/analysts"]
  alarm_topic       = "arn:aws:sns:eu-west-1:123456789012:oncall"
}

run "the_bucket_keeps_what_it_has" {
  command = plan
  assert {
    condition     = aws_s3_bucket.archive.object_lock_enabled
    error_message = "the bucket should be made with Object Lock"
  }
  assert {
    condition     = aws_s3_bucket_versioning.archive.versioning_configuration[0].status == "Enabled"
    error_message = "the bucket should have versions"
  }
  assert {
    condition = (
      aws_s3_bucket_object_lock_configuration.archive[0].rule[0].default_retention[0].mode == "COMPLIANCE" &&
      aws_s3_bucket_object_lock_configuration.archive[0].rule[0].default_retention[0].days == 2557
    )
    error_message = "by default everything should be kept in compliance mode for seven years"
  }
  assert {
    condition     = one(aws_s3_bucket_server_side_encryption_configuration.archive.rule).apply_server_side_encryption_by_default[0].kms_master_key_id == aws_kms_key.data.arn
    error_message = "what is stored should be encrypted by the data key"
  }
  assert {
    condition = alltrue([
      aws_s3_bucket_public_access_block.archive.block_public_acls, aws_s3_bucket_public_access_block.archive.block_public_policy,
      aws_s3_bucket_public_access_block.archive.ignore_public_acls, aws_s3_bucket_public_access_block.archive.restrict_public_buckets,
    ])
    error_message = "the bucket should never be public"
  }
}

run "without_default_retention_object_lock_stays_on" {
  command = plan
  variables {
    default_retention = false
  }
  assert {
    condition     = aws_s3_bucket.archive.object_lock_enabled && length(aws_s3_bucket_object_lock_configuration.archive) == 0
    error_message = "the writer's own retention needs Object Lock, and no default"
  }
}

run "what_is_created_once_is_neither_deleted_nor_written_over" {
  command = plan
  assert {
    condition = alltrue([
      for sid in ["SealogNoDelete", "SealogCreateOnly", "SealogNoBypass", "SealogTlsOnly"] :
      contains([for it in jsondecode(aws_s3_bucket_policy.archive.policy).Statement : it.Sid if it.Effect == "Deny" && it.Principal == "*"], sid)
    ])
    error_message = "the bucket's policy should deny deletes, writes over, bypassing retention, and plain HTTP, to everybody"
  }
  assert {
    condition = [
      for it in jsondecode(aws_s3_bucket_policy.archive.policy).Statement : it.Condition if it.Sid == "SealogCreateOnly"
    ] == [{ Null = { "s3:if-none-match" = "true" } }]
    error_message = "a write without If-None-Match should be denied"
  }
  assert {
    condition = toset(flatten([
      for it in jsondecode(aws_s3_bucket_policy.archive.policy).Statement : it.Resource if it.Sid == "SealogNoDelete"
      ])) == toset([
      "arn:aws:s3:::acme-audit/sealog/*/commits/*", "arn:aws:s3:::acme-audit/sealog/*/evidence/*", "arn:aws:s3:::acme-audit/sealog/*/checkpoints/*",
    ])
    error_message = "commits, evidence and checkpoints should be what cannot be deleted"
  }
}

run "the_signing_key_signs_and_nothing_else" {
  command = plan
  assert {
    condition     = aws_kms_key.signing.customer_master_key_spec == "ECC_NIST_P256" && aws_kms_key.signing.key_usage == "SIGN_VERIFY"
    error_message = "the signing key should be of the spec ECC_NIST_P256, for SIGN_VERIFY"
  }
  assert {
    condition     = aws_kms_key.data.enable_key_rotation
    error_message = "the data key should rotate"
  }
}

run "each_role_may_do_what_deploy_iam_says" {
  command = plan
  assert {
    condition = {
      for role in ["writer", "signer", "auditor", "analyst"] : role => {
        for it in local.policies[role] : it.Sid => { effect = it.Effect, actions = sort(it.Action), resources = sort(it.Resource), condition = jsonencode(try(it.Condition, null)) }
      }
      } == {
      for role in ["writer", "signer", "auditor", "analyst"] : role => {
        for it in jsondecode(file("../iam/${role}.json")).Statement : it.Sid => {
          effect = it.Effect, actions = sort(flatten([it.Action])), resources = sort(flatten([it.Resource])), condition = jsonencode(try(it.Condition, null))
        }
      }
    }
    error_message = "a role's statements differ from deploy/iam: change both"
  }
  assert {
    condition     = toset([for it in values(aws_iam_role_policy.writer) : it.name]) == toset(["writer", "signer"])
    error_message = "the writer should have the policies writer and signer"
  }
}

run "every_table_has_every_alarm" {
  command = plan
  variables {
    tables = ["orders", "accounts"]
  }
  assert {
    condition     = length(aws_cloudwatch_metric_alarm.table) == 2 * length(local.alarms)
    error_message = "each table should have each alarm"
  }
  assert {
    condition     = alltrue([for it in values(aws_cloudwatch_metric_alarm.table) : contains(it.alarm_actions, "arn:aws:sns:eu-west-1:123456789012:oncall")])
    error_message = "each alarm should reach the topic"
  }
}

run "a_query_cannot_cost_what_it_likes" {
  command = plan
  assert {
    condition = (
      aws_athena_workgroup.lake[0].configuration[0].enforce_workgroup_configuration &&
      aws_athena_workgroup.lake[0].configuration[0].bytes_scanned_cutoff_per_query > 0
    )
    error_message = "the workgroup should bound what a query reads"
  }
}

run "without_analysts_and_topic_nothing_of_theirs_is_made" {
  command = plan
  variables {
    analyst_arns = []
    alarm_topic  = null
  }
  assert {
    condition     = length(aws_iam_role.analyst) + length(aws_athena_workgroup.lake) + length(aws_s3_bucket.results) + length(aws_cloudwatch_metric_alarm.table) == 0
    error_message = "no analysts: no role, workgroup and results; no topic: no alarms"
  }
}

run "the_configuration_names_what_was_made" {
  command = plan
  variables {
    logs = { orders = "orders-eu" }
  }
  assert {
    condition = alltrue([for line in [
      "archive = \"s3://acme-audit/sealog\"", "key = \"kms:${aws_kms_key.signing.arn}\"", "mode = \"compliance\"", "days = 2557",
      "key = \"${aws_kms_key.data.arn}\"", "name = \"orders\"", "log = \"orders-eu\"", "emf = true",
    ] : strcontains(output.configuration, line)])
    error_message = "the configuration should name archive, keys, retention and tables"
  }
}

run "wrong_values_are_refused" {
  command = plan
  variables {
    retention_mode = "NONE"
    retention_days = 0
    tables         = []
    prefix         = "/"
    name           = "Sealog!"
  }
  expect_failures = [var.retention_mode, var.retention_days, var.tables, var.prefix, var.name]
}

run "a_writer_that_nobody_can_be_is_refused" {
  command = plan
  variables {
    writer_principals = {}
  }
  expect_failures = [aws_iam_role.writer]
}
