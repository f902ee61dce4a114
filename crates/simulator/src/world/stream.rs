//! A stream: one switched-on time of a table, with its tree of shards.

use std::collections::BTreeMap;

use sealog_record::{MalformedText, ShardId, StreamArn, StreamLabel, ViewType};

use super::record::RecordStyle;
use super::shard::{HashRange, ShardClosed};
use super::{Change, Record, ShardState};
use crate::rng::Rng;
use crate::scenario::{Millis, TableSpec};

#[derive(Debug)]
pub(crate) struct StreamState {
    pub(crate) arn: StreamArn,
    pub(crate) label: StreamLabel,
    pub(crate) view_type: ViewType,
    pub(crate) created_ms: i64,
    pub(crate) disabled_ms: Option<i64>,
    /// In order of birth.
    pub(crate) shards: Vec<ShardState>,
    /// Open shards by the lowest hash they own.
    open: BTreeMap<u64, usize>,
    sequence: u128,
    rng: Rng,
}

/// What a stream begins with.
pub(crate) struct StreamBirth {
    pub(crate) at_ms: i64,
    pub(crate) view_type: ViewType,
    pub(crate) shards: u32,
    pub(crate) seed: u64,
    pub(crate) sequence: u128,
}

impl StreamState {
    pub(crate) fn new(table: &TableSpec, birth: &StreamBirth) -> Result<Self, MalformedText> {
        let label = label(birth.at_ms);
        let arn: StreamArn = format!(
            "arn:aws:dynamodb:{}:{}:table/{}/stream/{label}",
            table.region, table.account, table.name
        )
        .parse()?;
        let mut stream = Self {
            label: arn.label(),
            arn,
            view_type: birth.view_type,
            created_ms: birth.at_ms,
            disabled_ms: None,
            shards: Vec::new(),
            open: BTreeMap::new(),
            sequence: birth.sequence,
            rng: Rng::new(birth.seed, u64::try_from(birth.at_ms).unwrap_or_default()),
        };
        let shards = u64::from(birth.shards.max(1));
        let width = u64::MAX / shards;
        for index in 0..shards {
            let high = if index + 1 == shards { u64::MAX } else { (index + 1) * width - 1 };
            stream.open_shard(None, (index * width, high), birth.at_ms, birth.at_ms)?;
        }
        Ok(stream)
    }

    /// The number that the next stream of the table may begin at.
    pub(crate) fn sequence(&self) -> u128 {
        self.sequence
    }

    pub(crate) fn is_writable(&self) -> bool {
        self.disabled_ms.is_none()
    }

    /// Whether the stream is found at all.
    pub(crate) fn exists(&self, now_ms: i64, retention_ms: i64) -> bool {
        self.disabled_ms.is_none_or(|at| at.saturating_add(retention_ms) > now_ms)
    }

    pub(crate) fn shard_by_id(&self, id: &str) -> Option<usize> {
        self.shards.iter().position(|shard| shard.id.as_str() == id)
    }

    /// Writes a record into the open shard that owns `hash`.
    pub(crate) fn append(&mut self, table: &TableSpec, hash: u64, change: &Change<'_>) {
        let Some((_, &index)) = self.open.range(..=hash).next_back() else { return };
        self.sequence += 1 + u128::from(self.rng.below(900));
        let event_id = (u128::from(self.rng.next()) << 64) | u128::from(self.rng.next());
        let style = RecordStyle {
            region: &table.region,
            event_version: &table.event_version,
            created_at: table.created_at,
            clock_skew_ms: table.clock_skew.0,
            unknown_members: table.unknown_members,
            view_type: self.view_type,
        };
        let record = Record::render(self.sequence, event_id, change, &style);
        if let Some(shard) = self.shards.get_mut(index) {
            shard.records.push(record);
        }
    }

    /// Ends a shard and opens `children` that divide its hashes; a shard that has ended already stays as it is.
    pub(crate) fn replace_shard(
        &mut self,
        index: usize,
        children: u32,
        timing: &ReplaceTiming,
    ) -> Result<(), MalformedText> {
        let Some(shard) = self.shards.get(index).filter(|shard| shard.is_writable()) else { return Ok(()) };
        let (low, high) = shard.range;
        self.close_shard(index, timing.at_ms.saturating_add(timing.closes_after.0));
        let listed_ms = timing.at_ms.saturating_add(timing.listed_after.0);
        let middle = low + (high - low) / 2;
        if children < 2 || middle == high {
            return self.open_shard(Some(index), (low, high), timing.at_ms, listed_ms);
        }
        self.open_shard(Some(index), (low, middle), timing.at_ms, listed_ms)?;
        self.open_shard(Some(index), (middle + 1, high), timing.at_ms, listed_ms)
    }

    /// Switches the stream off: every shard ends.
    pub(crate) fn disable(&mut self, at_ms: i64) {
        if !self.is_writable() {
            return;
        }
        self.disabled_ms = Some(at_ms);
        for index in self.open.values().copied().collect::<Vec<_>>() {
            self.close_shard(index, at_ms);
        }
    }

    fn open_shard(
        &mut self,
        parent: Option<usize>,
        range: HashRange,
        at_ms: i64,
        listed_from_ms: i64,
    ) -> Result<(), MalformedText> {
        self.sequence += 1 + u128::from(self.rng.below(900));
        let id: ShardId = format!("shardId-{:020}-{:08x}", at_ms.max(0), self.rng.next() >> 32).parse()?;
        self.open.insert(range.0, self.shards.len());
        self.shards.push(ShardState {
            id,
            parent,
            range,
            starting: self.sequence,
            listed_from_ms,
            end: None,
            records: Vec::new(),
            trimmed_by_script: 0,
            vanished: false,
        });
        Ok(())
    }

    /// The ending number lies behind the last record, as it may at the service: it is never seen as a record.
    fn close_shard(&mut self, index: usize, at_ms: i64) {
        self.sequence += 1 + u128::from(self.rng.below(900));
        let Some(shard) = self.shards.get_mut(index) else { return };
        self.open.remove(&shard.range.0);
        shard.end = Some(ShardClosed { at_ms, ending: self.sequence });
    }
}

/// When a shard is replaced, and when that shows.
pub(crate) struct ReplaceTiming {
    pub(crate) at_ms: i64,
    pub(crate) listed_after: Millis,
    pub(crate) closes_after: Millis,
}

fn label(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .map_or_else(|_| at_ms.to_string(), |at| at.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_look_like_the_services() {
        assert_eq!(label(1_763_769_600_000), "2025-11-22T00:00:00.000");
    }
}
