# One role for each of those who have to do with an archive. The statements are those of deploy/iam, where each one's reason
# stands; a test compares them.

locals {
  stream_arns = [for table in sort(var.tables) : "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${table}/stream/*"]
  table_arns  = [for table in sort(var.tables) : "arn:${local.partition}:dynamodb:${local.region}:${local.account}:table/${table}"]

  read_archive    = { Sid = "ReadArchive", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["${local.root}/*"] }
  glue            = "arn:${local.partition}:glue:${local.region}:${local.account}"
  database        = replace(var.name, "-", "_")
  results         = "arn:${local.partition}:s3:::${var.bucket}-results"
  analysts        = length(var.analyst_arns) > 0
  encrypt_actions = ["kms:Decrypt", "kms:GenerateDataKey"]

  policies = {
    writer = [
      { Sid = "FindStreams", Effect = "Allow", Action = ["dynamodb:ListStreams"], Resource = ["*"] },
      { Sid = "ReadStreams", Effect = "Allow", Action = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"], Resource = local.stream_arns },
      { Sid = "SeeDrift", Effect = "Allow", Action = ["dynamodb:DescribeTable"], Resource = local.table_arns },
      { Sid = "WriteArchive", Effect = "Allow", Action = ["s3:PutObject", "s3:PutObjectRetention"], Resource = ["${local.root}/*"] },
      local.read_archive,
      { Sid = "ListArchive", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.bucket] },
      { Sid = "EncryptArchive", Effect = "Allow", Action = local.encrypt_actions, Resource = [aws_kms_key.data.arn] },
    ]
    signer = [
      { Sid = "ReadVerifierKey", Effect = "Allow", Action = ["kms:GetPublicKey"], Resource = [aws_kms_key.signing.arn] },
      { Sid = "Sign", Effect = "Allow", Action = ["kms:Sign"], Resource = [aws_kms_key.signing.arn],
      Condition = { StringEquals = { "kms:MessageType" = "RAW", "kms:SigningAlgorithm" = "ECDSA_SHA_256" } } },
    ]
    auditor = [
      local.read_archive,
      { Sid = "ListArchive", Effect = "Allow", Action = ["s3:GetBucketVersioning", "s3:ListBucket", "s3:ListBucketVersions"], Resource = [local.bucket] },
      { Sid = "DecryptArchive", Effect = "Allow", Action = ["kms:Decrypt"], Resource = [aws_kms_key.data.arn] },
    ]
    analyst = [
      { Sid = "Query", Effect = "Allow", Action = ["athena:GetQueryExecution", "athena:GetQueryResults", "athena:GetWorkGroup", "athena:StartQueryExecution", "athena:StopQueryExecution"],
      Resource = ["arn:${local.partition}:athena:${local.region}:${local.account}:workgroup/${var.name}"] },
      { Sid = "ReadCatalogue", Effect = "Allow", Action = ["glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"],
      Resource = ["${local.glue}:catalog", "${local.glue}:database/${local.database}", "${local.glue}:table/${local.database}/*"] },
      { Sid = "ReadLake", Effect = "Allow", Action = ["s3:GetObject"], Resource = ["${local.root}/*/lake/*"] },
      { Sid = "ListLake", Effect = "Allow", Action = ["s3:ListBucket"], Resource = [local.bucket],
      Condition = { StringLike = { "s3:prefix" = "${local.prefix}/*/lake/*" } } },
      { Sid = "DecryptLake", Effect = "Allow", Action = ["kms:Decrypt"], Resource = [aws_kms_key.data.arn] },
      { Sid = "KeepResults", Effect = "Allow", Action = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"], Resource = ["${local.results}/*"] },
      { Sid = "FindResults", Effect = "Allow", Action = ["s3:GetBucketLocation", "s3:ListBucket"], Resource = [local.results] },
      { Sid = "EncryptResults", Effect = "Allow", Action = ["kms:GenerateDataKey"], Resource = [aws_kms_key.data.arn] },
    ]
  }

  # Pods take a role through EKS Pod Identity, which tags the session.
  writer_trust = concat(
    length(var.writer_principals.services) == 0 ? [] : [{
      Effect    = "Allow"
      Principal = { Service = var.writer_principals.services }
      Action    = ["sts:AssumeRole", "sts:TagSession"]
    }],
    length(var.writer_principals.arns) == 0 ? [] : [{
      Effect    = "Allow"
      Principal = { AWS = var.writer_principals.arns }
      Action    = ["sts:AssumeRole"]
    }],
  )
}

resource "aws_iam_role" "writer" {
  name                 = "${var.name}-writer"
  description          = "Archives: reads streams, writes the archive, signs its heads"
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = local.writer_trust })
  max_session_duration = 3600
  tags                 = local.tags

  lifecycle {
    precondition {
      condition     = length(local.writer_trust) > 0
      error_message = "writer_principals should name a service or an ARN: else nobody can take the writer's role."
    }
  }
}

resource "aws_iam_role_policy" "writer" {
  for_each = toset(["writer", "signer"])
  name     = each.key
  role     = aws_iam_role.writer.id
  policy   = jsonencode({ Version = "2012-10-17", Statement = local.policies[each.key] })
}

resource "aws_iam_role" "auditor" {
  name               = "${var.name}-auditor"
  description        = "Verifies the archive: reads all of it, writes nothing"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = var.auditor_arns }, Action = "sts:AssumeRole" }] })
  tags               = local.tags
}

resource "aws_iam_role_policy" "auditor" {
  name   = "auditor"
  role   = aws_iam_role.auditor.id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.policies.auditor })
}

resource "aws_iam_role" "analyst" {
  count              = local.analysts ? 1 : 0
  name               = "${var.name}-analyst"
  description        = "Queries the lake through Athena; sees no evidence"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Principal = { AWS = var.analyst_arns }, Action = "sts:AssumeRole" }] })
  tags               = local.tags
}

resource "aws_iam_role_policy" "analyst" {
  count  = local.analysts ? 1 : 0
  name   = "analyst"
  role   = aws_iam_role.analyst[0].id
  policy = jsonencode({ Version = "2012-10-17", Statement = local.policies.analyst })
}
