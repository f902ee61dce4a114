//! Events as a reader sends them, made by hand.

use std::sync::Arc;

use bytes::Bytes;
use sealog_record::{
    Gap, GapCause, ReadFrom, SequenceNumber, ShardId, StreamArn, StreamLabel, Timestamp, ViewType,
};
use sealog_simulator::{Engine, Millis, Scenario, TableSpec, WriterSpec};
use sealog_source::{BytePermit, Coverage, Limits, Page, Source, SourceEvent, SourceOptions, StartAt};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use sealog_simulation::clock::{Paused, ZERO_MS};
use sealog_simulation::service::Simulated;

const ARN: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders/stream/2026-11-22T00:00:00.000";

pub(crate) fn stream() -> StreamLabel {
    arn().label()
}

fn arn() -> StreamArn {
    ARN.parse().unwrap()
}

pub(crate) fn shard(id: &str) -> ShardId {
    id.parse().unwrap()
}

pub(crate) fn number(number: u64) -> SequenceNumber {
    number.to_string().parse().unwrap()
}

/// A share of memory, such as only a reader can reserve.
async fn permit() -> BytePermit {
    let writer = WriterSpec::count(1, Millis::minutes(-2), Millis::minutes(-1));
    let engine =
        Engine::new(Scenario::new(1).table(TableSpec::new("permits").writer(writer)), ZERO_MS).unwrap();
    let clock = Arc::new(Paused::new());
    let client = Arc::new(Simulated::new(Arc::new(engine.into()), clock.clone()));
    let source = Source::new(client, clock, SourceOptions::default(), "permits", Coverage::default());
    let (events, mut sent) = mpsc::channel(16);
    let (_committed, committed) = mpsc::channel(1);
    let run = source.run(events, committed, Limits::default(), CancellationToken::new());
    let take = async {
        loop {
            if let Some(SourceEvent::Page { permit, .. }) = sent.recv().await {
                return permit;
            }
        }
    };
    tokio::select! {
        biased;
        permit = take => permit,
        result = run => panic!("the reader ended: {result:?}"),
    }
}

pub(crate) fn opened() -> SourceEvent {
    SourceEvent::StreamOpened {
        stream: arn(),
        view_type: ViewType::NewAndOldImages,
        start: StartAt::TrimHorizon,
        at_ms: ZERO_MS,
    }
}

pub(crate) fn found(id: &str, parent: Option<&str>) -> SourceEvent {
    let (shard, parent) = (shard(id), parent.map(shard));
    SourceEvent::Discovered { stream: stream(), shard, parent, from: ReadFrom::TrimHorizon }
}

/// Records of these numbers, the first `skip` of them sent before.
pub(crate) async fn page_from(id: &str, numbers: &[u64], skip: usize, closes: bool) -> SourceEvent {
    let record = |number: &u64| {
        format!(
            r#"{{"eventName":"MODIFY","dynamodb":{{"SequenceNumber":"{number}","Keys":{{"id":{{"N":"{number}"}}}}}}}}"#
        )
    };
    let records: Vec<String> = numbers.iter().map(record).collect();
    let body = format!(r#"{{"Records":[{}]}}"#, records.join(","));
    let page = Page::parse(Bytes::from(body)).unwrap();
    SourceEvent::Page {
        stream: stream(),
        shard: shard(id),
        page,
        first: skip,
        closes,
        permit: permit().await,
    }
}

pub(crate) async fn page(id: &str, numbers: &[u64]) -> SourceEvent {
    page_from(id, numbers, 0, false).await
}

/// The last page of a shard.
pub(crate) async fn end(id: &str, numbers: &[u64]) -> SourceEvent {
    page_from(id, numbers, 0, true).await
}

pub(crate) fn gap(id: &str, after: Option<u64>, first: Option<u64>) -> SourceEvent {
    SourceEvent::Gap(Gap {
        stream: stream(),
        shard: Some(shard(id)),
        after: after.map(number),
        first: first.map(number),
        cause: GapCause::Trimmed,
        ends_shard: false,
        noticed_at: Timestamp::from_millis(ZERO_MS),
    })
}

/// A gap behind which the shard has nothing more.
pub(crate) fn lost(id: &str, after: Option<u64>) -> SourceEvent {
    let SourceEvent::Gap(gap) = gap(id, after, None) else { unreachable!() };
    SourceEvent::Gap(Gap { ends_shard: true, cause: GapCause::ShardVanished, ..gap })
}
