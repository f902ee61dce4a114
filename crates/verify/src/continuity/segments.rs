//! Segments: each goes on where its shard stands.

use sealog_chain::{Segment, SegmentFrom, StartAt};
use sealog_record::SequenceNumber;

use super::{Continuity, Shard, Stream};
use crate::finding::{Code, Place};

/// What a segment breaks: the code and what to say.
type Break = (Code, String);

impl Continuity {
    pub(super) fn apply_segment(&mut self, segment: &Segment) {
        let number = self.number;
        if self.begins_behind_the_unseen(segment) {
            self.interrupt();
        }
        let stream = self.streams.entry(segment.stream.clone()).or_default();
        let mut breaks = Vec::new();
        breaks.extend(stream_break(stream, segment));
        breaks.extend(parent_break(stream, segment, number));
        let start = stream.start;
        let shard = stream.shards.entry(segment.shard.clone()).or_default();
        breaks.extend(join_break(shard, start, segment));
        breaks.extend(order_break(shard, segment));
        self.floors.push(shard.floor);
        shard.take(segment, number);
        stream.parents.extend(segment.parent.clone());
        for (code, problem) in breaks {
            self.report(code, segment, &problem);
        }
    }

    /// A shard that begins at its newest record, or whose parent is not in the log: what came before it nobody has seen.
    fn begins_behind_the_unseen(&self, segment: &Segment) -> bool {
        let stream = self.streams.get(&segment.stream);
        let known = |id| stream.is_some_and(|stream| stream.shards.contains_key(id));
        let orphan = segment.parent.as_ref().is_some_and(|parent| !known(parent));
        segment.from == SegmentFrom::Latest || (orphan && !known(&segment.shard))
    }

    fn report(&mut self, code: Code, segment: &Segment, problem: &str) {
        let place = Place::commit(self.number);
        // FORMAT.md: this one names the commit only.
        let place = if code == Code::FactContradiction { place } else { place.shard(segment.shard.as_str()) };
        let message = format!(
            "commit {}, shard {} of stream {}: {problem}",
            self.number, segment.shard, segment.stream
        );
        self.findings.add(code, place, message);
    }
}

impl Shard {
    fn take(&mut self, segment: &Segment, number: u64) {
        if segment.last.is_some() {
            self.last = segment.last;
            self.began = None;
        } else if self.last.is_none() {
            self.began = Some(segment.from);
        }
        if segment.closed && self.ended_in.is_none() {
            self.ended_in = Some(number);
            self.closed = true;
        }
    }
}

/// Rule 1: streams are opened before their segments, and nothing follows their closing.
fn stream_break(stream: &Stream, segment: &Segment) -> Option<Break> {
    let problem = match (stream.start, stream.closed) {
        (_, true) => "its stream was closed before",
        (None, false) => "its stream was not opened",
        (Some(_), false) => return None,
    };
    Some((Code::FactContradiction, format!("{problem}, so stream {} has no segments here", segment.stream)))
}

/// Rule 3: rows come after the end of the parent.
fn parent_break(stream: &Stream, segment: &Segment, number: u64) -> Option<Break> {
    let id = segment.parent.as_ref().filter(|_| segment.rows > 0)?;
    let parent = stream.shards.get(id)?;
    let ended = match parent.ended_in {
        Some(ended_in) if ended_in < number => return None,
        Some(ended_in) => format!("ended only in commit {ended_in}"),
        None => "has not ended".to_owned(),
    };
    Some((
        Code::ParentOrder,
        format!("it has rows, but its parent {id} {ended}: changes of one key may be out of order"),
    ))
}

/// Rule 2: it begins where the shard stands.
fn join_break(shard: &Shard, start: Option<StartAt>, segment: &Segment) -> Option<Break> {
    if let Some(ended_in) = shard.ended_in {
        return Some((Code::SegmentReplayed, format!("the shard had ended in commit {ended_in}")));
    }
    let Some(last) = shard.last else { return beginning_break(shard, start, segment) };
    let expected = format!("the shard's last committed record has the sequence number {last}");
    match segment.after {
        None => Some((
            Code::SegmentHole,
            format!("the segment begins at {} again, but {expected}", from(segment.from)),
        )),
        Some(after) if after > last => Some((
            Code::SegmentHole,
            format!("the segment begins after {after}, but {expected}: what lies between is missing"),
        )),
        Some(after) if after < last => Some((
            Code::SegmentReplayed,
            format!("the segment begins after {after}, but {expected}: what lies between is repeated"),
        )),
        Some(after) if after.as_str() != last.as_str() => Some((
            Code::FactContradiction,
            format!("the segment begins after {after}, but {expected}: other digits for one number"),
        )),
        Some(_) => None,
    }
}

fn beginning_break(shard: &Shard, start: Option<StartAt>, segment: &Segment) -> Option<Break> {
    match segment.from {
        SegmentFrom::After => Some((
            Code::SegmentHole,
            format!(
                "the segment begins after {}, but nothing of the shard was committed before it, or not since a gap",
                shown(segment.after)
            ),
        )),
        SegmentFrom::Latest if start == Some(StartAt::TrimHorizon) => Some((
            Code::FactContradiction,
            "the segment begins at the latest record, but its stream was read from its oldest on".to_owned(),
        )),
        found @ (SegmentFrom::TrimHorizon | SegmentFrom::Latest) => {
            shard.began.filter(|began| *began != found).map(|began| {
                let message =
                    format!("the segment begins at {}, the shard began at {}", from(found), from(began));
                (Code::FactContradiction, message)
            })
        }
    }
}

/// Rule 4: it ends behind where it begins, and behind what was known before a gap.
fn order_break(shard: &Shard, segment: &Segment) -> Option<Break> {
    let last = segment.last?;
    let before = [segment.after, shard.floor].into_iter().flatten().find(|before| last <= *before)?;
    Some((
        Code::FactContradiction,
        format!("the segment ends at sequence number {last}, which does not lie behind {before}"),
    ))
}

fn from(from: SegmentFrom) -> &'static str {
    match from {
        SegmentFrom::TrimHorizon => "the oldest record (trim_horizon)",
        SegmentFrom::Latest => "the latest record (latest)",
        SegmentFrom::After => "a record (after)",
    }
}

/// A sequence number that may not be there.
pub(super) fn shown(number: Option<SequenceNumber>) -> String {
    number.map_or("none".to_owned(), |number| number.to_string())
}
