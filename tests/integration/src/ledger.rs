//! The log that most scenarios bend: six commits over three shards, one of which ends and has a child.
//!
//! | commit | at | holds |
//! |---|---|---|
//! | 0 | 10:00 | genesis, capture started, stream opened |
//! | 1 | 10:10 | shard [`A`] 101–103, shard [`B`] 201–202 |
//! | 2 | 10:20 | [`A`] ends |
//! | 3 | 10:30 | [`C`], child of [`A`], 301–303, then [`B`] 203–204 |
//! | 4 | 10:40 | heartbeat |
//! | 5 | 10:50 | [`C`] 304–306 |

use sealog_chain::{Batch, Fact, OnGap, Policies, StartAt};
use sealog_record::{StreamArn, ViewType};

use crate::model::{Key, LogModel, TABLE, at, child_of, closing, no_rows, segment};
use crate::rows::{Row, STREAM, rows, sequence};

/// A shard that ends.
pub const A: &str = "shardId-00000001795341600000-0000000a";
/// A shard that stays open.
pub const B: &str = "shardId-00000001795341600000-0000000b";
/// The child of [`A`].
pub const C: &str = "shardId-00000001795342800000-0000000c";

/// Ten minutes after the newest commit.
pub const NOW: &str = "2026-11-22T11:00:00.000Z";
/// The day after: too late for an hourly heartbeat.
pub const LATE: &str = "2026-11-23T11:00:00.000Z";

/// What a log begins with.
#[must_use]
pub fn genesis(key: Key) -> Fact {
    Fact::Genesis {
        holds: "dynamodb-changes".to_owned(),
        table_arn: TABLE.parse().unwrap(),
        view_type: ViewType::NewAndOldImages,
        key: key.vkey(),
        policies: policies(3600),
    }
}

/// Rules with this heartbeat.
#[must_use]
pub fn policies(heartbeat_seconds: u64) -> Policies {
    Policies { heartbeat_seconds, retention: None, on_gap: OnGap::Halt }
}

/// A stream's beginning.
#[must_use]
pub fn stream_opened(label: &str, start: StartAt) -> Fact {
    let arn: StreamArn = format!("{TABLE}/stream/{label}").parse().unwrap();
    Fact::StreamOpened {
        arn,
        view_type: ViewType::NewAndOldImages,
        start,
        at: at("2026-11-22T09:59:59.000Z"),
    }
}

/// Nothing else happened.
#[must_use]
pub fn heartbeat() -> Fact {
    Fact::Heartbeat { polled_since: Some(at("2026-11-22T10:39:58.250Z")) }
}

/// A log that has only begun.
#[must_use]
pub fn begun(start: StartAt) -> LogModel {
    let mut log = LogModel::default();
    log.commit(vec![genesis(Key::First), Fact::CaptureStarted {}, stream_opened(STREAM, start)], None);
    log
}

/// A log of six commits without evidence: a beginning and heartbeats.
#[must_use]
pub fn calm() -> LogModel {
    let mut log = begun(StartAt::TrimHorizon);
    for _ in 1..6 {
        log.commit(vec![heartbeat()], None);
    }
    log
}

/// The ledger.
#[must_use]
pub fn ledger() -> LogModel {
    ledger_bent(|_, _| ())
}

/// The ledger whose rows `bend` may change before they are sealed, given the number of their commit.
#[must_use]
pub fn ledger_bent(bend: impl Fn(u64, &mut Vec<Row>)) -> LogModel {
    let mut log = begun(StartAt::TrimHorizon);
    let sealed = |number: u64, log: &mut LogModel, segments: Vec<Vec<Row>>, of: Segments| {
        let listed = of(&segments);
        let mut rows = segments.concat();
        bend(number, &mut rows);
        let batch = log.batch(&[rows], listed);
        assert_eq!(log.commit(Vec::new(), Some(batch)), number);
    };
    sealed(1, &mut log, vec![rows(A, 101..=103), rows(B, 201..=202)], |parts| {
        vec![segment(&parts[0], None), segment(&parts[1], None)]
    });
    let end = Batch::without_rows(vec![closing(no_rows(A, Some(&sequence(103))))]);
    log.commit(Vec::new(), Some(end));
    sealed(3, &mut log, vec![rows(C, 301..=303), rows(B, 203..=204)], |parts| {
        vec![child_of(A, segment(&parts[0], None)), segment(&parts[1], Some(&sequence(202)))]
    });
    log.commit(vec![heartbeat()], None);
    sealed(5, &mut log, vec![rows(C, 304..=306)], |parts| {
        vec![child_of(A, segment(&parts[0], Some(&sequence(303))))]
    });
    log
}

type Segments = fn(&[Vec<Row>]) -> Vec<sealog_chain::Segment>;
