//! The seam to the service: four calls, answered by AWS or by whoever speaks its protocol.
//!
//! Promises: an error is classified by its type, code or status, never by its message. Relies on nothing about order or
//! completeness of what the service answers: that is the reader's work.

mod aws;
mod calls;
mod capture;
mod error;
mod inspect;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use sealog_record::{SequenceNumber, Shard, ShardId, StreamArn, ViewType};

pub use aws::{AwsOptions, AwsStreamClient};
pub(crate) use calls::Counted;
pub use calls::{CallOutcome, Calls, Operation};
pub use error::{ServiceError, ServiceErrorClass, ServiceErrorKind};
pub use inspect::TableFacts;

/// A place in a shard from which the service reads on; opaque, and worthless after 15 minutes.
#[derive(Clone, PartialEq, Eq)]
pub struct ShardIterator(Arc<str>);

impl ShardIterator {
    /// Wraps what the service sent.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(Arc::from(text))
    }

    /// What the service sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for ShardIterator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ShardIterator(..)")
    }
}

/// Whether a stream is being written (API reference, `StreamDescription`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamStatus {
    /// Being switched on.
    Enabling,
    /// On.
    Enabled,
    /// Being switched off.
    Disabling,
    /// Off: nothing new comes, and what there is stays readable for 24 hours.
    Disabled,
}

/// One page of a stream's description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamPage {
    /// Whether it is being written.
    pub status: StreamStatus,
    /// What it writes of each change.
    pub view_type: ViewType,
    /// Up to 100 shards, perhaps none.
    pub shards: Vec<Shard>,
    /// Where the next page begins; only `None` ends the listing.
    pub last_evaluated: Option<ShardId>,
}

/// Where an iterator begins (API reference, `GetShardIterator`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IteratorStart {
    /// The oldest record that is still there.
    TrimHorizon,
    /// Behind the newest record. The very next write may be missed.
    Latest,
    /// The record of this number, or the first behind it.
    At(SequenceNumber),
    /// The first record behind this number.
    After(SequenceNumber),
}

/// What a table says of its stream (API reference, `DescribeTable`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableStream {
    /// There is no such table.
    NoTable,
    /// The stream is off.
    Off,
    /// The stream is on.
    On(ViewType),
}

/// DynamoDB Streams, as far as a reader needs it. No call changes anything, so each may be repeated.
#[async_trait]
pub trait StreamClient: Send + Sync + 'static {
    /// The streams of `table`, all pages, the old ones that can still be read included.
    ///
    /// # Errors
    /// [`ServiceError`]; a cursor that comes twice is [`ServiceErrorKind::Malformed`].
    async fn list_streams(&self, table: &str) -> Result<Vec<StreamArn>, ServiceError>;

    /// One page of a stream's description, behind the shard `after`.
    ///
    /// # Errors
    /// [`ServiceError`].
    async fn describe_stream(
        &self,
        stream: &StreamArn,
        after: Option<&ShardId>,
    ) -> Result<StreamPage, ServiceError>;

    /// An iterator for one shard.
    ///
    /// # Errors
    /// [`ServiceError`]; [`ServiceErrorKind::Trimmed`] when `start` can no longer be read.
    async fn shard_iterator(
        &self,
        stream: &StreamArn,
        shard: &ShardId,
        start: IteratorStart,
    ) -> Result<ShardIterator, ServiceError>;

    /// One page of records: the body of the reply as the service sent it, for [`crate::Page::parse`].
    ///
    /// # Errors
    /// [`ServiceError`].
    async fn get_records(&self, iterator: &ShardIterator) -> Result<Bytes, ServiceError>;

    /// What the table says of its stream. Only for watching: nothing is read or left out because of it.
    ///
    /// # Errors
    /// [`ServiceError`]; also where DynamoDB itself cannot be asked.
    async fn describe_table(&self, table: &str) -> Result<TableStream, ServiceError>;
}
