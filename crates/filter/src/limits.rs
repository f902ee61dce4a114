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
    /// Bytes that all memories of an instance may have together.
    pub memory_max: usize,
    /// How long one call may take by the wall clock. At least ten times what the fuel takes, or a busy machine decides.
    pub wall_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            fuel_per_record: 100_000_000,
            fuel_per_byte: 1_000,
            memory_max: 128 << 20,
            wall_max: Duration::from_secs(10),
        }
    }
}

impl Limits {
    /// The text by which a commit names these limits.
    #[must_use]
    pub fn identity(&self) -> String {
        format!(
            "fuel={}+{}/byte memory={} wall={}ms",
            self.fuel_per_record,
            self.fuel_per_byte,
            self.memory_max,
            self.wall_max.as_millis()
        )
    }
}
