//! Follows a log and writes what its commits give, one commit after the other.
//!
//! Order: the rows of each day first, the flattened commit last, so that whoever finds commit *n* under `lake/log` knows
//! that all rows up to it are there. A crash within leaves files that the next call finds and takes for written.

use bytes::Bytes;
use sealog_chain::{Commit, commit_key};
use sealog_record::Timestamp;
use sealog_store::{Log, Replaced, StoreError, StoreErrorKind};

use crate::columns::Columns;
use crate::committed::{read_commit, read_evidence};
use crate::error::{LakeError, died};
use crate::fresh::Fresh;
use crate::names::{commit_rows_key, commit_rows_prefix, fresh_key, number_of};
use crate::row::{date, day_of};
use crate::{commit_rows, fresh};

/// Times that a file which is to be made anew may change under our hands.
const OVERTAKEN_MAX: usize = 8;

/// What lies there already under a name of the lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Existing {
    /// Stays, whatever it is: an earlier declaration of columns may have made it.
    Kept,
    /// Is replaced if it is not what is written now.
    Remade,
}

/// One commit that was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its number.
    pub number: u64,
    /// Its date.
    pub committed_at: Timestamp,
    /// Rows in it.
    pub rows: u64,
    /// Files written now; the others were there.
    pub written: u64,
    /// For each declared column how many present values did not fit.
    pub misfits: Vec<u64>,
}

/// Where a log's lake stands.
pub struct Publisher {
    log: Log,
    columns: Columns,
    existing: Existing,
    next: u64,
}

impl Publisher {
    /// Goes on behind what is published. `now` only says where to begin to look.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn resume(log: Log, columns: Columns, now: Timestamp) -> Result<Self, LakeError> {
        let next = published(&log, now).await?.map_or(0, |newest| newest + 1);
        Ok(Self { log, columns, existing: Existing::Kept, next })
    }

    /// Begins with the first commit, as if there were nothing; what is there and not the same is replaced.
    #[must_use]
    pub fn anew(log: Log, columns: Columns) -> Self {
        Self { log, columns, existing: Existing::Remade, next: 0 }
    }

    /// The commit that is to come next.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Publishes the next commit; `None` when there is none yet. After an error the same commit is tried again.
    ///
    /// # Errors
    /// [`LakeError`].
    pub async fn step(&mut self) -> Result<Option<Published>, LakeError> {
        let number = self.next;
        let Some((commit, stored)) = read_commit(&self.log, number).await? else { return Ok(None) };
        let evidence = read_evidence(&self.log, &commit).await?;
        let (fresh, rows) = self.render(&commit, evidence, stored).await?;
        let mut written = 0;
        for (day, bytes) in &fresh.files {
            written += u64::from(self.put(&fresh_key(*day, number), bytes).await?);
        }
        written += u64::from(self.put(&commit_rows_key(day_of(commit.committed_at), number), &rows).await?);
        self.next = number + 1;
        Ok(Some(Published {
            number,
            committed_at: commit.committed_at,
            rows: commit.batch.as_ref().map_or(0, |batch| batch.records),
            written,
            misfits: fresh.misfits,
        }))
    }

    /// Encoding takes a moment that other tasks must not wait for.
    async fn render(
        &self,
        commit: &Commit,
        evidence: Vec<Bytes>,
        stored: Bytes,
    ) -> Result<(Fresh, Bytes), LakeError> {
        let (commit, columns) = (commit.clone(), self.columns.clone());
        let rendering = tokio::task::spawn_blocking(move || {
            let fresh = fresh::render(&commit, &evidence, &columns)?;
            let rows = commit_rows::render(&commit, &stored, &columns, &fresh.misfits)?;
            Ok((fresh, rows))
        });
        rendering.await.map_err(died)?
    }

    /// Writes a file; whether it was written now.
    async fn put(&self, relative: &str, bytes: &Bytes) -> Result<bool, LakeError> {
        let key = self.log.key(relative);
        let store = self.log.store();
        let mut seen = None;
        for _ in 0..OVERTAKEN_MAX {
            match store.replace(&key, bytes.clone(), seen.as_ref()).await? {
                Replaced::Done(_) => return Ok(true),
                Replaced::Changed if self.existing == Existing::Kept => return Ok(false),
                Replaced::Changed => seen = store.read(&key).await?,
            }
            if seen.as_ref().is_some_and(|there| there.bytes == *bytes) {
                return Ok(false);
            }
        }
        Err(LakeError::Store(StoreError {
            operation: "replace",
            key,
            kind: StoreErrorKind::Conflict,
            message: "others write it all the time".to_owned(),
        }))
    }
}

/// The newest published commit. Looks day by day, from the day after `now` back to the log's first.
///
/// # Errors
/// [`LakeError`].
pub async fn published(log: &Log, now: Timestamp) -> Result<Option<u64>, LakeError> {
    let Some(genesis) = log.read(&commit_key(0)).await? else { return Ok(None) };
    let genesis = Commit::parse(&genesis.bytes).map_err(|source| LakeError::Commit { number: 0, source })?;
    let first = day_of(genesis.committed_at);
    // A writer's clock may be ahead of ours.
    for day in (first..=day_of(now).max(first) + 1).rev() {
        let listed = log.store().list(&log.key(&commit_rows_prefix(day)), None).await?;
        let newest = listed.iter().filter_map(|entry| number_of(&entry.key)).max();
        if newest.is_some() {
            return Ok(newest);
        }
    }
    Ok(None)
}

/// The first date that rows of this log can stand under, `2026-11-22`.
///
/// # Errors
/// [`LakeError`].
pub async fn first_date(log: &Log) -> Result<Option<String>, LakeError> {
    let Some(genesis) = log.read(&commit_key(0)).await? else { return Ok(None) };
    let genesis = Commit::parse(&genesis.bytes).map_err(|source| LakeError::Commit { number: 0, source })?;
    Ok(Some(date(day_of(genesis.committed_at) - crate::row::LATE_MAX_DAYS)))
}
