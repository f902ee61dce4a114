terraform {
  required_version = ">= 1.7"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80, < 7.0"
    }
  }
}

data "aws_caller_identity" "here" {}
data "aws_partition" "here" {}
data "aws_region" "here" {}

locals {
  account   = data.aws_caller_identity.here.account_id
  partition = data.aws_partition.here.partition
  region    = data.aws_region.here.id

  # Where the archive lies in its bucket, with no slash at either end.
  prefix = trim(var.prefix, "/")
  bucket = "arn:${local.partition}:s3:::${var.bucket}"
  root   = "${local.bucket}/${local.prefix}"

  tags = merge({ "sealog:archive" = var.name }, var.tags)
}
