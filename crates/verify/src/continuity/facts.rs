//! Facts: each as FORMAT.md's table says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealog_chain::{Fact, FilterMode, SegmentFrom, StartAt, VerifierKey, key_rotation_message};
use sealog_record::{Gap, GapCause, ShardId, StreamArn, StreamLabel};

use super::Continuity;

impl Continuity {
    pub(super) fn apply_fact(&mut self, index: usize, fact: &Fact) {
        match fact {
            Fact::Genesis { key, policies, table_arn, .. } => {
                if (self.number, index) != (0, 0) {
                    return self.contradiction("a genesis stands only at the beginning of commit 0");
                }
                self.keys.extend(VerifierKey::parse(key).ok().map(|key| (0, key)));
                self.policies = Some(policies.clone());
                self.table = Some(table_arn.clone());
            }
            Fact::StreamOpened { arn, start, .. } => {
                self.interrupt();
                self.open(arn, *start);
            }
            Fact::StreamClosed { stream, .. } => self.close(stream),
            Fact::Gap(gap) => {
                self.interrupt();
                self.gap(gap);
            }
            Fact::FilterPinned { filter, .. } => {
                self.pinned.insert(filter.name.clone(), filter.uncounted());
            }
            Fact::FilterRemoved { name, component } => {
                if self.pinned.remove(name).is_none_or(|pinned| pinned.component != *component) {
                    self.contradiction(&format!(
                        "filter {name:?} ({component}) is removed, but was not pinned"
                    ));
                }
            }
            Fact::FilterBypassed { name, component, .. } => match self.pinned.get_mut(name) {
                Some(pinned) if pinned.component == *component => pinned.mode = FilterMode::Bypassed,
                Some(_) | None => self.contradiction(&format!(
                    "filter {name:?} ({component}) is set aside, but was not pinned"
                )),
            },
            Fact::KeyRotated { from, to, signature } => self.rotate(from, to, signature),
            Fact::PolicyChanged { policies } => self.policies = Some(policies.clone()),
            Fact::LogClosed { .. } => self.closed_in = Some(self.number),
            Fact::Heartbeat { .. }
            | Fact::ClockWentBack { .. }
            | Fact::CaptureStarted {}
            | Fact::CaptureStopped { .. }
            | Fact::HoldAdded { .. }
            | Fact::HoldRemoved { .. } => {}
        }
    }

    fn open(&mut self, arn: &StreamArn, start: StartAt) {
        if self.table.as_ref().is_some_and(|table| *table != arn.table()) {
            self.contradiction(&format!("stream {arn} does not belong to the log's table"));
        }
        let stream = self.streams.entry(arn.label()).or_default();
        if stream.start.is_some() {
            return self.contradiction(&format!("stream {} is opened a second time", arn.label()));
        }
        stream.start = Some(start);
    }

    fn close(&mut self, label: &StreamLabel) {
        if !self.is_open(label) {
            return self.contradiction(&format!("stream {label} is closed, but it was not open"));
        }
        let Some(stream) = self.streams.get_mut(label) else { return };
        stream.closed = true;
        let open = stream.shards.iter().find(|(_, shard)| shard.ended_in.is_none());
        if let Some((id, _)) = open {
            let problem = format!("stream {label} is closed, but its shard {id} has not ended");
            self.contradiction(&problem);
        }
    }

    fn is_open(&self, label: &StreamLabel) -> bool {
        self.streams.get(label).is_some_and(|stream| stream.start.is_some() && !stream.closed)
    }

    fn gap(&mut self, gap: &Gap) {
        if gap.shard.is_none() && gap.cause == GapCause::StreamDisabled {
            // It lies between two streams, and may stand before the newer one is opened.
            return;
        }
        if !self.is_open(&gap.stream) {
            return self.contradiction(&format!("a gap lies in stream {}, which is not open", gap.stream));
        }
        match &gap.shard {
            Some(shard) => self.gap_in_shard(gap, shard),
            None if gap.cause == GapCause::StreamVanished => self.end_shards(&gap.stream),
            None => self.contradiction(&format!(
                "a gap of cause {} must name the shard it lies in",
                gap.cause.as_str()
            )),
        }
    }

    fn end_shards(&mut self, label: &StreamLabel) {
        let Some(stream) = self.streams.get_mut(label) else { return };
        for shard in stream.shards.values_mut() {
            shard.ended_in.get_or_insert(self.number);
        }
    }

    fn gap_in_shard(&mut self, gap: &Gap, id: &ShardId) {
        let Some(stream) = self.streams.get_mut(&gap.stream) else { return };
        let shard = stream.shards.entry(id.clone()).or_default();
        if let Some(ended_in) = shard.ended_in {
            let problem = format!("a gap lies in shard {id}, which had ended in commit {ended_in}");
            return self.contradiction(&problem);
        }
        let known = shard.last_committed();
        shard.floor = known;
        shard.last = None;
        shard.began = Some(SegmentFrom::TrimHorizon);
        if gap.ends_shard {
            shard.ended_in = Some(self.number);
        }
        if known.map(|n| n.to_string()) != gap.after.map(|n| n.to_string()) {
            self.contradiction(&format!(
                "a gap in shard {id} begins after sequence number {}, but the shard's last committed record is {}",
                super::segments::shown(gap.after),
                super::segments::shown(known),
            ));
        }
    }

    fn rotate(&mut self, from: &str, to: &str, signature: &str) {
        let in_force = self.keys.last().map(|(_, key)| key.clone());
        let Some(key) = in_force.filter(|key| key.to_string() == from) else {
            return self.contradiction(&format!("key {from} is replaced, but it is not the key in force"));
        };
        let signature = STANDARD.decode(signature).unwrap_or_default();
        match VerifierKey::parse(to) {
            Ok(next) if key.verifies(&key_rotation_message(&self.origin, from, to), &signature) => {
                self.keys.push((self.number, next));
            }
            Ok(_) | Err(_) => self.contradiction(&format!(
                "the rotation to key {to} is not signed by {from}, the key in force: whoever wrote it did not hold that key"
            )),
        }
    }
}
