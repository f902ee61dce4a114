//! A stream: one switched-on time of a table, with its tree of shards.

use std::collections::BTreeMap;
use std::ops::Bound;

use sealog_record::{MalformedText, ShardId, StreamArn, StreamLabel, ViewType};

use super::record::RecordStyle;
use super::shard::{HashRange, ShardClosed};
use super::{Change, Record, Sequence, ShardState};
use crate::rng::Rng;
use crate::scenario::{Millis, TableSpec};

#[derive(Debug)]
pub(crate) struct StreamState {
    pub(crate) arn: StreamArn,
    pub(crate) label: StreamLabel,
    pub(crate) view_type: ViewType,
    pub(crate) created_ms: i64,
    /// From here on it is on; before, it is being switched on and has no shard.
    enabled_ms: i64,
    /// It records no more; from this instant on it is off.
    off_ms: Option<i64>,
    /// In order of birth.
    pub(crate) shards: Vec<ShardState>,
    /// Places in `shards`, in the order in which DescribeStream lists them.
    by_id: BTreeMap<Box<str>, usize>,
    /// Open shards by the lowest hash they own.
    open: BTreeMap<u64, usize>,
    sequence: Sequence,
    rng: Rng,
}

/// What a stream begins with.
pub(crate) struct StreamBirth {
    pub(crate) at_ms: i64,
    /// The instant in its ARN: no other stream of the table has it.
    pub(crate) label_ms: i64,
    /// So long it is being switched on.
    pub(crate) takes: Millis,
    pub(crate) view_type: ViewType,
    pub(crate) shards: u32,
    pub(crate) seed: u64,
    pub(crate) sequence: Sequence,
}

impl StreamState {
    pub(crate) fn new(table: &TableSpec, birth: &StreamBirth) -> Result<Self, MalformedText> {
        let label = label(birth.label_ms);
        let arn: StreamArn = format!(
            "arn:aws:dynamodb:{}:{}:table/{}/stream/{label}",
            table.region, table.account, table.name
        )
        .parse()?;
        let mut stream = Self {
            label: arn.label(),
            arn,
            view_type: birth.view_type,
            created_ms: birth.label_ms,
            enabled_ms: birth.at_ms.saturating_add(birth.takes.0),
            off_ms: None,
            shards: Vec::new(),
            by_id: BTreeMap::new(),
            open: BTreeMap::new(),
            sequence: birth.sequence,
            rng: Rng::new(birth.seed, u64::try_from(birth.label_ms).unwrap_or_default()),
        };
        let shards = u64::from(birth.shards.max(1));
        let width = u64::MAX / shards;
        for index in 0..shards {
            let high = if index + 1 == shards { u64::MAX } else { (index + 1) * width - 1 };
            stream.open_shard(None, (index * width, high), stream.enabled_ms, stream.enabled_ms)?;
        }
        Ok(stream)
    }

    /// The number that the next stream of the table may begin at.
    pub(crate) fn sequence(&self) -> Sequence {
        self.sequence
    }

    /// `StreamStatus`, as DescribeStream spells it.
    pub(crate) fn status(&self, now_ms: i64) -> &'static str {
        match self.off_ms {
            Some(off_ms) if off_ms <= now_ms => "DISABLED",
            Some(_) => "DISABLING",
            None if now_ms < self.enabled_ms => "ENABLING",
            None => "ENABLED",
        }
    }

    /// Whether it is on, or will be: what the table's `StreamSpecification` says.
    pub(crate) fn is_wanted(&self) -> bool {
        self.off_ms.is_none()
    }

    /// Whether a change at this instant is recorded.
    fn is_writable(&self, at_ms: i64) -> bool {
        self.off_ms.is_none() && self.enabled_ms <= at_ms
    }

    /// Whether the stream is found at all.
    pub(crate) fn exists(&self, horizon_ms: i64) -> bool {
        self.off_ms.is_none_or(|off_ms| off_ms > horizon_ms)
    }

    pub(crate) fn shard_by_id(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// Places of the shards whose ids lie behind `cursor`, in order of ids: up, or down if `backwards`.
    pub(crate) fn in_order(
        &self,
        cursor: Option<&str>,
        backwards: bool,
    ) -> Box<dyn Iterator<Item = usize> + '_> {
        let bounds = match cursor {
            None => (Bound::Unbounded, Bound::Unbounded),
            Some(cursor) if backwards => (Bound::Unbounded, Bound::Excluded(cursor)),
            Some(cursor) => (Bound::Excluded(cursor), Bound::Unbounded),
        };
        let places = self.by_id.range::<str, _>(bounds).map(|(_, place)| *place);
        if backwards { Box::new(places.rev()) } else { Box::new(places) }
    }

    /// Writes a record into the open shard that owns `hash`; nothing while the stream is not on.
    pub(crate) fn append(&mut self, table: &TableSpec, hash: u64, change: &Change<'_>) {
        if !self.is_writable(change.at_ms) {
            return;
        }
        let Some((_, &index)) = self.open.range(..=hash).next_back() else { return };
        self.sequence = self.sequence.plus(1 + self.rng.below(900));
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
        let born = self.enabled_ms <= timing.at_ms;
        let open = self.shards.get(index).filter(|shard| born && shard.is_writable());
        let Some(shard) = open else { return Ok(()) };
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

    /// Switches the stream off: from here on it records nothing, and when that is done every shard shows its end.
    pub(crate) fn disable(&mut self, at_ms: i64, takes: Millis) {
        if self.off_ms.is_some() {
            return;
        }
        let off_ms = at_ms.saturating_add(takes.0);
        self.off_ms = Some(off_ms);
        for index in self.open.values().copied().collect::<Vec<_>>() {
            self.close_shard(index, off_ms);
        }
    }

    /// Whether it is being switched on or off at this instant.
    pub(crate) fn is_switching(&self, now_ms: i64) -> bool {
        now_ms < self.off_ms.unwrap_or(self.enabled_ms)
    }

    fn open_shard(
        &mut self,
        parent: Option<usize>,
        range: HashRange,
        at_ms: i64,
        listed_from_ms: i64,
    ) -> Result<(), MalformedText> {
        self.sequence = self.sequence.plus(1 + self.rng.below(900));
        let id: ShardId = self.unused_id(at_ms).parse()?;
        self.open.insert(range.0, self.shards.len());
        self.by_id.insert(id.as_str().into(), self.shards.len());
        self.shards.push(ShardState {
            id,
            parent,
            range,
            starting: self.sequence,
            listed_from_ms,
            end: None,
            records: Vec::new(),
            scripted_trims: Vec::new(),
            vanished_ms: None,
        });
        Ok(())
    }

    /// Of 10,000 shards that are born together, two would share their 32 random bits in one of a hundred scenarios.
    fn unused_id(&mut self, at_ms: i64) -> String {
        loop {
            let id = format!("shardId-{:020}-{:08x}", at_ms.max(0), self.rng.next() >> 32);
            if !self.by_id.contains_key(id.as_str()) {
                return id;
            }
        }
    }

    /// The ending number lies behind the last record, as it may at the service: it is never seen as a record.
    fn close_shard(&mut self, index: usize, at_ms: i64) {
        self.sequence = self.sequence.plus(1 + self.rng.below(900));
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
