//! What is left of a sealed batch once another writer has moved the log.
//!
//! Within a shard records have one order, so whatever the log already holds is a beginning of ours: rows up to the last
//! record that the log knows are dropped, the rest joins. Facts that no longer hold are dropped.

use sealog_batch::EvidenceReader;
use sealog_chain::{Fact, Fold, Hash, Segment, SegmentFrom, StreamState};
use sealog_record::{Gap, ReadFrom, SequenceNumber, ShardId, ShardPosition, StreamLabel};

use crate::PipelineError;
use crate::sealed::{ObjectBuilder, Sealed, SealedObject};

/// Writers that notice a gap within this time have noticed the same one: no service forgets so soon what it took.
const SAME_GAP_MS: i64 = 15 * 60 * 1000;

/// What became of one segment.
struct Fitted {
    segment: Option<Segment>,
    /// Rows of the original that stay: those behind this record.
    behind: Option<SequenceNumber>,
    /// Its rows say only that they are the oldest that were there. They join if they begin no later than this record,
    /// the last one in the log: else some between the two may be missing.
    overlaps: Option<SequenceNumber>,
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
/// [`PipelineError::Batch`] when rows have to be encoded anew and cannot be; [`PipelineError::Overtaken`] when rows between
/// the log and `sealed` may be missing; [`PipelineError::Defect`] when they are.
pub(crate) fn rebase(sealed: Sealed, fold: &Fold) -> Result<Sealed, PipelineError> {
    check_openings(&sealed.facts, fold)?;
    let facts = sealed.facts.iter().filter_map(|fact| refit(fact, fold).transpose());
    let facts = facts.collect::<Result<Vec<Fact>, _>>()?;
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
            let (rest, kept) = keep_rows(&object, &fitted)?;
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
    Ok(Sealed { facts, segments: segments.into_iter().flatten().collect(), object, judges: sealed.judges })
}

/// The last record that the log knows of a shard: the last committed one, or the one before its newest gap.
fn last_known(fold: &Fold, stream: &StreamLabel, shard: &ShardId) -> Option<SequenceNumber> {
    let committed = fold.position(stream, shard)?.last;
    committed.or_else(|| newest_gap(fold, stream, shard)?.after)
}

fn newest_gap<'a>(fold: &'a Fold, stream: &StreamLabel, shard: &ShardId) -> Option<&'a Gap> {
    fold.gaps().iter().rev().find(|gap| gap.stream == *stream && gap.shard.as_ref() == Some(shard))
}

/// Streams are read one after the other. Whoever would open one while another is still read, or an older one, had taken
/// the log for new, and another writer was first.
fn check_openings(facts: &[Fact], fold: &Fold) -> Result<(), PipelineError> {
    let mut closed: Vec<&StreamLabel> = Vec::new();
    for fact in facts {
        if let Fact::StreamClosed { stream, .. } = fact {
            closed.push(stream);
        }
        let Fact::StreamOpened { arn, .. } = fact else { continue };
        let label = arn.label();
        let is_behind = |(known, stream): (&StreamLabel, &StreamState)| {
            *known < label && (stream.ended.is_some() || closed.contains(&known))
        };
        if !fold.streams().contains_key(&label) && !fold.streams().iter().all(is_behind) {
            return Err(PipelineError::Overtaken(format!("of stream {label}")));
        }
    }
    Ok(())
}

/// Whether another writer has said that nothing more will be read of a stream.
fn is_closed(stream: &StreamLabel, fold: &Fold) -> bool {
    fold.streams().get(stream).is_some_and(|stream| stream.ended.is_some())
}

/// The fact as it holds now; `None`: it does not.
fn refit(fact: &Fact, fold: &Fold) -> Result<Option<Fact>, PipelineError> {
    if let Fact::Gap(gap) = fact
        && is_closed(&gap.stream, fold)
    {
        return Ok(None);
    }
    if let Fact::Gap(gap) = fact
        && let Some(shard) = &gap.shard
    {
        return Ok(refit_gap(gap, shard, fold)?.map(Fact::Gap));
    }
    Ok(still_holds(fact, fold).then(|| fact.clone()))
}

/// A gap begins at the last record that the log knows, and is none if the log has what lies behind it. If the log has
/// read into it, nobody knows whether anything is lost behind that: whoever reads on from there will see.
fn refit_gap(gap: &Gap, shard: &ShardId, fold: &Fold) -> Result<Option<Gap>, PipelineError> {
    let position = fold.position(&gap.stream, shard);
    let after = last_known(fold, &gap.stream, shard);
    let read_through = gap.first.is_some() && gap.first <= after;
    if read_through || position.is_some_and(|position| position.done) {
        return Ok(None);
    }
    let read = position.and_then(|position| position.last);
    if gap.first.is_some() && gap.after < read {
        return Err(PipelineError::Overtaken(shard.to_string()));
    }
    let nothing_since = position.is_some_and(|position| position.last.is_none());
    // A gap without an end says what was gone by then; what has gone since is another.
    let since = |known: &Gap| gap.noticed_at.as_millis().saturating_sub(known.noticed_at.as_millis());
    let as_told = |known: &Gap| gap.first.is_some() || since(known) < SAME_GAP_MS;
    let same = |known: &Gap| (known.first, known.ends_shard) == (gap.first, gap.ends_shard) && as_told(known);
    if nothing_since && newest_gap(fold, &gap.stream, shard).is_some_and(same) {
        return Ok(None);
    }
    Ok(Some(Gap { after, ..gap.clone() }))
}

fn still_holds(fact: &Fact, fold: &Fold) -> bool {
    match fact {
        Fact::Genesis { .. } => fold.size() == 0,
        Fact::StreamOpened { arn, .. } => !fold.streams().contains_key(&arn.label()),
        Fact::Gap(gap) => {
            let same = |known: &&Gap| {
                (&known.stream, &known.shard, known.cause) == (&gap.stream, &gap.shard, gap.cause)
            };
            !fold.gaps().iter().any(|known| same(&known))
        }
        Fact::PolicyChanged { policies } => fold.policies() != Some(policies),
        Fact::StreamClosed { stream, .. } => !is_closed(stream, fold),
        Fact::FilterPinned { .. }
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
                position.skip(gap);
            }
        }
        Standing { position, known: last_known(self.fold, &segment.stream, &segment.shard) }
    }

    /// Whether segments of the stream may be committed: it is open, or opened by this very batch. Another writer may have
    /// closed it meanwhile, or begun the log with a newer one.
    fn is_open(&self, stream: &StreamLabel) -> bool {
        let opens = |fact: &Fact| matches!(fact, Fact::StreamOpened { arn, .. } if arn.label() == *stream);
        let known = self.fold.streams().get(stream);
        known.map_or_else(|| self.facts.iter().any(opens), |known| known.ended.is_none())
    }

    fn fit(&mut self, segment: &Segment) -> Result<Fitted, PipelineError> {
        let Standing { position, known } = self.standing(segment);
        if position.is_none() && !self.is_open(&segment.stream) {
            return Err(PipelineError::Overtaken(segment.shard.to_string()));
        }
        if segment.after > known && !position.as_ref().is_some_and(|position| position.done) {
            return Err(PipelineError::Defect(format!(
                "shard {} would go on after {:?}, and the log knows it up to {known:?}",
                segment.shard, segment.after
            )));
        }
        let fitted = fit_segment(segment, position.as_ref(), known);
        let overlaps = position.as_ref().and_then(|position| position.last);
        let overlaps = overlaps.filter(|_| segment.after.is_none() && segment.rows > 0 && fitted.is_some());
        if let Some(fitted) = &fitted {
            let mut moved = position.unwrap_or_else(|| begun(fitted));
            moved.last = fitted.last.or(moved.last);
            moved.done |= fitted.closed;
            let standing = Standing { position: Some(moved), known: fitted.last.or(known) };
            self.moved.push((fitted.clone(), standing));
        }
        Ok(Fitted { segment: fitted, behind: known, overlaps, original_rows: segment.rows })
    }
}

/// Position of a shard that begins with `segment`, before its rows.
fn begun(segment: &Segment) -> ShardPosition {
    let began = match segment.from {
        SegmentFrom::Latest => ReadFrom::Latest,
        SegmentFrom::TrimHorizon | SegmentFrom::After => ReadFrom::TrimHorizon,
    };
    ShardPosition::begun(segment.parent.clone(), began)
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
    object: &SealedObject,
    fitted: &[Fitted],
) -> Result<(Option<SealedObject>, Vec<u64>), PipelineError> {
    let mut builder = ObjectBuilder::new()?;
    let mut kept = vec![0; fitted.len()];
    let mut overtaken = None;
    let mut seen = None;
    // Rows stand in the order of their segments: for each row, the place of its segment.
    let mut places =
        fitted.iter().enumerate().flat_map(|(place, fitted)| (0..fitted.original_rows).map(move |_| place));
    EvidenceReader::open(object.bytes.clone())?.for_each(|number, row, leaf| {
        let place = places.next();
        let (Some(fitted), Some(kept)) =
            (place.and_then(|place| fitted.get(place)), place.and_then(|place| kept.get_mut(place)))
        else {
            return;
        };
        let begins = std::mem::replace(&mut seen, place) != place;
        if begins && fitted.overlaps.is_some() && is_behind(row.change.sequence_number, fitted.overlaps) {
            overtaken.get_or_insert_with(|| row.shard_id.to_owned());
        }
        let stays = fitted.segment.is_some() && is_behind(row.change.sequence_number, fitted.behind);
        if let (true, Ok(leaf)) = (stays, <[u8; 32]>::try_from(leaf)) {
            builder.push_judged(row, Hash(leaf), object.opinions.of(number));
            *kept += 1;
        }
    })?;
    match overtaken {
        Some(shard) => Err(PipelineError::Overtaken(shard)),
        None => Ok((builder.seal()?, kept)),
    }
}

fn is_behind(number: &str, floor: Option<SequenceNumber>) -> bool {
    floor.is_none_or(|floor| number.parse::<SequenceNumber>().is_ok_and(|number| number > floor))
}
