//! The rows of a batch, walked along its segments; nothing is allocated for a row that is as it should be.

use std::sync::Arc;

use sealog_chain::{Decisions, Hash, Segment, Tree, record_leaf};
use sealog_record::{EvidenceRow, SequenceNumber};

use crate::evidence::Evidence;
use crate::filters::Tally;
use crate::finding::{Code, Findings, Place};
use crate::images::{Gathered, Spot};

/// How much of a key is shown.
const KEYS_SHOWN_MAX: usize = 200;

/// Where in a batch the next row belongs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Walk {
    evidence: Arc<Evidence>,
    /// Segments entered so far; the last of them is the current one.
    entered: usize,
    /// Rows still to come of the current segment.
    left: u64,
    before: Option<SequenceNumber>,
    tree: Tree,
    decisions: Decisions,
    filters: Tally,
}

impl Walk {
    pub(crate) fn new(evidence: Arc<Evidence>) -> Self {
        Self {
            filters: Tally::new(&evidence.batch.filters),
            evidence,
            entered: 0,
            left: 0,
            before: None,
            tree: Tree::default(),
            decisions: Decisions::default(),
        }
    }

    /// Root over the rows so far.
    pub(crate) fn root(&self) -> Hash {
        self.tree.root()
    }

    /// Decisions on the rows so far.
    pub(crate) fn decisions(&self) -> Decisions {
        self.decisions
    }

    /// What the rows so far say of filters.
    pub(crate) fn filters(&self) -> &Tally {
        &self.filters
    }

    /// Passes over rows that cannot be looked at.
    pub(crate) fn skip(&mut self, mut rows: u64) {
        while rows > 0 && self.enter() {
            let step = rows.min(self.left);
            self.left -= step;
            rows -= step;
        }
    }

    /// Sees that there is a segment for the next row.
    fn enter(&mut self) -> bool {
        while self.left == 0 {
            let Some(segment) = self.evidence.batch.segments.get(self.entered) else { return false };
            let floor = self.evidence.floors.get(self.entered).copied().flatten();
            self.entered += 1;
            self.left = segment.rows;
            self.before = segment.after.or(floor);
        }
        true
    }

    /// FORMAT.md, section 3: each row counts once; an unknown verdict counts for none.
    fn count(&mut self, row: &EvidenceRow<'_>) {
        let fault = row.decision.reason.is_some_and(|reason| reason.starts_with("fault:"));
        let place = match row.decision.verdict {
            _ if fault => &mut self.decisions.fault,
            "keep" => &mut self.decisions.keep,
            "drop" => &mut self.decisions.drop,
            "redact" => &mut self.decisions.redact,
            _ => return,
        };
        *place += 1;
    }
}

/// Checks the rows of one object.
pub(crate) struct Rows<'a> {
    /// Goes on behind the object's rows.
    pub(crate) walk: Walk,
    pub(crate) findings: Findings,
    /// Rows seen.
    pub(crate) seen: u64,
    /// The first row that is not what was sealed, for people.
    pub(crate) first_changed: Option<String>,
    /// The object's place in its commit and what its rows say of items; `None`: nobody asks.
    pub(crate) images: Option<(u32, Gathered)>,
    number: u64,
    object: &'a str,
    scratch: Vec<u8>,
}

impl<'a> Rows<'a> {
    pub(crate) fn new(walk: Walk, number: u64, object: &'a str) -> Self {
        Self {
            walk,
            findings: Findings::default(),
            seen: 0,
            first_changed: None,
            images: None,
            number,
            object,
            scratch: Vec::new(),
        }
    }

    /// The next row of an object whose bytes are as committed.
    pub(crate) fn sealed(&mut self, row: &EvidenceRow<'_>, stored: &[u8]) {
        let leaf = self.leaf(row, stored);
        self.walk.tree.push(leaf);
        self.walk.count(row);
        if let Err(problem) = self.walk.filters.count(row) {
            let message = format!("{} {problem}", self.show(row));
            self.add(Code::FilterForeign, message);
        }
        if self.walk.enter() {
            self.place(row);
        }
        if let Some((object, gathered)) = &mut self.images {
            // The reader gives up long before it has so many rows.
            let row_number = u32::try_from(self.seen).unwrap_or(u32::MAX);
            gathered.take(Spot { commit: self.number, object: *object, row: row_number }, row);
        }
        self.seen += 1;
    }

    /// The next row of an object whose bytes are not: only its own leaf can still tell.
    pub(crate) fn changed(&mut self, row: &EvidenceRow<'_>, stored: &[u8]) {
        self.leaf(row, stored);
        self.seen += 1;
    }

    fn leaf(&mut self, row: &EvidenceRow<'_>, stored: &[u8]) -> Hash {
        let leaf = record_leaf(row, &mut self.scratch);
        if leaf.0.as_slice() != stored {
            let shown = self.show(row);
            let message = format!(
                "{shown} has the leaf hash {leaf}, stored with it is {}: the row is not what was sealed",
                Bytes(stored)
            );
            self.first_changed.get_or_insert(shown);
            self.add(Code::RowChanged, message);
        }
        leaf
    }

    fn place(&mut self, row: &EvidenceRow<'_>) {
        let evidence = Arc::clone(&self.walk.evidence);
        let current = self.walk.entered.checked_sub(1).and_then(|index| evidence.batch.segments.get(index));
        let Some(segment) = current else { return };
        if row.stream_label != segment.stream.as_str() || row.shard_id != segment.shard.as_str() {
            let message = format!(
                "{} is of stream {}, but the commit states shard {} of stream {} in this place",
                self.show(row),
                row.stream_label,
                segment.shard,
                segment.stream
            );
            self.add(Code::RowForeign, message);
        }
        self.order(row);
        self.walk.left -= 1;
        if self.walk.left == 0 {
            self.end(row, segment);
        }
    }

    fn order(&mut self, row: &EvidenceRow<'_>) {
        let Ok(number) = row.change.sequence_number.parse::<SequenceNumber>() else {
            let message =
                format!("{}: that is no sequence number, so its place cannot be right", self.show(row));
            return self.add(Code::RowOrder, message);
        };
        if let Some(before) = self.walk.before.filter(|before| number <= *before) {
            let message = format!(
                "{} does not lie behind sequence number {before}, which stands before it",
                self.show(row)
            );
            self.add(Code::RowOrder, message);
        }
        self.walk.before = Some(number);
    }

    fn end(&mut self, row: &EvidenceRow<'_>, segment: &Segment) {
        let last = segment.last.map(|last| last.to_string());
        if last.as_deref() != Some(row.change.sequence_number) {
            let message = format!(
                "{} is the last of its segment, for which commit {} states the last sequence number {}",
                self.show(row),
                self.number,
                last.as_deref().unwrap_or("none")
            );
            let place = Place::commit(self.number).shard(segment.shard.as_str());
            self.findings.add(Code::SegmentMismatch, place, message);
        }
    }

    fn add(&mut self, code: Code, message: String) {
        let place = Place::commit(self.number).within(self.object).row(self.seen);
        self.findings.add(code, place, message);
    }

    fn show(&self, row: &EvidenceRow<'_>) -> String {
        let mut shown = format!(
            "row {} (shard {}, sequence number {}",
            self.seen, row.shard_id, row.change.sequence_number
        );
        if let Some(keys) = row.change.keys {
            shown.push_str(", keys ");
            shown.extend(keys.chars().take(KEYS_SHOWN_MAX));
        }
        shown.push(')');
        shown
    }
}

/// Prints bytes as hexadecimal digits; a foreign leaf may have any length.
struct Bytes<'a>(&'a [u8]);

impl std::fmt::Display for Bytes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().take(40).try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
