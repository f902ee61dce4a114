//! A walk over items, one after the other: what an answer about one instant and one about two share.

use std::sync::Arc;

use sealog_record::Timestamp;

use super::completeness::{Asked, Completeness, Tally, sum_up};
use super::facts::Facts;
use super::gaps::{self, DeclaredGap};
use super::groups::Groups;
use super::key::ItemKey;
use super::row::{Row, Spot};
use super::search;
use super::state::{ItemState, Moment};
use super::value::Item;
use crate::error::QueryError;
use crate::session::Session;

/// The items of a table, or one of them, in order of their keys' texts. Memory: two changes of one item, and what the engine
/// may use to sort.
pub(crate) struct Walk<'a> {
    session: &'a Session,
    facts: &'a Facts,
    gaps: Vec<DeclaredGap>,
    groups: Option<Groups>,
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) is_of_one: bool,
    pub(crate) limit: u64,
    is_cut: bool,
    /// The last change of the item that was shown last, if none is known behind `to`.
    pub(crate) last: Option<Spot>,
    pub(crate) tally: Tally,
}

impl<'a> Walk<'a> {
    /// Over all items, or one, to tell what they were at `from` and at `to`.
    ///
    /// # Errors
    /// [`QueryError::Nothing`] where the log holds no change of the one item; else what the engine says.
    pub(crate) async fn open(
        session: &'a Session,
        facts: &'a Facts,
        (from, to): (Timestamp, Timestamp),
        key: Option<ItemKey>,
    ) -> Result<Self, QueryError> {
        let gaps = gaps::declared(session, facts).await?;
        let groups = Groups::open(session, facts, key.clone(), (from, to)).await?;
        if let (None, Some(key)) = (&groups, &key) {
            return Err(search::nothing(session, facts, key).await?);
        }
        let is_of_one = key.is_some();
        let (limit, is_cut, last, tally) = (u64::MAX, false, None, Tally::default());
        Ok(Self { session, facts, gaps, groups, from, to, is_of_one, limit, is_cut, last, tally })
    }

    /// Shows every change of the next item, and gives its key attributes; `None` at the end.
    pub(crate) async fn next(&mut self, show: impl FnMut(&Arc<Row>)) -> Result<Option<Item>, QueryError> {
        match &mut self.groups {
            Some(groups) => groups.next(show).await,
            None => Ok(None),
        }
    }

    /// What the item was whose changes the moment has taken.
    pub(crate) fn state(&self, moment: &Moment) -> Result<ItemState, QueryError> {
        moment.state(&self.gaps, &self.facts.lineage)
    }

    /// Whether as many items were given as may be: then the answer is cut.
    pub(crate) fn is_full(&mut self) -> bool {
        self.is_cut = self.tally.items == self.limit;
        self.is_cut
    }

    /// What the answer could not know.
    pub(crate) async fn end(self) -> Result<Completeness, QueryError> {
        let Self { session, facts, gaps, from, to, is_of_one, is_cut, last, tally, .. } = self;
        let last = is_of_one.then_some(last);
        sum_up(Asked { session, facts, gaps: &gaps, from, to, last, is_cut }, &tally).await
    }
}
