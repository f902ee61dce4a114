//! What a filter may use up.

use std::time::Duration;

/// What a filter may use up. Part of its identity: a guest can notice a limit and answer differently.
///
/// Fuel decides, since it is counted alike on every machine; the wall clock is a second fuse behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Fuel (about one unit per WebAssembly instruction) that one record may need. A batch runs on what one record has,
    /// and is split when that is not enough: so a verdict never depends on the company a record is in. A smaller number
    /// catches an endless loop sooner; about 100 million units are a tenth of a second.
    pub fuel_per_record: u64,
    /// Fuel in addition, for each byte of the record's declared columns.
    pub fuel_per_byte: u64,
    /// Fuel for making an instance and configuring it, which happens anew for each batch.
    pub fuel_configure: u64,
    /// Bytes that all memories of an instance may have together.
    pub memory_max: usize,
    /// How long one call may take by the wall clock. Keep it at ten times what the fuel takes (a unit is about a nanosecond)
    /// or more: else a busy machine decides what a filter may do.
    pub wall_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel_per_record: 100_000_000,
            fuel_per_byte: 1_000,
            fuel_configure: 1_000_000_000,
            memory_max: 128 << 20,
            wall_max: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// Fuel for a record whose declared columns have so many bytes.
    pub(crate) fn fuel_for(&self, bytes: usize) -> u64 {
        self.fuel_per_record.saturating_add(self.fuel_per_byte.saturating_mul(bytes as u64))
    }

    /// The text by which a commit names these limits.
    #[must_use]
    pub fn identity(&self) -> String {
        format!(
            "fuel={}+{}/byte configure={} memory={} wall={}ms",
            self.fuel_per_record,
            self.fuel_per_byte,
            self.fuel_configure,
            self.memory_max,
            self.wall_max.as_millis()
        )
    }
}
