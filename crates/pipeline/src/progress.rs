//! Counts for people who watch.

mod filters;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use sealog_source::Health;

pub use filters::{FilterProgress, FilterTotals};

/// What a table's pipeline has done since it was started, and how it stands. Only for show and for alarms.
#[derive(Debug, Default)]
pub struct Progress {
    health: Arc<Health>,
    filters: FilterProgress,
    ran: AtomicBool,
    restarts: AtomicU64,
    read: AtomicU64,
    bytes_in: AtomicU64,
    committed: AtomicU64,
    bytes_out: AtomicU64,
    commits: AtomicU64,
    lost_races: AtomicU64,
}

/// A snapshot of [`Progress`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Records read.
    pub read: u64,
    /// Bytes of the replies they came in.
    pub bytes_in: u64,
    /// Records committed by this process.
    pub committed: u64,
    /// Bytes of evidence and commits written.
    pub bytes_out: u64,
    /// Commits made by this process.
    pub commits: u64,
    /// Commits that another writer made first.
    pub lost_races: u64,
    /// Times that the table was started again after it had failed.
    pub restarts: u64,
}

impl Progress {
    /// Counts of this moment.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Totals {
            read: get(&self.read),
            bytes_in: get(&self.bytes_in),
            committed: get(&self.committed),
            bytes_out: get(&self.bytes_out),
            commits: get(&self.commits),
            lost_races: get(&self.lost_races),
            restarts: get(&self.restarts),
        }
    }

    /// Lag, loss clock and alarms, shard by shard.
    #[must_use]
    pub fn health(&self) -> &Arc<Health> {
        &self.health
    }

    /// What the table's filters have said.
    #[must_use]
    pub fn filters(&self) -> &FilterProgress {
        &self.filters
    }

    /// The service has answered: the table is at work.
    pub(crate) fn ran(&self) {
        self.ran.store(true, Ordering::Relaxed);
    }

    /// Whether it ever was.
    pub(crate) fn has_run(&self) -> bool {
        self.ran.load(Ordering::Relaxed)
    }

    pub(crate) fn restarted(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn page(&self, records: usize, bytes: usize) {
        self.read.fetch_add(records as u64, Ordering::Relaxed);
        self.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn commit(&self, records: u64, bytes: u64) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        self.committed.fetch_add(records, Ordering::Relaxed);
        self.bytes_out.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(crate) fn lost_race(&self) {
        self.lost_races.fetch_add(1, Ordering::Relaxed);
    }
}
