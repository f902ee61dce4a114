//! How much of an object is read at most: what lies under a name may be of any size.

use bytes::Bytes;
use sealog_chain::BatchObject;
use sealog_store::{Log, StoreError};

/// More are no commit of any format (FORMAT.md, section 8, "Reading").
const COMMIT_MAX: u64 = 4 << 20;
/// A longer note is none, which its parser sees by one byte more.
const CHECKPOINT_MAX: u64 = 1 << 20;
/// An object is read up to this, and up to twice what its commit states.
const OBJECT_MAX: u64 = 64 << 20;

/// Bytes of a commit; one byte more than the most stands for any length beyond.
pub(crate) async fn commit(log: &Log, key: &str) -> Result<Option<Bytes>, StoreError> {
    read(log, key, COMMIT_MAX).await
}

/// Bytes of a checkpoint, as for a commit.
pub(crate) async fn checkpoint(log: &Log, key: &str) -> Result<Option<Bytes>, StoreError> {
    read(log, key, CHECKPOINT_MAX).await
}

/// Bytes of an evidence object, as for a commit.
pub(crate) async fn object(log: &Log, object: &BatchObject) -> Result<Option<Bytes>, StoreError> {
    read(log, &object.key, object_max(object)).await
}

/// Whether an object is longer than what is read of it.
pub(crate) fn is_beyond(object: &BatchObject, bytes: &Bytes) -> bool {
    bytes.len() as u64 > object_max(object)
}

fn object_max(object: &BatchObject) -> u64 {
    object.bytes.saturating_mul(2).max(OBJECT_MAX)
}

async fn read(log: &Log, key: &str, most: u64) -> Result<Option<Bytes>, StoreError> {
    log.store().read_range(&log.key(key), 0..most.saturating_add(1)).await
}
