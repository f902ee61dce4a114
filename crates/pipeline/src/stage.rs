//! Step 1 of a commit, ahead of its turn: while a commit is being put, the rows of the next one are stored.
//!
//! Rows lie under their own hash and state no commit number, so they may be stored before it is known which commit will
//! name them, or whether one will. The order within one commit stays: its rows are there before it is put.

use std::sync::Arc;

use sealog_chain::Hash;
use sealog_store::Log;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::patience::Patience;
use crate::{Identity, PipelineError, Sealed};

/// Batches between gatherer and the end of their commit: one is committed while the rows of the next are stored. Their
/// rows are in memory, so a third has to wait where it is.
const BATCHES_AHEAD: usize = 2;

/// What one commit will state, and what of its rows is known to be stored.
#[derive(Debug)]
pub struct Staged {
    pub(crate) sealed: Sealed,
    /// Hash of the object that is stored.
    pub(crate) stored: Option<Hash>,
}

/// Nothing is stored yet.
impl From<Sealed> for Staged {
    fn from(sealed: Sealed) -> Self {
        Self { sealed, stored: None }
    }
}

/// A batch on its way to its commit, and the place it takes until that is over.
pub(crate) struct Ahead<T> {
    pub(crate) batch: T,
    pub(crate) place: OwnedSemaphorePermit,
}

/// The gatherer's end of the way.
pub(crate) struct Outlet {
    places: Arc<Semaphore>,
    batches: mpsc::Sender<Ahead<Sealed>>,
}

impl Outlet {
    /// A way for batches, and its other end.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Ahead<Sealed>>) {
        let (batches, sealed) = mpsc::channel(BATCHES_AHEAD);
        (Self { places: Arc::new(Semaphore::new(BATCHES_AHEAD)), batches }, sealed)
    }

    /// Hands a batch over as soon as there is a place for it; whether anybody took it.
    pub(crate) async fn send(&self, batch: Sealed) -> bool {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return false };
        self.batches.send(Ahead { batch, place }).await.is_ok()
    }
}

/// A batch whose rows are stored, or why they could not be.
pub(crate) type AheadStaged = Result<Ahead<Staged>, PipelineError>;

/// Stores rows under their hash.
#[derive(Clone)]
pub(crate) struct Stager {
    log: Log,
    identity: Identity,
}

impl Stager {
    /// For one log.
    pub(crate) fn new(log: Log, identity: Identity) -> Self {
        Self { log, identity }
    }

    /// Stores the rows of each batch and passes it on, until there are no more or one could not be stored. That comes
    /// behind the batches before it, which are committed all the same.
    ///
    /// A crash at any time leaves objects that no commit names: what was read is read again.
    pub(crate) async fn run(
        self,
        mut sealed: mpsc::Receiver<Ahead<Sealed>>,
        staged: mpsc::Sender<AheadStaged>,
    ) {
        while let Some(Ahead { batch, place }) = sealed.recv().await {
            let stored = self.ensure_stored(&batch, None).await;
            let failed = stored.is_err();
            let next = stored.map(|stored| Ahead { batch: Staged { sealed: batch, stored }, place });
            if staged.send(next).await.is_err() || failed {
                return;
            }
        }
    }

    /// Stores the rows of a batch, unless their object is `stored`.
    ///
    /// # Errors
    /// [`PipelineError::Store`] when the store refuses for good.
    pub(crate) async fn ensure_stored(
        &self,
        sealed: &Sealed,
        stored: Option<&Hash>,
    ) -> Result<Option<Hash>, PipelineError> {
        let Some(object) = &sealed.object else { return Ok(None) };
        if stored == Some(&object.sha256) {
            return Ok(Some(object.sha256));
        }
        let mut patience = Patience::new(&self.identity, self.log.name());
        loop {
            match self.log.put_evidence(&object.sha256, object.bytes.clone()).await {
                Ok(()) => return Ok(Some(object.sha256)),
                Err(error) => patience.wait(error).await?,
            }
        }
    }
}
