//! The streams of one table, one after the other, oldest first.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealog_record::{GapCause, ReadFrom, ShardPosition, StreamArn, StreamEnd, StreamLabel, ViewType};
use tokio::sync::mpsc;

use super::calls::FIRST_TRIES;
use super::epoch::{Epoch, EpochEnd, EpochStart};
use super::{LATELY_MS, LISTING_INTERVAL, Shared};
use crate::{
    Alarm, AlarmKind, CommittedShard, Coverage, KnownStream, LostShard, Opened, SourceError, SourceEvent,
    StartAt, StreamClient,
};

pub(super) struct Table<C> {
    shared: Arc<Shared<C>>,
    coverage: Coverage,
    committed: mpsc::Receiver<CommittedShard>,
}

impl<C: StreamClient> Table<C> {
    pub(super) const fn new(
        shared: Arc<Shared<C>>,
        coverage: Coverage,
        committed: mpsc::Receiver<CommittedShard>,
    ) -> Self {
        Self { shared, coverage, committed }
    }

    pub(super) async fn run(&mut self) -> Result<(), SourceError> {
        let mut streams = self.shared.streams(Some(FIRST_TRIES)).await?;
        if streams.is_empty() && self.coverage.streams.is_empty() {
            return Err(SourceError::TableWithoutStream { table: self.shared.table.clone() });
        }
        streams.extend(self.unlisted(&streams).await?);
        let mut previous = self.bury_vanished(&streams).await?;
        loop {
            for stream in self.plan(&streams) {
                match self.read(&stream, previous.as_ref()).await? {
                    EpochEnd::CaughtUp => return self.shared.send(SourceEvent::CaughtUp).await,
                    EpochEnd::Drained(cause) => self.close(&stream.label(), cause).await?,
                }
                previous = previous.max(Some(stream.label()));
            }
            if self.shared.options.until_caught_up {
                return self.shared.send(SourceEvent::CaughtUp).await;
            }
            self.shared.sound(Alarm::StreamOff);
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
        let Some(oldest) = self.coverage.streams.keys().next() else {
            return streams.pop().into_iter().collect();
        };
        let is_closed =
            |label: &StreamLabel| self.coverage.streams.get(label).is_some_and(|known| known.closed);
        streams.retain(|stream| stream.label() >= *oldest && !is_closed(&stream.label()));
        streams
    }

    /// Streams that are not listed and yet found when they are asked for by name.
    async fn unlisted(&self, listed: &[StreamArn]) -> Result<Vec<StreamArn>, SourceError> {
        let mut found = Vec::new();
        for KnownStream { arn, .. } in self.coverage.streams.values().filter(|known| !known.closed) {
            if !listed.contains(arn) && self.shared.list(arn).await?.is_some() {
                found.push(arn.clone());
            }
        }
        Ok(found)
    }

    /// Streams that are no longer found: what was not read of them is lost. The newest stream behind which the next one
    /// comes.
    async fn bury_vanished(&mut self, streams: &[StreamArn]) -> Result<Option<StreamLabel>, SourceError> {
        let mut newest = None;
        for (label, known) in self.coverage.streams.clone() {
            if !known.closed && streams.iter().any(|stream| stream.label() == label) {
                continue;
            }
            if !known.closed {
                for (shard, position) in self.positions_of(&label) {
                    if !position.done {
                        let cause = GapCause::StreamVanished;
                        let lost = LostShard { shard, after: position.last, cause };
                        self.shared.gap(self.shared.ended(&label, &lost)).await?;
                    }
                }
                self.close(&label, StreamEnd::Vanished).await?;
            }
            newest = Some(label);
        }
        Ok(newest)
    }

    fn positions_of(&self, label: &StreamLabel) -> BTreeMap<sealog_record::ShardId, ShardPosition> {
        let own = self.coverage.positions.iter().filter(|((of, _), _)| of == label);
        own.map(|((_, shard), position)| (shard.clone(), position.clone())).collect()
    }

    async fn read(
        &mut self,
        stream: &StreamArn,
        previous: Option<&StreamLabel>,
    ) -> Result<EpochEnd, SourceError> {
        let label = stream.label();
        let now_ms = self.shared.clock.now_ms();
        let first_page = self.shared.describe(stream, None, Some(FIRST_TRIES)).await?;
        let view_type = first_page.view_type;
        self.shared.check_view_type(stream, view_type)?;
        // Behind an older stream everything is owed, from the first record on.
        let follows = previous.is_some() || self.coverage.streams.keys().any(|known| *known < label);
        let (known, opened) = match self.coverage.streams.get(&label) {
            Some(known) => {
                self.shared.send(SourceEvent::Resumed { stream: label.clone() }).await?;
                let lately = !follows && now_ms.saturating_sub(known.opened_at_ms) < LATELY_MS;
                (known.clone(), if lately { Opened::Lately } else { Opened::Before })
            }
            None if follows => {
                self.shared.gap(self.shared.whole_stream(&label, GapCause::StreamDisabled)).await?;
                (self.open(stream, view_type, StartAt::TrimHorizon).await?, Opened::Before)
            }
            None => (self.open(stream, view_type, self.shared.options.start).await?, Opened::Now),
        };
        let start = EpochStart {
            positions: self.positions_of(&label),
            from: ReadFrom::from(known.start),
            opened_at_ms: known.opened_at_ms,
            opened,
        };
        self.shared.health.settle(AlarmKind::StreamOff);
        self.shared.health.forget(&label);
        let end = Epoch::new(self.shared.clone(), stream.clone(), start).run(&mut self.committed).await;
        if matches!(end, Ok(EpochEnd::Drained(_))) {
            self.shared.health.forget(&label);
        }
        end
    }

    async fn open(
        &self,
        stream: &StreamArn,
        view_type: ViewType,
        start: StartAt,
    ) -> Result<KnownStream, SourceError> {
        let (arn, at_ms) = (stream.clone(), self.shared.clock.now_ms());
        self.shared.send(SourceEvent::StreamOpened { stream: arn.clone(), view_type, start, at_ms }).await?;
        Ok(KnownStream { arn, start, opened_at_ms: at_ms, closed: false })
    }

    /// A stream that is gone may have had shards that nobody has seen.
    async fn close(&self, stream: &StreamLabel, cause: StreamEnd) -> Result<(), SourceError> {
        if cause == StreamEnd::Vanished {
            self.shared.gap(self.shared.whole_stream(stream, GapCause::StreamVanished)).await?;
        }
        let (stream, at_ms) = (stream.clone(), self.shared.clock.now_ms());
        self.shared.send(SourceEvent::StreamClosed { stream, cause, at_ms }).await
    }
}
