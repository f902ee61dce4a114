//! What is committed, read for those who derive from it: each commit under its own number, evidence as named.

use bytes::Bytes;
use sealog_chain::{ChainError, Commit, commit_key, sha256};
use sealog_store::Log;

use crate::error::LakeError;

/// Commit `number` and its bytes; `None`: there is none yet. That it continues the log is not looked at.
///
/// # Errors
/// [`LakeError`].
pub async fn read_commit(log: &Log, number: u64) -> Result<Option<(Commit, Bytes)>, LakeError> {
    let Some(object) = log.read(&commit_key(number)).await? else { return Ok(None) };
    let wrong = |source| LakeError::Commit { number, source };
    let commit = Commit::parse(&object.bytes).map_err(wrong)?;
    if commit.number != number {
        return Err(wrong(ChainError::Malformed(format!("it says that it is {}", commit.number))));
    }
    Ok(Some((commit, object.bytes)))
}

/// The evidence that a commit names, in order; its bytes have the hashes that are named.
///
/// # Errors
/// [`LakeError::Evidence`] where an object is missing or another; else as the store says.
pub async fn read_evidence(log: &Log, commit: &Commit) -> Result<Vec<Bytes>, LakeError> {
    let mut evidence = Vec::new();
    for object in commit.batch.iter().flat_map(|batch| &batch.objects) {
        let wrong = |what| LakeError::Evidence { number: commit.number, key: object.key.clone(), what };
        let bytes = log.read(&object.key).await?.ok_or_else(|| wrong("missing"))?.bytes;
        if sha256(&bytes) != object.sha256 {
            return Err(wrong("changed"));
        }
        evidence.push(bytes);
    }
    Ok(evidence)
}
