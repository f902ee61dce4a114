//! One clean archive with as much as possible in it.

use sealog_chain::{
    Decisions, Fact, FilterMode, FilterUse, Policies, Retention, RetentionMode, StartAt, StopCause, sha256,
};

use super::clean;
use crate::ledger::{A, B, C, begun, heartbeat, policies};
use crate::model::{LogModel, at, child_of, closing, no_rows, segment};
use crate::rows::{Row, row, rows, sequence};
use crate::vector::Vector;

const D: &str = "shardId-00000001795343400000-0000000d";
const E: &str = "shardId-00000001795343400000-0000000e";

pub(super) fn vector() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    interleaved(&mut log);
    ends_of_parents(&mut log);
    children(&mut log);
    grandchild_and_facts(&mut log);
    log.commit(vec![heartbeat()], None);
    clean(
        "clean",
        "interleaved segments, splits and grandchildren, a filter, TTL delete, tombstone, redaction, unreadable record, \
         nulls, empty texts, numbers of 40 digits, odd unicode",
        &log,
    )
}

/// Forty digits, beyond 128 bits.
fn long(number: u64) -> String {
    format!("9{number:039}")
}

fn with(shard: &str, sequence: String, bend: impl FnOnce(&mut Row)) -> Row {
    let mut row = Row { sequence, ..row(shard, 1) };
    bend(&mut row);
    row
}

fn component() -> String {
    sha256(b"pii.wasm").to_string()
}

fn filter(decisions: Decisions) -> FilterUse {
    FilterUse {
        name: "pii".to_owned(),
        component: sha256(b"pii.wasm"),
        config: sha256(b"{}"),
        world: "sealog:filter@1.0.0".to_owned(),
        engine: "wasmtime 48.0.8".to_owned(),
        limits: "default".to_owned(),
        mode: FilterMode::Enforce,
        decisions,
    }
}

fn odd_rows() -> Vec<Row> {
    let some = |text: &str| Some(text.to_owned());
    let judged = |row: &mut Row, verdict: &str| {
        row.verdict = verdict.to_owned();
        row.reason = some("pii.email");
        row.filter = Some(component());
    };
    vec![
        with(A, sequence(101), |row| {
            row.event_name = some("INSERT");
            row.old_image = None;
            row.new_image =
                some("{ \"n\\u00e4me\" : {\"S\":\"\\u0061\\/ \u{1F512}\u{202E} e\u{301} \u{7f}\"} }");
        }),
        with(A, sequence(102), |row| {
            row.event_name = some("REMOVE");
            row.user_type = some("Service");
            row.user_principal = some("dynamodb.amazonaws.com");
            row.new_image = None;
        }),
        Row {
            stream: crate::rows::STREAM.to_owned(),
            shard: A.to_owned(),
            sequence: sequence(103),
            extra: some(r#"{"dynamodb":{"SequenceNumber":"x","Keys":7}}"#),
            verdict: "keep".to_owned(),
            reason: some("fault:unreadable"),
            ..Row::default()
        },
        with(A, sequence(104), |row| {
            judged(row, "drop");
            (row.old_image, row.new_image) = (None, None);
        }),
        with(A, sequence(105), |row| {
            judged(row, "redact");
            row.tags = some(r#"{"class":"pii","team":"f\u00fcnf"}"#);
            row.new_image = some(r#"{"account":{"S":"a-1"},"email":{"NULL":true}}"#);
            let commitment = sha256(b"a salt of 32 bytes and the value");
            row.redactions =
                Some(format!(r#"[{{"image":"new_image","path":["email"],"commitment":"{commitment}"}}]"#));
        }),
    ]
}

fn nearly_empty_rows() -> Vec<Row> {
    let empty = Some(String::new());
    vec![
        with(B, long(1), |row| {
            (row.event_id, row.event_version, row.aws_region) = (empty.clone(), empty.clone(), empty.clone());
            (row.keys, row.tags) = (empty.clone(), empty.clone());
            (row.created_at, row.size_bytes) = (Some(0), Some(0));
        }),
        with(B, long(2), |row| (row.created_at, row.size_bytes) = (Some(-1), Some(i64::MAX))),
        with(B, long(3), |row| {
            (row.created_at, row.size_bytes, row.event_source) = (None, None, None);
            row.extra =
                Some(r#"{"new":[1.0,1e400], "dynamodb":{"ApproximateCreationDateTime":1.5e9}}"#.to_owned());
        }),
    ]
}

fn interleaved(log: &mut LogModel) {
    let (a, b) = (odd_rows(), nearly_empty_rows());
    let runs = [&a[..2], &b[..1], &a[2..], &b[1..]];
    let segments = vec![
        segment(&a[..2], None),
        segment(&b[..1], None),
        segment(&a[2..], Some(&sequence(102))),
        segment(&b[1..], Some(&long(1))),
    ];
    let mut batch = log.batch(&[runs.concat()], segments);
    batch.filters = vec![filter(Decisions { fault: 0, ..batch.decisions })];
    log.commit(
        vec![Fact::FilterPinned { filter: filter(Decisions::default()), replaces: None }],
        Some(batch),
    );
}

fn ends_of_parents(log: &mut LogModel) {
    let last = rows(B, [4]).into_iter().map(|row| Row { sequence: long(4), ..row }).collect::<Vec<_>>();
    let segments = vec![
        closing(no_rows(A, Some(&sequence(105)))),
        closing(segment(&last, Some(&long(3)))),
        child_of(A, no_rows(C, None)),
    ];
    let batch = log.batch(&[last], segments);
    let number = log.commit(vec![Fact::ClockWentBack { clock: at("2026-11-22T10:09:59.999Z") }], Some(batch));
    log.at(number).committed_at = crate::model::committed_at(number - 1);
}

fn children(log: &mut LogModel) {
    let hold = Fact::HoldAdded {
        name: "case \"7\"\\\u{1}\u{7f}".to_owned(),
        first: 0,
        last: 2,
        reason: "Žádost soudu \u{1F9FE}".to_owned(),
    };
    let (c, d) = (rows(C, 301..=302), rows(D, 401..=402));
    let segments = vec![
        closing(child_of(A, segment(&c, None))),
        child_of(B, segment(&d, None)),
        child_of(B, no_rows(E, None)),
    ];
    let batch = log.batch(&[c, d], segments);
    log.commit(vec![hold], Some(batch));
}

fn grandchild_and_facts(log: &mut LogModel) {
    const F: &str = "shardId-00000001795344000000-0000000f";
    let retention = Some(Retention { mode: RetentionMode::Compliance, days: 2557 });
    let (name, component) = ("pii".to_owned(), sha256(b"pii.wasm"));
    let facts = vec![
        Fact::CaptureStopped { cause: StopCause::Signal },
        Fact::CaptureStarted {},
        Fact::PolicyChanged { policies: Policies { retention, ..policies(900) } },
        Fact::FilterBypassed { name: name.clone(), component, reason: "on the operator's word".to_owned() },
        Fact::FilterRemoved { name, component },
        Fact::HoldRemoved { name: "case \"7\"\\\u{1}\u{7f}".to_owned(), reason: String::new() },
    ];
    let f = rows(F, 501..=503);
    let batch = log.batch(std::slice::from_ref(&f), vec![child_of(C, segment(&f, None))]);
    log.commit(facts, Some(batch));
}
