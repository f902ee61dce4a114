//! When a filter fails too often to be asked on.

use std::collections::VecDeque;

const WINDOW: usize = 1_000;
const FAULTS_MIN: usize = 20;
/// One fault in so many records is too much.
const RECORDS_PER_FAULT: usize = 20;

/// Counts the faults among the last records that one filter was asked about. It knows records, not batches.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    outcomes: VecDeque<bool>,
    faults: usize,
}

impl Breaker {
    /// Takes the outcome of one record; says why, if the filter is not to be asked any more.
    pub(super) fn take(&mut self, is_fault: bool) -> Option<String> {
        if self.outcomes.len() == WINDOW && self.outcomes.pop_front() == Some(true) {
            self.faults -= 1;
        }
        self.outcomes.push_back(is_fault);
        self.faults += usize::from(is_fault);
        let (faults, records) = (self.faults, self.outcomes.len());
        let trips = is_fault && faults >= FAULTS_MIN && faults * RECORDS_PER_FAULT >= records;
        trips.then(|| format!("it failed at {faults} of the last {records} records"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place_of_trip(outcomes: impl IntoIterator<Item = bool>) -> Option<usize> {
        let mut breaker = Breaker::default();
        outcomes.into_iter().position(|is_fault| breaker.take(is_fault).is_some())
    }

    #[test]
    fn it_trips_at_twenty_faults_and_five_percent_of_a_thousand() {
        assert_eq!(place_of_trip([true; 100]), Some(19));
        assert_eq!(place_of_trip([true; 19].into_iter().chain([false; 5_000])), None);
        // One in 21 is less than 5 percent, one in 20 is not.
        assert_eq!(place_of_trip((0..100_000).map(|place| place % 21 == 20)), None);
        assert_eq!(place_of_trip((0..100_000).map(|place| place % 20 == 19)), Some(399));
        // Old faults are forgotten.
        let quiet = std::iter::repeat_n(false, 1_000);
        assert_eq!(place_of_trip(quiet.chain([true; 49]).chain([false; 2_000])), None);
        let quiet = std::iter::repeat_n(false, 1_000);
        assert_eq!(place_of_trip(quiet.chain([true; 50])), Some(1_049));
    }
}
