//! What happened to one item, change by change.

use sealog_record::Timestamp;

use super::change::{Change, Left, change};
use super::facts::{Beginning, Facts, SignedHead};
use super::gaps::{self, DeclaredGap};
use super::key::ItemKey;
use super::row::{IN_ORDER, Row, Rows, Spot};
use super::search;
use super::value::Item;
use crate::error::QueryError;
use crate::session::Session;

/// Every column of evidence, so that the leaf hash can be made anew, and the row's place.
const COLUMNS: &str = "stream_label, shard_id, sequence_number, event_id, event_name, event_version, event_source, \
     aws_region, created_at, size_bytes, stream_view_type, user_identity_type, user_identity_principal_id, keys, \
     old_image, new_image, extra, verdict, reason, tags, redactions, filter, leaf_hash, commit_number, row_index, \
     committed_at";

/// Which changes of an item are shown; both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    /// Not those made before.
    pub from: Option<Timestamp>,
    /// Not those made after.
    pub to: Option<Timestamp>,
}

impl Period {
    fn holds(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at <= to)
    }
}

/// The changes of one item, oldest first, as they are read. Memory: one change.
pub struct ItemHistory<'a> {
    session: &'a Session,
    facts: &'a Facts,
    gaps: Vec<DeclaredGap>,
    key: ItemKey,
    period: Period,
    rows: Rows,
    first: Option<Row>,
    item: Item,
    last: Option<(Spot, Left)>,
    ending: Counts,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    changes: u64,
    shown: u64,
    dropped: u64,
    broken: u64,
}

/// What is to be said when all changes were shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEnd {
    /// The key attributes.
    pub item: Item,
    /// Changes of the item in this log.
    pub changes: u64,
    /// Those in the period that was asked for.
    pub shown: u64,
    /// Of all, those of which only a tombstone is archived.
    pub dropped: u64,
    /// Of all, those that do not begin from what the one before left, without a gap between.
    pub broken: u64,
    /// Gaps that may hide changes behind the last one.
    pub gaps: Vec<DeclaredGap>,
    /// Records of the log that could not be read, so that nobody knows which item they changed.
    pub unreadable: u64,
    /// Commits whose rows are not in the lake yet.
    pub behind: u64,
    /// Since when the log reads.
    pub beginning: Option<Beginning>,
    /// Date of the newest commit.
    pub head_at: Option<Timestamp>,
    /// What the signed head covers.
    pub signed: SignedHead,
}

impl<'a> ItemHistory<'a> {
    /// Looks for the item. The session's `changes` are those of the log that the facts are of.
    ///
    /// # Errors
    /// [`QueryError::Nothing`] where the log holds no change of it; else what the engine says.
    pub async fn open(
        session: &'a Session,
        facts: &'a Facts,
        key: ItemKey,
        period: Period,
    ) -> Result<Self, QueryError> {
        let gaps = gaps::declared(session, facts).await?;
        for condition in search::conditions(&key) {
            let from = search::rows(facts);
            let sql = format!("SELECT {COLUMNS} FROM {from} AND ({condition}) ORDER BY {IN_ORDER}");
            let mut rows = Rows::new(session.sql(&sql).await?);
            if let Some((row, item)) = search::next(&mut rows, &key).await? {
                let (first, last, ending) = (Some(row), None, Counts::default());
                return Ok(Self { session, facts, gaps, key, period, rows, first, item, last, ending });
            }
        }
        Err(search::nothing(session, facts, &key).await?)
    }

    /// The next change of the period; `None` at the end.
    ///
    /// # Errors
    /// [`QueryError::Question`] where the key is that of two items; else what the engine says.
    pub async fn next(&mut self) -> Result<Option<Change>, QueryError> {
        loop {
            let row = match self.first.take() {
                Some(row) => row,
                None => match search::next(&mut self.rows, &self.key).await? {
                    Some((row, item)) => {
                        search::same(&self.item, &item, &self.key)?;
                        row
                    }
                    None => return Ok(None),
                },
            };
            let change = self.take(&row)?;
            if self.period.holds(change.at) {
                self.ending.shown += 1;
                return Ok(Some(change));
            }
        }
    }

    fn take(&mut self, row: &Row) -> Result<Change, QueryError> {
        let spot = row.spot()?;
        self.ending.changes += 1;
        let gaps = self.hidden(Some(&spot));
        let before = self.last.as_ref().map(|(_, left)| left);
        let (change, left) = change(row, self.ending.changes, before, gaps, self.facts.signed());
        self.last = Some((spot, left));
        self.ending.dropped += u64::from(change.verdict.verdict == "drop");
        self.ending.broken += u64::from(change.continuity == super::change::Continuity::Broken);
        Ok(change)
    }

    /// Gaps between the change that was taken last and a later one, or the end.
    fn hidden(&self, later: Option<&Spot>) -> Vec<DeclaredGap> {
        let earlier = self.last.as_ref().map(|(spot, _)| spot);
        let hides = |gap: &&DeclaredGap| gap.may_hide(earlier, later, &self.facts.lineage);
        self.gaps.iter().filter(hides).cloned().collect()
    }

    /// What is to be said at the end; to be asked when [`Self::next`] gave `None`.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn end(self) -> Result<HistoryEnd, QueryError> {
        Ok(HistoryEnd {
            gaps: self.hidden(None),
            unreadable: search::unreadable(self.session, self.facts).await?,
            behind: search::behind(self.session),
            beginning: self.facts.beginning(),
            head_at: self.facts.fold.committed_at(),
            signed: self.facts.signed().clone(),
            changes: self.ending.changes,
            shown: self.ending.shown,
            dropped: self.ending.dropped,
            broken: self.ending.broken,
            item: self.item,
        })
    }
}
