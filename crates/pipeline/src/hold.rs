//! Legal holds: set on a range of commits and on all that they name, and stated in the log.
//!
//! Objects are held before the log says so, and released after it says so: what the log states is never more than what
//! holds. Both can be done again after a crash.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use futures_util::{StreamExt as _, TryStreamExt as _};
use sealog_chain::{Commit, Fact, Hold, checkpoint_key, commit_key};
use sealog_store::{Log, LogError, S3};

use crate::{Committer, PipelineError, Sealed};

/// Objects that are asked for at once.
const CALLS_AT_ONCE: usize = 16;

/// Puts commits `first` to `last`, their evidence and their checkpoints under legal hold. Returns how many objects.
///
/// # Errors
/// [`PipelineError::Hold`] for a range that is not there, or a name that is taken; the store's errors. The log does not
/// state the hold then, and doing it again goes on.
pub async fn add_hold(
    committer: &mut Committer,
    s3: &S3,
    name: &str,
    range: RangeInclusive<u64>,
    reason: &str,
) -> Result<u64, PipelineError> {
    let refuse = |problem: String| refused(committer, name, problem);
    let size = committer.fold().size();
    if range.is_empty() || *range.end() >= size {
        return Err(refuse(format!(
            "commits {} to {} are no range of its {size} commits",
            range.start(),
            range.end()
        )));
    }
    if committer.fold().holds().get(name).is_some_and(|hold| !hold.is_lifted) {
        return Err(refuse("there is one of this name; choose another".to_owned()));
    }
    let log = committer.log().clone();
    let names = names_of(&log, range.clone()).await?;
    // Before this: nothing. A crash within leaves objects held that the log does not speak of.
    let missing = set(s3, &log, &names, true).await?;
    if let Some(missing) = missing.iter().find(|name| !name.starts_with("checkpoints/")) {
        return Err(refuse(format!("{missing} is not there and cannot be held; run `sealog verify`")));
    }
    let (name, reason) = (name.to_owned(), reason.to_owned());
    state(committer, Fact::HoldAdded { name, first: *range.start(), last: *range.end(), reason }).await?;
    Ok((names.len() - missing.len()) as u64)
}

/// Lifts a legal hold from what no other hold covers. Returns how many objects.
///
/// # Errors
/// [`PipelineError::Hold`] for a name that was never held; the store's errors, after which doing it again goes on.
pub async fn remove_hold(
    committer: &mut Committer,
    s3: &S3,
    name: &str,
    reason: &str,
) -> Result<u64, PipelineError> {
    let Some(hold) = committer.fold().holds().get(name).cloned() else {
        return Err(refused(
            committer,
            name,
            "there is none of this name; `sealog hold list` shows them".to_owned(),
        ));
    };
    if !hold.is_lifted {
        state(committer, Fact::HoldRemoved { name: name.to_owned(), reason: reason.to_owned() }).await?;
    }
    // A crash from here on leaves objects held that the log says are free.
    let log = committer.log().clone();
    let others: Vec<Hold> =
        committer.fold().holds().values().filter(|hold| !hold.is_lifted).cloned().collect();
    let mut names = names_of(&log, hold.first..=hold.last).await?;
    for other in others {
        if other.first <= hold.last && hold.first <= other.last {
            for kept in names_of(&log, other.first.max(hold.first)..=other.last.min(hold.last)).await? {
                names.remove(&kept);
            }
        }
    }
    let missing = set(s3, &log, &names, false).await?;
    Ok((names.len() - missing.len()) as u64)
}

fn refused(committer: &Committer, name: &str, problem: String) -> PipelineError {
    PipelineError::Hold { log: committer.log().name().to_owned(), name: name.to_owned(), problem }
}

async fn state(committer: &mut Committer, fact: Fact) -> Result<(), PipelineError> {
    committer.commit(Sealed { facts: vec![fact], ..Sealed::default() }).await.map(|_| ())
}

/// Commits of a range, their evidence, and the checkpoints over them, by name within the log.
async fn names_of(log: &Log, range: RangeInclusive<u64>) -> Result<BTreeSet<String>, PipelineError> {
    let reads = futures_util::stream::iter(range).map(|number| async move {
        let key = commit_key(number);
        let missing = || LogError::Missing { log: log.name().to_owned(), number };
        let object = log.read(&key).await?.ok_or_else(missing)?;
        let commit = Commit::parse(&object.bytes)?;
        let mut names = vec![key, checkpoint_key(number + 1)];
        names.extend(commit.batch.into_iter().flat_map(|batch| batch.objects).map(|object| object.key));
        Ok::<_, PipelineError>(names)
    });
    let names: Vec<Vec<String>> = reads.buffered(CALLS_AT_ONCE).try_collect().await?;
    Ok(names.into_iter().flatten().collect())
}

/// Sets or lifts the hold of each object; those that are not there.
async fn set(s3: &S3, log: &Log, names: &BTreeSet<String>, held: bool) -> Result<Vec<String>, PipelineError> {
    let calls = futures_util::stream::iter(names).map(|name| async move {
        let there = s3.hold(&log.key(name), held).await?;
        Ok::<_, PipelineError>((!there).then(|| name.clone()))
    });
    let missing: Vec<Option<String>> = calls.buffered(CALLS_AT_ONCE).try_collect().await?;
    Ok(missing.into_iter().flatten().collect())
}
