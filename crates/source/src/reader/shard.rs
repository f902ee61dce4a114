//! Reads one shard from its start to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sealog_record::{Gap, GapCause, ReadFrom, SequenceNumber, StreamArn, StreamLabel, Timestamp};
use tokio::sync::Notify;

use super::opening::{Opening, Refused, Resolved, Unwatched};
use super::{LATELY_MS, Shared};
use crate::backoff::{Backoff, Rng};
use crate::health::PageRead;
use crate::pace::ShardPace;
use crate::{
    BytePermit, Page, RETENTION_MS, ServiceError, ServiceErrorKind, ShardActivity, ShardIterator, ShardStart,
    SourceError, SourceEvent, Stopped, StreamClient,
};

/// The first wait after an empty page.
const POLL: Duration = Duration::from_millis(200);
/// An empty page means nothing; so many in a row, from an open shard, are taken for "nothing there now".
const CAUGHT_UP_EMPTIES: u32 = 20;
/// And so many from one that was at its present end before and has been followed since. Only for those who watch: else a
/// table with a change now and then would never look caught up.
const CAUGHT_UP_AGAIN_EMPTIES: u32 = 5;
/// A closed shard is followed without waiting, unless it turns out to have nothing but empty pages.
const CLOSED_EMPTIES: u32 = 100;
/// Replies in a row that cannot be used, after which a run that is to end leaves the shard.
const TROUBLES_MAX: u32 = 6;

/// How far our clock and the service's may lie apart. A shard that began at the latest record, and of which nothing was
/// read, is read so much further back: some older records are archived rather than one lost.
const CLOCKS_APART_MAX_MS: i64 = 5 * 60 * 1000;

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
    label: StreamLabel,
    start: ShardStart,
    sight: Arc<Sight>,
    wake: Arc<Notify>,
    opening: Opening,
    /// Records before this instant (ms) are not ours; settled by the first that is.
    since: Option<i64>,
    /// The iterator began at LATEST: what comes through it is ours, whatever the clocks say.
    at_latest: bool,
    read: Option<SequenceNumber>,
    iterator: Option<ShardIterator>,
    empties: u32,
    /// When somebody last looked and found everything there.
    watched_ms: i64,
    /// It was read to its present end before, in this process.
    was_caught_up: bool,
    troubles: u32,
    backoff: Backoff,
    pace: ShardPace,
    rng: Rng,
}

/// What the epoch gives a reader on its way.
pub(super) struct Ties {
    pub(super) sight: Arc<Sight>,
    pub(super) wake: Arc<Notify>,
    /// When the log opened the stream.
    pub(super) opened_at_ms: i64,
    /// When the shard was first listed.
    pub(super) found_ms: i64,
}

/// One answer to a call.
enum Step {
    GoOn,
    Stop(Stopped),
}

impl<C: StreamClient> ShardReader<C> {
    pub(super) fn new(shared: Arc<Shared<C>>, stream: StreamArn, start: ShardStart, ties: Ties) -> Self {
        // Times are rounded down to the second.
        let since = ties.opened_at_ms.saturating_sub(CLOCKS_APART_MAX_MS).div_euclid(1000) * 1000;
        Self {
            since: start.since_latest.then_some(since),
            at_latest: false,
            opening: Opening::new(&start),
            watched_ms: start.as_of.map_or(ties.found_ms, Timestamp::as_millis),
            read: match start.from {
                ReadFrom::After(read) => Some(read),
                ReadFrom::TrimHorizon | ReadFrom::Latest => None,
            },
            iterator: None,
            empties: 0,
            was_caught_up: false,
            troubles: 0,
            backoff: shared.backoff(start.shard.as_str()),
            pace: ShardPace::default(),
            rng: shared.rng(start.shard.as_str()),
            sight: ties.sight,
            wake: ties.wake,
            label: stream.label(),
            shared,
            stream,
            start,
        }
    }

    pub(super) async fn run(mut self) -> Result<Stopped, SourceError> {
        loop {
            match self.step().await {
                Ok(Step::GoOn) => {}
                Ok(Step::Stop(why)) => return Ok(why),
                Err(error) if error.is_about_one_shard() => self.in_trouble(error).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// What cannot be understood now may be understood later, and what cannot is not skipped: the shard is asked again
    /// and again, from behind the last record that was good. Others are read meanwhile.
    async fn in_trouble(&mut self, error: SourceError) -> Result<(), SourceError> {
        self.troubles += 1;
        if self.shared.options.until_caught_up && self.troubles >= TROUBLES_MAX {
            return Err(error);
        }
        self.iterator = None;
        let pause = self.backoff.next();
        tracing::error!(table = %self.shared.table, %error, pause_ms = pause.as_millis(), "the shard is asked again");
        let trouble = ShardActivity::InTrouble(error.to_string());
        self.shared.health.shard(&self.label, &self.start.shard, |shard| shard.is(trouble));
        self.shared.clock.sleep(pause).await;
        Ok(())
    }

    async fn step(&mut self) -> Result<Step, SourceError> {
        let iterator = match self.iterator.clone() {
            Some(iterator) => iterator,
            None => match self.open().await {
                Ok(iterator) => iterator,
                Err(error)
                    if error.kind == ServiceErrorKind::Invalid && self.opening.not_accepted(self.read) =>
                {
                    tracing::warn!(table = %self.shared.table, shard = %self.start.shard, %error, "another place is tried");
                    return Ok(Step::GoOn);
                }
                Err(error) => return self.failed(error).await,
            },
        };
        if let Some(wait) = self.pace.wait(self.shared.clock.now_ms(), &mut self.rng) {
            self.shared.clock.sleep(wait).await;
        }
        let Some(permit) = self.shared.limits.bytes.reserve().await else {
            return Err(SourceError::PipelineClosed);
        };
        // Not before: who waits for memory keeps nobody from calling.
        let calling = self.shared.calls.acquire().await;
        let asked_ms = self.shared.clock.now_ms();
        let body = self.shared.client.get_records(&iterator).await;
        drop(calling);
        match body {
            Ok(body) => {
                self.shared.was_allowed.store(true, Ordering::Relaxed);
                let page = Page::parse(body).map_err(|source| SourceError::MalformedPage {
                    stream: self.label.clone(),
                    shard: self.start.shard.clone(),
                    after: self.read,
                    source,
                })?;
                self.take(page, permit, asked_ms).await
            }
            Err(error) => {
                drop(permit);
                self.failed(error).await
            }
        }
    }

    async fn open(&mut self) -> Result<ShardIterator, ServiceError> {
        let place = self.opening.place(self.read, self.unwatched());
        let _calling = self.shared.calls.acquire().await;
        let iterator = self.shared.client.shard_iterator(&self.stream, &self.start.shard, place).await?;
        self.at_latest = self.opening.opened();
        self.iterator = Some(iterator.clone());
        Ok(iterator)
    }

    fn unwatched(&self) -> Unwatched {
        match self.shared.clock.now_ms().saturating_sub(self.watched_ms) {
            RETENTION_MS.. => Unwatched::TooLong,
            LATELY_MS.. => Unwatched::AWhile,
            _ => Unwatched::Briefly,
        }
    }

    async fn failed(&mut self, error: ServiceError) -> Result<Step, SourceError> {
        match error.kind {
            ServiceErrorKind::ExpiredIterator => {
                self.iterator = None;
                // Short, unless the service keeps handing out expired ones.
                self.shared.clock.sleep(self.backoff.next()).await;
                Ok(Step::GoOn)
            }
            ServiceErrorKind::Trimmed => {
                (self.iterator, self.empties) = (None, 0);
                if self.opening.trimmed(self.read) == Refused::TryAgain {
                    self.shared.clock.sleep(self.backoff.next()).await;
                }
                Ok(Step::GoOn)
            }
            ServiceErrorKind::NotFound => Ok(Step::Stop(Stopped::NotFound { read: self.read })),
            ServiceErrorKind::Invalid | ServiceErrorKind::Malformed => Err(self.shared.failed(error)),
            ServiceErrorKind::Throttled
            | ServiceErrorKind::LimitExceeded
            | ServiceErrorKind::Denied
            | ServiceErrorKind::NoCredentials
            | ServiceErrorKind::NoRegion
            | ServiceErrorKind::Unreachable
            | ServiceErrorKind::ServerFault => {
                if matches!(error.kind, ServiceErrorKind::Throttled | ServiceErrorKind::LimitExceeded) {
                    self.pace.slow_down(self.shared.clock.now_ms());
                }
                self.shared.wait(error, &mut self.backoff, &mut None).await?;
                Ok(Step::GoOn)
            }
        }
    }

    async fn take(&mut self, page: Page, mut permit: BytePermit, asked_ms: i64) -> Result<Step, SourceError> {
        permit.fit(page.footprint());
        let first = self.first(&page)?;
        self.backoff.reset();
        self.troubles = 0;
        let closes = page.next_iterator().is_none();
        self.iterator = page.next_iterator().map(ShardIterator::new);
        // Records that come a second time are no news either: a service that repeats its last page for ever is caught up.
        let last = page.len().checked_sub(1).and_then(|last| page.sequence(last));
        self.empties = if last > self.read { 0 } else { self.empties.saturating_add(1) };
        if self.declare_lost(&page, first, closes).await? {
            return Ok(Step::Stop(Stopped::Lost));
        }
        if !self.opening.is_in_doubt() {
            self.watched_ms = asked_ms;
        }
        self.tell(&page, first, asked_ms);
        if last.is_some() {
            self.read = self.read.max(last);
            self.opening.read_on();
        }
        if closes || first < page.len() {
            self.sight.caught_up.store(false, Ordering::Release);
            let (stream, shard) = (self.label.clone(), self.start.shard.clone());
            self.shared.send(SourceEvent::Page { stream, shard, page, first, closes, permit }).await?;
        } else {
            drop((page, permit));
        }
        if closes {
            return Ok(Step::Stop(Stopped::AtEnd));
        }
        if self.empties > 0 {
            self.pause().await;
        }
        Ok(Step::GoOn)
    }

    fn tell(&self, page: &Page, first: usize, asked_ms: i64) {
        if self.opening.is_in_doubt() {
            return;
        }
        let last = page.len().checked_sub(1).filter(|last| first <= *last);
        let last = last.and_then(|last| {
            let at_ms = page.record(last).and_then(|record| record.change.created_at);
            Some((page.sequence(last)?, at_ms))
        });
        let needed = if self.was_caught_up { CAUGHT_UP_AGAIN_EMPTIES } else { CAUGHT_UP_EMPTIES };
        let caught_up = self.empties >= needed;
        let read = PageRead { asked_ms, last, caught_up };
        self.shared.health.shard(&self.label, &self.start.shard, |shard| shard.page(&read));
    }

    /// Index of the first record that was not sent before and is ours.
    fn first(&mut self, page: &Page) -> Result<usize, SourceError> {
        let numbers = || (0..page.len()).filter_map(|index| page.sequence(index));
        for (after, found) in numbers().zip(numbers().skip(1)) {
            if found <= after {
                let (stream, shard) = (self.label.clone(), self.start.shard.clone());
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

    /// Settles a doubt as soon as it is known where the rest begins; `true`: records are lost, and there is no rest.
    async fn declare_lost(&mut self, page: &Page, first: usize, closes: bool) -> Result<bool, SourceError> {
        if !self.opening.is_in_doubt() {
            return Ok(false);
        }
        let found = page.sequence(first);
        let nothing = closes || self.empties >= CAUGHT_UP_EMPTIES;
        let Resolved::Lost { after } = self.opening.resolve(first > 0, found, nothing) else {
            return Ok(false);
        };
        let ends_shard = closes && found.is_none();
        self.shared
            .gap(Gap {
                stream: self.label.clone(),
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
        if self.empties >= CAUGHT_UP_EMPTIES {
            self.was_caught_up = true;
            if !self.sight.caught_up.swap(true, Ordering::AcqRel) {
                self.wake.notify_one();
            }
        }
        let wait = self.idle_wait();
        self.shared.clock.sleep(wait).await;
    }

    /// Grows up to the stated latency. What is behind is asked as often as it may be: it may be more empty pages away
    /// from its end than there is time.
    fn idle_wait(&mut self) -> Duration {
        let options = &self.shared.options;
        let is_behind = !self.was_caught_up || self.opening.is_in_doubt();
        if options.until_caught_up || is_behind {
            return POLL.min(options.latency_max);
        }
        let doublings = self.empties.saturating_sub(1).min(16);
        let wait = POLL.saturating_mul(1 << doublings);
        if wait < options.latency_max {
            return wait;
        }
        // Once, so that shards which fell asleep together do not wake together for ever.
        let falls_asleep = POLL.saturating_mul(1 << doublings.saturating_sub(1)) < options.latency_max;
        let whole = options.latency_max;
        if falls_asleep { whole / 2 + whole / 2 * self.rng.below(1024) / 1024 } else { whole }
    }
}
