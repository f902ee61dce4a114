//! A table: its items, who writes them, and what happens to its streams.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use sealog_record::MalformedText;

use super::stream::{ReplaceTiming, StreamBirth};
use super::{Change, Identity, StreamState};
use crate::generate::Writer;
use crate::rng::hash_text;
use crate::scenario::{EventSpec, Happening, TableSpec};

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
    deleted: bool,
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
            view_type: spec.view_type,
            shards: spec.shards,
            seed,
            sequence: spec.sequence_start.parse().unwrap_or_default(),
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
            deleted: false,
        })
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

    fn next_writer(&self) -> Option<(i64, usize)> {
        if self.deleted {
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
        if let Some(stream) = self.streams.last_mut().filter(|stream| stream.is_writable()) {
            stream.append(&self.spec, hash_text(&write.partition), &change);
        }
    }

    /// Plays one event now, whether the script has it or a test asks for it.
    pub(crate) fn happen(&mut self, at_ms: i64, what: &Happening) -> Result<(), MalformedText> {
        let Some(stream) = self.streams.last_mut() else { return Ok(()) };
        let place = |shard: u32| usize::try_from(shard).unwrap_or(usize::MAX);
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
                    let trimmed = shard.records.len().saturating_sub(keep);
                    shard.trimmed_by_script = shard.trimmed_by_script.max(trimmed);
                }
                Ok(())
            }
            Happening::Vanish { shard } => {
                if let Some(shard) = stream.shards.get_mut(place(shard)) {
                    shard.vanished = true;
                }
                Ok(())
            }
            Happening::Disable => {
                stream.disable(at_ms);
                Ok(())
            }
            Happening::DeleteTable => {
                stream.disable(at_ms);
                self.deleted = true;
                Ok(())
            }
            Happening::Enable { view_type, shards } => {
                self.enable(StreamBirth { at_ms, view_type, shards, seed: self.seed, sequence: 0 })
            }
        }
    }

    /// A stream that is still on stays as it is, as at the service.
    fn enable(&mut self, birth: StreamBirth) -> Result<(), MalformedText> {
        let Some(last) = self.streams.last() else { return Ok(()) };
        if self.deleted || last.is_writable() {
            return Ok(());
        }
        let birth = StreamBirth { sequence: last.sequence(), ..birth };
        self.streams.push(StreamState::new(&self.spec, &birth)?);
        Ok(())
    }
}
