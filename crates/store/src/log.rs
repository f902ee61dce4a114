//! One log of an archive, and the steps by which it grows (FORMAT.md, section 7).
//!
//! Stage, commit, publish. What a crash leaves behind stands at each step; the caller recovers with the same steps.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sealog_chain::{
    CHECKPOINT_KEY, ChainError, Commit, Fold, Hash, SignedCheckpoint, checkpoint_key, commit_key,
    commit_number_of, evidence_key,
};

use crate::{Created, Object, Store, StoreError, StoreErrorKind};

/// Commits fetched at once when a log is read.
const READS_AT_ONCE: usize = 16;

/// One log in a store.
#[derive(Clone)]
pub struct Log {
    store: Arc<dyn Store>,
    name: String,
}

/// What became of a commit that was put.
#[derive(Debug, Clone)]
pub enum CommitOutcome {
    /// It is in the log, durably.
    Ours {
        /// Its version, in a store that has versions.
        version_id: Option<String>,
    },
    /// Somebody else's commit has this number.
    Theirs(Object),
    /// Not known, or not in the log. Put **the same bytes** under the same number again, or read on.
    Undecided(StoreError),
}

/// A log that cannot be read as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit is missing below a later one.
    #[error(
        "commit {number} of {log} is missing though later ones exist; run `sealog verify` and do not write to it"
    )]
    Missing {
        /// The log.
        log: String,
        /// The missing commit.
        number: u64,
    },
    /// A commit does not continue the log.
    #[error(
        "commit {number} of {log} does not continue the log: {source}; run `sealog verify` and do not write to it"
    )]
    Chain {
        /// The log.
        log: String,
        /// The commit.
        number: u64,
        /// What is wrong.
        source: ChainError,
    },
}

impl Log {
    /// The log of this name; nothing is read yet.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, name: &str) -> Self {
        Self { store, name: name.to_owned() }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The store it lies in.
    #[must_use]
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// Name of an object of this log in the store.
    #[must_use]
    pub fn key(&self, relative: &str) -> String {
        format!("{}/{relative}", self.name)
    }

    /// Puts every commit behind `fold` on it, and returns them with their stored sizes.
    ///
    /// # Errors
    /// [`LogError`]; the fold then holds the commits before the failing one.
    pub async fn catch_up(&self, fold: &mut Fold) -> Result<Vec<Commit>, LogError> {
        let after = fold.size().checked_sub(1).map(|last| self.key(&commit_key(last)));
        let listed = self.store.list(&self.key("commits/"), after.as_deref()).await?;
        let numbers = listed
            .iter()
            .filter_map(|entry| commit_number_of(entry.key.strip_prefix(&self.name)?.strip_prefix('/')?));
        let reads = futures_util::stream::iter(numbers.collect::<Vec<_>>())
            .map(|number| async move { Ok::<_, LogError>((number, self.read(&commit_key(number)).await?)) })
            .buffered(READS_AT_ONCE);
        let mut commits = Vec::new();
        let mut reads = std::pin::pin!(reads);
        while let Some((number, object)) = reads.try_next().await? {
            let missing = || LogError::Missing { log: self.name.clone(), number: fold.size() };
            let object = object.filter(|_| number == fold.size()).ok_or_else(missing)?;
            commits.push(self.fold_in(fold, &object)?);
        }
        Ok(commits)
    }

    /// Puts one commit on `fold`.
    ///
    /// # Errors
    /// [`LogError::Chain`].
    pub fn fold_in(&self, fold: &mut Fold, object: &Object) -> Result<Commit, LogError> {
        let number = fold.size();
        fold.apply(&object.bytes, object.version_id.clone()).map_err(|source| LogError::Chain {
            log: self.name.clone(),
            number,
            source,
        })
    }

    /// Reads an object of this log.
    ///
    /// # Errors
    /// As [`Store::read`].
    pub async fn read(&self, relative: &str) -> Result<Option<Object>, StoreError> {
        self.store.read(&self.key(relative)).await
    }

    /// Step 1: stores sealed rows under their hash. Repeating it is harmless.
    ///
    /// A crash after it leaves an object that no commit names: it proves nothing and harms nothing.
    ///
    /// # Errors
    /// As [`Store::create`]; [`StoreErrorKind::Invalid`] when other bytes lie under that name.
    pub async fn put_evidence(&self, sha256: &Hash, bytes: Bytes) -> Result<(), StoreError> {
        let key = self.key(&evidence_key(sha256));
        match self.store.create(&key, bytes.clone()).await? {
            Created::New { .. } => Ok(()),
            Created::Exists => match self.store.read(&key).await? {
                Some(object) if object.bytes == bytes => Ok(()),
                Some(_) => Err(StoreError::new(
                    "create",
                    key,
                    StoreErrorKind::Invalid,
                    "other bytes lie under this hash; the archive was tampered with: run `sealog verify`",
                )),
                None => Err(StoreError::new(
                    "create",
                    key,
                    StoreErrorKind::Unknown,
                    "it exists and cannot be read",
                )),
            },
        }
    }

    /// Step 2: puts commit `number`. This is the moment of commitment.
    ///
    /// A crash before it took effect leaves the log as it was; after it, a commit whose checkpoint is missing, which
    /// the next start publishes.
    pub async fn put_commit(&self, number: u64, bytes: Bytes) -> CommitOutcome {
        let key = self.key(&commit_key(number));
        let created = self.store.create(&key, bytes.clone()).await;
        let unclear = match created {
            Ok(Created::New { version_id }) => return CommitOutcome::Ours { version_id },
            Ok(Created::Exists) => None,
            // Neither success nor failure: the bytes that lie there decide.
            Err(error) => Some(error),
        };
        match self.store.read(&key).await {
            Ok(Some(object)) if object.bytes == bytes => {
                CommitOutcome::Ours { version_id: object.version_id }
            }
            Ok(Some(object)) => CommitOutcome::Theirs(object),
            Ok(None) => CommitOutcome::Undecided(unclear.unwrap_or_else(|| {
                StoreError::new(
                    "create",
                    key,
                    StoreErrorKind::Conflict,
                    "it was there a moment ago and is not now",
                )
            })),
            Err(error) => CommitOutcome::Undecided(unclear.unwrap_or(error)),
        }
    }

    /// Step 3: publishes the signed head, the kept copy first.
    ///
    /// A crash between the two leaves `checkpoint` one behind; readers take the larger one.
    ///
    /// # Errors
    /// As [`Store::create`] and [`Store::replace`].
    pub async fn publish(&self, signed: &SignedCheckpoint) -> Result<(), StoreError> {
        let bytes = Bytes::from(signed.render());
        let kept = self.key(&checkpoint_key(signed.checkpoint.size));
        match self.store.create(&kept, bytes.clone()).await? {
            Created::New { .. } | Created::Exists => {
                self.store.replace(&self.key(CHECKPOINT_KEY), bytes).await
            }
        }
    }
}
