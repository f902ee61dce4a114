# Where analysts query: a workgroup that bounds what a query may cost, a database, and a bucket for results that forgets.
# The tables are made by `sealog athena ddl`, since they follow from what is archived.

resource "aws_glue_catalog_database" "lake" {
  count       = local.analysts ? 1 : 0
  name        = local.database
  description = "The lake of the Sealog archive ${var.name}"
  tags        = local.tags
}

resource "aws_s3_bucket" "results" {
  count  = local.analysts ? 1 : 0
  bucket = "${var.bucket}-results"
  tags   = local.tags
}

resource "aws_s3_bucket_public_access_block" "results" {
  count                   = local.analysts ? 1 : 0
  bucket                  = aws_s3_bucket.results[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "results" {
  count  = local.analysts ? 1 : 0
  bucket = aws_s3_bucket.results[0].id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.data.arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "results" {
  count  = local.analysts ? 1 : 0
  bucket = aws_s3_bucket.results[0].id
  rule {
    id     = "results-are-not-kept"
    status = "Enabled"
    filter {}
    expiration {
      days = 30
    }
    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_athena_workgroup" "lake" {
  count       = local.analysts ? 1 : 0
  name        = var.name
  description = "Queries over the lake of the Sealog archive ${var.name}"
  tags        = local.tags

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    # 100 GB a query, about half a dollar.
    bytes_scanned_cutoff_per_query = 107374182400
    engine_version {
      selected_engine_version = "Athena engine version 3"
    }
    result_configuration {
      output_location = "s3://${aws_s3_bucket.results[0].bucket}/"
      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = aws_kms_key.data.arn
      }
    }
  }
}
