//! How fast a filter is, and what it needs.

use sealog_filter::Filter;
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
    let records: Vec<ChangeRecord<'_>> =
        changes.iter().map(Change::as_record).cycle().take(BATCH_MAX).collect();
    let failed = |fault: &sealog_filter::Fault| KitError::Input {
        place: "bench".to_owned(),
        why: format!("the filter fails at these records ({fault}); see: sealog filter test"),
    };
    let warm = filter.evaluate(&records);
    warm.answers.as_ref().map_err(failed)?;
    let (start, mut batches, mut elapsed_ms) = (now_ms(), 0_u64, 0);
    while elapsed_ms < at_least_ms {
        filter.evaluate(&records).answers.as_ref().map_err(failed)?;
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
