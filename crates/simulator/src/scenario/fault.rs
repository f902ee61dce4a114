//! Faults of a scenario: which calls they hit, and what the caller sees.

use serde::Deserialize;

use super::Millis;

/// A fault. A call is hit when everything that is set here matches.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultSpec {
    /// Only this operation; absent: all of them.
    #[serde(default)]
    pub operation: Option<OperationName>,
    /// Only calls about this table.
    #[serde(default)]
    pub table: Option<String>,
    /// Only calls about this shard, by order of birth in its stream, from 0.
    #[serde(default)]
    pub shard: Option<u32>,
    /// From this instant on.
    #[serde(default)]
    pub from: Option<Millis>,
    /// Before this instant.
    #[serde(default)]
    pub until: Option<Millis>,
    /// Lets so many matching calls pass first.
    #[serde(default)]
    pub after_calls: u64,
    /// Hits only each n-th of the following matching calls, the first of them included.
    #[serde(default)]
    pub every: Option<u64>,
    /// Hits at most so many calls.
    #[serde(default)]
    pub times: Option<u64>,
    /// Hits a matching call with this chance, drawn from the scenario's seed.
    #[serde(default)]
    pub probability: Option<f64>,
    /// What happens.
    pub does: FaultEffect,
}

impl FaultSpec {
    /// A fault that hits every call of `operation` (`None`: of all).
    #[must_use]
    pub fn new(operation: Option<OperationName>, does: FaultEffect) -> Self {
        Self {
            operation,
            table: None,
            shard: None,
            from: None,
            until: None,
            after_calls: 0,
            every: None,
            times: None,
            probability: None,
            does,
        }
    }

    /// Lets `calls` pass, then hits `times` calls.
    #[must_use]
    pub fn calls(mut self, calls: u64, times: u64) -> Self {
        self.after_calls = calls;
        self.times = Some(times);
        self
    }
}

/// The operations: four of DynamoDB Streams, and DescribeTable of DynamoDB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum OperationName {
    /// `ListStreams`
    ListStreams,
    /// `DescribeStream`
    DescribeStream,
    /// `GetShardIterator`
    GetShardIterator,
    /// `GetRecords`
    GetRecords,
    /// `DescribeTable`
    DescribeTable,
}

impl OperationName {
    /// The name as it stands after the dot of `X-Amz-Target`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "ListStreams" => Some(Self::ListStreams),
            "DescribeStream" => Some(Self::DescribeStream),
            "GetShardIterator" => Some(Self::GetShardIterator),
            "GetRecords" => Some(Self::GetRecords),
            "DescribeTable" => Some(Self::DescribeTable),
            _ => None,
        }
    }

    /// The operation that a whole `X-Amz-Target` names, such as `DynamoDBStreams_20120810.GetRecords`.
    #[must_use]
    pub fn from_target(target: &str) -> Option<Self> {
        let (service, name) = target.split_once('.')?;
        Self::from_name(name).filter(|operation| operation.service() == service)
    }

    /// Service and version, as they stand before the dot of `X-Amz-Target`.
    #[must_use]
    pub const fn service(self) -> &'static str {
        match self {
            Self::ListStreams | Self::DescribeStream | Self::GetShardIterator | Self::GetRecords => {
                "DynamoDBStreams_20120810"
            }
            Self::DescribeTable => "DynamoDB_20120810",
        }
    }

    /// The name as it stands after the dot of `X-Amz-Target`.
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
}

/// What a fault does to a call.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum FaultEffect {
    /// An error reply of the service, such as `ThrottlingException`, with its usual status and namespace.
    Error {
        /// The error's name.
        code: String,
        /// Its message; absent: the usual one.
        #[serde(default)]
        message: Option<String>,
        /// Its HTTP status; absent: the usual one.
        #[serde(default)]
        status: Option<u16>,
    },
    /// 503 with an HTML body, as a load balancer answers.
    Html503,
    /// The connection is reset before a byte of the reply.
    Reset,
    /// The reply is cut after so many bytes of its body; its length was announced in full.
    Truncate {
        /// Bytes of the body that arrive.
        bytes: u32,
    },
    /// The body arrives in small pieces with pauses.
    Drip {
        /// Bytes a piece.
        bytes: u32,
        /// The pause between two.
        pause: Millis,
    },
    /// `x-amz-crc32` does not fit the body.
    WrongCrc32,
    /// The reply comes so much later (machine time). Goes together with other faults.
    Latency(Millis),
    /// GetRecords: no records this time, and an iterator for the same place.
    EmptyPage,
    /// GetRecords: the page begins with so many records that were before it.
    Duplicate {
        /// How many records are delivered again.
        records: u32,
    },
    /// DescribeStream: `LastEvaluatedShardId` is what the caller sent (or the page's first shard).
    RepeatCursor,
    /// The body is cut to half, and length and CRC fit what is left: JSON that is not JSON.
    CutJson,
    /// GetRecords: the first record of the page has no `SequenceNumber`.
    NoSequenceNumber,
    /// Exactly this body.
    Body {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
}
