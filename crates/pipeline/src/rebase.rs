//! What is left of a sealed batch once another writer has moved the log.
//!
//! Within a shard records have one order, so whatever the log already holds is a beginning of ours: rows up to the
//! shard's committed position are dropped, the rest joins. Facts that no longer hold are dropped.

use sealog_batch::EvidenceReader;
use sealog_chain::{Fact, Fold, Hash, Segment, SegmentFrom};
use sealog_record::{ReadFrom, SequenceNumber, ShardPosition};

use crate::PipelineError;
use crate::sealed::{ObjectBuilder, Sealed, SealedObject};

/// What became of one segment.
struct Fitted {
    segment: Option<Segment>,
    /// Rows of the original that stay: those behind this record.
    behind: Option<SequenceNumber>,
    original_rows: u64,
}

/// Fits `sealed` to the log as `fold` knows it.
///
/// # Errors
/// [`PipelineError::Batch`] when rows have to be encoded anew and cannot be.
pub(crate) fn rebase(sealed: Sealed, fold: &Fold) -> Result<Sealed, PipelineError> {
    let facts: Vec<Fact> = sealed.facts.iter().filter(|fact| still_holds(fact, fold)).cloned().collect();
    let mut fold_ahead = Ahead { fold, moved: Vec::new() };
    let fitted: Vec<Fitted> =
        sealed.segments.iter().map(|segment| fold_ahead.fit(segment, facts.as_slice())).collect();
    let unchanged =
        fitted.iter().zip(&sealed.segments).all(|(fitted, old)| fitted.segment.as_ref() == Some(old));
    if unchanged {
        return Ok(Sealed { facts, ..sealed });
    }
    let mut segments: Vec<Option<Segment>> = fitted.iter().map(|fitted| fitted.segment.clone()).collect();
    let object = match &sealed.object {
        Some(object) => {
            let (object, kept) = keep_rows(object.bytes.clone(), &fitted)?;
            for (segment, rows) in segments.iter_mut().zip(kept) {
                if let Some(segment) = segment {
                    segment.rows = rows;
                }
            }
            object
        }
        None => None,
    };
    Ok(Sealed { facts, segments: segments.into_iter().flatten().collect(), object })
}

fn still_holds(fact: &Fact, fold: &Fold) -> bool {
    match fact {
        Fact::Genesis { .. } => fold.size() == 0,
        Fact::StreamOpened { arn, .. } => !fold.streams().contains_key(&arn.label()),
        Fact::Gap(gap) => match &gap.shard {
            Some(shard) => {
                let position = fold.position(&gap.stream, shard);
                position.map_or(gap.after.is_none(), |position| !position.done && position.last == gap.after)
            }
            None => {
                !fold.gaps().iter().any(|known| (&known.stream, &known.shard) == (&gap.stream, &gap.shard))
            }
        },
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

/// The fold, and the segments of this batch that were fitted before.
struct Ahead<'a> {
    fold: &'a Fold,
    moved: Vec<(Segment, ShardPosition)>,
}

impl Ahead<'_> {
    fn position(&self, segment: &Segment, facts: &[Fact]) -> Option<ShardPosition> {
        let same = |other: &Segment| (&other.stream, &other.shard) == (&segment.stream, &segment.shard);
        if let Some((_, position)) = self.moved.iter().rev().find(|(moved, _)| same(moved)) {
            return Some(position.clone());
        }
        let mut position = self.fold.position(&segment.stream, &segment.shard).cloned();
        for fact in facts {
            if let (Fact::Gap(gap), Some(position)) = (fact, &mut position)
                && gap.stream == segment.stream
                && gap.shard.as_ref() == Some(&segment.shard)
            {
                position.last = None;
                position.began = ReadFrom::TrimHorizon;
                position.done = gap.ends_shard;
            }
        }
        position
    }

    fn fit(&mut self, segment: &Segment, facts: &[Fact]) -> Fitted {
        let position = self.position(segment, facts);
        let behind = position.as_ref().and_then(|position| position.last);
        let fitted = fit_segment(segment, position.as_ref());
        if let Some(fitted) = &fitted {
            let mut moved = position.unwrap_or_else(|| ShardPosition {
                parent: fitted.parent.clone(),
                began: match fitted.from {
                    SegmentFrom::Latest => ReadFrom::Latest,
                    SegmentFrom::TrimHorizon | SegmentFrom::After => ReadFrom::TrimHorizon,
                },
                last: None,
                done: false,
            });
            moved.last = fitted.last.or(moved.last);
            moved.done |= fitted.closed;
            self.moved.push((fitted.clone(), moved));
        }
        Fitted { segment: fitted, behind, original_rows: segment.rows }
    }
}

/// The segment as it joins at `position`. Its `rows` are right only when none was cut; [`keep_rows`] counts them.
fn fit_segment(segment: &Segment, position: Option<&ShardPosition>) -> Option<Segment> {
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
    if segment.last.is_some() && segment.last <= position.last {
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
