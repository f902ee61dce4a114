//! A table at two instants: which items differ.

use sealog_record::Timestamp;

use super::completeness::Completeness;
use super::diff::{AttributeChange, Difference, differences};
use super::facts::Facts;
use super::key::ItemKey;
use super::state::{ItemState, Moment, State, spot};
use super::value::Item;
use super::walk::Walk;
use crate::error::QueryError;
use crate::session::Session;

/// The items that were changed between two instants, in order of their keys' texts. Memory: as for a snapshot.
pub struct Comparison<'a>(Walk<'a>);

/// One item that was changed.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemComparison {
    /// Its key attributes.
    pub keys: Item,
    /// How it differs.
    pub difference: ItemDifference,
    /// Changes that were made after the first instant, up to the second.
    pub changes: u64,
    /// What it was at the first.
    pub from: ItemState,
    /// What it was at the second.
    pub to: ItemState,
}

/// How an item differs at two instants.
#[derive(Debug, Clone, PartialEq)]
pub enum ItemDifference {
    /// It was not there at the first.
    Added,
    /// It was not there at the second.
    Removed,
    /// These attributes differ.
    Modified(Vec<AttributeChange>),
    /// It was changed, and is as it was (or not there, as it was not).
    ChangedBack,
    /// It was changed; whether it differs cannot be known.
    Unknown,
}

impl ItemDifference {
    /// Its word in JSON.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Modified(_) => "modified",
            Self::ChangedBack => "changed_back",
            Self::Unknown => "unknown",
        }
    }

    fn of(from: &State, to: &State) -> Self {
        match (from, to) {
            (State::Present { item: old, .. }, State::Present { item: new, .. }) => {
                let attributes = differences(Some(old), Some(new));
                if attributes.is_empty() {
                    Self::ChangedBack
                } else if attributes.iter().all(|change| change.difference == Difference::Unknown) {
                    Self::Unknown
                } else {
                    Self::Modified(attributes)
                }
            }
            (from, to) if from.is_absent() && to.is_absent() => Self::ChangedBack,
            (from, State::Present { .. } | State::Exists(_)) if from.is_absent() => Self::Added,
            (State::Present { .. } | State::Exists(_), to) if to.is_absent() => Self::Removed,
            _ => Self::Unknown,
        }
    }
}

impl<'a> Comparison<'a> {
    /// Of all items, or of one, at `from` and at `to`, which is not before it.
    ///
    /// # Errors
    /// [`QueryError::Question`] where `to` is before `from`; [`QueryError::Nothing`] where the log holds no change of the one
    /// item; else what the engine says.
    pub async fn open(
        session: &'a Session,
        facts: &'a Facts,
        (from, to): (Timestamp, Timestamp),
        key: Option<ItemKey>,
    ) -> Result<Self, QueryError> {
        if to < from {
            return Err(QueryError::Question(format!("{to} is before {from}: exchange the two instants")));
        }
        Ok(Self(Walk::open(session, facts, (from, to), key).await?))
    }

    /// Gives no more than so many items.
    #[must_use]
    pub fn at_most(mut self, limit: u64) -> Self {
        self.0.limit = limit;
        self
    }

    /// The next item that was changed between the two; `None` at the end.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn next(&mut self) -> Result<Option<ItemComparison>, QueryError> {
        let walk = &mut self.0;
        let (from, to) = (walk.from, walk.to);
        loop {
            let (mut first, mut second) = (Moment::new(from), Moment::new(to));
            let mut changes = 0;
            let keys = walk.next(|row| {
                first.take(row);
                second.take(row);
                changes += u64::from(from < row.at() && row.at() <= to);
            });
            let Some(keys) = keys.await? else { return Ok(None) };
            walk.last = spot(second.open_end())?;
            if changes == 0 {
                continue;
            }
            if walk.is_full() {
                return Ok(None);
            }
            let (from, to) = (walk.state(&first)?, walk.state(&second)?);
            walk.tally.items += 1;
            walk.tally.take(&[&from, &to]);
            let difference = ItemDifference::of(&from.state, &to.state);
            return Ok(Some(ItemComparison { keys, difference, changes, from, to }));
        }
    }

    /// What the answer could not know; to be asked when [`Self::next`] gave `None`.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn end(self) -> Result<Completeness, QueryError> {
        self.0.end().await
    }
}
