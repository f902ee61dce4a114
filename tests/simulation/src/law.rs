//! What an archive must hold, what it may lack, and which gaps it may declare.
//!
//! The archive is the truth: every record byte for byte, in order, in its shard, once, and nothing else; for each item
//! the archived order is the written one. What is missing lies in a declared gap and could not be read any more when the
//! gap was noticed. Without a gap may be missing only what was gone before the log began, or what a log that began at
//! LATEST was not asked for.

use std::collections::{BTreeMap, BTreeSet};

use sealog_chain::{StartAt, StreamState};
use sealog_record::{Gap, GapCause, SequenceNumber};

use crate::judged;
use crate::ledger::{Ledger, Offered, Shard};
use crate::oracle::{Archived, Place};

/// How far the clocks of processes lie apart at most, in milliseconds.
pub const SKEW_MAX_MS: i64 = 60_000;
/// So long after its stream was opened a log may begin: records may be trimmed while the first shards are opened, and a
/// process that dies before it has read anything has lost nothing.
const BEGINS_WITHIN_MS: i64 = 15 * 60_000;
/// LATEST means "about now".
const LATEST_WITHIN_MS: i64 = 60_000;

/// What an archive may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// Nothing.
    Nothing,
    /// What lies in a declared gap, and what was gone or not asked for when the log began.
    Declared,
    /// Also what comes behind each shard's last record: nobody has read it yet.
    NotYetRead,
}

/// Compares an archive with what the service offered.
///
/// # Panics
/// If they differ, with the first difference.
pub fn assert_is_truth(archived: &Archived, ledger: &Ledger, table: &str, missing: Missing) {
    let shards = ledger.table(table);
    for (place, rows) in &archived.rows {
        for (row, judges) in rows.iter().zip(&archived.judges[place]) {
            let offered = shards.get(place).and_then(|shard| shard.records.get(&row.number));
            let expected = offered.map(|offered| judged::expected(&offered.row, judges));
            assert_eq!(expected.as_ref(), Some(row), "{place:?}: archived as offered and judged");
        }
    }
    assert_items_in_order(archived, shards);
    let case = Case { archived, ledger, shards, missing };
    let gaps: Vec<Gap> = archived.fold.gaps().iter().map(|gap| bounded(gap, archived)).collect();
    let mut lacking = vec![0_u64; gaps.len()];
    for (place, shard) in shards {
        let rows = archived.rows.get(place).map_or(&[][..], Vec::as_slice);
        let held: BTreeSet<SequenceNumber> = rows.iter().map(|row| row.number).collect();
        for (number, offered) in &shard.records {
            let around = (0..gaps.len()).filter(|gap| lies_in(&gaps[*gap], place, *number));
            if held.contains(number) {
                let gap = around.map(|gap| &gaps[gap]).find(|gap| gap.shard.is_some());
                assert_eq!(gap, None, "{place:?}: {number} lies in a gap and is there");
                continue;
            }
            let was_lost =
                |gap: &usize| offered.readable_until_ms <= gaps[*gap].noticed_at.as_millis() + SKEW_MAX_MS;
            let (lost, given_up): (Vec<usize>, Vec<usize>) = around.partition(was_lost);
            lost.iter().for_each(|gap| lacking[*gap] += 1);
            let lawful = !lost.is_empty() || case.may_lack(place, *number, offered);
            let how =
                if given_up.is_empty() { "is missing" } else { "was given up, and could still be read" };
            assert!(lawful, "{place:?}: {number} {how}: {offered:?}; {}", case.told(place));
        }
    }
    for (gap, lacking) in gaps.iter().zip(lacking) {
        let lawful = lacking > 0 || gap.shard.is_none() || case.nothing_was_there(gap);
        assert!(lawful, "a gap without loss: {gap:?}; all: {gaps:?}");
    }
}

/// A gap whose end was not known when it was declared, of a shard that went on, ends at the next record that is there.
fn bounded(gap: &Gap, archived: &Archived) -> Gap {
    let Some(shard) = gap.shard.clone().filter(|_| gap.first.is_none() && !gap.ends_shard) else {
        return gap.clone();
    };
    let rows = archived.rows.get(&(gap.stream.clone(), shard)).map_or(&[][..], Vec::as_slice);
    let next = rows.iter().map(|row| row.number).find(|number| gap.after.is_none_or(|after| after < *number));
    Gap { first: next, ..gap.clone() }
}

fn lies_in(gap: &Gap, (stream, shard): &Place, number: SequenceNumber) -> bool {
    let here = match &gap.shard {
        Some(id) => id == shard,
        None => gap.cause == GapCause::StreamVanished,
    };
    gap.stream == *stream
        && here
        && gap.after.is_none_or(|after| after < number)
        && gap.first.is_none_or(|first| number < first)
}

/// For each item, its records are archived in the order in which they were written.
fn assert_items_in_order(archived: &Archived, shards: &BTreeMap<Place, Shard>) {
    let mut last: BTreeMap<&[u8], (&Place, SequenceNumber)> = BTreeMap::new();
    for (place, number) in &archived.order {
        let item = &shards[place].records[number].item;
        if let Some((before, earlier)) = last.insert(item, (place, *number)) {
            // Sequence numbers grow over all shards of a stream, and labels of streams with time.
            let ordered = (&before.0, earlier) < (&place.0, *number);
            assert!(ordered, "an item's {number} in {place:?} is archived after its {earlier} in {before:?}");
        }
    }
}

struct Case<'a> {
    archived: &'a Archived,
    ledger: &'a Ledger,
    shards: &'a BTreeMap<Place, Shard>,
    missing: Missing,
}

impl Case<'_> {
    fn first_stream(&self) -> Option<&StreamState> {
        self.archived.fold.streams().first_key_value().map(|(_, stream)| stream)
    }

    /// Whether a record may be missing without a gap.
    fn may_lack(&self, place: &Place, number: SequenceNumber, offered: &Offered) -> bool {
        let Some(first) = self.first_stream() else { return self.missing == Missing::NotYetRead };
        let opened_ms = first.opened_at.as_millis() + SKEW_MAX_MS;
        let of_first = place.0 == first.arn.label();
        let before_us = place.0 < first.arn.label()
            || (of_first && offered.readable_until_ms <= opened_ms + BEGINS_WITHIN_MS);
        let not_asked_for =
            of_first && first.start == StartAt::Latest && offered.at_ms <= opened_ms + LATEST_WITHIN_MS;
        self.missing != Missing::Nothing && (before_us || not_asked_for)
            || self.missing == Missing::NotYetRead && self.is_ahead(place, number)
            || self.missing != Missing::Nothing
                && (self.is_nameless(place, offered) || self.is_of_unseen_stream(place, offered))
    }

    /// Its stream came and went while nobody looked. A newer stream says that the time before it is not covered.
    fn is_of_unseen_stream(&self, place: &Place, offered: &Offered) -> bool {
        let fold = &self.archived.fold;
        let is_blind = |gap: &Gap| gap.cause == GapCause::StreamDisabled;
        let mut newer = fold.streams().range(place.0.clone()..).map(|(label, _)| label);
        !fold.streams().contains_key(&place.0)
            && offered.readable_until_ms <= self.ledger.now_ms
            && newer.all(|label| fold.gaps().iter().any(|gap| gap.stream == *label && is_blind(gap)))
    }

    /// Nobody has read as far as this.
    fn is_ahead(&self, place: &Place, number: SequenceNumber) -> bool {
        let Some(position) = self.archived.fold.position(&place.0, &place.1) else { return true };
        let last = self.archived.rows.get(place).and_then(|rows| rows.last()).map(|row| row.number);
        !position.done && last.is_none_or(|last| last < number)
    }

    /// Its shard was born and lost while nobody looked: no listing ever showed it. What is known of its family is lost too.
    fn is_nameless(&self, place: &Place, offered: &Offered) -> bool {
        let fold = &self.archived.fold;
        let gaps = || fold.gaps().iter().filter(|gap| gap.stream == place.0 && gap.ends_shard);
        let has_gap = |of: &Place| gaps().any(|gap| gap.shard.as_ref() == Some(&of.1));
        let heirs = gaps().filter_map(|gap| Some((gap.stream.clone(), gap.shard.clone()?)));
        fold.position(&place.0, &place.1).is_none()
            && offered.readable_until_ms != i64::MAX
            && (self.ancestors(place).iter().any(has_gap)
                || heirs.clone().any(|heir| self.ancestors(&heir).contains(place)))
    }

    fn ancestors(&self, place: &Place) -> Vec<Place> {
        let mut found: Vec<Place> = Vec::new();
        let mut next = place.clone();
        while let Some(parent) = self.shards.get(&next).and_then(|shard| shard.parent.clone()) {
            next = (place.0.clone(), parent);
            found.push(next.clone());
        }
        found
    }

    /// The gap lacks nothing, and nobody could have known: the service refuses a place behind a trimmed record even if
    /// the next one is there, and of a shard that is gone it does not say where it ended.
    fn nothing_was_there(&self, gap: &Gap) -> bool {
        let Some(shard) =
            gap.shard.as_ref().and_then(|shard| self.shards.get(&(gap.stream.clone(), shard.clone())))
        else {
            return false;
        };
        let noticed_ms = gap.noticed_at.as_millis() + SKEW_MAX_MS;
        let after = gap.after.and_then(|after| shard.records.get(&after));
        let refused = after.is_some_and(|after| after.readable_until_ms <= noticed_ms);
        let nothing_behind = gap.first.is_none();
        let is_gone = gap.ends_shard && shard.readable_until_ms <= noticed_ms;
        refused && (nothing_behind || !self.ledger.accepts_after_trimmed) || is_gone
    }

    fn told(&self, place: &Place) -> String {
        format!(
            "positions {:?}, gaps {:?}, parents {:?}",
            self.archived.fold.position(&place.0, &place.1),
            self.archived.fold.gaps(),
            self.ancestors(place)
        )
    }
}
