//! The simulator's engine behind the reader's seam, without HTTP: what the SDK would make of a reply is made of it here.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sealog_record::{ReadFrom, Shard, ShardId, StreamArn};
use sealog_simulator::{Delivery, Engine, Reply};
use sealog_source::{
    Clock, ServiceError, ServiceErrorKind, ShardIterator, StreamClient, StreamPage, StreamStatus,
};
use serde_json::{Value, json};

#[derive(Clone)]
pub(crate) struct Simulated {
    pub(crate) engine: Arc<Mutex<Engine>>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Simulated {
    async fn call(&self, operation: &'static str, request: &Value) -> Result<Bytes, ServiceError> {
        let now_ms = self.clock.now_ms();
        let reply = self.engine.lock().unwrap().handle(now_ms, operation, request.to_string().as_bytes());
        if reply.behaviour.delay_ms > 0 {
            self.clock.sleep(Duration::from_millis(reply.behaviour.delay_ms)).await;
        }
        received(operation, reply)
    }

    async fn ask(&self, operation: &'static str, request: &Value) -> Result<Value, ServiceError> {
        let body = self.call(operation, request).await?;
        serde_json::from_slice(&body).map_err(|_| error(operation, ServiceErrorKind::Malformed, None))
    }
}

fn error(operation: &'static str, kind: ServiceErrorKind, code: Option<&str>) -> ServiceError {
    ServiceError { operation, kind, code: code.map(str::to_owned), message: "simulated".to_owned() }
}

fn received(operation: &'static str, reply: Reply) -> Result<Bytes, ServiceError> {
    let unreachable = || Err(error(operation, ServiceErrorKind::Unreachable, None));
    match reply.behaviour.delivery {
        Delivery::Reset | Delivery::Truncated { .. } => return unreachable(),
        Delivery::Whole | Delivery::Drip { .. } => {}
    }
    if reply.status != 200 {
        let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let code = body["__type"].as_str().and_then(|name| name.rsplit('#').next());
        return Err(error(operation, kind(code, reply.status), code));
    }
    match reply.header("x-amz-crc32") {
        Some(crc) if crc != crc32fast::hash(&reply.body).to_string() => unreachable(),
        Some(_) | None => Ok(reply.body),
    }
}

fn kind(code: Option<&str>, status: u16) -> ServiceErrorKind {
    match code {
        Some("ExpiredIteratorException") => ServiceErrorKind::ExpiredIterator,
        Some("TrimmedDataAccessException") => ServiceErrorKind::Trimmed,
        Some("ResourceNotFoundException") => ServiceErrorKind::NotFound,
        Some("LimitExceededException") => ServiceErrorKind::LimitExceeded,
        Some("ThrottlingException") => ServiceErrorKind::Throttled,
        Some("AccessDeniedException") => ServiceErrorKind::Denied,
        Some(_) | None if status >= 500 => ServiceErrorKind::ServerFault,
        Some(_) | None => ServiceErrorKind::Invalid,
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

fn shard(value: &Value) -> Shard {
    let range = &value["SequenceNumberRange"];
    Shard {
        id: text(&value["ShardId"]).unwrap().parse().unwrap(),
        parent: text(&value["ParentShardId"]).map(|id| id.parse().unwrap()),
        starting: text(&range["StartingSequenceNumber"]).map(|number| number.parse().unwrap()),
        ending: text(&range["EndingSequenceNumber"]).map(|number| number.parse().unwrap()),
    }
}

#[async_trait]
impl StreamClient for Simulated {
    async fn list_streams(&self, table: &str) -> Result<Vec<StreamArn>, ServiceError> {
        let reply = self.ask("ListStreams", &json!({ "TableName": table })).await?;
        let streams = reply["Streams"].as_array().unwrap();
        Ok(streams.iter().map(|stream| text(&stream["StreamArn"]).unwrap().parse().unwrap()).collect())
    }

    async fn describe_stream(
        &self,
        stream: &StreamArn,
        after: Option<&ShardId>,
    ) -> Result<StreamPage, ServiceError> {
        let request = json!({ "StreamArn": stream, "ExclusiveStartShardId": after });
        let reply = self.ask("DescribeStream", &request).await?;
        let description = &reply["StreamDescription"];
        Ok(StreamPage {
            status: match text(&description["StreamStatus"]) {
                Some("DISABLED") => StreamStatus::Disabled,
                Some(_) | None => StreamStatus::Enabled,
            },
            view_type: text(&description["StreamViewType"]).unwrap().parse().unwrap(),
            shards: description["Shards"].as_array().unwrap().iter().map(shard).collect(),
            last_evaluated: text(&description["LastEvaluatedShardId"]).map(|id| id.parse().unwrap()),
        })
    }

    async fn shard_iterator(
        &self,
        stream: &StreamArn,
        shard: &ShardId,
        from: ReadFrom,
    ) -> Result<ShardIterator, ServiceError> {
        let (kind, number) = match from {
            ReadFrom::TrimHorizon => ("TRIM_HORIZON", None),
            ReadFrom::Latest => ("LATEST", None),
            ReadFrom::After(number) => ("AFTER_SEQUENCE_NUMBER", Some(number)),
        };
        let request = json!({
            "StreamArn": stream, "ShardId": shard, "ShardIteratorType": kind, "SequenceNumber": number
        });
        let reply = self.ask("GetShardIterator", &request).await?;
        Ok(ShardIterator::new(text(&reply["ShardIterator"]).unwrap()))
    }

    async fn get_records(&self, iterator: &ShardIterator) -> Result<Bytes, ServiceError> {
        self.call("GetRecords", &json!({ "ShardIterator": iterator.as_str() })).await
    }
}
