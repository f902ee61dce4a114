//! What a refused call would have needed: action, resource, and the statement of an IAM policy that allows it.

use super::{Encryption, S3};

/// What an operation of this crate needs (S3 user guide, "Actions, resources, and condition keys for Amazon S3").
struct Needs {
    actions: Vec<&'static str>,
    /// Whether the resource is the bucket, or the objects under the prefix.
    bucket: bool,
}

impl S3 {
    /// Advice for a call that was answered with 403.
    pub(super) fn permission(&self, operation: &str) -> String {
        let Needs { actions, bucket } = self.needs(operation);
        let resource = if bucket { self.arn() } else { format!("{}/*", self.arn_of_prefix()) };
        let listed = actions.iter().map(|action| format!("\"{action}\"")).collect::<Vec<_>>().join(",");
        let statement = format!(r#"{{"Effect":"Allow","Action":[{listed}],"Resource":"{resource}"}}"#);
        let key = match &self.options.encryption {
            Encryption::Kms { .. } if !bucket => {
                "; with SSE-KMS also kms:GenerateDataKey and kms:Decrypt on the key"
            }
            Encryption::Kms { .. } | Encryption::BucketDefault | Encryption::S3 => "",
        };
        format!(
            "{} on {resource} is not allowed for these credentials; this statement allows it: {statement}{key}; where it is \
             allowed already, a Deny of the bucket, the organisation or the endpoint stands against it",
            actions.join(" and ")
        )
    }

    fn needs(&self, operation: &str) -> Needs {
        let object = |actions: &[&'static str]| Needs { actions: actions.to_vec(), bucket: false };
        let bucket = |actions: &[&'static str]| Needs { actions: actions.to_vec(), bucket: true };
        match operation {
            "create" if self.options.retention.is_some() => {
                object(&["s3:PutObject", "s3:PutObjectRetention"])
            }
            "create" | "replace" => object(&["s3:PutObject"]),
            "hold" => object(&["s3:PutObjectLegalHold"]),
            "read retention" => object(&["s3:GetObject", "s3:GetObjectRetention", "s3:GetObjectLegalHold"]),
            "delete" => object(&["s3:GetObjectVersion"]),
            "remove" => object(&["s3:DeleteObject"]),
            "list" => bucket(&["s3:ListBucket"]),
            "list versions" => bucket(&["s3:ListBucketVersions"]),
            "read versioning" => bucket(&["s3:GetBucketVersioning"]),
            "make bucket" => bucket(&["s3:CreateBucket"]),
            "set up bucket" => bucket(&[
                "s3:PutBucketObjectLockConfiguration",
                "s3:PutEncryptionConfiguration",
                "s3:PutBucketPolicy",
            ]),
            "check bucket" => bucket(&[
                "s3:GetBucketVersioning",
                "s3:GetBucketObjectLockConfiguration",
                "s3:GetEncryptionConfiguration",
                "s3:GetBucketPolicy",
            ]),
            _ => object(&["s3:GetObject"]),
        }
    }

    /// ARN of the bucket, in the partition of its region.
    pub(super) fn arn(&self) -> String {
        let region = self.client.config().region().map(|region| region.as_ref().to_owned());
        let partition = match region.as_deref() {
            Some(region) if region.starts_with("cn-") => "aws-cn",
            Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
            Some(_) | None => "aws",
        };
        format!("arn:{partition}:s3:::{}", self.bucket)
    }

    /// ARN of what lies under the prefix, without what follows.
    pub(super) fn arn_of_prefix(&self) -> String {
        if self.prefix.is_empty() { self.arn() } else { format!("{}/{}", self.arn(), self.prefix) }
    }
}
