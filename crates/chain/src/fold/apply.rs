//! The rules by which a commit continues a log, one function a rule (FORMAT.md, "Fold").

use base64::Engine as _;
use sealog_record::{
    Gap, GapCause, ReadFrom, SequenceNumber, ShardId, StartAt, StreamEnd, StreamLabel, Timestamp,
};

use super::{Fold, Genesis, Hold, ShardState, StreamState};
use crate::fact::Fact;
use crate::{
    Batch, ChainError, Commit, FilterMode, FilterUse, Segment, SegmentFrom, VerifierKey,
    key_rotation_message, layout,
};

impl Fold {
    pub(super) fn check_link(&self, commit: &Commit) -> Result<(), ChainError> {
        if commit.number != self.size() {
            return Err(ChainError::Number { expected: self.size(), found: commit.number });
        }
        if self.closed {
            return Err(ChainError::Fact("the log was closed; nothing may follow".to_owned()));
        }
        let stated = commit.previous.as_ref().map(|previous| previous.sha256);
        let actual = self.head.as_ref().map(|head| head.sha256);
        if stated != actual {
            return Err(ChainError::Previous {
                expected: actual.unwrap_or_default(),
                found: stated.unwrap_or_default(),
            });
        }
        if let Some(head) = &self.head
            && commit.committed_at < head.committed_at
        {
            let (previous, found) = (head.committed_at.to_string(), commit.committed_at.to_string());
            return Err(ChainError::Time { previous, found });
        }
        match &self.genesis {
            Some(genesis) if genesis.origin != commit.origin => {
                Err(ChainError::Origin { expected: genesis.origin.clone(), found: commit.origin.clone() })
            }
            _ => Ok(()),
        }
    }

    pub(super) fn apply_fact(
        &mut self,
        commit: &Commit,
        index: usize,
        fact: &Fact,
    ) -> Result<(), ChainError> {
        if (commit.number, index) == (0, 0) {
            return self.begin(commit, fact);
        }
        match fact {
            Fact::Genesis { .. } => {
                return Err(ChainError::Genesis("a genesis stands only at the start of commit 0"));
            }
            Fact::StreamOpened { arn, view_type, start, at } => {
                self.open_stream(StreamState {
                    arn: arn.clone(),
                    view_type: *view_type,
                    start: *start,
                    opened_at: *at,
                    ended: None,
                })?;
            }
            Fact::StreamClosed { stream, cause, .. } => self.close_stream(stream, *cause)?,
            Fact::Gap(gap) => self.apply_gap(commit, gap)?,
            Fact::FilterPinned { filter, .. } => {
                self.filters.insert(filter.name.clone(), filter.clone());
            }
            Fact::FilterRemoved { name, component } => {
                if self.filters.remove(name).is_none_or(|pinned| pinned.component != *component) {
                    return Err(ChainError::Fact(format!("filter {name:?} is removed, but was not pinned")));
                }
            }
            Fact::FilterBypassed { name, component, .. } => {
                let pinned = self.filters.get_mut(name).filter(|pinned| pinned.component == *component);
                let unknown = || ChainError::Fact(format!("filter {name:?} is bypassed, but was not pinned"));
                pinned.ok_or_else(unknown)?.mode = FilterMode::Bypassed;
            }
            Fact::KeyRotated { from, to, signature } => self.rotate_key(from, to, signature)?,
            Fact::PolicyChanged { policies } => {
                if let Some(genesis) = &mut self.genesis {
                    genesis.policies = policies.clone();
                }
            }
            Fact::LogClosed { .. } if commit.batch.is_some() || index + 1 < commit.facts.len() => {
                return Err(ChainError::Fact(
                    "a log is closed by the last fact of a commit without batch".to_owned(),
                ));
            }
            Fact::LogClosed { .. } => self.closed = true,
            Fact::HoldAdded { name, first, last, reason } => {
                let hold = Hold { first: *first, last: *last, reason: reason.clone(), is_lifted: false };
                self.holds.insert(name.clone(), hold);
            }
            Fact::HoldRemoved { name, .. } => {
                if let Some(hold) = self.holds.get_mut(name) {
                    hold.is_lifted = true;
                }
            }
            Fact::Heartbeat { polled_since: Some(since) } => self.polled(*since),
            Fact::Heartbeat { polled_since: None }
            | Fact::ClockWentBack { .. }
            | Fact::CaptureStarted {}
            | Fact::CaptureStopped { .. } => {}
        }
        Ok(())
    }

    fn begin(&mut self, commit: &Commit, fact: &Fact) -> Result<(), ChainError> {
        let Fact::Genesis { table_arn, key, policies, .. } = fact else {
            return Err(ChainError::Genesis("the first fact of commit 0 is the genesis"));
        };
        let origin = layout::origin_of(table_arn);
        if commit.origin != origin {
            return Err(ChainError::Origin { expected: origin, found: commit.origin.clone() });
        }
        VerifierKey::parse(key)?;
        self.genesis =
            Some(Genesis { origin, table: table_arn.clone(), key: key.clone(), policies: policies.clone() });
        Ok(())
    }

    fn open_stream(&mut self, stream: StreamState) -> Result<(), ChainError> {
        let label = stream.arn.label();
        if self.table() != Some(&stream.arn.table()) {
            return Err(ChainError::Fact(format!("stream {} belongs to another table", stream.arn)));
        }
        match self.streams.insert(label, stream) {
            None => Ok(()),
            Some(known) => Err(ChainError::Fact(format!("stream {} was opened before", known.arn))),
        }
    }

    fn close_stream(&mut self, label: &StreamLabel, cause: StreamEnd) -> Result<(), ChainError> {
        let open =
            self.shards_of(label).find(|(_, shard)| !shard.position.done).map(|(shard, _)| shard.clone());
        if let Some(shard) = open {
            return Err(ChainError::Fact(format!("stream {label} is closed but its shard {shard} is not")));
        }
        self.open_stream_state(label)?.ended = Some(cause);
        Ok(())
    }

    fn open_stream_state(&mut self, label: &StreamLabel) -> Result<&mut StreamState, ChainError> {
        self.streams
            .get_mut(label)
            .filter(|stream| stream.ended.is_none())
            .ok_or_else(|| ChainError::Fact(format!("stream {label} is not open")))
    }

    fn shards_of(&self, label: &StreamLabel) -> impl Iterator<Item = (&ShardId, &ShardState)> {
        self.shards.iter().filter(move |((stream, _), _)| stream == label).map(|((_, id), shard)| (id, shard))
    }

    /// Every shard that can be read was read up to this instant.
    fn polled(&mut self, since: Timestamp) {
        for shard in self.shards.values_mut().filter(|shard| !shard.position.done) {
            shard.position.as_of = shard.position.as_of.max(Some(since));
        }
    }

    fn apply_gap(&mut self, commit: &Commit, gap: &Gap) -> Result<(), ChainError> {
        // The time between two streams lies before the newer one, which need not be open yet.
        if gap.cause != GapCause::StreamDisabled {
            self.open_stream_state(&gap.stream)?;
        }
        match &gap.shard {
            Some(shard) => self.apply_shard_gap(commit, gap, shard)?,
            None if gap.cause == GapCause::StreamVanished => {
                for ((stream, _), shard) in &mut self.shards {
                    if *stream == gap.stream {
                        shard.end(commit.number);
                    }
                }
            }
            None => {}
        }
        self.gaps.push(gap.clone());
        Ok(())
    }

    fn apply_shard_gap(&mut self, commit: &Commit, gap: &Gap, id: &ShardId) -> Result<(), ChainError> {
        let shard =
            self.shards.entry((gap.stream.clone(), id.clone())).or_insert_with(|| ShardState::new(None));
        if shard.position.done || shard.position.last.or(shard.floor) != gap.after {
            let problem = "a gap is declared that does not begin at the shard's last record".to_owned();
            return Err(ChainError::Segment { shard: id.to_string(), problem });
        }
        shard.floor = gap.after;
        shard.position.skip(gap);
        shard.position.as_of = Some(commit.committed_at);
        if gap.ends_shard {
            shard.end(commit.number);
        }
        Ok(())
    }

    fn rotate_key(&mut self, from: &str, to: &str, signature: &str) -> Result<(), ChainError> {
        let genesis = self.genesis.as_mut().ok_or(ChainError::Genesis("no genesis"))?;
        if genesis.key != from {
            return Err(ChainError::Fact(format!("{from} is rotated, but {} signs this log", genesis.key)));
        }
        let old = VerifierKey::parse(from)?;
        VerifierKey::parse(to)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(signature).unwrap_or_default();
        if !old.verifies(&key_rotation_message(&genesis.origin, from, to), &bytes) {
            return Err(ChainError::Signature(old.name().to_owned()));
        }
        to.clone_into(&mut genesis.key);
        Ok(())
    }

    pub(super) fn apply_batch(&mut self, commit: &Commit, batch: &Batch) -> Result<(), ChainError> {
        self.apply_filters(&batch.filters)?;
        for segment in &batch.segments {
            self.check_segment(commit.number, segment)?;
            self.apply_segment(commit, segment);
        }
        self.records += batch.records;
        Ok(())
    }

    /// Each filter judges as it was pinned, and once.
    fn apply_filters(&mut self, filters: &[FilterUse]) -> Result<(), ChainError> {
        for (place, judge) in filters.iter().enumerate() {
            let is_again = filters.iter().take(place).any(|other| other.name == judge.name);
            let pinned = self.filters.get_mut(&judge.name).filter(|_| !is_again);
            let Some(pinned) = pinned.filter(|pinned| pinned.uncounted() == judge.uncounted()) else {
                return Err(ChainError::Fact(format!(
                    "filter {:?} judged otherwise than pinned",
                    judge.name
                )));
            };
            pinned.decisions.add(&judge.decisions);
        }
        Ok(())
    }

    /// Whether `segment` continues its shard if it is put on in commit `number`.
    ///
    /// # Errors
    /// [`ChainError::Segment`] or [`ChainError::Fact`] with the reason why not.
    pub fn check_segment(&self, number: u64, segment: &Segment) -> Result<(), ChainError> {
        let problem =
            |problem: String| Err(ChainError::Segment { shard: segment.shard.to_string(), problem });
        let Some(stream) = self.streams.get(&segment.stream).filter(|stream| stream.ended.is_none()) else {
            return problem(format!("its stream {} is not open", segment.stream));
        };
        let parent = segment.parent.as_ref().and_then(|id| self.shard(&segment.stream, id));
        if segment.rows > 0 && parent.is_some_and(|parent| parent.done_in.is_none_or(|done| done >= number)) {
            return problem("it has rows before the end of its parent was committed".to_owned());
        }
        let Some(shard) = self.shard(&segment.stream, &segment.shard) else {
            return match segment.from {
                SegmentFrom::TrimHorizon => Ok(()),
                SegmentFrom::Latest if stream.start == StartAt::Latest => Ok(()),
                SegmentFrom::Latest => {
                    problem("it begins at the latest record, but its stream did not".to_owned())
                }
                SegmentFrom::After => {
                    problem("it goes on after a record, but nothing of it was committed".to_owned())
                }
            };
        };
        if shard.position.done {
            return problem("it had ended".to_owned());
        }
        // Digit by digit: the number is evidence as the service wrote it.
        let joins = |after: Option<SequenceNumber>| after.map(|number| number.to_string());
        let expected = (SegmentFrom::of(shard.position.next()), joins(shard.position.last));
        let found = (segment.from, joins(segment.after));
        if found != expected {
            return problem(format!("it goes on at {found:?}, expected {expected:?}"));
        }
        if segment.last.is_some() && segment.last <= shard.floor {
            return problem("it goes back behind a gap".to_owned());
        }
        Ok(())
    }

    fn apply_segment(&mut self, commit: &Commit, segment: &Segment) {
        let key = (segment.stream.clone(), segment.shard.clone());
        let shard = self.shards.entry(key).or_insert_with(|| {
            let mut shard = ShardState::new(segment.parent.clone());
            if segment.from == SegmentFrom::Latest {
                shard.position.began = ReadFrom::Latest;
            }
            shard
        });
        if let Some(last) = segment.last {
            shard.position.extend(last);
        }
        shard.position.as_of = Some(commit.committed_at);
        if segment.closed {
            shard.end(commit.number);
        }
    }
}
