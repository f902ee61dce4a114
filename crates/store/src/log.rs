//! One log of an archive, and the steps by which it grows (FORMAT.md, section 7).
//!
//! Stage, commit, publish. What a crash leaves behind stands at each step; the caller recovers with the same steps.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sealog_chain::{
    CHECKPOINT_KEY, ChainError, Checkpoint, Commit, Fold, Hash, SignedCheckpoint, checkpoint_key, commit_key,
    commit_number_of, evidence_key,
};

use crate::{Created, Object, Replaced, Store, StoreError, StoreErrorKind};

/// Commits fetched at once when a log is read.
const READS_AT_ONCE: usize = 16;
/// Times that other writers may overtake one while it publishes a head, before it says so.
const OVERTAKEN_MAX: usize = 8;

/// One log in a store.
#[derive(Clone)]
pub struct Log {
    store: Arc<dyn Store>,
    name: String,
}

/// What became of an object that was to be created once: the one classification of what a store can say to that. How
/// an undecided one is to be taken, its [`StoreErrorKind`] tells: conflict, unknown, forbidden, gone.
#[derive(Debug, Clone)]
pub enum Settled {
    /// It is there with our bytes, durably.
    Ours {
        /// Its version, in a store that has versions.
        version_id: Option<String>,
    },
    /// Somebody else's bytes are there.
    Theirs(Object),
    /// Not known, or not there. Put **the same bytes** under the same name again, or read on.
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

    /// Puts every commit behind `fold` on it, and returns them.
    ///
    /// # Errors
    /// [`LogError`]; the fold then holds the commits before the failing one.
    pub async fn catch_up(&self, fold: &mut Fold) -> Result<Vec<Commit>, LogError> {
        let mut commits = Vec::new();
        self.follow(fold, |_, commit| commits.push(commit)).await?;
        Ok(commits)
    }

    /// The commits behind number `after`, or all, by their names alone: number and bytes of each, in order.
    ///
    /// # Errors
    /// As [`Store::list`].
    pub async fn listed(&self, after: Option<u64>) -> Result<Vec<(u64, u64)>, StoreError> {
        let after = after.map(|last| self.key(&commit_key(last)));
        let listed = self.store.list(&self.key("commits/"), after.as_deref()).await?;
        let numbered = listed.iter().filter_map(|entry| {
            let number = commit_number_of(entry.key.strip_prefix(&self.name)?.strip_prefix('/')?)?;
            Some((number, entry.bytes))
        });
        Ok(numbered.collect())
    }

    /// Puts every commit behind `fold` on it, and shows each, with the fold that holds it.
    ///
    /// # Errors
    /// As [`Log::catch_up`].
    pub async fn follow(&self, fold: &mut Fold, mut each: impl FnMut(&Fold, Commit)) -> Result<(), LogError> {
        let listed = self.listed(fold.size().checked_sub(1)).await?;
        let reads =
            futures_util::stream::iter(listed)
                .map(|(number, _)| async move {
                    Ok::<_, LogError>((number, self.read(&commit_key(number)).await?))
                })
                .buffered(READS_AT_ONCE);
        let mut reads = std::pin::pin!(reads);
        while let Some((number, object)) = reads.try_next().await? {
            let missing = || LogError::Missing { log: self.name.clone(), number: fold.size() };
            let object = object.filter(|_| number == fold.size()).ok_or_else(missing)?;
            let commit = self.fold_in(fold, &object)?;
            each(fold, commit);
        }
        Ok(())
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
        match self.create(&key, bytes).await {
            Settled::Ours { .. } => Ok(()),
            Settled::Theirs(_) => Err(StoreError::new(
                "create",
                key,
                StoreErrorKind::Invalid,
                "other bytes lie under this hash; the archive was tampered with: run `sealog verify`",
            )),
            Settled::Undecided(error) => Err(error),
        }
    }

    /// Step 2: puts commit `number`. This is the moment of commitment.
    ///
    /// A crash before it took effect leaves the log as it was; after it, a commit whose checkpoint is missing, which
    /// the next start publishes.
    pub async fn put_commit(&self, number: u64, bytes: Bytes) -> Settled {
        self.create(&self.key(&commit_key(number)), bytes).await
    }

    /// Step 3: publishes the signed head, the kept copy first. `newest` is what the caller knows to lie under
    /// `checkpoint`; it is brought up to date, so that the next call need not look. A larger one is left alone: its
    /// writer is ahead of us.
    ///
    /// A crash between the two leaves `checkpoint` one behind; readers take the larger one.
    ///
    /// # Errors
    /// As [`Store::create`]; [`StoreErrorKind::Invalid`] when the log was signed over this size with another root.
    pub async fn publish(
        &self,
        signed: &SignedCheckpoint,
        newest: &mut Option<Object>,
    ) -> Result<(), StoreError> {
        let bytes = Bytes::from(signed.render());
        let kept = self.key(&checkpoint_key(signed.checkpoint.size));
        match self.create(&kept, bytes.clone()).await {
            Settled::Ours { .. } => {}
            // Two signatures over one head may differ, the head may not.
            Settled::Theirs(other) if head_of(&other) == Some(signed.checkpoint.clone()) => {}
            Settled::Theirs(_) => {
                return Err(StoreError::new(
                    "create",
                    kept,
                    StoreErrorKind::Invalid,
                    "another head of this size was signed; the log was forked or tampered with: run `sealog verify`",
                ));
            }
            Settled::Undecided(error) => return Err(error),
        }
        self.move_head(signed, bytes, newest).await
    }

    async fn move_head(
        &self,
        signed: &SignedCheckpoint,
        bytes: Bytes,
        newest: &mut Option<Object>,
    ) -> Result<(), StoreError> {
        let key = self.key(CHECKPOINT_KEY);
        for _ in 0..OVERTAKEN_MAX {
            // Ours from a lost reply, or of a writer who is ahead. What is no checkpoint is overwritten.
            let there = newest.as_ref().and_then(head_of);
            if there.is_some_and(|head| head.size >= signed.checkpoint.size) {
                return Ok(());
            }
            let seen = newest.take();
            match self.store.replace(&key, bytes.clone(), seen.as_ref()).await? {
                Replaced::Done(object) => {
                    *newest = Some(object);
                    return Ok(());
                }
                Replaced::Changed => *newest = self.store.read(&key).await?,
            }
        }
        Err(StoreError::new("replace", key, StoreErrorKind::Conflict, "others write it all the time"))
    }

    /// Creates an object once, and finds out what became of it.
    async fn create(&self, key: &str, bytes: Bytes) -> Settled {
        let created = self.store.create(key, bytes.clone()).await;
        let unclear = match created {
            Ok(Created::New { version_id }) => return Settled::Ours { version_id },
            Ok(Created::Exists) => None,
            // A clear no, whatever lies there: it was not written as asked.
            Err(error) if !error.kind.may_pass() => return Settled::Undecided(error),
            // Neither success nor failure: the bytes that lie there decide.
            Err(error) => Some(error),
        };
        match self.store.read(key).await {
            Ok(Some(object)) if object.bytes == bytes => Settled::Ours { version_id: object.version_id },
            Ok(Some(object)) => Settled::Theirs(object),
            Ok(None) => Settled::Undecided(unclear.unwrap_or_else(|| {
                StoreError::new(
                    "create",
                    key,
                    StoreErrorKind::Conflict,
                    "it was there a moment ago and is not now",
                )
            })),
            Err(error) => Settled::Undecided(unclear.unwrap_or(error)),
        }
    }
}

/// The head that a checkpoint's bytes state.
fn head_of(object: &Object) -> Option<Checkpoint> {
    SignedCheckpoint::parse(&object.bytes).ok().map(|signed| signed.checkpoint)
}
