//! A table: its items, who writes them, and what happens to its streams.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use sealog_record::MalformedText;

use super::stream::{ReplaceTiming, StreamBirth};
use super::{Change, Identity, Sequence, StreamState};
use crate::generate::Writer;
use crate::rng::hash_text;
use crate::scenario::{EventSpec, Happening, Millis, TableSpec};

/// One write to a table, before it is known whether it changes anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Value of the partition key: decides about the shard.
    pub partition: String,
    /// The key attributes as a JSON object, such as `{"id":{"S":"a"}}`.
    pub keys: String,
    /// The item as it will be, as a JSON object of typed attributes; `None` deletes it.
    pub image: Option<String>,
    /// Who writes, where the stream shall tell it.
    pub identity: Option<Identity>,
    /// The record shall break the model: `SizeBytes` is a text.
    pub unreadable: bool,
}

#[derive(Debug)]
pub(crate) struct TableState {
    pub(crate) spec: TableSpec,
    pub(crate) streams: Vec<StreamState>,
    items: BTreeMap<Box<str>, Arc<str>>,
    writers: Vec<Writer>,
    script: VecDeque<EventSpec>,
    zero_ms: i64,
    seed: u64,
    /// It is being deleted; from this instant on it is gone.
    deleted_ms: Option<i64>,
}

impl TableState {
    pub(crate) fn new(spec: &TableSpec, zero_ms: i64, seed: u64) -> Result<Self, MalformedText> {
        let seed = seed ^ hash_text(&spec.name);
        let writers = (0_u64..)
            .zip(&spec.writers)
            .map(|(lane, writer)| Writer::new(spec, writer, zero_ms, (seed, lane)));
        let writers = writers.collect();
        let mut script: Vec<EventSpec> = spec.events.clone();
        script.sort_by_key(|event| event.at);
        let birth = StreamBirth {
            at_ms: zero_ms.saturating_add(spec.created.0),
            label_ms: zero_ms.saturating_add(spec.created.0),
            takes: Millis(0),
            view_type: spec.view_type,
            shards: spec.shards,
            seed,
            sequence: Sequence::parse(&spec.sequence_start).unwrap_or_default(),
        };
        let stream = StreamState::new(spec, &birth)?;
        Ok(Self {
            spec: spec.clone(),
            streams: vec![stream],
            items: BTreeMap::new(),
            writers,
            script: script.into(),
            zero_ms,
            seed,
            deleted_ms: None,
        })
    }

    /// `arn:aws:dynamodb:<region>:<account>:table/<name>`
    pub(crate) fn arn(&self) -> String {
        format!("arn:aws:dynamodb:{}:{}:table/{}", self.spec.region, self.spec.account, self.spec.name)
    }

    pub(crate) fn created_ms(&self) -> i64 {
        self.zero_ms.saturating_add(self.spec.created.0)
    }

    /// `TableStatus`, as DescribeTable spells it; `None` when the table is gone.
    pub(crate) fn status(&self, now_ms: i64) -> Option<&'static str> {
        match self.deleted_ms {
            Some(gone_ms) if gone_ms <= now_ms => None,
            Some(_) => Some("DELETING"),
            None if self.streams.last().is_some_and(|stream| stream.is_switching(now_ms)) => Some("UPDATING"),
            None => Some("ACTIVE"),
        }
    }

    /// Lets everything happen up to and including `now_ms`, in order of time.
    pub(crate) fn advance(&mut self, now_ms: i64) -> Result<(), MalformedText> {
        loop {
            let scripted = self.script.front().map(|event| self.zero_ms.saturating_add(event.at.0));
            let written = self.next_writer();
            match (scripted, written) {
                // At the same instant the script goes first.
                (Some(at_ms), written)
                    if at_ms <= now_ms && written.is_none_or(|(due_ms, _)| at_ms <= due_ms) =>
                {
                    if let Some(event) = self.script.pop_front() {
                        self.happen(at_ms, &event.does)?;
                    }
                }
                (_, Some((due_ms, index))) if due_ms <= now_ms => {
                    let write = self.writers.get_mut(index).and_then(Writer::step);
                    if let Some(write) = write {
                        self.write(due_ms, write);
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    /// Whether shards of this order of birth are neither listed nor found.
    pub(crate) fn hides(&self, shard: usize) -> bool {
        self.spec.listing.hide.iter().any(|hidden| usize::try_from(*hidden) == Ok(shard))
    }

    fn next_writer(&self) -> Option<(i64, usize)> {
        if self.deleted_ms.is_some() {
            return None;
        }
        self.writers.iter().enumerate().filter_map(|(index, writer)| Some((writer.due_ms()?, index))).min()
    }

    /// Changes an item. What changes nothing leaves no record, and neither does a change while the stream is off.
    pub(crate) fn write(&mut self, at_ms: i64, write: Write) {
        let new: Option<Arc<str>> = write.image.map(Arc::from);
        let old = match &new {
            Some(image) => self.items.insert(Box::from(write.keys.as_str()), Arc::clone(image)),
            None => self.items.remove(write.keys.as_str()),
        };
        if old == new {
            return;
        }
        let change = Change {
            keys: &write.keys,
            old: old.as_deref(),
            new: new.as_deref(),
            identity: write.identity.as_ref(),
            at_ms,
            unreadable: write.unreadable,
        };
        if let Some(stream) = self.streams.last_mut() {
            stream.append(&self.spec, hash_text(&write.partition), &change);
        }
    }

    /// Plays one event now, whether the script has it or a test asks for it.
    pub(crate) fn happen(&mut self, at_ms: i64, what: &Happening) -> Result<(), MalformedText> {
        let Some(stream) = self.streams.last_mut() else { return Ok(()) };
        let place = |shard: u32| usize::try_from(shard).unwrap_or(usize::MAX);
        let takes = self.spec.switch_takes;
        match *what {
            Happening::Split { shard, listed_after, closes_after } => {
                stream.replace_shard(place(shard), 2, &ReplaceTiming { at_ms, listed_after, closes_after })
            }
            Happening::Roll { shard, listed_after, closes_after } => {
                stream.replace_shard(place(shard), 1, &ReplaceTiming { at_ms, listed_after, closes_after })
            }
            Happening::Trim { shard, keep } => {
                if let Some(shard) = stream.shards.get_mut(place(shard)) {
                    let keep = usize::try_from(keep).unwrap_or(usize::MAX);
                    shard.trim(at_ms, shard.records.len().saturating_sub(keep));
                }
                Ok(())
            }
            Happening::TrimOlder { age, shard } => {
                let chosen = shard
                    .map_or(0..stream.shards.len(), |shard| place(shard)..place(shard).saturating_add(1));
                for shard in stream.shards.get_mut(chosen).unwrap_or_default() {
                    shard.trim(at_ms, shard.until(at_ms.saturating_sub(age.0)));
                }
                Ok(())
            }
            Happening::Vanish { shard } => {
                if let Some(shard) = stream.shards.get_mut(place(shard)) {
                    shard.vanished_ms.get_or_insert(at_ms);
                }
                Ok(())
            }
            Happening::Disable => {
                // The service refuses to switch what is being switched.
                if !stream.is_switching(at_ms) {
                    stream.disable(at_ms, takes);
                }
                Ok(())
            }
            Happening::DeleteTable => {
                stream.disable(at_ms, takes);
                self.deleted_ms.get_or_insert(at_ms.saturating_add(takes.0));
                Ok(())
            }
            Happening::Enable { view_type, shards } => {
                let (label_ms, seed) = (at_ms, self.seed);
                self.enable(StreamBirth {
                    at_ms,
                    label_ms,
                    takes,
                    view_type,
                    shards,
                    seed,
                    sequence: Sequence::default(),
                })
            }
        }
    }

    /// A stream that is still on stays as it is, as at the service.
    fn enable(&mut self, birth: StreamBirth) -> Result<(), MalformedText> {
        let Some(last) = self.streams.last() else { return Ok(()) };
        if self.deleted_ms.is_some() || last.is_wanted() || last.is_switching(birth.at_ms) {
            return Ok(());
        }
        let label_ms = birth.at_ms.max(last.created_ms.saturating_add(1));
        let birth = StreamBirth { sequence: last.sequence(), label_ms, ..birth };
        self.streams.push(StreamState::new(&self.spec, &birth)?);
        Ok(())
    }
}
