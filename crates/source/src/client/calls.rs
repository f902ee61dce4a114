//! The requests that are really sent for one table, the SDK's own retries included.
//!
//! They are counted where replies come in, by HTTP status and error code, into the [`Calls`] of whoever asks: a
//! task-local, since the SDK sends in the task of its caller.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use bytes::Bytes;
use sealog_record::{ShardId, StreamArn};

use super::{
    IteratorStart, ServiceError, ServiceErrorKind, ShardIterator, StreamClient, StreamPage, TableStream,
};

tokio::task_local! {
    static CALLS: Arc<Calls>;
}

/// A call of DynamoDB or of its streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// `ListStreams`.
    ListStreams,
    /// `DescribeStream`.
    DescribeStream,
    /// `GetShardIterator`.
    GetShardIterator,
    /// `GetRecords`: what is billed, one unit a call, empty or not.
    GetRecords,
    /// `DescribeTable`.
    DescribeTable,
}

/// What one request came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallOutcome {
    /// It was answered.
    Ok,
    /// Too many calls, or too many readers.
    Throttled,
    /// Any other answer of the 400s.
    UserError,
    /// An answer of the 500s.
    SystemError,
    /// None, or one that was cut or damaged.
    NoAnswer,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::ListStreams,
        Self::DescribeStream,
        Self::GetShardIterator,
        Self::GetRecords,
        Self::DescribeTable,
    ];

    /// Its name in the service's API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ListStreams => "ListStreams",
            Self::DescribeStream => "DescribeStream",
            Self::GetShardIterator => "GetShardIterator",
            Self::GetRecords => "GetRecords",
            Self::DescribeTable => "DescribeTable",
        }
    }

    /// Of an `X-Amz-Target` header; `None`: not one of these.
    pub(super) fn of_target(target: &str) -> Option<Self> {
        let (_, name) = target.rsplit_once('.')?;
        Self::ALL.into_iter().find(|operation| operation.as_str() == name)
    }
}

impl CallOutcome {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Ok, Self::Throttled, Self::UserError, Self::SystemError, Self::NoAnswer];

    /// Its name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Throttled => "throttled",
            Self::UserError => "user_error",
            Self::SystemError => "system_error",
            Self::NoAnswer => "no_answer",
        }
    }

    pub(super) const fn of_error(kind: ServiceErrorKind) -> Self {
        match kind {
            ServiceErrorKind::Throttled | ServiceErrorKind::LimitExceeded => Self::Throttled,
            ServiceErrorKind::ServerFault => Self::SystemError,
            ServiceErrorKind::Unreachable | ServiceErrorKind::Malformed => Self::NoAnswer,
            ServiceErrorKind::ExpiredIterator
            | ServiceErrorKind::Trimmed
            | ServiceErrorKind::NotFound
            | ServiceErrorKind::Denied
            | ServiceErrorKind::NoCredentials
            | ServiceErrorKind::NoRegion
            | ServiceErrorKind::Invalid => Self::UserError,
        }
    }
}

/// Counts of requests, by operation and outcome.
#[derive(Debug, Default)]
pub struct Calls {
    counts: [[AtomicU64; CallOutcome::ALL.len()]; Operation::ALL.len()],
    date: Mutex<Option<String>>,
}

impl Calls {
    /// How many requests of `operation` came to `outcome`.
    #[must_use]
    pub fn get(&self, operation: Operation, outcome: CallOutcome) -> u64 {
        self.cell(operation, outcome).map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// How many requests of `operation` were sent.
    #[must_use]
    pub fn sent(&self, operation: Operation) -> u64 {
        CallOutcome::ALL.into_iter().map(|outcome| self.get(operation, outcome)).sum()
    }

    /// The service's clock when it last answered, in ms since 1970: the `Date` header, which knows whole seconds.
    #[must_use]
    pub fn service_clock_ms(&self) -> Option<i64> {
        let date = self.date.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        DateTime::from_str(&date, Format::HttpDate).ok()?.to_millis().ok()
    }

    /// Runs `work`; the requests that it sends are counted here.
    pub async fn counting<T>(self: &Arc<Self>, work: impl Future<Output = T>) -> T {
        CALLS.scope(Arc::clone(self), work).await
    }

    /// Who counts the requests of this task.
    pub(super) fn of_task() -> Option<Arc<Self>> {
        CALLS.try_with(Arc::clone).ok()
    }

    pub(super) fn count(&self, operation: Operation, outcome: CallOutcome) {
        if let Some(count) = self.cell(operation, outcome) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn answered_at(&self, date: &str) {
        *self.date.lock().unwrap_or_else(PoisonError::into_inner) = Some(date.to_owned());
    }

    fn cell(&self, operation: Operation, outcome: CallOutcome) -> Option<&AtomicU64> {
        self.counts.get(operation as usize)?.get(outcome as usize)
    }
}

/// A client whose requests are counted.
#[derive(Debug)]
pub(crate) struct Counted<C> {
    client: Arc<C>,
    calls: Arc<Calls>,
}

impl<C> Counted<C> {
    pub(crate) fn new(client: Arc<C>, calls: Arc<Calls>) -> Self {
        Self { client, calls }
    }
}

#[async_trait]
impl<C: StreamClient> StreamClient for Counted<C> {
    async fn list_streams(&self, table: &str) -> Result<Vec<StreamArn>, ServiceError> {
        self.calls.counting(self.client.list_streams(table)).await
    }

    async fn describe_stream(
        &self,
        stream: &StreamArn,
        after: Option<&ShardId>,
    ) -> Result<StreamPage, ServiceError> {
        self.calls.counting(self.client.describe_stream(stream, after)).await
    }

    async fn shard_iterator(
        &self,
        stream: &StreamArn,
        shard: &ShardId,
        start: IteratorStart,
    ) -> Result<ShardIterator, ServiceError> {
        self.calls.counting(self.client.shard_iterator(stream, shard, start)).await
    }

    async fn get_records(&self, iterator: &ShardIterator) -> Result<Bytes, ServiceError> {
        self.calls.counting(self.client.get_records(iterator)).await
    }

    async fn describe_table(&self, table: &str) -> Result<TableStream, ServiceError> {
        self.calls.counting(self.client.describe_table(table)).await
    }
}
