//! Object Lock of single objects: legal holds, and the proof that a lock holds.

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{ObjectLockLegalHold, ObjectLockLegalHoldStatus, ObjectLockMode};
use bytes::Bytes;

use super::S3;
use super::answer::Failure;
use crate::{StoreError, StoreErrorKind};

/// How long a canary stays: the shortest that Object Lock knows in days.
const CANARY_MS: i64 = 86_400_000;

/// What a canary told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Canary {
    /// Its version could not be deleted: the lock holds.
    Held,
    /// Its version is gone: nothing here is protected.
    Deleted,
}

impl S3 {
    /// Puts an object under legal hold, or lifts it; the version that readers get. `false`: there is none.
    ///
    /// # Errors
    /// As [`crate::Store::create`]; doing it again is harmless.
    pub async fn hold(&self, key: &str, held: bool) -> Result<bool, StoreError> {
        let status = if held { ObjectLockLegalHoldStatus::On } else { ObjectLockLegalHoldStatus::Off };
        let hold = ObjectLockLegalHold::builder().status(status).build();
        let request = self.client.put_object_legal_hold().bucket(&self.bucket).key(self.name(key));
        match request.legal_hold(hold).send().await.map_err(|error| Failure::of(&error)) {
            Ok(_) => Ok(true),
            Err(failure) if failure.is_absent() => Ok(false),
            Err(failure) => Err(self.error("hold", key, &failure)),
        }
    }

    /// Whether an object is under legal hold; `None` when there is none.
    ///
    /// # Errors
    /// As [`crate::Store::read`].
    pub async fn is_held(&self, key: &str) -> Result<Option<bool>, StoreError> {
        let request = self.client.head_object().bucket(&self.bucket).key(self.name(key));
        match request.send().await.map_err(|error| Failure::of(&error)) {
            Ok(reply) => Ok(Some(reply.object_lock_legal_hold_status == Some(ObjectLockLegalHoldStatus::On))),
            Err(failure) if failure.is_absent() => Ok(None),
            Err(failure) => Err(self.error("read retention", key, &failure)),
        }
    }

    /// Puts a small object that is retained for a day, and tries to delete its version. `now_ms` makes its name, too.
    ///
    /// # Errors
    /// When the object cannot be put, or the attempt has no clear outcome: nothing is proved then.
    pub async fn canary(&self, now_ms: i64) -> Result<Canary, StoreError> {
        let key = format!(".staging/canary-{now_ms}");
        let bytes = Bytes::from_static(b"It is tried to delete this, to see that the lock holds.\n");
        let request = self
            .put(&key, &bytes)
            .if_none_match("*")
            .object_lock_mode(ObjectLockMode::Governance)
            .object_lock_retain_until_date(DateTime::from_millis(now_ms.saturating_add(CANARY_MS)));
        let put = self.send("create", &key, request, bytes).await?;
        let version = put.and_then(|object| object.version_id).ok_or_else(|| {
            StoreError::new(
                "create",
                self.place(&key),
                StoreErrorKind::Invalid,
                "the bucket gives it no version; it needs versioning and Object Lock",
            )
        })?;
        let request = self.client.delete_object().bucket(&self.bucket).key(self.name(&key));
        let deleted = request.version_id(&version).send().await.map_err(|error| Failure::of(&error));
        // Refused may mean that these credentials may delete nothing at all: that the version is there still is the proof.
        let there = self.client.head_object().bucket(&self.bucket).key(self.name(&key)).version_id(&version);
        match (deleted, there.send().await.map_err(|error| Failure::of(&error))) {
            (Ok(_), Err(failure)) if failure.is_absent() => Ok(Canary::Deleted),
            (Err(failure), Ok(_)) if failure.status.is_some() => Ok(Canary::Held),
            (Err(failure), _) | (Ok(_), Err(failure)) => Err(self.error("delete", &key, &failure)),
            (Ok(_), Ok(_)) => Err(StoreError::new(
                "delete",
                self.place(&key),
                StoreErrorKind::Unknown,
                "its deletion was acknowledged, and it is there still",
            )),
        }
    }
}
