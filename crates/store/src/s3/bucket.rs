//! The bucket itself: made for an archive, or looked at whether it is fit for one.
//!
//! What exists is never changed: on a bucket that others use, too, that is its owner's to do.

use aws_sdk_s3::types::{
    BucketLocationConstraint, CreateBucketConfiguration, DefaultRetention, ObjectLockConfiguration,
    ObjectLockEnabled, ObjectLockRetentionMode, ObjectLockRule, ServerSideEncryption,
    ServerSideEncryptionByDefault, ServerSideEncryptionConfiguration, ServerSideEncryptionRule,
};
use sealog_chain::{Retention, RetentionMode};

use super::answer::Failure;
use super::lock::Canary;
use super::{Encryption, S3, policy};
use crate::{StoreError, StoreErrorKind, Versioning};

/// One thing that a bucket should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aspect {
    /// What, in a word or two.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found, and what to do about it.
    pub found: String,
    /// Why it could not be read or done.
    pub refused: Option<StoreErrorKind>,
}

/// How something stands that a bucket should have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// As it should be.
    Good,
    /// A second belt is missing: the archive is protected, and could be better.
    Weak,
    /// The archive is not protected.
    Bad,
    /// It could not be read.
    Unknown,
}

impl Aspect {
    fn new(name: &'static str, state: State, found: impl Into<String>) -> Self {
        Self { name, state, found: found.into(), refused: None }
    }
}

impl S3 {
    /// Makes the bucket if it is not there; sets what is not set; changes nothing that is. Whether it is fit then,
    /// [`S3::check_bucket`] tells.
    ///
    /// # Errors
    /// When the bucket can neither be found nor made.
    pub async fn init_bucket(&self) -> Result<Vec<Aspect>, StoreError> {
        let exists = self.bucket_exists().await?;
        if !exists {
            self.make_bucket().await?;
        }
        let state = if exists { "is there already" } else { "was made, with versions and Object Lock" };
        let mut done = vec![Aspect::new("bucket", State::Good, state)];
        done.extend(self.set_default_retention().await);
        done.extend(self.set_encryption().await);
        done.extend(self.set_policy().await);
        Ok(done)
    }

    async fn bucket_exists(&self) -> Result<bool, StoreError> {
        match self.client.head_bucket().bucket(&self.bucket).send().await.map_err(|error| Failure::of(&error))
        {
            Ok(_) => Ok(true),
            Err(failure) if failure.status == Some(404) => Ok(false),
            Err(failure) => Err(self.error("check bucket", "", &failure)),
        }
    }

    async fn make_bucket(&self) -> Result<(), StoreError> {
        let request = self.client.create_bucket().bucket(&self.bucket).object_lock_enabled_for_bucket(true);
        let region = self.client.config().region().map(|region| region.as_ref().to_owned());
        // us-east-1 is where a bucket lies that names no place, and must not be named.
        let elsewhere = region.filter(|region| region != "us-east-1").map(|region| {
            let place = BucketLocationConstraint::from(region.as_str());
            CreateBucketConfiguration::builder().location_constraint(place).build()
        });
        let made = request.set_create_bucket_configuration(elsewhere).send().await;
        made.map(|_| ()).map_err(|error| self.error("make bucket", "", &Failure::of(&error)))
    }

    /// `None`: there is one, or none is wanted.
    async fn set_default_retention(&self) -> Option<Aspect> {
        let wanted = self.options.retention?.retention;
        if !matches!(self.default_retention().await, Ok((true, None))) {
            return None;
        }
        let mode = match wanted.mode {
            RetentionMode::Compliance => ObjectLockRetentionMode::Compliance,
            RetentionMode::Governance => ObjectLockRetentionMode::Governance,
        };
        let days = i32::try_from(wanted.days).unwrap_or(i32::MAX);
        let retention = DefaultRetention::builder().mode(mode).days(days).build();
        let lock = ObjectLockConfiguration::builder()
            .object_lock_enabled(ObjectLockEnabled::Enabled)
            .rule(ObjectLockRule::builder().default_retention(retention).build())
            .build();
        let put = self.client.put_object_lock_configuration().bucket(&self.bucket);
        let put = put.object_lock_configuration(lock).send().await.map_err(|error| Failure::of(&error));
        Some(self.set("default retention", put.map(|_| ())))
    }

    async fn set_encryption(&self) -> Option<Aspect> {
        let by_default = match &self.options.encryption {
            Encryption::BucketDefault => return None,
            Encryption::S3 => {
                ServerSideEncryptionByDefault::builder().sse_algorithm(ServerSideEncryption::Aes256)
            }
            Encryption::Kms { key, .. } => ServerSideEncryptionByDefault::builder()
                .sse_algorithm(ServerSideEncryption::AwsKms)
                .set_kms_master_key_id(key.clone()),
        };
        // AWS has a default for each bucket; one that somebody chose (KMS) stays.
        if matches!(self.default_encryption().await, Ok(Some(found)) if found != "AES256") {
            return None;
        }
        let bucket_key = matches!(self.options.encryption, Encryption::Kms { bucket_key: true, .. });
        let built = by_default.build().and_then(|by_default| {
            let rule = ServerSideEncryptionRule::builder()
                .apply_server_side_encryption_by_default(by_default)
                .bucket_key_enabled(bucket_key);
            ServerSideEncryptionConfiguration::builder().rules(rule.build()).build()
        });
        let configuration = built.ok()?;
        let put = self.client.put_bucket_encryption().bucket(&self.bucket);
        let put = put.server_side_encryption_configuration(configuration).send().await;
        Some(self.set("encryption", put.map(|_| ()).map_err(|error| Failure::of(&error))))
    }

    async fn set_policy(&self) -> Option<Aspect> {
        if !matches!(self.bucket_policy().await, Ok(None)) {
            return None;
        }
        let put = self.client.put_bucket_policy().bucket(&self.bucket).policy(self.policy()).send().await;
        Some(self.set("policy", put.map(|_| ()).map_err(|error| Failure::of(&error))))
    }

    fn set(&self, name: &'static str, put: Result<(), Failure>) -> Aspect {
        match put {
            Ok(()) => Aspect::new(name, State::Good, "was set"),
            Err(failure) => Aspect::new(name, State::Weak, self.error("set up bucket", "", &failure).message),
        }
    }

    /// Looks whether the bucket is fit for an archive. The last aspect is proved: a canary is put, and its deletion must
    /// be refused; it stays for a day.
    pub async fn check_bucket(&self, now_ms: i64) -> Vec<Aspect> {
        match self.bucket_exists().await {
            Ok(true) => {}
            Ok(false) => {
                let found = "it does not exist; check its name, region and endpoint, or make it with `sealog archive init`";
                return vec![Aspect::new("bucket", State::Unknown, found)];
            }
            Err(error) => return vec![unknown("bucket", &error)],
        }
        vec![
            self.check_versioning().await,
            self.check_object_lock().await,
            self.check_encryption().await,
            self.check_policy().await,
            self.check_canary(now_ms).await,
        ]
    }

    async fn check_versioning(&self) -> Aspect {
        match self.bucket_versioning().await {
            Ok(Versioning::Enabled) => Aspect::new("versioning", State::Good, "every version is kept"),
            Ok(Versioning::Suspended) => Aspect::new(
                "versioning",
                State::Bad,
                "it is suspended: what is overwritten is lost; enable it",
            ),
            Ok(Versioning::Never) => {
                Aspect::new("versioning", State::Bad, "it is off: what is overwritten is lost; enable it")
            }
            Err(error) => unknown("versioning", &error),
        }
    }

    async fn check_object_lock(&self) -> Aspect {
        let name = "object lock";
        let wanted = self.options.retention.map(|retaining| retaining.retention);
        match (self.default_retention().await, wanted) {
            (Ok((false, _)), _) => Aspect::new(
                name,
                State::Bad,
                "it is off: whoever may delete, may delete the archive; enable it on the bucket",
            ),
            (Ok((true, None)), _) => Aspect::new(
                name,
                State::Weak,
                "it is on, without a default retention: an object is retained only if its writer says so",
            ),
            (Ok((true, Some(found))), Some(wanted)) if !is_at_least(found, wanted) => Aspect::new(
                name,
                State::Weak,
                format!(
                    "by default it retains in {}, less than the {} asked for",
                    shown(found),
                    shown(wanted)
                ),
            ),
            (Ok((true, Some(found))), _) => {
                Aspect::new(name, State::Good, format!("by default it retains in {}", shown(found)))
            }
            (Err(error), _) => unknown(name, &error),
        }
    }

    async fn check_encryption(&self) -> Aspect {
        let name = "encryption";
        match (self.default_encryption().await, &self.options.encryption) {
            (Ok(Some(found)), Encryption::Kms { .. }) if found != "aws:kms" => Aspect::new(
                name,
                State::Weak,
                format!("the bucket's default is {found}; each object of ours names SSE-KMS all the same"),
            ),
            (Ok(Some(found)), _) => {
                Aspect::new(name, State::Good, format!("the bucket's default is {found}"))
            }
            (Ok(None), _) => {
                Aspect::new(name, State::Weak, "the bucket states no default encryption; set one")
            }
            (Err(error), _) => unknown(name, &error),
        }
    }

    async fn check_policy(&self) -> Aspect {
        let lacking = match self.bucket_policy().await {
            Ok(policy) => policy::lacks(&policy.unwrap_or_default()),
            Err(error) => return unknown("policy", &error),
        };
        if lacking.is_empty() {
            return Aspect::new(
                "policy",
                State::Good,
                "it denies deletes and writes over what is created once",
            );
        }
        let found =
            format!("it lacks {}; put these statements into it: {}", lacking.join(" and "), self.policy());
        Aspect::new("policy", State::Weak, found)
    }

    async fn check_canary(&self, now_ms: i64) -> Aspect {
        match self.canary(now_ms).await {
            Ok(Canary::Held) => {
                Aspect::new("canary", State::Good, "a retained object was put, and its deletion was refused")
            }
            Ok(Canary::Deleted) => Aspect::new(
                "canary",
                State::Bad,
                "a retained object was put, and could be deleted: these credentials bypass the lock, or there is none",
            ),
            Err(error) if error.kind == StoreErrorKind::Invalid => {
                Aspect::new("canary", State::Bad, error.to_string())
            }
            Err(error) => unknown("canary", &error),
        }
    }

    /// Whether Object Lock is on, and the bucket's default.
    async fn default_retention(&self) -> Result<(bool, Option<Retention>), StoreError> {
        let reply = self.client.get_object_lock_configuration().bucket(&self.bucket).send().await;
        let lock = match reply.map_err(|error| Failure::of(&error)) {
            Ok(reply) => reply.object_lock_configuration,
            Err(failure) if failure.is_absent() => None,
            Err(failure) => return Err(self.error("check bucket", "", &failure)),
        };
        let is_on =
            |lock: &ObjectLockConfiguration| lock.object_lock_enabled == Some(ObjectLockEnabled::Enabled);
        let default = lock.as_ref().and_then(|lock| lock.rule.as_ref()?.default_retention.as_ref());
        let default = default.and_then(|default| {
            let is_strict = *default.mode.as_ref()? == ObjectLockRetentionMode::Compliance;
            let mode = if is_strict { RetentionMode::Compliance } else { RetentionMode::Governance };
            let years = default.years.map(|years| years.saturating_mul(365));
            Some(Retention { mode, days: u32::try_from(default.days.or(years)?).ok()? })
        });
        Ok((lock.as_ref().is_some_and(is_on), default))
    }

    /// Algorithm of the bucket's default.
    async fn default_encryption(&self) -> Result<Option<String>, StoreError> {
        let reply = self.client.get_bucket_encryption().bucket(&self.bucket).send().await;
        match reply.map_err(|error| Failure::of(&error)) {
            Ok(reply) => Ok(reply.server_side_encryption_configuration.and_then(|configuration| {
                let rule = configuration.rules.into_iter().next()?;
                Some(rule.apply_server_side_encryption_by_default?.sse_algorithm.as_str().to_owned())
            })),
            Err(failure) if failure.is_absent() || failure.is_unknown_to_it() => Ok(None),
            Err(failure) => Err(self.error("check bucket", "", &failure)),
        }
    }

    async fn bucket_policy(&self) -> Result<Option<String>, StoreError> {
        let reply = self.client.get_bucket_policy().bucket(&self.bucket).send().await;
        match reply.map_err(|error| Failure::of(&error)) {
            Ok(reply) => Ok(reply.policy),
            Err(failure) if failure.is_absent() => Ok(None),
            Err(failure) => Err(self.error("check bucket", "", &failure)),
        }
    }
}

fn is_at_least(found: Retention, wanted: Retention) -> bool {
    let stricter = found.mode == RetentionMode::Compliance || wanted.mode == RetentionMode::Governance;
    stricter && found.days >= wanted.days
}

fn shown(retention: Retention) -> String {
    let mode = match retention.mode {
        RetentionMode::Compliance => "compliance",
        RetentionMode::Governance => "governance",
    };
    format!("{mode} mode for {} days", retention.days)
}

fn unknown(name: &'static str, error: &StoreError) -> Aspect {
    Aspect { refused: Some(error.kind), ..Aspect::new(name, State::Unknown, error.to_string()) }
}
