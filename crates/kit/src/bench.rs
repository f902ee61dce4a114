//! How fast a filter is, and what it needs.

use sealog_filter::{Evaluation, Fault, Filter};
use sealog_record::ChangeRecord;

use crate::judge::BATCH_MAX;
use crate::{Change, KitError};

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bench {
    /// Records in each batch.
    pub batch: usize,
    /// Records that were judged while the time was taken.
    pub records: u64,
    /// Milliseconds.
    pub elapsed_ms: u64,
    /// Fuel of one record, on average.
    pub fuel_per_record: u64,
    /// Fuel of starting an instance and `configure`: once a batch.
    pub fuel_per_instance: u64,
    /// Most bytes of memory.
    pub memory_peak: usize,
}

impl Bench {
    /// Records a second, on one core.
    #[must_use]
    pub fn records_per_second(&self) -> u64 {
        self.records * 1000 / self.elapsed_ms.max(1)
    }
}

/// Asks about batches made of these records over and over, for at least `at_least_ms` by the clock `now_ms`.
///
/// # Errors
/// [`KitError::Input`] where there is no record, or the filter fails at one of them: a time would mean nothing.
pub fn bench(
    filter: &Filter,
    changes: &[Change],
    at_least_ms: u64,
    now_ms: &dyn Fn() -> i64,
) -> Result<Bench, KitError> {
    if changes.is_empty() {
        return Err(KitError::Input {
            place: "bench".to_owned(),
            why: "there is no record to judge".to_owned(),
        });
    }
    let mut records: Vec<ChangeRecord<'_>> =
        changes.iter().map(Change::as_record).cycle().take(BATCH_MAX).collect();
    let failed = |fault: &Fault| KitError::Input {
        place: "bench".to_owned(),
        why: format!("the filter fails at these records ({fault}); see: sealog filter test"),
    };
    let mut warm = filter.evaluate(&records);
    // A batch has the fuel of one record: a hungry filter gets smaller ones, here as in the pipeline.
    while warm.answers.is_err() && records.len() > 1 {
        records.truncate(records.len() / 2);
        warm = filter.evaluate(&records);
    }
    judged(&warm).map_err(failed)?;
    let (start, mut batches, mut elapsed_ms) = (now_ms(), 0_u64, 0);
    while elapsed_ms < at_least_ms {
        judged(&filter.evaluate(&records)).map_err(failed)?;
        batches += 1;
        elapsed_ms = u64::try_from(now_ms().saturating_sub(start)).unwrap_or(0);
    }
    Ok(Bench {
        batch: records.len(),
        records: batches * records.len() as u64,
        elapsed_ms,
        fuel_per_record: warm.usage.fuel / records.len() as u64,
        fuel_per_instance: warm.usage.fuel_configure,
        memory_peak: warm.usage.memory_peak,
    })
}

/// The first fault, if there is one.
fn judged(evaluation: &Evaluation) -> Result<(), &Fault> {
    evaluation.answers.as_ref()?.iter().try_for_each(|answer| answer.as_ref().map(|_| ()))
}
