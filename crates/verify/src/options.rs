//! What a verification is given, and how far it has come.

use std::sync::atomic::{AtomicU64, Ordering};

use sealog_chain::VerifierKey;
use sealog_record::Timestamp;

use crate::images::Spill;
use crate::scope::{Depth, Sample};

/// What a verification is given besides the archive.
#[derive(Debug, Clone)]
pub struct VerifyOptions {
    /// The instant to judge at; decides whether a log is stale. Left at its default, every log is: set it.
    pub now: Timestamp,
    /// Key from outside the archive. Without one the best outcome is `CONSISTENT`, unless a checkpoint covers everything.
    pub key: Option<VerifierKey>,
    /// Bytes of a checkpoint file from outside; held against the log whose origin it names.
    pub checkpoint: Option<Vec<u8>>,
    /// Logs to look at; empty means all.
    pub logs: Vec<String>,
    /// Batches checked at once, at least 1. Each holds one evidence object in memory.
    pub readers: usize,
    /// How deep to look.
    pub depth: Depth,
    /// Takes the evidence of all commits that [`Self::checkpoint`] covers for checked before: it is passed over. Links,
    /// roots and positions are judged over all commits all the same, which proves that the log still continues that one.
    pub since: bool,
    /// First commit whose evidence is looked at.
    pub first: u64,
    /// Last commit whose evidence is looked at; `None`: the newest.
    pub last: Option<u64>,
    /// Evidence of some of these commits only; images are then not compared.
    pub sample: Option<Sample>,
    /// Whether each change must begin from the image that the item's previous change left. Costs about as much again as
    /// hashing the rows, and a temporary file of 66 bytes a row where rows are too many for memory.
    pub images: bool,
    /// Where that file lies, and when it is needed.
    pub spill: Spill,
}

impl Default for VerifyOptions {
    fn default() -> Self {
        Self {
            now: Timestamp::from_millis(i64::MAX),
            key: None,
            checkpoint: None,
            logs: Vec::new(),
            readers: 8,
            depth: Depth::Full,
            since: false,
            first: 0,
            last: None,
            sample: None,
            images: true,
            spill: Spill::default(),
        }
    }
}

/// How far a verification has come, for a progress bar. Shared with the task that draws it.
#[derive(Debug, Default)]
pub struct Progress {
    commits_total: AtomicU64,
    commits_done: AtomicU64,
    objects_total: AtomicU64,
    objects_done: AtomicU64,
    bytes: AtomicU64,
    records: AtomicU64,
}

/// A reading of [`Progress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Commits of the logs looked at so far; known as soon as a log is listed.
    pub commits_total: u64,
    /// Commits checked, their evidence included.
    pub commits_done: u64,
    /// Evidence objects that the commits read so far name: it grows while commits are read, at most
    /// [`VerifyOptions::readers`] commits ahead of what is checked.
    pub objects_total: u64,
    /// Evidence objects checked.
    pub objects_done: u64,
    /// Bytes of evidence checked.
    pub bytes: u64,
    /// Rows checked.
    pub records: u64,
}

impl Progress {
    /// What it stands at.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            commits_total: read(&self.commits_total),
            commits_done: read(&self.commits_done),
            objects_total: read(&self.objects_total),
            objects_done: read(&self.objects_done),
            bytes: read(&self.bytes),
            records: read(&self.records),
        }
    }

    pub(crate) fn listed(&self, commits: u64) {
        self.commits_total.fetch_add(commits, Ordering::Relaxed);
    }

    pub(crate) fn named(&self, objects: u64) {
        self.objects_total.fetch_add(objects, Ordering::Relaxed);
    }

    /// One commit is through, with its evidence.
    pub(crate) fn checked(&self, objects: u64, bytes: u64, records: u64) {
        self.commits_done.fetch_add(1, Ordering::Relaxed);
        self.objects_done.fetch_add(objects, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.records.fetch_add(records, Ordering::Relaxed);
    }
}
