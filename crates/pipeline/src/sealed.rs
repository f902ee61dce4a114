//! What one commit will state, before it has a number.

use bytes::Bytes;
use sealog_batch::{BatchBuilder, BatchError};
use sealog_chain::{
    Batch, BatchObject, Decisions, EMPTY_ROOT, Fact, Hash, SCHEMA, Segment, Tree, evidence_key, sha256,
};
use sealog_filter::Opinion;
use sealog_record::EvidenceRow;

use crate::{Judges, Opinions};

/// Rows, segments and facts that are committed together. It holds no commit number, so a lost race costs no row.
#[derive(Debug, Clone, Default)]
pub struct Sealed {
    /// Facts, which take effect before the segments.
    pub facts: Vec<Fact>,
    /// Segments in row order.
    pub segments: Vec<Segment>,
    /// The rows; `None` without any.
    pub object: Option<SealedObject>,
    /// Who judged the rows, and judges this table's records; `None` of what has nothing to do with records. The log states
    /// what has changed about them in the same commit.
    pub judges: Option<Judges>,
}

/// Rows as the object that will hold them.
#[derive(Debug, Clone)]
pub struct SealedObject {
    /// Parquet bytes.
    pub bytes: Bytes,
    /// Their SHA-256, computed once.
    pub sha256: Hash,
    /// Rows.
    pub rows: u64,
    /// Root over the leaves.
    pub root: Hash,
    /// What was decided about them.
    pub decisions: Decisions,
    /// What each filter said of each of them.
    pub opinions: Opinions,
}

impl Sealed {
    /// Whether there is nothing to state.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty() && self.segments.is_empty()
    }

    /// Rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.object.as_ref().map_or(0, |object| object.rows)
    }

    /// The `batch` member of the commit.
    #[must_use]
    pub fn batch(&self) -> Option<Batch> {
        let segments = self.segments.clone();
        if segments.is_empty() {
            return None;
        }
        let Some(object) = &self.object else { return Some(Batch::without_rows(segments)) };
        Some(Batch {
            records: object.rows,
            records_root: object.root,
            objects: vec![object.describe()],
            segments,
            decisions: object.decisions,
            filters: self.judges.as_ref().map(|judges| judges.uses(&object.opinions)).unwrap_or_default(),
        })
    }
}

impl SealedObject {
    fn describe(&self) -> BatchObject {
        BatchObject {
            key: evidence_key(&self.sha256),
            schema: SCHEMA.to_owned(),
            bytes: self.bytes.len() as u64,
            sha256: self.sha256,
            rows: self.rows,
        }
    }
}

/// Rows on their way to a [`SealedObject`]: Parquet, tree and counts side by side.
pub(crate) struct ObjectBuilder {
    rows: BatchBuilder,
    tree: Tree,
    decisions: Decisions,
    opinions: Opinions,
}

impl ObjectBuilder {
    pub(crate) fn new() -> Result<Self, BatchError> {
        Ok(Self {
            rows: BatchBuilder::new()?,
            tree: Tree::default(),
            decisions: Decisions::default(),
            opinions: Opinions::default(),
        })
    }

    /// Adds a row with what each filter said of it.
    pub(crate) fn push_judged(&mut self, row: &EvidenceRow<'_>, leaf: Hash, opinions: &[Opinion]) {
        self.push(row, leaf);
        self.opinions.push(opinions);
    }

    pub(crate) fn push(&mut self, row: &EvidenceRow<'_>, leaf: Hash) {
        self.rows.push(row, &leaf.0);
        self.tree.push(leaf);
        self.decisions.count(row.decision.verdict, row.decision.reason);
    }

    pub(crate) fn end_page(&mut self) -> Result<(), BatchError> {
        self.rows.end_page()
    }

    pub(crate) fn rows(&self) -> usize {
        self.rows.rows()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.rows.bytes()
    }

    /// `None` without rows.
    pub(crate) fn seal(self) -> Result<Option<SealedObject>, BatchError> {
        if self.tree.root() == EMPTY_ROOT {
            return Ok(None);
        }
        let Self { rows, tree, decisions, opinions } = self;
        let sealed = rows.seal()?;
        let sha256 = sha256(&sealed.bytes);
        let (rows, root) = (tree.size(), tree.root());
        Ok(Some(SealedObject { bytes: sealed.bytes, sha256, rows, root, decisions, opinions }))
    }
}
