//! Requests, read as leniently as the service reads them: unknown members are ignored, wrong types are not.

use serde::Deserialize;

use crate::iterator::{Place, decode};
use crate::reply::WireError;
use crate::scenario::OperationName;

/// One request of any operation.
#[derive(Debug)]
pub(crate) enum Request {
    List(ListStreams),
    Describe(DescribeStream),
    Iterate(GetShardIterator),
    Get(GetRecords),
    Table(DescribeTable),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListStreams {
    pub(crate) table_name: Option<String>,
    pub(crate) limit: Option<i64>,
    pub(crate) exclusive_start_stream_arn: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeStream {
    pub(crate) stream_arn: Option<String>,
    pub(crate) limit: Option<i64>,
    pub(crate) exclusive_start_shard_id: Option<String>,
    pub(crate) shard_filter: Option<ShardFilter>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ShardFilter {
    pub(crate) r#type: Option<String>,
    pub(crate) shard_id: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetShardIterator {
    pub(crate) stream_arn: Option<String>,
    pub(crate) shard_id: Option<String>,
    pub(crate) shard_iterator_type: Option<String>,
    pub(crate) sequence_number: Option<String>,
    /// Seconds since 1970.
    pub(crate) timestamp: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetRecords {
    pub(crate) shard_iterator: Option<String>,
    /// What the iterator says: its stream and its place; `None` also for a text that was not issued here.
    #[serde(skip)]
    pub(crate) place: Option<(String, Place)>,
    pub(crate) limit: Option<i64>,
}

impl GetRecords {
    fn with_place(self) -> Self {
        let decoded = self.shard_iterator.as_deref().and_then(decode);
        Self { place: decoded.map(|(arn, place)| (arn.to_owned(), place)), ..self }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DescribeTable {
    /// A name or an ARN.
    pub(crate) table_name: Option<String>,
}

impl Request {
    pub(crate) fn parse(operation: OperationName, body: &[u8]) -> Result<Self, WireError> {
        let parsed = match operation {
            OperationName::ListStreams => serde_json::from_slice(body).map(Self::List),
            OperationName::DescribeStream => serde_json::from_slice(body).map(Self::Describe),
            OperationName::GetShardIterator => serde_json::from_slice(body).map(Self::Iterate),
            OperationName::GetRecords => {
                serde_json::from_slice(body).map(GetRecords::with_place).map(Self::Get)
            }
            OperationName::DescribeTable => serde_json::from_slice(body).map(Self::Table),
        };
        parsed.map_err(|e| WireError::with("SerializationException", e.to_string()))
    }
}

/// A member that must be there.
pub(crate) fn required<'a>(value: Option<&'a str>, name: &str) -> Result<&'a str, WireError> {
    value.ok_or_else(|| {
        let problem = format!("Value null at '{name}' failed to satisfy constraint: Member must not be null");
        WireError::validation(&problem)
    })
}

/// `Limit`, where it is given; at most `max`, which is also what no limit means.
pub(crate) fn limit(limit: Option<i64>, max: u32) -> Result<usize, WireError> {
    let max = i64::from(max);
    match limit.unwrap_or(max) {
        given if given < 1 => Err(WireError::validation(&format!(
            "Value '{given}' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"
        ))),
        given => Ok(usize::try_from(given.min(max)).unwrap_or(usize::MAX)),
    }
}
