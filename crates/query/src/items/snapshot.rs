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
        let groups = Groups::open(session, key.clone(), at, at).await?;
        if let (None, Some(key)) = (&groups, &key) {
            return Err(search::nothing(session, facts, key).await?);
        }
        let is_of_one = key.is_some();
        Ok(Self { session, facts, gaps, groups, at, is_of_one, last: None, tally: Tally::default() })
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
            self.tally.take(&[&state]);
            if !state.state.is_absent() || !state.gaps.is_empty() || self.is_of_one {
                self.last = spot(moment.open_end())?;
                self.tally.items += 1;
                return Ok(Some(ItemAt { keys, state }));
            }
        }
    }

    /// What the answer could not know; `is_cut`: [`Self::next`] was not asked to the end.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn end(self, is_cut: bool) -> Result<Completeness, QueryError> {
        let Self { session, facts, gaps, at, is_of_one, last, tally, .. } = self;
        let last = is_of_one.then_some(last);
        sum_up(Asked { session, facts, gaps: &gaps, from: at, to: at, last, is_cut }, &tally).await
    }
}
