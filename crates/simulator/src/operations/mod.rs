//! The four operations: requests in, bodies out, over a world that stands still meanwhile.

mod describe;
mod get;
mod iterate;
mod list;
mod request;

pub(crate) use describe::describe_stream;
pub(crate) use get::{PageTwist, get_records};
pub(crate) use iterate::shard_iterator;
pub(crate) use list::list_streams;
pub(crate) use request::Request;

use crate::reply::WireError;
use crate::scenario::Scenario;
use crate::world::{ShardState, StreamState, TableState};

/// What an operation looks at.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) tables: &'a [TableState],
    pub(crate) now_ms: i64,
}

impl<'a> View<'a> {
    pub(crate) fn retention_ms(&self) -> i64 {
        self.scenario.retention.0
    }

    /// The stream, if the service still knows it.
    pub(crate) fn stream(&self, arn: &str) -> Result<(&'a TableState, &'a StreamState), WireError> {
        self.tables
            .iter()
            .flat_map(|table| table.streams.iter().map(move |stream| (table, stream)))
            .find(|(_, stream)| stream.arn.as_str() == arn && stream.exists(self.now_ms, self.retention_ms()))
            .ok_or_else(|| {
                let message = format!("Requested resource not found: Stream: {arn} not found");
                WireError::with("ResourceNotFoundException", message)
            })
    }

    /// Whether the service still knows a shard of the stream.
    pub(crate) fn shard_exists(&self, table: &TableState, index: usize, shard: &ShardState) -> bool {
        let hidden = table.spec.listing.hide.iter().any(|hidden| usize::try_from(*hidden) == Ok(index));
        !hidden && shard.exists(self.now_ms, self.retention_ms())
    }
}

pub(crate) fn shard_not_found(stream: &StreamState, shard: &str) -> WireError {
    let message = format!("Requested resource not found: Shard does not exist: {shard} in {}", stream.arn);
    WireError::with("ResourceNotFoundException", message)
}
