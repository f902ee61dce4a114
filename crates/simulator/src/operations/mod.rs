//! The operations: requests in, bodies out, over a world that stands still meanwhile.

mod describe;
mod get;
mod iterate;
mod list;
mod request;
mod table;

pub(crate) use describe::describe_stream;
pub(crate) use get::{PageTwist, get_records};
pub(crate) use iterate::shard_iterator;
pub(crate) use list::list_streams;
pub(crate) use request::Request;
pub(crate) use table::describe_table;

use serde_json::{Value, json};

use crate::reply::WireError;
use crate::scenario::{Scenario, TableSpec};
use crate::world::{ShardState, StreamState, TableState};

/// What an operation looks at.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) tables: &'a [TableState],
    pub(crate) now_ms: i64,
}

impl<'a> View<'a> {
    /// What is not younger than this is gone: records, ended shards, streams that were switched off.
    pub(crate) fn horizon_ms(&self) -> i64 {
        let exact_ms = self.now_ms.saturating_sub(self.scenario.retention.0);
        let late_ms = exact_ms.checked_rem_euclid(self.scenario.trim_every.0).unwrap_or_default();
        exact_ms.saturating_sub(late_ms)
    }

    /// The table of this name or ARN, deleted or not.
    pub(crate) fn table(&self, name: &str) -> Option<&'a TableState> {
        self.tables.iter().find(|table| table.spec.name == name || table.arn() == name)
    }

    /// The stream, if the service still knows it.
    pub(crate) fn stream(&self, arn: &str) -> Result<(&'a TableState, &'a StreamState), WireError> {
        self.tables
            .iter()
            .flat_map(|table| table.streams.iter().map(move |stream| (table, stream)))
            .find(|(_, stream)| stream.arn.as_str() == arn && stream.exists(self.horizon_ms()))
            .ok_or_else(|| {
                let message = format!("Requested resource not found: Stream: {arn} not found");
                WireError::with("ResourceNotFoundException", message)
            })
    }

    /// Whether the service still knows a shard of the stream.
    pub(crate) fn shard_exists(&self, table: &TableState, index: usize, shard: &ShardState) -> bool {
        !table.hides(index) && shard.exists(self.horizon_ms())
    }
}

/// `KeySchema`, the partition key first.
pub(crate) fn key_schema(table: &TableSpec) -> Value {
    let mut schema = vec![json!({ "AttributeName": table.hash_key, "KeyType": "HASH" })];
    if let Some(range) = &table.range_key {
        schema.push(json!({ "AttributeName": range, "KeyType": "RANGE" }));
    }
    schema.into()
}

pub(crate) fn shard_not_found(stream: &StreamState, shard: &str) -> WireError {
    let message = format!("Requested resource not found: Shard does not exist: {shard} in {}", stream.arn);
    WireError::with("ResourceNotFoundException", message)
}
