//! Starting from the newest snapshot that the chain confirms, so that a long log opens in bounded work.
//!
//! Nothing here can fail: without a snapshot that holds, the log is folded from its beginning, which is the same in the
//! end. What is asked is bounded, too: one read of `checkpoint`, a listing behind where a snapshot should be, a few reads.

use bytes::Bytes;
use sealog_chain::{
    CHECKPOINT_KEY, Fold, SignedCheckpoint, VerifierKey, commit_key, snapshot_key, snapshot_size_of,
};

use crate::{Log, Replaced, StoreError};

/// Commits before the head within which a snapshot is looked for first. Farther back all their names are listed.
const NEAR: u64 = 65_536;
/// Snapshots that are tried, the newest first, before the log is read from its beginning.
const TRIES_MAX: usize = 3;

impl Log {
    /// The state of the newest snapshot that `key` signed and whose last commit lies in the log.
    pub async fn restore(&self, key: &VerifierKey) -> Option<Fold> {
        let near = self.size_hint().await.saturating_sub(NEAR);
        let mut sizes = self.snapshots_behind(near).await;
        if sizes.is_empty() && near > 0 {
            sizes = self.snapshots_behind(0).await;
        }
        for size in sizes.into_iter().rev().take(TRIES_MAX) {
            if let Some(fold) = self.restore_at(size, key).await {
                return Some(fold);
            }
        }
        None
    }

    /// Where the log might end. Nobody vouches for it, and nothing but the place to look is taken from it.
    async fn size_hint(&self) -> u64 {
        let newest = self.read(CHECKPOINT_KEY).await.ok().flatten();
        let signed = newest.and_then(|object| SignedCheckpoint::parse(&object.bytes).ok());
        signed.map_or(0, |signed| signed.checkpoint.size)
    }

    async fn snapshots_behind(&self, size: u64) -> Vec<u64> {
        let after = self.key(&snapshot_key(size));
        let listed = self.store().list(&self.key("snapshots/"), Some(&after)).await.unwrap_or_default();
        let size_of = |key: &str| snapshot_size_of(key.strip_prefix(&self.key(""))?);
        listed.iter().filter_map(|entry| size_of(&entry.key)).collect()
    }

    async fn restore_at(&self, size: u64, key: &VerifierKey) -> Option<Fold> {
        let snapshot = self.read(&snapshot_key(size)).await.ok()??;
        let fold = Fold::restore(&snapshot.bytes, key).ok().filter(|fold| fold.size() == size)?;
        let last = self.read(&commit_key(size.checked_sub(1)?)).await.ok()??;
        fold.ends_with(&last.bytes).then(|| fold.stored_as(last.version_id))
    }

    /// Stores a snapshot after the first `size` commits. Another one there is as good.
    ///
    /// # Errors
    /// As [`crate::Store::replace`]; nothing depends on it.
    pub async fn put_snapshot(&self, size: u64, bytes: Bytes) -> Result<(), StoreError> {
        match self.store().replace(&self.key(&snapshot_key(size)), bytes, None).await? {
            Replaced::Done(_) | Replaced::Changed => Ok(()),
        }
    }
}
