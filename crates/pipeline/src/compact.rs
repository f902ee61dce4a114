//! Compacts a table's lake now and then, within a budget, and removes what that made superfluous.
//!
//! It is dropped where it stands when the run ends: a compaction that is not visible yet leaves files that clean-up takes.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sealog_lake::{CompactOptions, LakeError, Pace, Pending, Spill};
use sealog_record::Timestamp;
use sealog_source::Clock;
use sealog_store::{Log, Store};
use tokio_util::sync::CancellationToken;

use crate::{Identity, LakeOptions, TableConfig};

/// Below so many fresh files, a day that goes on is not worth rewriting.
const FILES_MIN: u64 = 8;
/// A day is rewritten when what came since is at least this part of what is sorted: so a day's rows are rewritten a few times
/// and not with each compaction.
const GROWTH: u64 = 4;
/// So long after its end a day gets late rows; then it is rewritten for the last.
const LATE_MS: i64 = 26 * 3_600_000;
const MS_PER_DAY: i64 = 86_400_000;

/// The compaction of one table's lake.
pub(crate) struct Compaction {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) table: TableConfig,
    pub(crate) identity: Identity,
    pub(crate) options: LakeOptions,
}

impl Compaction {
    /// Compacts until `finished` is cancelled.
    pub(crate) async fn keep(self, finished: CancellationToken) {
        let Some(every) = self.options.compact_every else { return };
        let keeping = async {
            loop {
                self.identity.clock.sleep(every).await;
                if let Err(error) = self.compact().await {
                    tracing::warn!(
                        log = self.table.log, %error,
                        "the lake could not be compacted; queries read more files, and `sealog compact` makes up for it"
                    );
                }
            }
        };
        tokio::select! {
            biased;
            () = finished.cancelled() => {}
            () = keeping => {}
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.identity.clock.now_ms())
    }

    async fn compact(&self) -> Result<(), LakeError> {
        let log = Log::new(Arc::clone(&self.store), &self.table.log);
        let Some(through) = sealog_lake::published(&log, self.now()).await? else { return Ok(()) };
        let folder = self.options.spill.clone().unwrap_or_else(std::env::temp_dir);
        let options = CompactOptions {
            columns: self.table.columns.clone(),
            spill: Spill { folder, memory: self.options.memory },
            file_bytes: sealog_lake::FILE_BYTES,
            writer: self.identity.writer.id.clone(),
            anew: false,
        };
        let pace = Budget {
            clock: Arc::clone(&self.identity.clock),
            bytes_per_second: self.options.bytes_per_second,
        };
        for day in sealog_lake::pending(&log, through, false).await? {
            if is_worthwhile(&day, self.now()) {
                let done =
                    sealog_lake::compact(&log, (&day.date, through), self.now(), &options, &pace).await?;
                tracing::info!(log = self.table.log, day = day.date, ?done, "compacted");
            }
        }
        let grace = i64::try_from(self.options.grace.as_millis()).unwrap_or(i64::MAX);
        sealog_lake::clean(&log, self.now(), grace).await?;
        Ok(())
    }
}

/// Whether a day is to be rewritten now.
fn is_worthwhile(day: &Pending, now: Timestamp) -> bool {
    let grown = day.bytes.saturating_mul(GROWTH) >= day.sorted_bytes;
    let midnight = format!("{}T00:00:00.000Z", day.date).parse::<Timestamp>();
    let Ok(end) = midnight.map(|midnight| midnight.as_millis() + MS_PER_DAY) else { return grown };
    let over = now.as_millis() - end;
    if over < 0 { grown && day.files >= FILES_MIN } else { grown || over >= LATE_MS }
}

/// Leaves the machine to the capture.
struct Budget {
    clock: Arc<dyn Clock>,
    bytes_per_second: u64,
}

#[async_trait]
impl Pace for Budget {
    async fn worked(&self, bytes: u64) {
        let micros = bytes.saturating_mul(1_000_000) / self.bytes_per_second.max(1);
        self.clock.sleep(Duration::from_micros(micros)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_rewritten_when_it_has_grown_and_once_more_when_nothing_can_be_late() {
        let worth = |files, bytes, sorted_bytes, now: &str| {
            let day = Pending { date: "2026-11-22".to_owned(), files, bytes, sorted_bytes };
            is_worthwhile(&day, now.parse().unwrap())
        };
        let (noon, after, last) =
            ("2026-11-22T12:00:00.000Z", "2026-11-23T00:30:00.000Z", "2026-11-24T02:00:00.000Z");
        assert!(worth(8, 100, 0, noon) && !worth(7, 100, 0, noon));
        assert!(worth(8, 100, 400, noon) && !worth(8, 100, 401, noon));
        assert!(worth(1, 100, 400, after) && !worth(1, 100, 401, after));
        assert!(worth(1, 1, 1_000_000, last));
    }
}
