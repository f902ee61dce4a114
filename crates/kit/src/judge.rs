//! A filter asked about records, as the pipeline would ask it: in batches, and where one fails, narrowed down.

use sealog_filter::{Evaluation, Fault, Filter, LogLine};
use sealog_record::ChangeRecord;

use crate::Said;

/// Records that a filter sees at once at most, as the interface says.
pub const BATCH_MAX: usize = 1_000;

/// What came of asking a filter.
#[derive(Debug, Default)]
pub struct Asked {
    /// One for each record, in order.
    pub said: Vec<Said>,
    /// Faults, each with the number of its record from 0.
    pub faults: Vec<(usize, Fault)>,
    /// Fuel of all calls that gave answers.
    pub fuel: u64,
    /// Most bytes of memory in any call.
    pub memory_peak: usize,
    /// What the guest wrote in calls that gave answers or failed at one record.
    pub log: Vec<LogLine>,
}

impl Asked {
    /// The next record is one at which the filter fails.
    fn fail(&mut self, fault: Fault) {
        self.faults.push((self.said.len(), fault.clone()));
        self.said.push(Said::of_fault(&fault));
    }
}

/// Asks about each record.
#[must_use]
pub fn ask(filter: &Filter, records: &[ChangeRecord<'_>]) -> Asked {
    let mut asked = Asked::default();
    for batch in records.chunks(BATCH_MAX) {
        narrow(filter, batch, &mut asked);
    }
    asked
}

/// A batch that fails is halved until one record is left: as deep as the logarithm of a batch.
fn narrow(filter: &Filter, records: &[ChangeRecord<'_>], asked: &mut Asked) {
    let Evaluation { answers, usage } = filter.evaluate(records);
    asked.memory_peak = asked.memory_peak.max(usage.memory_peak);
    match answers {
        Ok(answers) => {
            asked.fuel += usage.fuel;
            asked.log.extend(usage.log);
            for answer in answers {
                match answer {
                    Ok(answer) => asked.said.push(Said::of_answer(&answer, filter.manifest())),
                    Err(fault) => asked.fail(fault),
                }
            }
        }
        Err(fault) if records.len() <= 1 => {
            asked.log.extend(usage.log);
            asked.fail(fault);
        }
        Err(_) => {
            let (first, second) = records.split_at(records.len() / 2);
            narrow(filter, first, asked);
            narrow(filter, second, asked);
        }
    }
}
