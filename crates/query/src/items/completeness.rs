//! What an answer about an instant could not know.

use std::collections::BTreeMap;

use sealog_record::Timestamp;

use super::facts::{Beginning, Facts};
use super::gaps::DeclaredGap;
use super::image::Unknown;
use super::reach::{Unread, unread};
use super::row::Spot;
use super::search;
use super::state::{ItemState, State};
use crate::error::QueryError;
use crate::session::Session;

/// How complete an answer is. Items that were never changed since the log began are in no log: that is said of each answer,
/// and does not make it incomplete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completeness {
    /// Since when the log reads; `None` where it never began.
    pub beginning: Option<Beginning>,
    /// Items that were shown.
    pub items: u64,
    /// Items with a change within the second that was asked for: taken for made before it.
    pub same_second: u64,
    /// The answer was cut by a limit: of what lies behind it nothing is said.
    pub is_cut: bool,
    /// What could not be known; none: all that was changed since the beginning is in the answer.
    pub shortfalls: Vec<Shortfall>,
}

impl Completeness {
    /// Whether nothing is lacking.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.shortfalls.is_empty()
    }
}

/// Something that could not be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shortfall {
    /// The log begins after the instant.
    BeginsLater,
    /// It is not known to be read up to the instant.
    Unread(Unread),
    /// Changes that can no longer be read lie before the instant.
    Gap(DeclaredGap),
    /// The rows of so many commits are not in the lake yet.
    Behind(u64),
    /// So many records could not be read, and nobody knows which items they changed.
    Unreadable(u64),
    /// What so many items were is not known.
    Items {
        /// Why.
        why: Unknown,
        /// How many.
        items: u64,
    },
    /// A gap may hide a change of so many items that are shown.
    Doubtful(u64),
    /// So many items lack values that a filter took out.
    Redacted(u64),
}

/// Counts while items are shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    pub(crate) items: u64,
    same_second: u64,
    unknown: BTreeMap<Unknown, u64>,
    doubtful: u64,
    redacted: u64,
}

impl Tally {
    /// Takes one item, by its states at the instants that are asked for.
    pub(crate) fn take(&mut self, states: &[&ItemState]) {
        let any = |is: fn(&ItemState) -> bool| u64::from(states.iter().any(|state| is(state)));
        self.same_second += any(|state| state.same_second);
        self.doubtful += any(|state| !state.gaps.is_empty());
        self.redacted +=
            any(|state| matches!(&state.state, State::Present { redacted, .. } if !redacted.is_empty()));
        let why = states.iter().find_map(|state| match &state.state {
            State::Exists(why) | State::Unknown(why) => Some(why),
            State::Present { .. } | State::Removed | State::NotYet => None,
        });
        if let Some(why) = why {
            *self.unknown.entry(why.clone()).or_default() += 1;
        }
    }

    fn shortfalls(&self) -> impl Iterator<Item = Shortfall> {
        let unknown =
            self.unknown.iter().map(|(why, items)| Shortfall::Items { why: why.clone(), items: *items });
        let counted = [
            (self.doubtful, Shortfall::Doubtful as fn(u64) -> Shortfall),
            (self.redacted, Shortfall::Redacted),
        ];
        unknown.chain(counted.into_iter().filter(|(items, _)| *items > 0).map(|(items, of)| of(items)))
    }
}

/// What was asked.
pub(crate) struct Asked<'a> {
    pub(crate) session: &'a Session,
    pub(crate) facts: &'a Facts,
    pub(crate) gaps: &'a [DeclaredGap],
    /// The first and the last instant.
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    /// Of one item only: its last change, if none is known behind `to`; `Some(None)`: one is.
    pub(crate) last: Option<Option<Spot>>,
    pub(crate) is_cut: bool,
}

/// Sums up.
pub(crate) async fn sum_up(asked: Asked<'_>, tally: &Tally) -> Result<Completeness, QueryError> {
    let Asked { session, facts, gaps, from, to, last, is_cut } = asked;
    let beginning = facts.beginning();
    let mut shortfalls = Vec::new();
    // An item's first change tells what it was before; that nothing else changed, only the beginning tells.
    if beginning.is_none_or(|beginning| from < beginning.since) {
        shortfalls.push(Shortfall::BeginsLater);
    }
    let is_read = matches!(last, Some(None));
    if !is_read && let Some(unread) = unread(session, facts, to, last.flatten().as_ref()).await? {
        shortfalls.push(Shortfall::Unread(unread));
    }
    shortfalls.extend(gaps.iter().filter(|gap| gap.may_lie_before(to)).cloned().map(Shortfall::Gap));
    let counts = [
        (search::behind(session), Shortfall::Behind as fn(u64) -> Shortfall),
        (search::unreadable(session, facts).await?, Shortfall::Unreadable),
    ];
    shortfalls.extend(counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, of)| of(count)));
    shortfalls.extend(tally.shortfalls());
    Ok(Completeness { beginning, items: tally.items, same_second: tally.same_second, is_cut, shortfalls })
}
