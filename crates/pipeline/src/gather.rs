//! Gathers what the reader sends into batches, in the order in which it was sent.
//!
//! A page is encoded while its bytes are in the cache and then dropped. Facts take effect before the segments of their
//! commit, so an open batch is sealed before a fact is added.

use std::collections::BTreeMap;

use sealog_batch::SealRule;
use sealog_chain::{Fact, Fold, Segment, SegmentFrom, record_leaf};
use sealog_record::{
    Decision, EvidenceRow, Gap, GapCause, ReadFrom, SequenceNumber, ShardId, ShardPosition, StreamLabel,
    Timestamp,
};
use sealog_source::{Page, PageRecord, SourceEvent};

use crate::judging::{Arrived, Run};
use crate::sealed::{ObjectBuilder, Sealed};
use crate::{Judges, PipelineError};

/// Most segments of a commit.
const SEGMENTS_MAX: usize = 100;
/// Most facts of a commit.
const FACTS_MAX: usize = 32;
/// Bytes of segments, facts and filters at which a batch is due: with what else a commit says (the genesis is the longest),
/// it has to stay below the size of a log entry, whatever the ids.
const STATED_MAX: usize = 48 * 1024;
/// Bytes that a fact may need: a gap with the longest ids, or a stream's ARN.
const FACT_BYTES: usize = 700;
/// Bytes that a segment needs besides its ids, both sequence numbers included even where it has none yet.
const SEGMENT_BYTES: usize = 200;
/// Bytes that a filter may need: its line in the batch, and the facts that pin it, set it aside, and remove another one.
pub(crate) const FILTER_BYTES: usize = 2_200;
/// How long news without rows (a shard was found, a stream opened) waits for company, in milliseconds.
const NEWS_AGE_MAX_MS: i64 = 200;

/// Where each shard will stand once everything gathered is committed.
type Expected = BTreeMap<Place, ShardPosition>;

/// A shard of a stream.
type Place = (StreamLabel, ShardId);

/// One table's open batch.
pub struct Gatherer {
    rule: SealRule,
    expected: Expected,
    open: Sealed,
    rows: Option<ObjectBuilder>,
    oldest_ms: Option<i64>,
    stated: usize,
    scratch: Vec<u8>,
    /// Who judges what is in the open batch.
    judges: Judges,
}

impl Gatherer {
    /// Goes on behind `fold`.
    #[must_use]
    pub fn new(fold: &Fold, rule: SealRule) -> Self {
        Self {
            rule,
            expected: fold.positions(),
            open: Sealed::default(),
            rows: None,
            oldest_ms: None,
            stated: 0,
            scratch: Vec::new(),
            judges: Judges::default(),
        }
    }

    /// Filters that judge from the beginning.
    #[must_use]
    pub(crate) fn judged_by(self, judges: Judges) -> Self {
        Self { stated: FILTER_BYTES * judges.len(), judges, ..self }
    }

    /// Takes one event that no filter judges; returns what had to be sealed before it, and what became due with it.
    ///
    /// # Errors
    /// [`PipelineError::Batch`] when rows cannot be encoded.
    pub fn take(&mut self, event: SourceEvent, now_ms: i64) -> Result<Vec<Sealed>, PipelineError> {
        self.take_judged(Arrived { event, runs: Vec::new() }, now_ms)
    }

    /// As [`Gatherer::take`], with what filters said of a page.
    pub(crate) fn take_judged(
        &mut self,
        Arrived { event, runs }: Arrived,
        now_ms: i64,
    ) -> Result<Vec<Sealed>, PipelineError> {
        let mut sealed = Vec::new();
        match event {
            SourceEvent::StreamOpened { stream, view_type, start, at_ms } => {
                let at = Timestamp::from_millis(at_ms);
                self.state(Fact::StreamOpened { arn: stream, view_type, start, at }, now_ms, &mut sealed)?;
            }
            SourceEvent::Gap(gap) => {
                self.expect_gap(&gap);
                self.state(Fact::Gap(gap), now_ms, &mut sealed)?;
            }
            SourceEvent::Discovered { stream, shard, parent, from } => {
                let position = ShardPosition::begun(parent, from);
                let place = (stream, shard);
                self.expected.entry(place.clone()).or_insert(position);
                self.segment(&place, now_ms);
            }
            SourceEvent::Page { stream, shard, page, first, closes, permit } => {
                let place = (stream, shard);
                if runs.is_empty() {
                    self.page(&place, &page, first, now_ms)?;
                } else {
                    sealed.extend(self.judged_page(&place, &page, (first, runs), now_ms)?);
                }
                if closes {
                    self.close(&place, now_ms);
                }
                // The page's bytes are in the batch now; its share of memory is free.
                drop(permit);
            }
            SourceEvent::StreamClosed { stream, cause, at_ms } => {
                let at = Timestamp::from_millis(at_ms);
                self.state(Fact::StreamClosed { stream, cause, at }, now_ms, &mut sealed)?;
            }
            SourceEvent::Resumed { .. } | SourceEvent::CaughtUp => {}
        }
        if self.is_due(now_ms) {
            sealed.extend(self.seal()?);
        }
        Ok(sealed)
    }

    /// Adds a fact to the next commit.
    ///
    /// # Errors
    /// As [`Gatherer::take`].
    pub fn state(&mut self, fact: Fact, now_ms: i64, sealed: &mut Vec<Sealed>) -> Result<(), PipelineError> {
        if !self.open.segments.is_empty() || self.open.facts.len() >= FACTS_MAX {
            sealed.extend(self.seal()?);
        }
        self.oldest_ms.get_or_insert(now_ms);
        self.stated += FACT_BYTES;
        self.open.facts.push(fact);
        Ok(())
    }

    /// Milliseconds until the open batch is due by its age; `None` while it is empty.
    #[must_use]
    pub fn due_in_ms(&self, now_ms: i64) -> Option<u64> {
        let age = now_ms.saturating_sub(self.oldest_ms?);
        let age_max = if self.rows.is_some() {
            i64::try_from(self.rule.age_max_ms).unwrap_or(i64::MAX)
        } else {
            NEWS_AGE_MAX_MS
        };
        Some(u64::try_from(age_max.saturating_sub(age)).unwrap_or(0))
    }

    /// Whether the open batch is to be sealed now.
    #[must_use]
    pub fn is_due(&self, now_ms: i64) -> bool {
        let (rows, bytes) = self.rows.as_ref().map_or((0, 0), |rows| (rows.rows(), rows.bytes()));
        self.rule.is_due(rows, bytes, 0)
            || self.open.segments.len() >= SEGMENTS_MAX
            || self.stated >= STATED_MAX
            || self.due_in_ms(now_ms) == Some(0)
    }

    /// Closes the open batch; `None` when there is nothing in it.
    ///
    /// # Errors
    /// As [`Gatherer::take`].
    pub fn seal(&mut self) -> Result<Option<Sealed>, PipelineError> {
        (self.oldest_ms, self.stated) = (None, FILTER_BYTES * self.judges.len());
        let mut sealed = std::mem::take(&mut self.open);
        if let Some(rows) = self.rows.take() {
            sealed.object = rows.seal()?;
        }
        sealed.judges = Some(self.judges.clone());
        Ok(Some(sealed).filter(|sealed| !sealed.is_empty()))
    }

    fn page(&mut self, place: &Place, page: &Page, first: usize, now_ms: i64) -> Result<(), PipelineError> {
        let (stream, shard) = place;
        let fresh = page.len().saturating_sub(first);
        let Some(last) = fresh.checked_sub(1).and_then(|_| page.sequence(page.len() - 1)) else {
            return Ok(());
        };
        let mut rows = self.open_rows()?;
        for record in page.records().skip(first) {
            let decision = if record.unreadable { Decision::UNREADABLE } else { Decision::KEEP };
            let row = EvidenceRow {
                stream_label: stream.as_str(),
                shard_id: shard.as_str(),
                change: record.change,
                decision,
            };
            let leaf = record_leaf(&row, &mut self.scratch);
            rows.push(&row, leaf);
        }
        rows.end_page()?;
        self.rows = Some(rows);
        self.segment(place, now_ms);
        self.extend(place, fresh, last);
        Ok(())
    }

    fn open_rows(&mut self) -> Result<ObjectBuilder, PipelineError> {
        match self.rows.take() {
            Some(rows) => Ok(rows),
            None => Ok(ObjectBuilder::new()?),
        }
    }

    /// A page in runs. What other filters judged, or the same ones standing otherwise, belongs to another batch: a fact says
    /// so before it.
    fn judged_page(
        &mut self,
        place: &Place,
        page: &Page,
        (first, runs): (usize, Vec<Run>),
        now_ms: i64,
    ) -> Result<Vec<Sealed>, PipelineError> {
        let mut sealed = Vec::new();
        let mut records = page.records().skip(first);
        let mut behind = first;
        for run in runs {
            if run.judges != self.judges {
                sealed.extend(self.seal()?);
                self.judges = run.judges.clone();
            }
            behind += run.rows.len();
            let last = run.rows.len().checked_sub(1).and_then(|_| page.sequence(behind - 1));
            let Some(last) = last else { continue };
            self.judged_rows(place, &mut records, &run)?;
            self.segment(place, now_ms);
            self.extend(place, run.rows.len(), last);
        }
        if records.next().is_some() {
            return Err(PipelineError::Defect("filters left records of a page out".to_owned()));
        }
        Ok(sealed)
    }

    fn judged_rows<'a>(
        &mut self,
        (stream, shard): &Place,
        records: &mut impl Iterator<Item = PageRecord<'a>>,
        run: &Run,
    ) -> Result<(), PipelineError> {
        let mut rows = self.open_rows()?;
        for (number, (judgement, record)) in run.rows.iter().zip(records).enumerate() {
            let (change, decision) = match judgement {
                Some(judgement) => (judgement.archived(&record.change), judgement.decision()),
                None => (record.change, Decision::UNREADABLE),
            };
            let row =
                EvidenceRow { stream_label: stream.as_str(), shard_id: shard.as_str(), change, decision };
            let leaf = record_leaf(&row, &mut self.scratch);
            rows.push_judged(&row, leaf, run.opinions.of(number));
        }
        rows.end_page()?;
        self.rows = Some(rows);
        Ok(())
    }

    /// Makes sure that the newest segment is one of this shard that may still grow.
    fn segment(&mut self, place: &Place, now_ms: i64) {
        let (stream, shard) = place;
        self.oldest_ms.get_or_insert(now_ms);
        let grows =
            |segment: &Segment| segment.shard == *shard && segment.stream == *stream && !segment.closed;
        if self.open.segments.last().is_some_and(grows) {
            return;
        }
        let position = self.expected.get(place);
        let (parent, from, after) = position.map_or((None, ReadFrom::TrimHorizon, None), |position| {
            (position.parent.clone(), position.next(), position.last)
        });
        // JSON may write a character of an id as two.
        let ids = stream.as_str().len() + shard.as_str().len();
        let parent_id = parent.as_ref().map_or(0, |parent| parent.as_str().len());
        self.stated += SEGMENT_BYTES + 2 * (ids + parent_id);
        self.open.segments.push(Segment {
            stream: stream.clone(),
            shard: shard.clone(),
            parent,
            from: SegmentFrom::of(from),
            after,
            last: None,
            rows: 0,
            closed: false,
        });
    }

    fn extend(&mut self, place: &Place, rows: usize, last: SequenceNumber) {
        if let Some(segment) = self.open.segments.last_mut() {
            segment.rows += rows as u64;
            segment.last = Some(last);
        }
        let unknown = || ShardPosition::begun(None, ReadFrom::TrimHorizon);
        self.expected.entry(place.clone()).or_insert_with(unknown).extend(last);
    }

    fn close(&mut self, place: &Place, now_ms: i64) {
        self.segment(place, now_ms);
        if let Some(segment) = self.open.segments.last_mut() {
            segment.closed = true;
        }
        if let Some(position) = self.expected.get_mut(place) {
            position.done = true;
        }
    }

    fn expect_gap(&mut self, gap: &Gap) {
        for ((stream, id), position) in &mut self.expected {
            let whole_stream = gap.shard.is_none() && gap.cause == GapCause::StreamVanished;
            if *stream != gap.stream || !(whole_stream || gap.shard.as_ref() == Some(id)) {
                continue;
            }
            position.skip(gap);
            position.done |= whole_stream;
        }
    }
}
