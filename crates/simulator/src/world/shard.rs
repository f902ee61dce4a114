//! A shard: a run of records for a range of key hashes, open or closed.

use sealog_record::ShardId;

use super::{Record, Sequence};

/// The smallest and the largest hash that belongs to a shard.
pub(crate) type HashRange = (u64, u64);

#[derive(Debug)]
pub(crate) struct ShardState {
    pub(crate) id: ShardId,
    /// Birth order of the parent in the same stream.
    pub(crate) parent: Option<usize>,
    pub(crate) range: HashRange,
    pub(crate) starting: Sequence,
    pub(crate) listed_from_ms: i64,
    pub(crate) end: Option<ShardClosed>,
    pub(crate) records: Vec<Record>,
    /// Trimmed by the script: when, and how many of the oldest records are gone from then on; growing.
    pub(crate) scripted_trims: Vec<(i64, usize)>,
    pub(crate) vanished_ms: Option<i64>,
}

/// How a shard ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ShardClosed {
    /// From here on callers see that it ended; its last record may be older.
    pub(crate) at_ms: i64,
    pub(crate) ending: Sequence,
}

impl ShardState {
    /// The ending sequence number, once the shard shows it.
    pub(crate) fn ending(&self, now_ms: i64) -> Option<Sequence> {
        self.end.filter(|end| end.at_ms <= now_ms).map(|end| end.ending)
    }

    /// How many of the oldest records can no longer be read.
    pub(crate) fn trimmed(&self, horizon_ms: i64) -> usize {
        let by_script = self.scripted_trims.last().map_or(0, |(_, records)| *records);
        self.until(horizon_ms).max(by_script)
    }

    /// From when on the record at `index` can no longer be read, as far as this shard goes.
    pub(crate) fn readable_until_ms(&self, index: usize, retention_ms: i64) -> i64 {
        let by_age = self.records.get(index).map(|record| record.at_ms.saturating_add(retention_ms));
        let by_script =
            self.scripted_trims.iter().find(|(_, records)| index < *records).map(|(at_ms, _)| *at_ms);
        [by_age, by_script, self.vanished_ms].into_iter().flatten().min().unwrap_or(i64::MAX)
    }

    /// Trims so many of the oldest records before their time; what is trimmed stays trimmed.
    pub(crate) fn trim(&mut self, at_ms: i64, oldest: usize) {
        if self.scripted_trims.last().is_none_or(|(_, before)| *before < oldest) {
            self.scripted_trims.push((at_ms, oldest));
        }
    }

    /// Whether the shard is found at all: an ended one goes with the last of its records.
    pub(crate) fn exists(&self, horizon_ms: i64) -> bool {
        let gone = self.end.is_some_and(|end| end.at_ms <= horizon_ms);
        self.vanished_ms.is_none() && !gone
    }

    /// From when on it is not found; [`i64::MAX`] while that is not settled.
    pub(crate) fn found_until_ms(&self, retention_ms: i64) -> i64 {
        let by_age = self.end.map(|end| end.at_ms.saturating_add(retention_ms));
        by_age.into_iter().chain(self.vanished_ms).min().unwrap_or(i64::MAX)
    }

    /// How many records were written up to and including an instant.
    pub(crate) fn until(&self, at_ms: i64) -> usize {
        self.records.partition_point(|record| record.at_ms <= at_ms)
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.end.is_none()
    }
}
