output "archive" {
  description = "The archive, for `sealog verify` and the configuration."
  value       = "s3://${var.bucket}/${local.prefix}"
}

output "signing_key" {
  description = "The signing key, for the configuration. Show it to auditors: `sealog keys show <this> --name <name>`."
  value       = "kms:${aws_kms_key.signing.arn}"
}

output "configuration" {
  description = "sealog.toml for these tables. Write it by `terraform output -raw configuration > sealog.toml`."
  value       = local.configuration
}

output "writer_role" {
  description = "ARN of the role that `sealog run` takes."
  value       = aws_iam_role.writer.arn
}

output "auditor_role" {
  description = "ARN of the role that `sealog verify` takes."
  value       = aws_iam_role.auditor.arn
}

output "analyst_role" {
  description = "ARN of the role that queries through Athena; null where no analysts are named."
  value       = local.analysts ? aws_iam_role.analyst[0].arn : null
}

locals {
  configuration = join("\n", concat(
    [
      "archive = \"s3://${var.bucket}/${local.prefix}\"",
      "",
      "[signing]",
      "key = \"kms:${aws_kms_key.signing.arn}\"",
      "name = \"${var.name}\"",
      "",
      "[retention]",
      "mode = \"${lower(var.retention_mode)}\"",
      "days = ${var.retention_days}",
      "",
      "[encryption]",
      "mode = \"sse-kms\"",
      "key = \"${aws_kms_key.data.arn}\"",
      "",
    ],
    var.alarm_topic == null ? [] : ["[signals]", "emf = true", ""],
    flatten([for table in sort(var.tables) : concat(
      ["[[table]]", "name = \"${table}\""],
      contains(keys(var.logs), table) ? ["log = \"${var.logs[table]}\""] : [],
      ["require_view_type = \"NEW_AND_OLD_IMAGES\"", ""],
    )]),
  ))
}
