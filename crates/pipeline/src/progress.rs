//! Counts for people who watch.

mod durations;
mod filters;

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use sealog_lake::Published;
use sealog_record::Timestamp;
use sealog_source::Health;
use sealog_store::StoreCalls;

pub use durations::{DURATION_BOUNDS_MS, DurationCounts, Durations};

pub use filters::{FilterProgress, FilterTotals};

/// What a table's pipeline has done since it was started, and how it stands. Only for show and for alarms.
#[derive(Debug, Default)]
pub struct Progress {
    health: Arc<Health>,
    filters: FilterProgress,
    store: Arc<StoreCalls>,
    commit_durations: Durations,
    /// 0: none is known.
    committed_at_ms: AtomicI64,
    ran: AtomicBool,
    restarts: AtomicU64,
    read: AtomicU64,
    bytes_in: AtomicU64,
    committed: AtomicU64,
    bytes_out: AtomicU64,
    commits: AtomicU64,
    lost_races: AtomicU64,
    gaps: AtomicU64,
    lake: Mutex<LakeProgress>,
}

/// How a table's lake stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LakeProgress {
    /// Newest commit whose rows are there; `None`: this process has published nothing yet.
    pub published: Option<u64>,
    /// From that commit until its rows were there, in milliseconds.
    pub lag_ms: i64,
    /// Whether everything was there when it was last looked.
    pub caught_up: bool,
    /// Whether publishing was given up until the next start.
    pub stopped: bool,
    /// Values that this process met and that did not fit their typed column, per column in the order of the configuration.
    pub misfits: Vec<u64>,
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
    /// Gaps that this process declared.
    pub gaps: u64,
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
            gaps: get(&self.gaps),
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

    /// What became of the calls of the archive.
    #[must_use]
    pub fn store(&self) -> &Arc<StoreCalls> {
        &self.store
    }

    /// How long commits took, from a sealed batch to the published head.
    #[must_use]
    pub fn commit_durations(&self) -> DurationCounts {
        self.commit_durations.counts()
    }

    /// When the log's newest commit was made, whoever made it, in ms since 1970; `None`: it has none.
    #[must_use]
    pub fn committed_at_ms(&self) -> Option<i64> {
        Some(self.committed_at_ms.load(Ordering::Relaxed)).filter(|at_ms| *at_ms != 0)
    }

    /// The service has answered: the table is at work.
    pub(crate) fn ran(&self) {
        self.ran.store(true, Ordering::Relaxed);
    }

    /// Whether the table ever was at work: the service has answered, and its log is open.
    #[must_use]
    pub fn has_run(&self) -> bool {
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

    /// The log's newest commit, of which `took_ms` is known if it is ours.
    pub(crate) fn stands(&self, committed_at: Option<Timestamp>, took_ms: Option<u64>) {
        if let Some(at) = committed_at {
            self.committed_at_ms.store(at.as_millis(), Ordering::Relaxed);
        }
        if let Some(took_ms) = took_ms {
            self.commit_durations.note(took_ms);
        }
    }

    pub(crate) fn gaps(&self, declared: usize) {
        self.gaps.fetch_add(declared as u64, Ordering::Relaxed);
    }

    /// How the table's lake stands; only for show, and the lag for alarms.
    #[must_use]
    pub fn lake(&self) -> LakeProgress {
        self.lake.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn with_lake(&self, act: impl FnOnce(&mut LakeProgress)) {
        act(&mut self.lake.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(crate) fn lake_published(&self, published: &Published, lag_ms: i64) {
        self.with_lake(|lake| {
            (lake.published, lake.lag_ms, lake.caught_up) = (Some(published.number), lag_ms, false);
            lake.misfits.resize(published.misfits.len(), 0);
            for (sum, more) in lake.misfits.iter_mut().zip(&published.misfits) {
                *sum += more;
            }
        });
    }

    pub(crate) fn lake_caught_up(&self) {
        self.with_lake(|lake| lake.caught_up = true);
    }

    pub(crate) fn lake_stopped(&self) {
        self.with_lake(|lake| (lake.caught_up, lake.stopped) = (false, true));
    }

    pub(crate) fn lost_race(&self) {
        self.lost_races.fetch_add(1, Ordering::Relaxed);
    }
}
