//! Reads one stream: lists its shards, starts readers in the order of lineage, and knows when it is at its end.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sealog_record::{ReadFrom, ShardId, ShardPosition, StreamArn, StreamEnd, StreamLabel, Timestamp};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinError, JoinSet};

use super::calls::FIRST_TRIES;
use super::listing::Listing;
use super::shard::{ShardReader, Sight, Ties};
use super::{LISTING_INTERVAL, Shared};
use crate::backoff::Backoff;
use crate::{
    Alarm, AlarmKind, CommittedShard, Lineage, LostShard, Opened, RETENTION_MS, ShardActivity, ShardStart,
    SourceError, SourceEvent, Stopped, StreamClient, StreamStatus,
};

/// Listings without a new child after which an ended shard is taken to have none at present.
const CHILDLESS_LISTINGS: u32 = 4;
/// As many for a stream that is off, before it is closed for ever: nobody waits for the answer.
const CHILDLESS_LISTINGS_OF_THE_END: u32 = 8;

/// Why a stream is no longer read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EpochEnd {
    /// Nothing more comes, and all of it is committed (or declared lost).
    Drained(StreamEnd),
    /// Everything there is was sent.
    CaughtUp,
}

/// Where an epoch begins.
pub(super) struct EpochStart {
    pub(super) positions: BTreeMap<ShardId, ShardPosition>,
    /// For the shards of the first listing ever.
    pub(super) from: ReadFrom,
    pub(super) opened_at_ms: i64,
    pub(super) opened: Opened,
}

/// What a task of an epoch came to.
enum Done {
    Shard(ShardId, Result<Stopped, SourceError>),
    Listing(Result<Option<Listing>, SourceError>),
}

pub(super) struct Epoch<C> {
    shared: Arc<Shared<C>>,
    stream: StreamArn,
    label: StreamLabel,
    opened_at_ms: i64,
    lineage: Lineage,
    /// When shards were first listed, in this process.
    found: BTreeMap<ShardId, i64>,
    sights: BTreeMap<ShardId, Arc<Sight>>,
    wake: Arc<Notify>,
    /// Readers, and at most one listing. Dropping the epoch ends them.
    tasks: JoinSet<Done>,
    listing: bool,
    /// Whether the listing under way began when everything was settled.
    confirming: bool,
    next_listing: Pin<Box<dyn Future<Output = ()> + Send>>,
    children: Backoff,
    missing: Backoff,
    failed_listings: Backoff,
    /// Of the newest listing.
    status: Option<StreamStatus>,
    vanished: bool,
    confirmed: bool,
    /// Listings in a row that showed nothing new while everything known was done.
    barren: u32,
    /// Why shards were given up for this run.
    failure: Option<SourceError>,
}

impl<C: StreamClient> Epoch<C> {
    pub(super) fn new(shared: Arc<Shared<C>>, stream: StreamArn, start: EpochStart) -> Self {
        let label = stream.label();
        for (shard, position) in start.positions.iter().filter(|(_, position)| !position.done) {
            let through_ms = position.as_of.map_or(start.opened_at_ms, Timestamp::as_millis);
            shared.health.known(&label, shard, through_ms);
        }
        Self {
            lineage: Lineage::new(start.positions, start.from, start.opened),
            children: Backoff::new(shared.rng(stream.as_str()), Duration::from_millis(500), LISTING_INTERVAL),
            next_listing: Box::pin(std::future::ready(())),
            missing: shared.backoff(stream.as_str()),
            failed_listings: shared.backoff(stream.as_str()),
            shared,
            label,
            stream,
            opened_at_ms: start.opened_at_ms,
            found: BTreeMap::new(),
            sights: BTreeMap::new(),
            wake: Arc::default(),
            tasks: JoinSet::new(),
            listing: false,
            confirming: false,
            status: None,
            vanished: false,
            confirmed: false,
            barren: 0,
            failure: None,
        }
    }

    pub(super) async fn run(
        mut self,
        committed: &mut mpsc::Receiver<CommittedShard>,
    ) -> Result<EpochEnd, SourceError> {
        loop {
            self.start_ready();
            if let Some(end) = self.end() {
                return end;
            }
            let wake = self.wake.clone();
            tokio::select! {
                biased;
                Some(commit) = committed.recv() => self.committed(&commit),
                Some(done) = self.tasks.join_next() => self.done(done, committed).await?,
                () = &mut self.next_listing, if !self.listing => self.list(),
                () = wake.notified() => {}
            }
        }
    }

    fn start_ready(&mut self) {
        if self.status.is_none() {
            return;
        }
        for start in self.lineage.ready() {
            let shard = start.shard.clone();
            self.notice_age(&start);
            let sight = Arc::new(Sight::default());
            sight.closed.store(self.lineage.is_closed(&shard), Ordering::Release);
            self.sights.insert(shard.clone(), sight.clone());
            let found_ms = self.found.get(&shard).copied().unwrap_or(self.opened_at_ms);
            let ties = Ties { sight, wake: self.wake.clone(), opened_at_ms: self.opened_at_ms, found_ms };
            let reader = ShardReader::new(self.shared.clone(), self.stream.clone(), start, ties);
            self.tasks.spawn(async move { Done::Shard(shard, reader.run().await) });
        }
    }

    /// Notices, before anything is read, a position that the service has probably trimmed away.
    fn notice_age(&self, start: &ShardStart) {
        let age_ms = start.as_of.map(|as_of| self.shared.clock.now_ms().saturating_sub(as_of.as_millis()));
        let Some(age_ms) = age_ms.filter(|age_ms| *age_ms >= RETENTION_MS) else { return };
        tracing::error!(
            table = %self.shared.table, shard = %start.shard, age_hours = age_ms / 3_600_000,
            "nobody has looked at this shard for longer than the service keeps changes; what is missing is recorded as a gap"
        );
        self.shared.health.shard(&self.label, &start.shard, |shard| shard.is(ShardActivity::TooOld));
    }

    fn list(&mut self) {
        self.listing = true;
        self.confirming = self.is_settled();
        let (shared, stream) = (self.shared.clone(), self.stream.clone());
        self.tasks.spawn(async move { Done::Listing(shared.list(&stream).await) });
    }

    /// Asks for a listing as soon as none is under way.
    fn list_now(&mut self) {
        self.next_listing = Box::pin(std::future::ready(()));
    }

    fn committed(&mut self, commit: &CommittedShard) {
        if commit.stream == self.label {
            self.lineage.committed(&commit.shard, &commit.position);
            self.shared.health.committed(&commit.stream, &commit.shard, &commit.position);
            if commit.position.done {
                self.sights.remove(&commit.shard);
            }
        }
    }

    async fn done(
        &mut self,
        done: Result<Done, JoinError>,
        committed: &mut mpsc::Receiver<CommittedShard>,
    ) -> Result<(), SourceError> {
        let defect = |error: JoinError| SourceError::Defect {
            table: self.shared.table.clone(),
            message: error.to_string(),
        };
        match done.map_err(defect)? {
            Done::Shard(shard, why) => {
                let why = match why {
                    Err(error) if error.is_about_one_shard() => {
                        self.failure.get_or_insert(error);
                        Stopped::Failed
                    }
                    why => why?,
                };
                self.lineage.reader_stopped(&shard, &why);
                self.look_again(&why);
                Ok(())
            }
            Done::Listing(listing) => {
                self.listing = false;
                match listing {
                    Ok(Some(listing)) => self.listed(listing, committed).await,
                    Ok(None) => self.stream_not_found(committed).await,
                    Err(error) => self.list_later(error),
                }
            }
        }
    }

    /// A listing that cannot be had keeps no shard that is known from being read.
    fn list_later(&mut self, error: SourceError) -> Result<(), SourceError> {
        let impatient = self.status.is_none() || self.shared.options.until_caught_up;
        let spent = impatient && self.failed_listings.failures() + 1 >= FIRST_TRIES;
        if spent || !matches!(error, SourceError::RepeatedCursor { .. }) {
            return Err(error);
        }
        self.shared.sound(Alarm::Listing(error.to_string()));
        (self.confirming, self.barren) = (false, 0);
        self.next_listing = self.shared.clock.sleep(self.failed_listings.next());
        Ok(())
    }

    /// A shard that ended has children; one that is not found is gone, or will be found later.
    fn look_again(&mut self, why: &Stopped) {
        match why {
            Stopped::AtEnd | Stopped::Lost => {
                self.children.reset();
                self.missing.reset();
                self.list_now();
            }
            Stopped::Failed => {}
            Stopped::NotFound { .. } => self.next_listing = self.shared.clock.sleep(self.missing.next()),
        }
    }

    async fn listed(
        &mut self,
        listing: Listing,
        committed: &mut mpsc::Receiver<CommittedShard>,
    ) -> Result<(), SourceError> {
        self.status = Some(listing.status);
        self.failed_listings.reset();
        self.shared.health.settle(AlarmKind::Listing);
        let seen = self.lineage.observe(&listing.shards);
        for (shard, sight) in &self.sights {
            sight.closed.store(self.lineage.is_closed(shard), Ordering::Release);
        }
        let nothing_new = seen.discovered.is_empty() && seen.lost.is_empty();
        for found in seen.discovered {
            let (shard, parent, from) = (found.shard, found.parent, found.from);
            let (stream, through_ms) = (self.label.clone(), self.oldest_ms(&shard, from));
            self.shared.health.known(&stream, &shard, through_ms);
            self.found.insert(shard.clone(), self.shared.clock.now_ms());
            self.emit(SourceEvent::Discovered { stream, shard, parent, from }, committed).await?;
        }
        self.lost(seen.lost, committed).await?;
        self.schedule(nothing_new);
        Ok(())
    }

    /// The oldest record that a new shard may hold: its name tells when it began.
    fn oldest_ms(&self, shard: &ShardId, from: ReadFrom) -> i64 {
        let now_ms = self.shared.clock.now_ms();
        if from == ReadFrom::Latest {
            return now_ms;
        }
        let born_ms = shard.as_str().split('-').nth(1).and_then(|digits| digits.parse::<i64>().ok());
        let horizon_ms = now_ms.saturating_sub(RETENTION_MS);
        born_ms.filter(|born| (horizon_ms..=now_ms).contains(born)).unwrap_or(horizon_ms)
    }

    /// Soon, while children are awaited; else when the interval is over.
    fn schedule(&mut self, nothing_new: bool) {
        if !nothing_new {
            self.children.reset();
        }
        let all_done = self.lineage.all_done();
        self.barren = if nothing_new && all_done { self.barren.saturating_add(1) } else { 0 };
        // A stream that is off may still be about to list a child.
        let awaits = if self.is_written() { self.lineage.awaits_children() } else { all_done };
        let patient = awaits && self.children.failures() < CHILDLESS_LISTINGS;
        self.confirmed = self.confirming && nothing_new && !patient;
        self.confirming = false;
        let wait = if awaits { self.children.next() } else { LISTING_INTERVAL };
        self.next_listing = self.shared.clock.sleep(wait);
    }

    /// The stream is not found: what was not read is lost. Readers under way find out by themselves.
    async fn stream_not_found(
        &mut self,
        committed: &mut mpsc::Receiver<CommittedShard>,
    ) -> Result<(), SourceError> {
        self.vanished = true;
        self.next_listing = self.shared.clock.sleep(LISTING_INTERVAL);
        let lost = self.lineage.abandon();
        self.lost(lost, committed).await
    }

    async fn lost(
        &mut self,
        lost: Vec<LostShard>,
        committed: &mut mpsc::Receiver<CommittedShard>,
    ) -> Result<(), SourceError> {
        for lost in lost {
            let gap = self.shared.ended(&self.label, &lost);
            let event = self.shared.halt_or(gap)?;
            self.emit(event, committed).await?;
        }
        Ok(())
    }

    /// Sends, and goes on listening to commits: whoever takes events may be waiting for us to hear one.
    async fn emit(
        &mut self,
        event: SourceEvent,
        committed: &mut mpsc::Receiver<CommittedShard>,
    ) -> Result<(), SourceError> {
        let events = self.shared.events.clone();
        let mut slot = Box::pin(events.reserve());
        loop {
            tokio::select! {
                biased;
                Some(commit) = committed.recv() => self.committed(&commit),
                slot = &mut slot => {
                    slot.map_err(|_| SourceError::PipelineClosed)?.send(event);
                    return Ok(());
                }
            }
        }
    }

    fn is_written(&self) -> bool {
        match self.status {
            Some(StreamStatus::Enabling | StreamStatus::Enabled) => true,
            Some(StreamStatus::Disabling | StreamStatus::Disabled) | None => false,
        }
    }

    fn is_settled(&self) -> bool {
        let caught_up =
            |shard: &ShardId| self.sights.get(shard).is_some_and(|s| s.caught_up.load(Ordering::Acquire));
        self.status.is_some() && self.lineage.settled(caught_up)
    }

    fn end(&mut self) -> Option<Result<EpochEnd, SourceError>> {
        if let Some(cause) = self.ended() {
            return Some(Ok(EpochEnd::Drained(cause)));
        }
        if !self.shared.options.until_caught_up || !self.is_settled() {
            self.confirmed = false;
            return None;
        }
        if !self.is_written() && self.lineage.all_done() {
            return None;
        }
        if self.confirmed {
            return Some(self.failure.take().map_or(Ok(EpochEnd::CaughtUp), Err));
        }
        // The listing that confirms has to begin after everything was settled.
        let awaits = self.lineage.awaits_children() && self.is_written();
        if !self.listing && !self.confirming && !awaits {
            self.list_now();
        }
        None
    }

    /// Why nothing more will come, once that is certain: a stream that is closed is never read again.
    fn ended(&self) -> Option<StreamEnd> {
        if !self.lineage.all_done() {
            return None;
        }
        let patience = if self.shared.options.until_caught_up {
            CHILDLESS_LISTINGS
        } else {
            CHILDLESS_LISTINGS_OF_THE_END
        };
        match self.status {
            _ if self.vanished => Some(StreamEnd::Vanished),
            Some(StreamStatus::Disabled) if self.barren >= patience => {
                let no_table = self.shared.table_is_gone.load(Ordering::Relaxed);
                Some(if no_table { StreamEnd::TableDeleted } else { StreamEnd::Disabled })
            }
            _ => None,
        }
    }
}
