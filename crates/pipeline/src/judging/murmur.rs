//! What filters have to say, said to people at a bounded rate: a filter that fails at each record must not fill a disk.

use std::collections::BTreeMap;

use sealog_filter::Notice;

/// Lines that each filter gets for each kind of notice in a minute.
const LINES_MAX: u32 = 10;
const MINUTE_MS: i64 = 60_000;

/// Says notices of one table.
pub(crate) struct Murmur {
    table: String,
    said: BTreeMap<(String, &'static str), Said>,
}

#[derive(Default)]
struct Said {
    since_ms: i64,
    lines: u32,
    left_out: u64,
}

impl Said {
    /// Whether one more may be said now; with how many were left out before it.
    fn may(&mut self, now_ms: i64) -> Option<u64> {
        if now_ms.saturating_sub(self.since_ms) >= MINUTE_MS {
            (self.since_ms, self.lines) = (now_ms, 0);
        }
        if self.lines >= LINES_MAX {
            self.left_out += 1;
            return None;
        }
        self.lines += 1;
        Some(std::mem::take(&mut self.left_out))
    }
}

impl Murmur {
    pub(crate) fn new(table: &str) -> Self {
        Self { table: table.to_owned(), said: BTreeMap::new() }
    }

    pub(crate) fn say(&mut self, notice: &Notice, now_ms: i64) {
        let (filter, kind) = match notice {
            Notice::Fault { filter, .. } => (filter, "fault"),
            Notice::Alert { filter, .. } => (filter, "alert"),
            Notice::Log { filter, .. } => (filter, "log"),
            Notice::Bypassed { filter, reason, .. } => {
                tracing::error!(
                    table = self.table,
                    filter,
                    "the filter is set aside and every record is kept: {reason}; mend it and restart"
                );
                return;
            }
        };
        let said = self.said.entry((filter.clone(), kind)).or_default();
        let Some(left_out) = said.may(now_ms) else { return };
        if left_out > 0 {
            tracing::warn!(
                table = self.table,
                filter,
                kind,
                left_out,
                "more of these were not said one by one"
            );
        }
        self.line(notice);
    }

    fn line(&self, notice: &Notice) {
        let table = self.table.as_str();
        match notice {
            Notice::Fault { filter, sequence, fault } => {
                tracing::warn!(
                    table,
                    filter,
                    sequence,
                    "the filter failed at a record, which is kept: {fault}"
                );
            }
            Notice::Alert { filter, sequence, reason, shadow } => {
                tracing::warn!(table, filter, sequence, shadow, "alert: {reason}");
            }
            Notice::Log { filter, line } => match line.level {
                "error" | "warn" => tracing::warn!(table, filter, "{}", line.message),
                "info" => tracing::info!(table, filter, "{}", line.message),
                _ => tracing::debug!(table, filter, "{}", line.message),
            },
            Notice::Bypassed { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_lines_a_minute_and_then_how_many_there_were() {
        let mut said = Said::default();
        let now = 1_000_000;
        assert_eq!((0..25).filter_map(|_| said.may(now)).collect::<Vec<_>>(), [0; 10]);
        assert_eq!(said.may(now + MINUTE_MS - 1), None);
        assert_eq!(said.may(now + MINUTE_MS), Some(16));
        assert_eq!(said.may(now + MINUTE_MS), Some(0));
    }
}
