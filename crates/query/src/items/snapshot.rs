//! A table as it was at an instant.

use sealog_record::Timestamp;

use super::completeness::Completeness;
use super::facts::Facts;
use super::key::ItemKey;
use super::state::{ItemState, Moment, spot};
use super::value::Item;
use super::walk::Walk;
use crate::error::QueryError;
use crate::session::Session;

/// The items of a table at an instant, in order of their keys' texts. Memory: two changes of one item, and what the engine
/// may use to sort.
pub struct Snapshot<'a>(Walk<'a>);

/// One item of a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemAt {
    /// Its key attributes.
    pub keys: Item,
    /// What it was.
    pub state: ItemState,
}

impl<'a> Snapshot<'a> {
    /// Of all items, or of one.
    ///
    /// # Errors
    /// [`QueryError::Nothing`] where the log holds no change of the one item; else what the engine says.
    pub async fn open(
        session: &'a Session,
        facts: &'a Facts,
        at: Timestamp,
        key: Option<ItemKey>,
    ) -> Result<Self, QueryError> {
        Ok(Self(Walk::open(session, facts, (at, at), key).await?))
    }

    /// Gives no more than so many items.
    #[must_use]
    pub fn at_most(mut self, limit: u64) -> Self {
        self.0.limit = limit;
        self
    }

    /// The next item that was there or may have been; the one that was asked for in any case. `None` at the end.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn next(&mut self) -> Result<Option<ItemAt>, QueryError> {
        let walk = &mut self.0;
        loop {
            let mut moment = Moment::new(walk.to);
            let Some(keys) = walk.next(|row| moment.take(row)).await? else { return Ok(None) };
            let state = walk.state(&moment)?;
            let is_shown = !state.state.is_absent() || !state.gaps.is_empty() || walk.is_of_one;
            if is_shown && walk.is_full() {
                return Ok(None);
            }
            walk.tally.take(&[&state]);
            if is_shown {
                walk.last = spot(moment.open_end())?;
                walk.tally.items += 1;
                return Ok(Some(ItemAt { keys, state }));
            }
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
