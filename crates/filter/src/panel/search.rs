//! From batches to records: narrows a fault down to the records that cause it.

use std::ops::Range;

use sealog_record::ChangeRecord;

use crate::filter::BATCH_MAX;
use crate::{Answer, Fault, FaultClass, Filter, LogLine};

/// Bytes of images that one batch looks at: a guest that parses them needs a multiple of that.
const BATCH_BYTES_MAX: usize = 2 << 20;
/// By how much a batch that failed is too large, at a guess.
const SHRINK: usize = 4;

/// How many records a filter is asked about at a time. Only a matter of speed: it is large while all goes well, small
/// around records that fail, and stays below what the filter's fuel suffices for.
#[derive(Debug)]
pub(super) struct Stride(usize);

impl Default for Stride {
    fn default() -> Self {
        Self(BATCH_MAX)
    }
}

/// What came of asking one filter about one run of records: outcomes for `range`, and what it wrote meanwhile.
pub(super) struct Step {
    pub(super) range: Range<usize>,
    pub(super) outcomes: Vec<Result<Answer, Fault>>,
    pub(super) log: Vec<LogLine>,
}

impl Stride {
    /// Asks about as many of `records` from `start` on as give an answer: one at least. A record fails only alone, in an
    /// instance of its own, so what is said of it does not depend on the others.
    pub(super) fn step(&mut self, filter: &Filter, records: &[ChangeRecord<'_>], start: usize) -> Step {
        loop {
            let count = self.count(filter, records.get(start..).unwrap_or_default());
            let range = start..start + count;
            let asked = records.get(range.clone()).unwrap_or_default();
            let evaluation = filter.evaluate(asked);
            match evaluation.answers {
                Ok(outcomes) => {
                    // As much again would have to fit into the fuel that one record has.
                    if evaluation.usage.fuel.saturating_mul(2) < filter.limits().fuel_per_record {
                        self.0 = self.0.max(count).saturating_mul(2).min(BATCH_MAX);
                    }
                    return Step { range, outcomes, log: evaluation.usage.log };
                }
                Err(fault) if count > 1 => {
                    tracing::debug!(filter = filter.name(), count, %fault, "a batch is split");
                    self.0 = (count / SHRINK).max(1);
                }
                Err(fault) => {
                    let (outcome, log) = self.alone(filter, asked, fault, evaluation.usage.log);
                    return Step { range, outcomes: vec![outcome], log };
                }
            }
        }
    }

    /// A record that failed alone. What another run need not repeat is run once more.
    fn alone(
        &mut self,
        filter: &Filter,
        record: &[ChangeRecord<'_>],
        fault: Fault,
        log: Vec<LogLine>,
    ) -> (Result<Answer, Fault>, Vec<LogLine>) {
        self.0 = 1;
        if fault.class.is_reproducible() {
            return (Err(fault), log);
        }
        let again = filter.evaluate(record);
        let outcome = again.answers.and_then(|mut answers| {
            let missing = Fault { class: FaultClass::Count, message: "it gave no verdict".to_owned() };
            answers.pop().unwrap_or(Err(missing))
        });
        (outcome, again.usage.log)
    }

    fn count(&self, filter: &Filter, records: &[ChangeRecord<'_>]) -> usize {
        let mut bytes = 0;
        let fits = |record: &&ChangeRecord<'_>| {
            bytes += filter.columns().bytes_max(record);
            bytes <= BATCH_BYTES_MAX
        };
        records.iter().take(self.0).take_while(fits).count().max(1)
    }
}
