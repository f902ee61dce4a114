# Two keys: one that encrypts what is stored, one that signs heads. The second one's secret half never leaves KMS.

locals {
  # Key policies name the key they belong to by "*".
  account_rules = {
    Sid       = "AccountRules"
    Effect    = "Allow"
    Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }
}

resource "aws_kms_key" "data" {
  description             = "Encrypts the Sealog archive ${var.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = local.tags
  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [local.account_rules]
  })

  # Without this key the archive is noise.
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "data" {
  name          = "alias/${var.name}-data"
  target_key_id = aws_kms_key.data.key_id
}

resource "aws_kms_key" "signing" {
  description              = "Signs the heads of the Sealog archive ${var.name}"
  key_usage                = "SIGN_VERIFY"
  customer_master_key_spec = "ECC_NIST_P256"
  deletion_window_in_days  = 30
  tags                     = local.tags
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      local.account_rules,
      # Whoever else may use KMS in this account signs nothing in the archive's name.
      {
        Sid       = "OnlyTheWriterSigns"
        Effect    = "Deny"
        Principal = "*"
        Action    = "kms:Sign"
        Resource  = "*"
        Condition = { ArnNotEquals = { "aws:PrincipalArn" = "arn:${local.partition}:iam::${local.account}:role/${var.name}-writer" } }
      },
    ]
  })

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_kms_alias" "signing" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.signing.key_id
}
