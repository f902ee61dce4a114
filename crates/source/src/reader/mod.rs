//! Reads one table: its streams one after the other, and the shards of each side by side, children after their parents.
//!
//! Promises: for each shard, events come in the order of its records, each record once, without a hole that is not a
//! [`SourceEvent::Gap`]. Relies on: events are committed in the order sent, and each commit is reported back; a child
//! starts when its parent's end has been reported.

mod epoch;
mod listing;
mod shard;

#[cfg(test)]
mod fake;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sealog_record::{Gap, GapCause, ReadFrom, ShardId, ShardPosition, StreamArn, StreamLabel, Timestamp};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::backoff::{Backoff, Rng};
use crate::{
    ByteBudget, Clock, CommittedShard, LostShard, OnGap, ServiceError, ServiceErrorClass, ServiceErrorKind,
    SourceError, SourceEvent, SourceOptions, StartAt, StreamClient,
};
use epoch::{Epoch, EpochEnd};

/// How often a table's streams and shards are listed when nothing calls for it.
const LISTING_INTERVAL: Duration = Duration::from_secs(30);
/// How often the first call is tried (each with the SDK's own attempts): a wrong endpoint must not look like patience.
const FIRST_TRIES: u32 = 4;

/// Committed positions by stream and shard.
pub type Positions = BTreeMap<(StreamLabel, ShardId), ShardPosition>;

/// The reader of one table.
#[derive(Debug)]
pub struct Source<C> {
    client: Arc<C>,
    clock: Arc<dyn Clock>,
    options: SourceOptions,
    table: String,
    positions: Positions,
}

impl std::fmt::Debug for dyn Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Clock")
    }
}

/// What everyone who works for one table needs.
pub(crate) struct Shared<C> {
    client: Arc<C>,
    clock: Arc<dyn Clock>,
    options: SourceOptions,
    table: String,
    events: mpsc::Sender<SourceEvent>,
    budget: ByteBudget,
    reads: Semaphore,
    cancel: CancellationToken,
    /// Records were read: a refusal after that is a permission that was taken away, and may come back.
    was_allowed: AtomicBool,
}

impl<C: StreamClient> Source<C> {
    /// `table` is the table's name, `positions` are what the log's commits fold into.
    #[must_use]
    pub fn new(
        client: Arc<C>,
        clock: Arc<dyn Clock>,
        options: SourceOptions,
        table: impl Into<String>,
        positions: Positions,
    ) -> Self {
        Self { client, clock, options, table: table.into(), positions }
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
        budget: ByteBudget,
        cancel: CancellationToken,
    ) -> Result<(), SourceError> {
        let reads = Semaphore::new(self.options.readers_max.max(1));
        let Self { client, clock, options, table, positions } = self;
        let shared = Arc::new(Shared {
            client,
            clock,
            options,
            table,
            events,
            budget,
            reads,
            cancel,
            was_allowed: AtomicBool::new(false),
        });
        let mut table = Table { shared: shared.clone(), positions, committed };
        tokio::select! {
            biased;
            () = shared.cancel.cancelled() => Ok(()),
            result = table.run() => result,
        }
    }
}

struct Table<C> {
    shared: Arc<Shared<C>>,
    positions: Positions,
    committed: mpsc::Receiver<CommittedShard>,
}

impl<C: StreamClient> Table<C> {
    async fn run(&mut self) -> Result<(), SourceError> {
        let mut streams = self.shared.streams(Some(FIRST_TRIES)).await?;
        if streams.is_empty() && self.positions.is_empty() {
            return Err(SourceError::TableWithoutStream { table: self.shared.table.clone() });
        }
        let mut previous = self.bury_vanished(&streams).await?;
        loop {
            for stream in self.plan(&streams) {
                if self.read(&stream, previous.as_ref()).await? == EpochEnd::CaughtUp {
                    return self.shared.send(SourceEvent::CaughtUp).await;
                }
                previous = Some(stream.label());
            }
            if self.shared.options.until_caught_up {
                return self.shared.send(SourceEvent::CaughtUp).await;
            }
            tracing::warn!(table = %self.shared.table, "no stream of the table is being written; looking again");
            self.shared.clock.sleep(LISTING_INTERVAL).await;
            let done = previous.clone();
            streams = self.shared.streams(None).await?;
            streams.retain(|stream| done.as_ref().is_none_or(|done| stream.label() > *done));
        }
    }

    /// The streams to read, oldest first: of a new log only the newest, else those that it knows and the newer ones.
    fn plan(&self, streams: &[StreamArn]) -> Vec<StreamArn> {
        let mut streams = streams.to_vec();
        streams.sort_by_key(StreamArn::label);
        let known = self.positions.keys().map(|(label, _)| label).min();
        match known {
            None => streams.pop().into_iter().collect(),
            Some(oldest) => streams.into_iter().filter(|stream| stream.label() >= *oldest).collect(),
        }
    }

    /// Streams with positions that are no longer listed: what was not read of them is lost. The newest of them.
    async fn bury_vanished(&mut self, streams: &[StreamArn]) -> Result<Option<StreamLabel>, SourceError> {
        let mut newest = None;
        for ((label, shard), position) in &self.positions {
            if streams.iter().any(|stream| stream.label() == *label) {
                continue;
            }
            newest = Some(label.clone());
            if !position.done {
                let cause = GapCause::StreamVanished;
                let lost = LostShard { shard: shard.clone(), after: position.last, cause };
                self.shared.gap(self.shared.ended(label, &lost)).await?;
            }
        }
        Ok(newest)
    }

    async fn read(
        &mut self,
        stream: &StreamArn,
        previous: Option<&StreamLabel>,
    ) -> Result<EpochEnd, SourceError> {
        let label = stream.label();
        let own = self.positions.iter().filter(|((of, _), _)| *of == label);
        let own: BTreeMap<_, _> =
            own.map(|((_, shard), position)| (shard.clone(), position.clone())).collect();
        let now = self.shared.clock.now_ms();
        let since = self.shared.options.latest_since_ms.unwrap_or(now);
        let mut start = StartAt::TrimHorizon;
        let first_page = self.shared.describe(stream, None, Some(FIRST_TRIES)).await?;
        let view_type = first_page.view_type;
        self.shared.check_view_type(stream, view_type)?;
        if own.is_empty() {
            if self.positions.is_empty() && previous.is_none() {
                start = self.shared.options.start;
            } else if previous.is_some() {
                self.shared.gap(self.shared.blind_interval(&label)).await?;
            }
            let stream = stream.clone();
            self.shared.send(SourceEvent::StreamOpened { stream, view_type, start, at_ms: now }).await?;
        } else {
            self.shared.send(SourceEvent::Resumed { stream: label.clone() }).await?;
        }
        let epoch = Epoch::new(self.shared.clone(), stream.clone(), own, ReadFrom::from(start), since);
        epoch.run(&mut self.committed).await
    }
}

impl<C: StreamClient> Shared<C> {
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
            OnGap::RecordAndContinue => Ok(SourceEvent::Gap(gap)),
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

    /// Between an older stream and this one nothing was recorded.
    fn blind_interval(&self, stream: &StreamLabel) -> Gap {
        Gap {
            stream: stream.clone(),
            shard: None,
            after: None,
            first: None,
            cause: GapCause::StreamDisabled,
            ends_shard: false,
            noticed_at: self.noticed_at(),
        }
    }

    fn may_be_allowed_again(&self, error: &ServiceError) -> bool {
        matches!(error.kind, ServiceErrorKind::Denied | ServiceErrorKind::NoCredentials)
            && self.was_allowed.load(Ordering::Relaxed)
    }

    fn failed(&self, source: ServiceError) -> SourceError {
        SourceError::Service { table: self.table.clone(), source }
    }

    fn backoff(&self, name: &str) -> Backoff {
        Backoff::for_calls(Rng::new(self.options.seed, name))
    }

    /// Waits before a failed call is made again; an error, if it is of no use or was made `tries` times.
    async fn wait(
        &self,
        error: ServiceError,
        backoff: &mut Backoff,
        tries: Option<u32>,
    ) -> Result<(), SourceError> {
        let spent = tries.is_some_and(|tries| backoff.failures() + 1 >= tries);
        let of_no_use = error.kind.class() == ServiceErrorClass::Stop && !self.may_be_allowed_again(&error);
        if spent || of_no_use {
            return Err(self.failed(error));
        }
        let pause = backoff.next();
        tracing::warn!(table = %self.table, %error, pause_ms = pause.as_millis(), "the service is asked again");
        self.clock.sleep(pause).await;
        Ok(())
    }
}
