//! Reads one shard from its start to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sealog_record::{Gap, GapCause, ReadFrom, SequenceNumber, StreamArn};
use tokio::sync::Notify;

use super::Shared;
use crate::backoff::Backoff;
use crate::{
    BytePermit, Page, ServiceError, ServiceErrorKind, ShardIterator, ShardStart, SourceError, SourceEvent,
    Stopped, StreamClient,
};

/// The first wait after an empty page.
const POLL: Duration = Duration::from_millis(200);
/// An empty page means nothing; so many in a row, from an open shard, are taken for "nothing there now".
const CAUGHT_UP_EMPTIES: u32 = 20;
/// A closed shard is followed without waiting, unless it turns out to have nothing but empty pages.
const CLOSED_EMPTIES: u32 = 100;

/// What a reader and its epoch know of each other.
#[derive(Debug, Default)]
pub(super) struct Sight {
    /// The newest listing shows an end.
    pub(super) closed: AtomicBool,
    /// The shard has nothing more at present.
    pub(super) caught_up: AtomicBool,
}

pub(super) struct ShardReader<C> {
    shared: Arc<Shared<C>>,
    stream: StreamArn,
    start: ShardStart,
    sight: Arc<Sight>,
    wake: Arc<Notify>,
    /// Records before this instant (ms) are not ours; settled by the first that is.
    since: Option<i64>,
    /// The iterator began at LATEST: what comes through it is ours, whatever the clocks say.
    at_latest: bool,
    from: ReadFrom,
    read: Option<SequenceNumber>,
    iterator: Option<ShardIterator>,
    lost_after: Option<Lost>,
    empties: u32,
    backoff: Backoff,
}

/// Records are lost behind this one; where the rest begins is not known yet.
#[derive(Clone, Copy)]
struct Lost(Option<SequenceNumber>);

/// What the epoch gives a reader on its way.
pub(super) struct Ties {
    pub(super) sight: Arc<Sight>,
    pub(super) wake: Arc<Notify>,
    pub(super) latest_since_ms: i64,
}

/// One answer to a call.
enum Step {
    GoOn,
    Stop(Stopped),
}

impl<C: StreamClient> ShardReader<C> {
    pub(super) fn new(shared: Arc<Shared<C>>, stream: StreamArn, start: ShardStart, ties: Ties) -> Self {
        let backoff = shared.backoff(start.shard.as_str());
        // Times are rounded down to the second.
        let since = ties.latest_since_ms.div_euclid(1000) * 1000;
        let read = match start.from {
            ReadFrom::After(read) => Some(read),
            ReadFrom::TrimHorizon | ReadFrom::Latest => None,
        };
        Self {
            since: start.since_latest.then_some(since),
            at_latest: false,
            from: start.from,
            read,
            iterator: None,
            lost_after: None,
            empties: 0,
            sight: ties.sight,
            wake: ties.wake,
            shared,
            stream,
            start,
            backoff,
        }
    }

    pub(super) async fn run(mut self) -> Result<Stopped, SourceError> {
        loop {
            match self.step().await? {
                Step::GoOn => {}
                Step::Stop(why) => return Ok(why),
            }
        }
    }

    async fn step(&mut self) -> Result<Step, SourceError> {
        let iterator = match self.iterator.clone() {
            Some(iterator) => iterator,
            None => match self.open().await {
                Ok(iterator) => iterator,
                Err(error) => return self.failed(error).await,
            },
        };
        let reading = self.shared.reads.acquire().await;
        let Some(permit) = self.shared.budget.reserve().await else {
            return Err(SourceError::PipelineClosed);
        };
        let body = self.shared.client.get_records(&iterator).await;
        drop(reading);
        match body {
            Ok(body) => {
                self.backoff.reset();
                self.shared.was_allowed.store(true, Ordering::Relaxed);
                let page = Page::parse(body).map_err(|source| SourceError::MalformedPage {
                    stream: self.stream.label(),
                    shard: self.start.shard.clone(),
                    after: self.read,
                    source,
                })?;
                self.take(page, permit).await
            }
            Err(error) => {
                drop(permit);
                self.failed(error).await
            }
        }
    }

    async fn open(&mut self) -> Result<ShardIterator, ServiceError> {
        let iterator = self.shared.client.shard_iterator(&self.stream, &self.start.shard, self.from).await?;
        // LATEST holds once: whoever asks for it again skips what was written in between.
        self.at_latest = self.from == ReadFrom::Latest;
        if self.at_latest {
            self.from = ReadFrom::TrimHorizon;
        }
        self.iterator = Some(iterator.clone());
        Ok(iterator)
    }

    async fn failed(&mut self, error: ServiceError) -> Result<Step, SourceError> {
        match error.kind {
            ServiceErrorKind::ExpiredIterator => {
                self.iterator = None;
                // Short, unless the service keeps handing out expired ones.
                self.shared.clock.sleep(self.backoff.next()).await;
                Ok(Step::GoOn)
            }
            ServiceErrorKind::Trimmed => Ok(self.trimmed()),
            ServiceErrorKind::NotFound => Ok(Step::Stop(Stopped::NotFound { read: self.read })),
            ServiceErrorKind::Throttled
            | ServiceErrorKind::LimitExceeded
            | ServiceErrorKind::Denied
            | ServiceErrorKind::NoCredentials
            | ServiceErrorKind::NoRegion
            | ServiceErrorKind::Unreachable
            | ServiceErrorKind::ServerFault
            | ServiceErrorKind::Invalid
            | ServiceErrorKind::Malformed => {
                self.shared.wait(error, &mut self.backoff, None).await?;
                Ok(Step::GoOn)
            }
        }
    }

    /// What comes after `read` is gone: what is still there is looked for from the oldest on.
    fn trimmed(&mut self) -> Step {
        if self.lost_after.is_some() {
            return Step::Stop(Stopped::NotFound { read: self.read });
        }
        self.lost_after = Some(Lost(self.read));
        (self.from, self.iterator, self.empties) = (ReadFrom::TrimHorizon, None, 0);
        Step::GoOn
    }

    async fn take(&mut self, page: Page, mut permit: BytePermit) -> Result<Step, SourceError> {
        permit.fit(page.footprint());
        let first = self.first(&page)?;
        let closes = page.next_iterator().is_none();
        self.iterator = page.next_iterator().map(ShardIterator::new);
        self.empties = if page.is_empty() { self.empties.saturating_add(1) } else { 0 };
        if self.declare_lost(&page, first, closes).await? {
            return Ok(Step::Stop(Stopped::Lost));
        }
        if let Some(last) = page.len().checked_sub(1).and_then(|last| page.sequence(last)) {
            self.read = self.read.max(Some(last));
            self.from = self.read.map_or(self.from, ReadFrom::After);
        }
        let empty = page.is_empty();
        if closes || first < page.len() {
            self.sight.caught_up.store(false, Ordering::Release);
            let (stream, shard) = (self.stream.label(), self.start.shard.clone());
            self.shared.send(SourceEvent::Page { stream, shard, page, first, closes, permit }).await?;
        } else {
            drop((page, permit));
        }
        if closes {
            return Ok(Step::Stop(Stopped::AtEnd));
        }
        if empty {
            self.pause().await;
        }
        Ok(Step::GoOn)
    }

    /// Index of the first record that was not sent before and is ours.
    fn first(&mut self, page: &Page) -> Result<usize, SourceError> {
        let numbers = || (0..page.len()).filter_map(|index| page.sequence(index));
        for (after, found) in numbers().zip(numbers().skip(1)) {
            if found <= after {
                let (stream, shard) = (self.stream.label(), self.start.shard.clone());
                return Err(SourceError::OutOfOrder { stream, shard, after, found });
            }
        }
        let mut first = numbers().take_while(|number| Some(*number) <= self.read).count();
        if let Some(since) = self.since.filter(|_| !self.at_latest) {
            let old = |index: usize| {
                page.record(index).and_then(|record| record.change.created_at).is_some_and(|at| at < since)
            };
            while first < page.len() && old(first) {
                first += 1;
            }
        }
        if first < page.len() {
            self.since = None;
        }
        Ok(first)
    }

    /// Settles a loss as soon as it is known where the rest begins; `true`: there is no rest.
    async fn declare_lost(&mut self, page: &Page, first: usize, closes: bool) -> Result<bool, SourceError> {
        let Some(Lost(after)) = self.lost_after else { return Ok(false) };
        let found = page.sequence(first);
        if page.is_empty() && !closes && self.empties < CAUGHT_UP_EMPTIES {
            return Ok(false);
        }
        self.lost_after = None;
        // A record that we have read is still there, so everything behind it is.
        if first > 0 {
            return Ok(false);
        }
        let ends_shard = closes && found.is_none();
        self.shared
            .gap(Gap {
                stream: self.stream.label(),
                shard: Some(self.start.shard.clone()),
                after,
                first: found,
                cause: GapCause::Trimmed,
                ends_shard,
                noticed_at: self.shared.noticed_at(),
            })
            .await?;
        Ok(ends_shard)
    }

    async fn pause(&mut self) {
        if self.sight.closed.load(Ordering::Acquire) {
            if self.empties > CLOSED_EMPTIES {
                self.shared.clock.sleep(POLL).await;
            }
            return;
        }
        let options = &self.shared.options;
        if self.empties >= CAUGHT_UP_EMPTIES && !self.sight.caught_up.swap(true, Ordering::AcqRel) {
            self.wake.notify_one();
        }
        let eager = options.until_caught_up || self.lost_after.is_some();
        let doublings = if eager { 0 } else { self.empties.saturating_sub(1).min(16) };
        let wait = POLL.saturating_mul(1 << doublings).min(options.latency_max);
        self.shared.clock.sleep(wait).await;
    }
}
