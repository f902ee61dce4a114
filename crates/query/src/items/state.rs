//! What an item was at an instant: told by the newest change up to it, or else by the first one behind it.

use std::sync::Arc;

use sealog_record::Timestamp;

use super::gaps::DeclaredGap;
use super::image::{Image, Unknown, image};
use super::lineage::Lineage;
use super::path::{Path, Side};
use super::row::{Row, Spot};
use super::value::Item;
use crate::error::QueryError;

const SECOND_MS: i64 = 1000;

/// An item at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemState {
    /// What it was.
    pub state: State,
    /// The change that tells it; `None` where none does.
    pub basis: Option<Basis>,
    /// Gaps that may hide a change between that change and the instant.
    pub gaps: Vec<DeclaredGap>,
    /// A change was made within the second of the instant: whether before or after, the stream does not say. It is taken
    /// for before.
    pub same_second: bool,
}

/// What an item was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It was there, and this is it.
    Present {
        /// Its attributes; what was redacted is marked.
        item: Item,
        /// What was redacted.
        redacted: Vec<Path>,
    },
    /// It was not there: removed before.
    Removed,
    /// It was not there: made later.
    NotYet,
    /// It was there; what it was, cannot be known.
    Exists(Unknown),
    /// Whether it was there cannot be known.
    Unknown(Unknown),
}

impl State {
    /// Its word in JSON.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Present { .. } => "present",
            Self::Removed => "removed",
            Self::NotYet => "not_yet",
            Self::Exists(_) => "exists",
            Self::Unknown(_) => "unknown",
        }
    }

    /// Whether there was no item.
    #[must_use]
    pub fn is_absent(&self) -> bool {
        matches!(self, Self::Removed | Self::NotYet)
    }
}

/// The change that tells what an item was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Number of its commit.
    pub commit: u64,
    /// Place in the commit's batch.
    pub row: u64,
    /// When it was made, to the second.
    pub at: Timestamp,
    /// Its sequence number.
    pub sequence: String,
    /// Which of its images: the new one of a change before the instant, the old one of a change behind it.
    pub side: Side,
}

/// One item's changes around an instant: they come in order, and two of them stay.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    at: Timestamp,
    before: Option<Arc<Row>>,
    after: Option<Arc<Row>>,
}

impl Moment {
    pub(crate) fn new(at: Timestamp) -> Self {
        Self { at, before: None, after: None }
    }

    pub(crate) fn take(&mut self, row: &Arc<Row>) {
        if row.at() <= self.at {
            (self.before, self.after) = (Some(Arc::clone(row)), None);
        } else if self.after.is_none() {
            self.after = Some(Arc::clone(row));
        }
    }

    /// The last change up to the instant, if nothing is known behind it.
    pub(crate) fn open_end(&self) -> Option<&Row> {
        self.before.as_deref().filter(|_| self.after.is_none())
    }

    /// What the item was.
    ///
    /// # Errors
    /// [`QueryError::Failed`] for a row that has no place.
    pub(crate) fn state(&self, gaps: &[DeclaredGap], lineage: &Lineage) -> Result<ItemState, QueryError> {
        let (state, told_by) = self.told();
        let earlier = self.before.as_ref().map(|row| row.spot()).transpose()?;
        let later = self.after.as_ref().map(|row| row.spot()).transpose()?;
        // Between the change that tells and the instant, nothing else may have happened.
        let hides = |gap: &&DeclaredGap| {
            let lies = match told_by {
                Some(Side::NewImage) => gap.may_lie_before(self.at),
                Some(Side::OldImage) => gap.may_lie_after(self.at),
                None => true,
            };
            lies && gap.may_hide(earlier.as_ref(), later.as_ref(), lineage)
        };
        let second = |at: Timestamp| at.as_millis().div_euclid(SECOND_MS);
        Ok(ItemState {
            basis: self.basis(told_by),
            gaps: gaps.iter().filter(hides).cloned().collect(),
            same_second: self.before.as_ref().is_some_and(|row| second(row.at()) == second(self.at)),
            state,
        })
    }

    fn told(&self) -> (State, Option<Side>) {
        let left = self.before.as_ref().map(|row| image(&row.evidence(), Side::NewImage));
        let found = self.after.as_ref().map(|row| image(&row.evidence(), Side::OldImage));
        match (left, found) {
            (Some(Image::Present { item, redacted }), _) => {
                (State::Present { item, redacted }, Some(Side::NewImage))
            }
            (Some(Image::Absent), _) => (State::Removed, Some(Side::NewImage)),
            (_, Some(Image::Present { item, redacted })) => {
                (State::Present { item, redacted }, Some(Side::OldImage))
            }
            (None, Some(Image::Absent)) => (State::NotYet, Some(Side::OldImage)),
            // It was there after the one change and not before the other.
            (Some(Image::Unknown(_)), Some(Image::Absent)) => (State::Unknown(Unknown::Contradiction), None),
            (Some(Image::Unknown(why)), _) => (exists(self.before.as_deref(), why), None),
            (None, Some(Image::Unknown(why))) => (exists(self.after.as_deref(), why), None),
            (None, None) => (State::Unknown(Unknown::Unreadable), None),
        }
    }

    fn basis(&self, side: Option<Side>) -> Option<Basis> {
        let side = side?;
        let row = match side {
            Side::NewImage => self.before.as_ref()?,
            Side::OldImage => self.after.as_ref()?,
        };
        Some(Basis {
            commit: row.commit(),
            row: row.row(),
            at: row.at(),
            sequence: row.evidence().change.sequence_number.to_owned(),
            side,
        })
    }
}

/// A change whose event is known says that its item was there: insertions and removals have told more already.
fn exists(row: Option<&Row>, why: Unknown) -> State {
    let is_told = row.is_some_and(|row| row.evidence().change.event_name.is_some());
    if is_told { State::Exists(why) } else { State::Unknown(why) }
}

/// Where the last change of an item lies, if any.
pub(crate) fn spot(row: Option<&Row>) -> Result<Option<Spot>, QueryError> {
    row.map(Row::spot).transpose()
}
