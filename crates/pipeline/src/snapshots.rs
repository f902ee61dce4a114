//! When a snapshot of a log is written: often enough that opening reads few commits, seldom enough to cost nothing.

use bytes::Bytes;
use sealog_chain::Fold;
use sealog_store::Log;

use crate::{PipelineError, Signer};

/// Fewest commits between two snapshots of one writer. Opening a log reads about so many commits.
const COMMITS_MIN: u64 = 512;
/// Bytes that a commit has at least, about: while fewer are behind the last snapshot than it has itself, none is due. So a
/// log with very many shards writes no more snapshot than commit.
const COMMIT_BYTES: u64 = 1024;

/// The newest snapshot that is known of.
#[derive(Debug)]
pub(crate) struct Snapshots {
    size: u64,
    bytes: u64,
}

impl Snapshots {
    /// The newest one covers so many commits; 0: there is none.
    pub(crate) fn since(size: u64) -> Self {
        Self { size, bytes: 0 }
    }

    /// Writes one if it is time. That it could not be written costs nothing but time at the next start.
    ///
    /// A crash before it or after it is the same: a snapshot is there or it is not.
    pub(crate) async fn put_if_due(&mut self, log: &Log, fold: &Fold, signer: &dyn Signer) {
        let behind = fold.size().saturating_sub(self.size);
        if behind < COMMITS_MIN || behind.saturating_mul(COMMIT_BYTES) < self.bytes {
            return;
        }
        // Whatever comes of it, the next attempt is due after as many commits again.
        self.size = fold.size();
        match put(log, fold, signer).await {
            Ok(bytes) => self.bytes = bytes,
            Err(error) => tracing::warn!(
                log = log.name(),
                %error,
                "a snapshot could not be written; nothing depends on it, but the next start takes longer"
            ),
        }
    }
}

async fn put(log: &Log, fold: &Fold, signer: &dyn Signer) -> Result<u64, PipelineError> {
    let (line, checkpoint) = fold.snapshot()?;
    let signed = signer.sign(checkpoint).await?;
    let bytes = Bytes::from(Fold::with_signature(line, &signed));
    let length = bytes.len() as u64;
    log.put_snapshot(fold.size(), bytes).await?;
    Ok(length)
}
