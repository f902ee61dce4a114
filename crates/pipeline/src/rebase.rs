//! What is left of a sealed batch once another writer has moved the log.
//!
//! Within a shard records have one order, so whatever the log already holds is a beginning of ours: rows up to the last
//! record that the log knows are dropped, the rest joins. Gaps begin where the log stands; facts that no longer hold are
//! dropped.

use sealog_batch::EvidenceReader;
use sealog_chain::{Fact, Fold, Hash, Segment, SegmentFrom};
use sealog_record::{Gap, ReadFrom, SequenceNumber, ShardId, ShardPosition, StreamLabel};

use crate::PipelineError;
use crate::sealed::{ObjectBuilder, Sealed, SealedObject};

/// What became of one segment.
struct Fitted {
    segment: Option<Segment>,
    /// Rows of the original that stay: those behind this record.
    behind: Option<SequenceNumber>,
    original_rows: u64,
}

/// Where a shard stands: its position, and the last record known of it, which outlives a gap.
#[derive(Clone)]
struct Standing {
    position: Option<ShardPosition>,
    known: Option<SequenceNumber>,
}

/// Fits `sealed` to the log as `fold` knows it.
///
/// # Errors
/// [`PipelineError::Batch`] when rows have to be encoded anew and cannot be; [`PipelineError::Defect`] when rows are
/// missing between the log and `sealed`.
pub(crate) fn rebase(sealed: Sealed, fold: &Fold) -> Result<Sealed, PipelineError> {
    let facts: Vec<Fact> = sealed.facts.iter().filter_map(|fact| refit(fact, fold)).collect();
    let mut ahead = Ahead { fold, facts: &facts, moved: Vec::new() };
    let fitted = sealed.segments.iter().map(|segment| ahead.fit(segment)).collect::<Result<Vec<_>, _>>()?;
    let joined = |(fitted, old): (&Fitted, &Segment)| {
        // Without a predecessor a segment does not tell whether its rows begin behind a gap.
        fitted.segment.as_ref() == Some(old) && (old.after == fitted.behind || old.rows == 0)
    };
    if fitted.iter().zip(&sealed.segments).all(joined) {
        return Ok(Sealed { facts, ..sealed });
    }
    let mut segments: Vec<Option<Segment>> = fitted.iter().map(|fitted| fitted.segment.clone()).collect();
    let object = match sealed.object {
        Some(object) => {
            let (rest, kept) = keep_rows(object.bytes.clone(), &fitted)?;
            let all = kept.iter().sum::<u64>() == object.rows;
            for (segment, rows) in segments.iter_mut().zip(kept) {
                if let Some(segment) = segment {
                    segment.rows = rows;
                }
            }
            if all { Some(object) } else { rest }
        }
        None => None,
    };
    Ok(Sealed { facts, segments: segments.into_iter().flatten().collect(), object })
}

/// The last record that the log knows of a shard: the last committed one, or the one before its newest gap.
fn last_known(fold: &Fold, stream: &StreamLabel, shard: &ShardId) -> Option<SequenceNumber> {
    let committed = fold.position(stream, shard)?.last;
    committed.or_else(|| newest_gap(fold, stream, shard)?.after)
}

fn newest_gap<'a>(fold: &'a Fold, stream: &StreamLabel, shard: &ShardId) -> Option<&'a Gap> {
    fold.gaps().iter().rev().find(|gap| gap.stream == *stream && gap.shard.as_ref() == Some(shard))
}

/// The fact as it holds now; `None`: it does not.
fn refit(fact: &Fact, fold: &Fold) -> Option<Fact> {
    if let Fact::Gap(gap) = fact
        && let Some(shard) = &gap.shard
    {
        return refit_gap(gap, shard, fold).map(Fact::Gap);
    }
    still_holds(fact, fold).then(|| fact.clone())
}

/// A gap begins at the last record that the log knows, and is none if the log has what lies behind it.
fn refit_gap(gap: &Gap, shard: &ShardId, fold: &Fold) -> Option<Gap> {
    let position = fold.position(&gap.stream, shard);
    let after = last_known(fold, &gap.stream, shard);
    let read_through = gap.first.is_some() && gap.first <= after;
    if read_through || position.is_some_and(|position| position.done) {
        return None;
    }
    let nothing_since = position.is_some_and(|position| position.last.is_none());
    let same = |known: &Gap| (known.first, known.ends_shard) == (gap.first, gap.ends_shard);
    if nothing_since && newest_gap(fold, &gap.stream, shard).is_some_and(same) {
        return None;
    }
    Some(Gap { after, ..gap.clone() })
}

fn still_holds(fact: &Fact, fold: &Fold) -> bool {
    match fact {
        Fact::Genesis { .. } => fold.size() == 0,
        Fact::StreamOpened { arn, .. } => !fold.streams().contains_key(&arn.label()),
        Fact::Gap(gap) => {
            !fold.gaps().iter().any(|known| (&known.stream, &known.shard) == (&gap.stream, &gap.shard))
        }
        Fact::PolicyChanged { policies } => fold.policies() != Some(policies),
        Fact::StreamClosed { .. }
        | Fact::FilterPinned { .. }
        | Fact::FilterRemoved { .. }
        | Fact::FilterBypassed { .. }
        | Fact::KeyRotated { .. }
        | Fact::Heartbeat { .. }
        | Fact::ClockWentBack { .. }
        | Fact::CaptureStarted {}
        | Fact::CaptureStopped { .. }
        | Fact::HoldAdded { .. }
        | Fact::HoldRemoved { .. }
        | Fact::LogClosed { .. } => true,
    }
}

/// The fold, the facts that come first, and the segments of this batch that were fitted before.
struct Ahead<'a> {
    fold: &'a Fold,
    facts: &'a [Fact],
    moved: Vec<(Segment, Standing)>,
}

impl Ahead<'_> {
    fn standing(&self, segment: &Segment) -> Standing {
        let same = |other: &Segment| (&other.stream, &other.shard) == (&segment.stream, &segment.shard);
        if let Some((_, standing)) = self.moved.iter().rev().find(|(moved, _)| same(moved)) {
            return standing.clone();
        }
        let mut position = self.fold.position(&segment.stream, &segment.shard).cloned();
        for fact in self.facts {
            if let (Fact::Gap(gap), Some(position)) = (fact, &mut position)
                && gap.stream == segment.stream
                && gap.shard.as_ref() == Some(&segment.shard)
            {
                position.last = None;
                position.began = ReadFrom::TrimHorizon;
                position.done |= gap.ends_shard;
            }
        }
        Standing { position, known: last_known(self.fold, &segment.stream, &segment.shard) }
    }

    fn fit(&mut self, segment: &Segment) -> Result<Fitted, PipelineError> {
        let Standing { position, known } = self.standing(segment);
        if segment.after > known && !position.as_ref().is_some_and(|position| position.done) {
            return Err(PipelineError::Defect(format!(
                "shard {} would go on after {:?}, and the log knows it up to {known:?}",
                segment.shard, segment.after
            )));
        }
        let fitted = fit_segment(segment, position.as_ref(), known);
        if let Some(fitted) = &fitted {
            let mut moved = position.unwrap_or_else(|| begun(fitted));
            moved.last = fitted.last.or(moved.last);
            moved.done |= fitted.closed;
            let standing = Standing { position: Some(moved), known: fitted.last.or(known) };
            self.moved.push((fitted.clone(), standing));
        }
        Ok(Fitted { segment: fitted, behind: known, original_rows: segment.rows })
    }
}

/// Position of a shard that begins with `segment`, before its rows.
fn begun(segment: &Segment) -> ShardPosition {
    let began = match segment.from {
        SegmentFrom::Latest => ReadFrom::Latest,
        SegmentFrom::TrimHorizon | SegmentFrom::After => ReadFrom::TrimHorizon,
    };
    ShardPosition { parent: segment.parent.clone(), began, last: None, done: false }
}

/// The segment as it joins at `position`, with rows behind `known`. Its `rows` are right only when none was cut;
/// [`keep_rows`] counts them.
fn fit_segment(
    segment: &Segment,
    position: Option<&ShardPosition>,
    known: Option<SequenceNumber>,
) -> Option<Segment> {
    let Some(position) = position else { return Some(segment.clone()) };
    if position.done {
        return None;
    }
    let mut fitted = Segment {
        parent: position.parent.clone().or_else(|| segment.parent.clone()),
        from: SegmentFrom::of(position.next()),
        after: position.last,
        ..segment.clone()
    };
    if segment.last.is_some() && segment.last <= known {
        fitted.rows = 0;
        fitted.last = None;
    }
    let says_something = fitted.rows > 0 || fitted.closed;
    // A first sight of a shard that is known by now says nothing.
    says_something.then_some(fitted)
}

/// The rows that stay, encoded anew, and how many of each segment they are.
fn keep_rows(
    bytes: bytes::Bytes,
    fitted: &[Fitted],
) -> Result<(Option<SealedObject>, Vec<u64>), PipelineError> {
    let mut builder = ObjectBuilder::new()?;
    let mut kept = vec![0; fitted.len()];
    // Rows stand in the order of their segments: for each row, the place of its segment.
    let mut places =
        fitted.iter().enumerate().flat_map(|(place, fitted)| (0..fitted.original_rows).map(move |_| place));
    EvidenceReader::open(bytes)?.for_each(|_, row, leaf| {
        let place = places.next();
        let (Some(fitted), Some(kept)) =
            (place.and_then(|place| fitted.get(place)), place.and_then(|place| kept.get_mut(place)))
        else {
            return;
        };
        let stays = fitted.segment.is_some() && is_behind(row.change.sequence_number, fitted.behind);
        if let (true, Ok(leaf)) = (stays, <[u8; 32]>::try_from(leaf)) {
            builder.push(row, Hash(leaf));
            *kept += 1;
        }
    })?;
    Ok((builder.seal()?, kept))
}

fn is_behind(number: &str, floor: Option<SequenceNumber>) -> bool {
    floor.is_none_or(|floor| number.parse::<SequenceNumber>().is_ok_and(|number| number > floor))
}
