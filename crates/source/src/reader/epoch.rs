//! Reads one stream: lists its shards, starts readers in the order of lineage, and knows when it is at its end.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sealog_record::{ReadFrom, ShardId, ShardPosition, StreamArn};
use tokio::sync::{Notify, mpsc};
use tokio::task::{JoinError, JoinSet};

use super::listing::Listing;
use super::shard::{ShardReader, Sight, Ties};
use super::{LISTING_INTERVAL, Shared};
use crate::backoff::{Backoff, Rng};
use crate::{
    CommittedShard, Lineage, LostShard, SourceError, SourceEvent, Stopped, StreamClient, StreamStatus,
};

/// Listings without a new child after which an ended shard is taken to have none at present.
const CHILDLESS_LISTINGS: u32 = 4;

/// Why a stream is no longer read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EpochEnd {
    /// It is switched off, and all of it is committed (or declared lost).
    Drained,
    /// Everything there is was sent.
    CaughtUp,
}

/// What a task of an epoch came to.
enum Done {
    Shard(ShardId, Result<Stopped, SourceError>),
    Listing(Result<Option<Listing>, SourceError>),
}

pub(super) struct Epoch<C> {
    shared: Arc<Shared<C>>,
    stream: StreamArn,
    latest_since_ms: i64,
    lineage: Lineage,
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
    /// Of the newest listing.
    status: Option<StreamStatus>,
    vanished: bool,
    confirmed: bool,
}

impl<C: StreamClient> Epoch<C> {
    pub(super) fn new(
        shared: Arc<Shared<C>>,
        stream: StreamArn,
        positions: BTreeMap<ShardId, ShardPosition>,
        start: ReadFrom,
        latest_since_ms: i64,
    ) -> Self {
        let rng = Rng::new(shared.options.seed, stream.as_str());
        Self {
            lineage: Lineage::new(positions, start),
            children: Backoff::new(rng, Duration::from_millis(500), LISTING_INTERVAL),
            next_listing: Box::pin(std::future::ready(())),
            missing: shared.backoff(stream.as_str()),
            shared,
            stream,
            latest_since_ms,
            sights: BTreeMap::new(),
            wake: Arc::default(),
            tasks: JoinSet::new(),
            listing: false,
            confirming: false,
            status: None,
            vanished: false,
            confirmed: false,
        }
    }

    pub(super) async fn run(
        mut self,
        committed: &mut mpsc::Receiver<CommittedShard>,
    ) -> Result<EpochEnd, SourceError> {
        loop {
            self.start_ready();
            if let Some(end) = self.end() {
                return Ok(end);
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
            let sight = Arc::new(Sight::default());
            sight.closed.store(self.lineage.is_closed(&shard), Ordering::Release);
            self.sights.insert(shard.clone(), sight.clone());
            let ties = Ties { sight, wake: self.wake.clone(), latest_since_ms: self.latest_since_ms };
            let reader = ShardReader::new(self.shared.clone(), self.stream.clone(), start, ties);
            self.tasks.spawn(async move { Done::Shard(shard, reader.run().await) });
        }
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
        if commit.stream == self.stream.label() {
            self.lineage.committed(&commit.shard, &commit.position);
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
                let why = why?;
                self.lineage.reader_stopped(&shard, &why);
                self.look_again(&why);
                Ok(())
            }
            Done::Listing(listing) => {
                self.listing = false;
                match listing? {
                    Some(listing) => self.listed(listing, committed).await,
                    None => self.stream_not_found(committed).await,
                }
            }
        }
    }

    /// A shard that ended has children; one that is not found is gone, or will be found later.
    fn look_again(&mut self, why: &Stopped) {
        match why {
            Stopped::AtEnd | Stopped::Lost => {
                self.children.reset();
                self.missing.reset();
                self.list_now();
            }
            Stopped::NotFound { .. } => self.next_listing = self.shared.clock.sleep(self.missing.next()),
        }
    }

    async fn listed(
        &mut self,
        listing: Listing,
        committed: &mut mpsc::Receiver<CommittedShard>,
    ) -> Result<(), SourceError> {
        self.status = Some(listing.status);
        let seen = self.lineage.observe(&listing.shards);
        for (shard, sight) in &self.sights {
            sight.closed.store(self.lineage.is_closed(shard), Ordering::Release);
        }
        let nothing_new = seen.discovered.is_empty() && seen.lost.is_empty();
        for found in seen.discovered {
            let (shard, parent, from) = (found.shard, found.parent, found.from);
            let stream = self.stream.label();
            self.emit(SourceEvent::Discovered { stream, shard, parent, from }, committed).await?;
        }
        self.lost(seen.lost, committed).await?;
        self.schedule(nothing_new);
        Ok(())
    }

    /// Soon, while children are awaited; else when the interval is over.
    fn schedule(&mut self, nothing_new: bool) {
        if !nothing_new {
            self.children.reset();
        }
        let awaits = self.lineage.awaits_children() && self.is_written();
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
            let gap = self.shared.ended(&self.stream.label(), &lost);
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

    fn end(&mut self) -> Option<EpochEnd> {
        let off = self.vanished || self.status == Some(StreamStatus::Disabled);
        if off && self.lineage.all_done() {
            return Some(EpochEnd::Drained);
        }
        if !self.shared.options.until_caught_up || !self.is_settled() {
            self.confirmed = false;
            return None;
        }
        if self.confirmed {
            return Some(EpochEnd::CaughtUp);
        }
        // The listing that confirms has to begin after everything was settled.
        let awaits = self.lineage.awaits_children() && self.is_written();
        if !self.listing && !self.confirming && !awaits {
            self.list_now();
        }
        None
    }
}
