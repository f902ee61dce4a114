//! Gaps of a log, with the time in which their changes were made, and which changes of an item one may hide.

use std::collections::{BTreeMap, BTreeSet};

use sealog_record::{Gap, GapCause, SequenceNumber, ShardId, StreamLabel, Timestamp};

use super::facts::{Facts, switched_on};
use super::lineage::Lineage;
use super::literal::text;
use super::row::{Spot, each};
use super::search;
use crate::error::QueryError;
use crate::session::Session;

/// A gap that a log declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredGap {
    /// The commit that declares it.
    pub commit: u64,
    /// What it says.
    pub gap: Gap,
    /// No change in it was made before this second; `None`: nothing is known of that.
    pub from: Option<Timestamp>,
    /// None was made after it.
    pub until: Timestamp,
}

impl DeclaredGap {
    /// Whether a change in it may have been made at this instant or before.
    #[must_use]
    pub fn may_lie_before(&self, at: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= at)
    }

    /// Whether a change in it may have been made after this instant.
    #[must_use]
    pub fn may_lie_after(&self, at: Timestamp) -> bool {
        self.until > at
    }

    /// Whether it may hide changes of one item that lie between two of its changes; `None`: before its first, after its last.
    pub(crate) fn may_hide(&self, earlier: Option<&Spot>, later: Option<&Spot>, lineage: &Lineage) -> bool {
        let Gap { stream, shard, after, first, cause, .. } = &self.gap;
        let Some(shard) = shard else {
            // Before the stream it names, or at its end.
            return if *cause == GapCause::StreamDisabled {
                earlier.is_none_or(|it| it.stream < *stream) && later.is_none_or(|it| it.stream >= *stream)
            } else {
                earlier.is_none_or(|it| it.stream <= *stream) && later.is_none_or(|it| it.stream > *stream)
            };
        };
        let begins = earlier.is_none_or(|earlier| match earlier.stream.cmp(stream) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Greater => false,
            std::cmp::Ordering::Equal if earlier.shard == *shard => {
                first.is_none_or(|first| earlier.sequence < first)
            }
            std::cmp::Ordering::Equal => {
                lineage.may_share(stream, &earlier.shard, shard)
                    && !lineage.descends(stream, &earlier.shard, shard)
            }
        });
        let ends = later.is_none_or(|later| match later.stream.cmp(stream) {
            std::cmp::Ordering::Greater => true,
            std::cmp::Ordering::Less => false,
            std::cmp::Ordering::Equal if later.shard == *shard => {
                after.is_none_or(|after| after < later.sequence)
            }
            std::cmp::Ordering::Equal => {
                lineage.may_share(stream, &later.shard, shard)
                    && !lineage.descends(stream, shard, &later.shard)
            }
        });
        begins && ends
    }
}

/// The gaps of a log with their times, which the rows beside them tell.
pub(crate) async fn declared(session: &Session, facts: &Facts) -> Result<Vec<DeclaredGap>, QueryError> {
    if facts.gaps.is_empty() {
        return Ok(Vec::new());
    }
    let neighbours = Neighbours::look(session, facts).await?;
    let declared = facts.gaps.iter().map(|(commit, gap)| {
        let (from, until) = neighbours.bounds(gap, facts);
        DeclaredGap { commit: *commit, gap: gap.clone(), from, until: until.min(gap.noticed_at) }
    });
    Ok(declared.collect())
}

/// When the changes beside gaps were made.
struct Neighbours {
    changes: BTreeMap<(StreamLabel, ShardId, String), Timestamp>,
    /// The newest change of a stream.
    newest: BTreeMap<StreamLabel, Timestamp>,
}

impl Neighbours {
    async fn look(session: &Session, facts: &Facts) -> Result<Self, QueryError> {
        let gaps = || facts.gaps.iter().map(|(_, gap)| gap);
        let numbers: BTreeSet<&str> = gaps()
            .flat_map(|gap| [gap.after.as_ref(), gap.first.as_ref()])
            .flatten()
            .map(SequenceNumber::as_str)
            .collect();
        let rows = search::rows(facts);
        let mut neighbours = Self { changes: BTreeMap::new(), newest: BTreeMap::new() };
        if !numbers.is_empty() {
            let list = numbers.iter().map(|number| text(number)).collect::<Vec<_>>().join(", ");
            let columns = "stream_label, shard_id, sequence_number, created_at, committed_at";
            let sql = format!("SELECT {columns} FROM {rows} AND sequence_number IN ({list})");
            each(session.sql(&sql).await?, |row| {
                let Spot { stream, shard, sequence } = row.spot()?;
                neighbours.changes.insert((stream, shard, sequence.as_str().to_owned()), row.at());
                Ok(())
            })
            .await?;
        }
        if gaps().any(|gap| gap.shard.is_none()) {
            let sql = format!(
                "SELECT stream_label, max(created_at) AS created_at FROM {rows} GROUP BY stream_label"
            );
            each(session.sql(&sql).await?, |row| {
                if let Ok(stream) = row.evidence().stream_label.parse() {
                    neighbours.newest.insert(stream, row.at());
                }
                Ok(())
            })
            .await?;
        }
        Ok(neighbours)
    }

    fn bounds(&self, gap: &Gap, facts: &Facts) -> (Option<Timestamp>, Timestamp) {
        let on = switched_on(&gap.stream);
        let Some(shard) = &gap.shard else {
            let before = if gap.cause == GapCause::StreamDisabled {
                facts.streams.keys().rfind(|stream| **stream < gap.stream)
            } else {
                Some(&gap.stream)
            };
            let from =
                before.and_then(|stream| self.newest.get(stream).copied().or_else(|| switched_on(stream)));
            let until = if gap.cause == GapCause::StreamDisabled { on } else { None };
            return (from, until.unwrap_or(gap.noticed_at));
        };
        let change = |number: &SequenceNumber| {
            let place = (gap.stream.clone(), shard.clone(), number.as_str().to_owned());
            self.changes.get(&place).copied()
        };
        let from = gap.after.as_ref().and_then(change).or(on);
        // The change behind the gap has a time in whole seconds; what came before it may be of the same second.
        let until = gap.first.as_ref().and_then(change);
        (from, until.map_or(gap.noticed_at, |at| Timestamp::from_millis(at.as_millis() + 999)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spot(stream: &str, shard: &str, sequence: &str) -> Spot {
        Spot {
            stream: stream.parse().unwrap(),
            shard: shard.parse().unwrap(),
            sequence: sequence.parse().unwrap(),
        }
    }

    fn gap(stream: &str, shard: Option<&str>, ends: [Option<&str>; 2], cause: GapCause) -> DeclaredGap {
        let gap = Gap {
            stream: stream.parse().unwrap(),
            shard: shard.map(|shard| shard.parse().unwrap()),
            after: ends[0].map(|number| number.parse().unwrap()),
            first: ends[1].map(|number| number.parse().unwrap()),
            cause,
            ends_shard: ends[1].is_none(),
            noticed_at: Timestamp::from_millis(0),
        };
        DeclaredGap { commit: 1, gap, from: None, until: Timestamp::from_millis(0) }
    }

    #[test]
    fn a_gap_hides_what_lies_where_it_lies() {
        let lineage = Lineage::default();
        let within = gap("s1", Some("a"), [Some("10"), Some("20")], GapCause::Trimmed);
        let hides = |gap: &DeclaredGap, earlier: Option<Spot>, later: Option<Spot>| {
            gap.may_hide(earlier.as_ref(), later.as_ref(), &lineage)
        };
        assert!(hides(&within, Some(spot("s1", "a", "9")), Some(spot("s1", "a", "21"))));
        assert!(hides(&within, None, Some(spot("s1", "a", "20"))));
        assert!(hides(&within, Some(spot("s1", "a", "10")), None));
        assert!(hides(&within, Some(spot("s0", "z", "99")), Some(spot("s2", "y", "1"))));
        assert!(!hides(&within, Some(spot("s1", "a", "20")), None), "it lies behind the gap");
        assert!(!hides(&within, None, Some(spot("s1", "a", "10"))), "it lies before the gap");
        assert!(!hides(&within, Some(spot("s1", "b", "9")), None), "an item of another shard");
        assert!(!hides(&within, Some(spot("s2", "a", "1")), None), "a later stream");
        let off = gap("s2", None, [None, None], GapCause::StreamDisabled);
        assert!(hides(&off, Some(spot("s1", "a", "9")), Some(spot("s2", "x", "1"))));
        assert!(!hides(&off, Some(spot("s2", "x", "1")), None));
        assert!(!hides(&off, None, Some(spot("s1", "a", "9"))));
        let gone = gap("s1", None, [None, None], GapCause::StreamVanished);
        assert!(hides(&gone, Some(spot("s1", "a", "9")), Some(spot("s2", "x", "1"))));
        assert!(!hides(&gone, Some(spot("s1", "a", "9")), Some(spot("s1", "a", "10"))));
    }
}
