//! A scenario: everything that will happen, as data.
//!
//! Instants are offsets from the moment at which the engine starts (`"-3h"` is the past, `"5s"` the future), so that one
//! file plays the same whenever it is started. The README documents every key with an example.

mod fault;
mod millis;
mod table;
mod validate;

use serde::Deserialize;

pub use fault::{FaultEffect, FaultSpec, OperationName};
pub use millis::Millis;
pub use table::{
    CreatedAt, EventSpec, Happening, ListingOrder, ListingSpec, PagesSpec, Shape, ShardEnd, TableSpec,
    WriterSpec,
};

/// The only version of the format that this build reads.
const VERSION: u32 = 1;

/// A scenario that cannot be played. Never retry: the file must be changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScenarioError {
    /// Not TOML, a key that does not exist, or a value of the wrong type.
    #[error("the scenario cannot be read: {0}")]
    Syntax(String),
    /// A format that this build does not know.
    #[error(
        "the scenario has version {found}, this build reads version 1: set `version = 1` or use a newer sealog"
    )]
    Version {
        /// What the file says; `none` when it says nothing.
        found: String,
    },
    /// Readable, but it contradicts itself.
    #[error("the scenario is not playable: {place}: {problem}")]
    Invalid {
        /// Which part, such as `table "orders", event 2`.
        place: String,
        /// What is wrong and what would be right.
        problem: String,
    },
}

/// What to simulate. Every field has a default but the tables.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// Version of the format: 1.
    pub version: u32,
    /// Same seed, same start instant: same bytes.
    pub seed: u64,
    /// Which clock `sealog simulator` runs it on.
    pub time: Time,
    /// How much faster than the machine's clock `time = "real"` runs.
    pub speed: f64,
    /// How long records, ended shards and disabled streams stay readable. The service promises 24 hours.
    pub retention: Millis,
    /// What the retention is over for goes only at whole multiples of this (since 1970), so it stays readable for a while
    /// longer and then goes all at once, as the service may do it. 0: exactly in time.
    pub trim_every: Millis,
    /// How long an iterator can be used.
    pub iterator_lifetime: Millis,
    /// GetRecords calls a second and shard, beyond which `ThrottlingException` is answered; absent: no limit.
    pub get_records_per_second: Option<u32>,
    /// DescribeStream calls a second over all streams, beyond which `ThrottlingException` is answered; absent: no limit.
    pub describe_stream_per_second: Option<u32>,
    /// ListStreams calls a second, beyond which `ThrottlingException` is answered; absent: no limit.
    pub list_streams_per_second: Option<u32>,
    /// What AFTER_SEQUENCE_NUMBER answers for a trimmed number whose successor is still there. The documentation says
    /// "a sequence number older than the trim point" is refused; `true` plays a service that is milder.
    pub accept_after_trimmed: bool,
    /// The tables.
    #[serde(rename = "table")]
    pub tables: Vec<TableSpec>,
    /// What goes wrong; the first fault that matches a call decides, latencies add up.
    #[serde(rename = "fault")]
    pub faults: Vec<FaultSpec>,
}

/// Which clock a served scenario runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Time {
    /// The machine's, times `speed`.
    #[default]
    Real,
    /// One that moves only when told to (`POST /_simulator/advance?ms=…`, or [`crate::Clock::advance`]).
    Virtual,
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            version: VERSION,
            seed: 1,
            time: Time::Real,
            speed: 1.0,
            retention: Millis::hours(24),
            trim_every: Millis(0),
            iterator_lifetime: Millis::minutes(15),
            get_records_per_second: None,
            describe_stream_per_second: None,
            list_streams_per_second: None,
            accept_after_trimmed: false,
            tables: Vec::new(),
            faults: Vec::new(),
        }
    }
}

impl Scenario {
    /// Reads a scenario file. Unknown keys are refused.
    pub fn from_toml(text: &str) -> Result<Self, ScenarioError> {
        let value: toml::Table = toml::from_str(text).map_err(|e| ScenarioError::Syntax(e.to_string()))?;
        match value.get("version") {
            Some(toml::Value::Integer(found)) if *found == i64::from(VERSION) => {}
            Some(other) => return Err(ScenarioError::Version { found: other.to_string() }),
            None => return Err(ScenarioError::Version { found: "none".to_owned() }),
        }
        let scenario: Self = toml::from_str(text).map_err(|e| ScenarioError::Syntax(e.to_string()))?;
        scenario.validate()?;
        Ok(scenario)
    }

    /// An empty scenario, to be filled with [`Scenario::table`] and [`Scenario::fault`].
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Adds a table.
    #[must_use]
    pub fn table(mut self, table: TableSpec) -> Self {
        self.tables.push(table);
        self
    }

    /// Adds a fault.
    #[must_use]
    pub fn fault(mut self, fault: FaultSpec) -> Self {
        self.faults.push(fault);
        self
    }

    /// The demo: a bank's `accounts` with 60,000 changes by several services, all of them in the past.
    ///
    /// One shard rolls, one splits; invitations expire by TTL; a person corrects a posting of an hour before.
    pub fn ledger() -> Result<Self, ScenarioError> {
        Self::from_toml(include_str!("../../scenarios/ledger.toml"))
    }

    /// A table for volume: `records` changes of about `bytes_per_record` on the wire, all of them in the past.
    #[must_use]
    pub fn generated(table: &str, shards: u32, records: u64, bytes_per_record: u32, seed: u64) -> Self {
        let writer = WriterSpec {
            count: Some(records),
            from: Millis::hours(-2),
            until: Some(Millis::minutes(-1)),
            items: (records / 20).max(1),
            bytes: bytes_per_record,
            ..WriterSpec::default()
        };
        Self::new(seed).table(TableSpec {
            created: Millis::hours(-3),
            ..TableSpec::new(table).shards(shards).writer(writer)
        })
    }
}

#[cfg(test)]
mod tests;
