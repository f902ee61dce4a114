//! The simulator's engine behind the reader's seam, without HTTP: what the SDK would make of a reply is made of it here.
//!
//! The one place of the simulation that knows the shape of `StreamClient`. Everything passes through [`Simulated`]'s one
//! function `call`: there a process waits at its gate, and there the trace is written.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sealog_record::{Shard, ShardId, StreamArn};
use sealog_simulator::{Delivery, Engine, Reply};
use sealog_source::{
    Clock, IteratorStart, ServiceError, ServiceErrorKind, ShardIterator, StreamClient, StreamPage,
    StreamStatus, TableStream,
};
use serde_json::{Value, json};

use crate::process::Process;

/// A client of the scripted service.
#[derive(Clone)]
pub struct Simulated {
    engine: Arc<Mutex<Engine>>,
    clock: Arc<dyn Clock>,
    process: Option<Arc<Process>>,
    /// Whose an iterator is, for the trace.
    shards: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Simulated {
    /// A client that nothing happens to.
    #[must_use]
    pub fn new(engine: Arc<Mutex<Engine>>, clock: Arc<dyn Clock>) -> Self {
        Self { engine, clock, process: None, shards: Arc::default() }
    }

    /// The client of a process, which may be paused or killed, and whose calls are traced.
    #[must_use]
    pub fn of(self, process: Arc<Process>) -> Self {
        Self { process: Some(process), ..self }
    }

    async fn call(&self, operation: &'static str, request: &Value) -> Result<Bytes, ServiceError> {
        if let Some(process) = &self.process {
            process.gate().await;
        }
        let now_ms = self.clock.now_ms();
        let reply = self.engine.lock().unwrap().handle(now_ms, operation, request.to_string().as_bytes());
        if let Some(process) = &self.process {
            process.note(format_args!("{operation} {}", self.told(operation, request, &reply)));
        }
        let (delay_ms, on_the_way_ms) = delays(&reply);
        if delay_ms + on_the_way_ms > 0 {
            self.clock.sleep(Duration::from_millis(delay_ms + on_the_way_ms)).await;
        }
        if let Some(process) = &self.process {
            process.gate().await;
        }
        received(operation, reply)
    }

    async fn ask<T>(
        &self,
        operation: &'static str,
        request: &Value,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, ServiceError> {
        let body = self.call(operation, request).await?;
        let value: Option<Value> = serde_json::from_slice(&body).ok();
        value.as_ref().and_then(read).ok_or_else(|| error(operation, ServiceErrorKind::Malformed, None))
    }

    /// A call and its reply in one line.
    fn told(&self, operation: &str, request: &Value, reply: &Reply) -> String {
        let mut shards = self.shards.lock().unwrap();
        let iterator = request["ShardIterator"].as_str().unwrap_or_default();
        let about = match operation {
            "ListStreams" | "DescribeTable" => request["TableName"].as_str().unwrap_or_default().to_owned(),
            "DescribeStream" => format!(
                "{} behind {}",
                request["StreamArn"].as_str().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default(),
                request["ExclusiveStartShardId"].as_str().unwrap_or("nothing")
            ),
            "GetShardIterator" => format!(
                "{} {} {}",
                request["ShardId"].as_str().unwrap_or_default(),
                request["ShardIteratorType"].as_str().unwrap_or_default(),
                request["SequenceNumber"].as_str().unwrap_or_default()
            ),
            _ => shards.get(iterator).cloned().unwrap_or_default(),
        };
        let crc = crc32fast::hash(&reply.body);
        let (status, behaviour) = (reply.status, reply.behaviour);
        let said =
            if status == 200 { summary(operation, &reply.body) } else { code(reply).unwrap_or_default() };
        if status == 200 && matches!(operation, "GetShardIterator" | "GetRecords") {
            let shard = request["ShardId"].as_str().map_or(about.clone(), str::to_owned);
            for next in ["\"ShardIterator\":\"", "\"NextShardIterator\":\""] {
                if let Some(iterator) = member(&reply.body, next) {
                    shards.insert(iterator, shard.clone());
                }
            }
        }
        format!("{about}: {status} {said} {crc:08x} {behaviour:?}")
    }
}

/// The text that follows `name` in a body, found without parsing it: bodies may be anything.
fn member(body: &[u8], name: &str) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?;
    let (_, rest) = text.split_once(name)?;
    rest.split_once('"').map(|(value, _)| value.to_owned())
}

/// What is in a good reply, in a few words.
fn summary(operation: &str, body: &[u8]) -> String {
    let Ok(text) = std::str::from_utf8(body) else { return "not text".to_owned() };
    let all = |name: &str| -> Vec<&str> {
        text.split(name).skip(1).filter_map(|rest| rest.split('"').next()).collect()
    };
    match operation {
        "GetRecords" => {
            let numbers = all("\"SequenceNumber\":\"");
            let end = if text.contains("\"NextShardIterator\"") { "" } else { ", end" };
            let last = numbers.last().unwrap_or(&"");
            format!("{} records {}..{last}{end}", numbers.len(), numbers.first().unwrap_or(&""))
        }
        "DescribeStream" => {
            let shards = all("\"ShardId\":\"");
            let more = if text.contains("LastEvaluatedShardId") { ", more" } else { "" };
            format!("{} [{}]{more}", all("\"StreamStatus\":\"").join(","), shards.join(" "))
        }
        "ListStreams" => all("\"StreamLabel\":\"").join(" "),
        _ => String::new(),
    }
}

fn code(reply: &Reply) -> Option<String> {
    let body: Value = serde_json::from_slice(&reply.body).ok()?;
    body["__type"].as_str().and_then(|name| name.rsplit('#').next()).map(str::to_owned)
}

/// Before the reply begins, and until it is all there.
fn delays(reply: &Reply) -> (u64, u64) {
    let on_the_way = match reply.behaviour.delivery {
        Delivery::Drip { bytes, pause_ms } => {
            pause_ms.saturating_mul((reply.body.len() / bytes.max(1)) as u64)
        }
        Delivery::Whole | Delivery::Reset | Delivery::Truncated { .. } => 0,
    };
    (reply.behaviour.delay_ms, on_the_way)
}

fn error(operation: &'static str, kind: ServiceErrorKind, code: Option<&str>) -> ServiceError {
    ServiceError { operation, kind, code: code.map(str::to_owned), message: "simulated".to_owned() }
}

fn received(operation: &'static str, reply: Reply) -> Result<Bytes, ServiceError> {
    let unreachable = || Err(error(operation, ServiceErrorKind::Unreachable, None));
    match reply.behaviour.delivery {
        Delivery::Reset => return unreachable(),
        Delivery::Truncated { bytes } if bytes < reply.body.len() => return unreachable(),
        Delivery::Whole | Delivery::Drip { .. } | Delivery::Truncated { .. } => {}
    }
    if reply.status != 200 {
        let code = code(&reply);
        return Err(error(operation, kind(code.as_deref(), reply.status), code.as_deref()));
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
        Some("ThrottlingException" | "ProvisionedThroughputExceededException" | "RequestLimitExceeded") => {
            ServiceErrorKind::Throttled
        }
        Some("AccessDeniedException" | "ExpiredTokenException" | "UnrecognizedClientException") => {
            ServiceErrorKind::Denied
        }
        Some(_) | None if status >= 500 => ServiceErrorKind::ServerFault,
        Some(_) | None => ServiceErrorKind::Invalid,
    }
}

fn text(value: &Value) -> Option<&str> {
    value.as_str()
}

fn shard(value: &Value) -> Option<Shard> {
    let range = &value["SequenceNumberRange"];
    Some(Shard {
        id: text(&value["ShardId"])?.parse().ok()?,
        parent: text(&value["ParentShardId"]).map(|id| id.parse().unwrap()),
        starting: text(&range["StartingSequenceNumber"]).map(|number| number.parse().unwrap()),
        ending: text(&range["EndingSequenceNumber"]).map(|number| number.parse().unwrap()),
    })
}

fn stream_page(reply: &Value) -> Option<StreamPage> {
    let description = &reply["StreamDescription"];
    Some(StreamPage {
        status: match text(&description["StreamStatus"]) {
            Some("DISABLED") => StreamStatus::Disabled,
            Some(_) | None => StreamStatus::Enabled,
        },
        view_type: text(&description["StreamViewType"])?.parse().ok()?,
        shards: description["Shards"].as_array()?.iter().map(shard).collect::<Option<_>>()?,
        last_evaluated: text(&description["LastEvaluatedShardId"]).map(|id| id.parse().unwrap()),
    })
}

#[async_trait]
impl StreamClient for Simulated {
    async fn list_streams(&self, table: &str) -> Result<Vec<StreamArn>, ServiceError> {
        self.ask("ListStreams", &json!({ "TableName": table }), |reply| {
            let streams = reply["Streams"].as_array()?;
            streams.iter().map(|stream| text(&stream["StreamArn"])?.parse().ok()).collect()
        })
        .await
    }

    async fn describe_stream(
        &self,
        stream: &StreamArn,
        after: Option<&ShardId>,
    ) -> Result<StreamPage, ServiceError> {
        let request = json!({ "StreamArn": stream, "ExclusiveStartShardId": after });
        self.ask("DescribeStream", &request, stream_page).await
    }

    async fn shard_iterator(
        &self,
        stream: &StreamArn,
        shard: &ShardId,
        start: IteratorStart,
    ) -> Result<ShardIterator, ServiceError> {
        let (kind, number) = match start {
            IteratorStart::TrimHorizon => ("TRIM_HORIZON", None),
            IteratorStart::Latest => ("LATEST", None),
            IteratorStart::At(number) => ("AT_SEQUENCE_NUMBER", Some(number)),
            IteratorStart::After(number) => ("AFTER_SEQUENCE_NUMBER", Some(number)),
        };
        let request = json!({
            "StreamArn": stream, "ShardId": shard, "ShardIteratorType": kind, "SequenceNumber": number
        });
        self.ask("GetShardIterator", &request, |reply| text(&reply["ShardIterator"]).map(ShardIterator::new))
            .await
    }

    async fn get_records(&self, iterator: &ShardIterator) -> Result<Bytes, ServiceError> {
        self.call("GetRecords", &json!({ "ShardIterator": iterator.as_str() })).await
    }

    async fn describe_table(&self, table: &str) -> Result<TableStream, ServiceError> {
        let read = |reply: &Value| {
            let stream = &reply["Table"]["StreamSpecification"];
            if stream["StreamEnabled"] != true {
                return Some(TableStream::Off);
            }
            text(&stream["StreamViewType"])?.parse().ok().map(TableStream::On)
        };
        match self.ask("DescribeTable", &json!({ "TableName": table }), read).await {
            Err(error) if error.kind == ServiceErrorKind::NotFound => Ok(TableStream::NoTable),
            found => found,
        }
    }
}
