//! A table as it was at an instant.

use sealog_record::Timestamp;

use super::completeness::{Asked, Completeness, Tally, sum_up};
use super::facts::Facts;
use super::gaps::{self, DeclaredGap};
use super::groups::Groups;
use super::key::ItemKey;
use super::row::Spot;
use super::search;
use super::state::{ItemState, Moment, spot};
use super::value::Item;
use crate::error::QueryError;
use crate::session::Session;

/// The items of a table at an instant, in order of their keys' texts. Memory: two changes of one item, and what the engine
/// may use to sort.
pub struct Snapshot<'a> {
    session: &'a Session,
    facts: &'a Facts,
    gaps: Vec<DeclaredGap>,
    groups: Option<Groups>,
    at: Timestamp,
    is_of_one: bool,
    limit: u64,
    is_cut: bool,
    last: Option<Spot>,
    tally: Tally,
}

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
        let gaps = gaps::declared(session, facts).await?;
        let groups = Groups::open(session, facts, key.clone(), (at, at)).await?;
        if let (None, Some(key)) = (&groups, &key) {
            return Err(search::nothing(session, facts, key).await?);
        }
        let is_of_one = key.is_some();
        let (limit, is_cut, last, tally) = (u64::MAX, false, None, Tally::default());
        Ok(Self { session, facts, gaps, groups, at, is_of_one, limit, is_cut, last, tally })
    }

    /// Gives no more than so many items.
    #[must_use]
    pub fn at_most(self, limit: u64) -> Self {
        Self { limit, ..self }
    }

    /// The next item that was there or may have been; the one that was asked for in any case. `None` at the end.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn next(&mut self) -> Result<Option<ItemAt>, QueryError> {
        let Some(groups) = &mut self.groups else { return Ok(None) };
        loop {
            let mut moment = Moment::new(self.at);
            let Some(keys) = groups.next(|row| moment.take(row)).await? else { return Ok(None) };
            let state = moment.state(&self.gaps, &self.facts.lineage)?;
            let is_shown = !state.state.is_absent() || !state.gaps.is_empty() || self.is_of_one;
            if is_shown && self.tally.items == self.limit {
                self.is_cut = true;
                return Ok(None);
            }
            self.tally.take(&[&state]);
            if is_shown {
                self.last = spot(moment.open_end())?;
                self.tally.items += 1;
                return Ok(Some(ItemAt { keys, state }));
            }
        }
    }

    /// What the answer could not know; to be asked when [`Self::next`] gave `None`.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn end(self) -> Result<Completeness, QueryError> {
        let Self { session, facts, gaps, at, is_of_one, is_cut, last, tally, .. } = self;
        let last = is_of_one.then_some(last);
        sum_up(Asked { session, facts, gaps: &gaps, from: at, to: at, last, is_cut }, &tally).await
    }
}
