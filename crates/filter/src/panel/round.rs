//! One filter is asked about a run of records.

use sealog_record::ChangeRecord;

use super::ballot::{Ballot, Word};
use super::search::Step;
use super::{Counts, Halted, Notice, Opinion, Seat, Standing};
use crate::{Answer, Fault, OnFault};

pub(super) struct Round<'r> {
    /// The filter's place.
    pub(super) seat: usize,
    pub(super) shard: &'r str,
    pub(super) records: &'r [ChangeRecord<'r>],
    /// What was said of each record so far.
    pub(super) ballots: &'r mut [Ballot],
    pub(super) opinions: Opinions<'r>,
    pub(super) notices: &'r mut Vec<Notice>,
}

/// The opinions of one filter among those of all.
pub(super) struct Opinions<'r> {
    pub(super) said: &'r mut [Opinion],
    pub(super) filters: usize,
    pub(super) seat: usize,
}

impl Opinions<'_> {
    fn put(&mut self, row: usize, opinion: Opinion) {
        if let Some(place) = self.said.get_mut(row * self.filters + self.seat) {
            *place = opinion;
        }
    }
}

impl Opinion {
    fn of(answer: &Answer) -> Self {
        match answer {
            Answer::Drop(_) => Self::Drop,
            Answer::KeepWith { redact, .. } if !redact.is_empty() => Self::Redact,
            Answer::Keep | Answer::KeepWith { .. } => Self::Keep,
        }
    }
}

impl Round<'_> {
    /// Asks about each record that no filter before dropped, until the filter is set aside.
    pub(super) fn hold(&mut self, seat: &mut Seat) -> Result<Counts, Halted> {
        let mut counts = Counts::default();
        let open = |(place, ballot): (usize, &Ballot)| (!ballot.is_dropped()).then_some(place);
        let places: Vec<usize> = self.ballots.iter().enumerate().filter_map(open).collect();
        let open: Vec<_>;
        let records = if places.len() == self.records.len() {
            self.records
        } else {
            open = places.iter().filter_map(|place| self.records.get(*place)).copied().collect();
            &open
        };
        let mut start = 0;
        while start < records.len() && !seat.is_bypassed {
            let Step { range, outcomes, log } = seat.stride.step(&seat.filter, records, start);
            let filter = seat.filter.name();
            self.notices.extend(log.into_iter().map(|line| Notice::Log { filter: filter.to_owned(), line }));
            start = range.end;
            for (place, outcome) in places.get(range).unwrap_or_default().iter().zip(outcomes) {
                self.take(seat, *place, outcome, &mut counts)?;
                // What was said of the records behind it no longer counts, however many were asked about at once.
                if seat.is_bypassed {
                    break;
                }
            }
        }
        Ok(counts)
    }

    fn take(
        &mut self,
        seat: &mut Seat,
        place: usize,
        outcome: Result<Answer, Fault>,
        counts: &mut Counts,
    ) -> Result<(), Halted> {
        let sequence = self.records.get(place).map_or("", |record| record.sequence_number);
        let is_enforced = seat.standing() == Standing::Enforce;
        let word = match outcome {
            Ok(answer) => {
                self.opinions.put(place, Opinion::of(&answer));
                self.hear(seat, sequence, &answer, counts);
                seat.breaker.take(false);
                Word::of(answer)
            }
            Err(fault) => {
                counts.fault += 1;
                self.opinions.put(place, Opinion::Fault);
                self.fail(seat, (place, sequence), &fault)?;
                Some(Word::Fault(fault.class))
            }
        };
        if let (true, Some(word), Some(ballot)) = (is_enforced, word, self.ballots.get_mut(place)) {
            ballot.cast(self.seat, word);
        }
        Ok(())
    }

    fn hear(&mut self, seat: &Seat, sequence: &str, answer: &Answer, counts: &mut Counts) {
        match answer {
            Answer::Keep => counts.keep += 1,
            Answer::Drop(_) => counts.drop += 1,
            Answer::KeepWith { redact, .. } if !redact.is_empty() => counts.redact += 1,
            Answer::KeepWith { .. } => counts.keep += 1,
        }
        if let Answer::KeepWith { alert: Some(reason), .. } = answer {
            self.notices.push(Notice::Alert {
                filter: seat.filter.name().to_owned(),
                sequence: sequence.to_owned(),
                reason: reason.clone(),
                shadow: seat.standing() != Standing::Enforce,
            });
        }
    }

    fn fail(&mut self, seat: &mut Seat, (row, sequence): (usize, &str), fault: &Fault) -> Result<(), Halted> {
        let filter = seat.filter.name().to_owned();
        // A filter in shadow mode has no effect, not even this one.
        if seat.filter.on_fault() == OnFault::Halt && seat.standing() == Standing::Enforce {
            let (shard, sequence) = (self.shard.to_owned(), sequence.to_owned());
            return Err(Halted { filter, shard, sequence, fault: fault.clone() });
        }
        self.notices.push(Notice::Fault {
            filter: filter.clone(),
            sequence: sequence.to_owned(),
            fault: fault.clone(),
        });
        if let Some(reason) = seat.breaker.take(true) {
            seat.is_bypassed = true;
            self.notices.push(Notice::Bypassed { filter, row, reason });
        }
        Ok(())
    }
}
