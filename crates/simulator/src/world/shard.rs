//! A shard: a run of records for a range of key hashes, open or closed.

use sealog_record::ShardId;

use super::Record;

/// The smallest and the largest hash that belongs to a shard.
pub(crate) type HashRange = (u64, u64);

#[derive(Debug)]
pub(crate) struct ShardState {
    pub(crate) id: ShardId,
    /// Birth order of the parent in the same stream.
    pub(crate) parent: Option<usize>,
    pub(crate) range: HashRange,
    pub(crate) starting: u128,
    pub(crate) listed_from_ms: i64,
    pub(crate) end: Option<ShardClosed>,
    pub(crate) records: Vec<Record>,
    /// So many of the oldest records were trimmed by the script.
    pub(crate) trimmed_by_script: usize,
    pub(crate) vanished: bool,
}

/// How a shard ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShardClosed {
    /// From here on callers see that it ended; its last record may be older.
    pub(crate) at_ms: i64,
    pub(crate) ending: u128,
}

impl ShardState {
    /// The ending sequence number, once the shard shows it.
    pub(crate) fn ending(&self, now_ms: i64) -> Option<u128> {
        self.end.filter(|end| end.at_ms <= now_ms).map(|end| end.ending)
    }

    /// How many of the oldest records can no longer be read.
    pub(crate) fn trimmed(&self, now_ms: i64, retention_ms: i64) -> usize {
        let horizon_ms = now_ms.saturating_sub(retention_ms);
        self.records.partition_point(|record| record.at_ms <= horizon_ms).max(self.trimmed_by_script)
    }

    /// Whether the shard is found at all: an ended one goes with the last of its records.
    pub(crate) fn exists(&self, now_ms: i64, retention_ms: i64) -> bool {
        let gone = self.end.is_some_and(|end| end.at_ms.saturating_add(retention_ms) <= now_ms);
        !self.vanished && !gone
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.end.is_none()
    }
}
