//! Reads one table: its streams one after the other, and the shards of each side by side, children after their parents.
//!
//! Promises: for each shard, events come in the order of its records, each record once, without a hole that is not a
//! [`SourceEvent::Gap`]. Relies on: events are committed in the order sent, and each commit is reported back; a child
//! starts when its parent's end has been reported.

mod calls;
mod drift;
mod epoch;
mod listing;
mod opening;
mod shard;
mod table;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use sealog_record::{Gap, GapCause, StreamLabel, Timestamp};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::client::Counted;
use crate::{
    ByteBudget, CallPace, Clock, CommittedShard, Coverage, Health, LostShard, OnGap, SourceError,
    SourceEvent, SourceOptions, StreamClient,
};
use table::Table;

/// How often a table's streams and shards are listed when nothing calls for it.
const LISTING_INTERVAL: Duration = Duration::from_secs(30);

/// What has gone so soon after a stream was opened, and before anything was read, is a part of where the log begins.
const LATELY_MS: i64 = 15 * 60 * 1000;

/// The reader of one table.
#[derive(Debug)]
pub struct Source<C> {
    client: Arc<C>,
    clock: Arc<dyn Clock>,
    options: SourceOptions,
    table: String,
    coverage: Coverage,
    health: Arc<Health>,
}

impl std::fmt::Debug for dyn Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// What the readers of all tables share. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Memory for pages.
    pub bytes: ByteBudget,
    /// Calls that list shards: the service counts them for the whole account.
    pub listings: CallPace,
}

/// What everyone who works for one table needs.
pub(crate) struct Shared<C> {
    client: Arc<C>,
    clock: Arc<dyn Clock>,
    options: SourceOptions,
    table: String,
    events: mpsc::Sender<SourceEvent>,
    limits: Limits,
    health: Arc<Health>,
    /// Calls about one shard that are under way.
    calls: Semaphore,
    cancel: CancellationToken,
    /// Records were read: a refusal after that is a permission that was taken away, and may come back.
    was_allowed: AtomicBool,
    /// The table itself was looked for and is not there.
    table_is_gone: AtomicBool,
}

impl<C: StreamClient> Source<C> {
    /// `table` is the table's name, `coverage` what its log's commits fold into.
    #[must_use]
    pub fn new(
        client: Arc<C>,
        clock: Arc<dyn Clock>,
        options: SourceOptions,
        table: impl Into<String>,
        coverage: Coverage,
    ) -> Self {
        Self { client, clock, options, table: table.into(), coverage, health: Arc::default() }
    }

    /// Tells `health` how it goes.
    #[must_use]
    pub fn watched_by(self, health: Arc<Health>) -> Self {
        Self { health, ..self }
    }

    /// Reads until it is cancelled, or caught up if that was asked for.
    ///
    /// `committed` must be served all the time, but its sender must not wait for it for ever: it is dropped when this
    /// returns. When `events` is full, reading waits.
    ///
    /// # Errors
    /// [`SourceError`]; the events sent before are good.
    pub async fn run(
        self,
        events: mpsc::Sender<SourceEvent>,
        committed: mpsc::Receiver<CommittedShard>,
        limits: Limits,
        cancel: CancellationToken,
    ) -> Result<(), SourceError> {
        let calls = Semaphore::new(self.options.readers_max.max(1));
        let Self { client, clock, options, table, coverage, health } = self;
        let client = Arc::new(Counted::new(client, Arc::clone(health.calls())));
        let shared = Arc::new(Shared {
            client,
            clock,
            options,
            table,
            events,
            limits,
            health,
            calls,
            cancel,
            was_allowed: AtomicBool::new(false),
            table_is_gone: AtomicBool::new(false),
        });
        let mut table = Table::new(shared.clone(), coverage, committed);
        tokio::select! {
            biased;
            () = shared.cancel.cancelled() => Ok(()),
            result = table.run() => result,
            () = shared.watch_for_drift() => Ok(()),
        }
    }
}

impl<C> Shared<C> {
    async fn send(&self, event: SourceEvent) -> Result<(), SourceError> {
        self.events.send(event).await.map_err(|_| SourceError::PipelineClosed)
    }

    /// Records a gap or halts at it.
    async fn gap(&self, gap: Gap) -> Result<(), SourceError> {
        self.send(self.halt_or(gap)?).await
    }

    fn halt_or(&self, gap: Gap) -> Result<SourceEvent, SourceError> {
        match self.options.on_gap {
            OnGap::Halt => Err(SourceError::GapHalted(Box::new(gap))),
            OnGap::RecordAndContinue => {
                tracing::error!(
                    table = %self.table, stream = %gap.stream, shard = ?gap.shard, after = ?gap.after,
                    first = ?gap.first, cause = gap.cause.as_str(), "changes are lost: a gap is recorded"
                );
                Ok(SourceEvent::Gap(gap))
            }
        }
    }

    fn noticed_at(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.now_ms())
    }

    /// A gap that ends a shard.
    fn ended(&self, stream: &StreamLabel, lost: &LostShard) -> Gap {
        Gap {
            stream: stream.clone(),
            shard: Some(lost.shard.clone()),
            after: lost.after,
            first: None,
            cause: lost.cause,
            ends_shard: true,
            noticed_at: self.noticed_at(),
        }
    }

    /// A gap that is not in one shard: between an older stream and this one nothing was recorded, or the stream is gone.
    fn whole_stream(&self, stream: &StreamLabel, cause: GapCause) -> Gap {
        Gap {
            stream: stream.clone(),
            shard: None,
            after: None,
            first: None,
            cause,
            ends_shard: false,
            noticed_at: self.noticed_at(),
        }
    }
}
