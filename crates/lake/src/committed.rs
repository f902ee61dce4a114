//! What is committed, read for those who derive from it: each commit under its own number, evidence as named.

use std::ops::ControlFlow;

use bytes::Bytes;
use sealog_batch::EvidenceReader;
use sealog_chain::{ChainError, Commit, commit_key, sha256};
use sealog_store::Log;

use crate::error::LakeError;
use crate::row::LakeRow;

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

/// Shows each row of a commit with its place, in order, until `each` breaks off; `objects` are its evidence as named.
pub(crate) fn each_row(
    commit: &Commit,
    objects: &[Bytes],
    mut each: impl FnMut(&LakeRow<'_>) -> Result<ControlFlow<()>, LakeError>,
) -> Result<(), LakeError> {
    let mut row_index = 0;
    let named = commit.batch.iter().flat_map(|batch| &batch.objects);
    for (object, bytes) in named.zip(objects) {
        let unreadable = |source| LakeError::Unreadable { key: object.key.clone(), source };
        let reader = EvidenceReader::open(bytes.clone()).map_err(unreadable)?;
        let mut flow = Ok(ControlFlow::Continue(()));
        reader
            .for_each(|_, evidence, leaf_hash| {
                if matches!(flow, Ok(ControlFlow::Continue(()))) {
                    flow = each(&LakeRow {
                        evidence: *evidence,
                        leaf_hash,
                        commit_number: i64::try_from(commit.number).unwrap_or(i64::MAX),
                        row_index,
                        committed_at: commit.committed_at.as_millis(),
                    });
                    row_index += 1;
                }
            })
            .map_err(unreadable)?;
        if flow?.is_break() {
            break;
        }
    }
    Ok(())
}
