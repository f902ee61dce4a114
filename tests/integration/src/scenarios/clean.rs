//! Archives that nobody touched.

use std::collections::BTreeMap;

use sealog_chain::{Batch, Fact, SegmentFrom, StartAt, StreamEnd, evidence_key, sha256};
use sealog_record::{Gap, GapCause};

use super::{clean, lines};
use crate::ledger::{A, B, C, LATE, begun, heartbeat, ledger, stream_opened};
use crate::model::{Key, LogModel, at, child_of, closing, no_rows, on, segment};
use crate::rows::{Row, STREAM, row, rows, sequence};
use crate::vector::Vector;

/// Label of the stream that follows [`STREAM`].
const NEXT_STREAM: &str = "2026-11-22T10:05:00.000";
const WITH_GAPS: &str = "INTACT WITH DECLARED GAPS";

pub(super) fn vectors() -> Vec<Vector> {
    vec![
        super::rich::vector(),
        clean(
            "clean-ledger",
            "the log that most other vectors bend: three shards, one ends and has a child",
            &ledger(),
        ),
        gaps(),
        gap_upon_gap(),
        latest_start(),
        rollover(),
        stream_vanished(),
        rotation("clean-rotation-old-key", "the key was rotated; judged with the key before it", Key::First),
        rotation("clean-rotation-new-key", "the key was rotated; judged with the key after it", Key::Second),
        closed_log(),
        two_objects(),
        orphan(),
        children_missing(),
        foreign_files(),
    ]
}

/// A gap of the usual stream, not ending the shard.
pub(super) fn gap(shard: Option<&str>, after: Option<u64>, cause: GapCause) -> Gap {
    Gap {
        stream: STREAM.parse().unwrap(),
        shard: shard.map(|id| id.parse().unwrap()),
        after: after.map(|number| sequence(number).parse().unwrap()),
        first: None,
        cause,
        ends_shard: false,
        noticed_at: at("2026-11-22T10:19:00.000Z"),
    }
}

fn gaps() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    log.commit_rows(vec![(rows(B, 201..=202), segment(&rows(B, 201..=202), None))]);
    let trimmed =
        Gap { first: Some(sequence(210).parse().unwrap()), ..gap(Some(B), Some(202), GapCause::Trimmed) };
    let goes_on = rows(B, 210..=212);
    let batch = log.batch(std::slice::from_ref(&goes_on), vec![segment(&goes_on, None)]);
    log.commit(vec![Fact::Gap(trimmed)], Some(batch));
    let parent = Gap { ends_shard: true, ..gap(Some(A), None, GapCause::ParentVanished) };
    let looked = Batch::without_rows(vec![child_of(A, no_rows(C, None))]);
    log.commit(vec![Fact::Gap(parent)], Some(looked));
    log.commit_rows(vec![(rows(C, 301..=302), child_of(A, segment(&rows(C, 301..=302), None)))]);
    clean(
        "clean-gap",
        "two gaps are admitted: one inside a shard that goes on, one that swallowed a parent",
        &log,
    )
    .expect_findings(
        WITH_GAPS,
        &[format!("gap-declared commit=2 shard={B}"), format!("gap-declared commit=3 shard={A}")],
    )
}

fn gap_upon_gap() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    log.commit_rows(vec![(rows(B, 201..=202), segment(&rows(B, 201..=202), None))]);
    let again = || vec![Fact::Gap(gap(Some(B), Some(202), GapCause::Trimmed))];
    log.commit(again(), None);
    log.commit(again(), None);
    log.commit_rows(vec![(rows(B, 220..=221), segment(&rows(B, 220..=221), None))]);
    clean(
        "clean-gap-upon-gap",
        "the service trimmed on while a gap was being admitted: two gaps after one record",
        &log,
    )
    .expect_findings(
        WITH_GAPS,
        &[format!("gap-declared commit=2 shard={B}"), format!("gap-declared commit=3 shard={B}")],
    )
}

fn latest_start() -> Vector {
    let mut log = begun(StartAt::Latest);
    let latest = |segment| sealog_chain::Segment { from: SegmentFrom::Latest, ..segment };
    log.commit(
        Vec::new(),
        Some(Batch::without_rows(vec![latest(no_rows(A, None)), latest(no_rows(B, None))])),
    );
    log.commit_rows(vec![(rows(A, 101..=102), closing(latest(segment(&rows(A, 101..=102), None))))]);
    log.commit_rows(vec![
        (rows(C, 301..=302), child_of(A, segment(&rows(C, 301..=302), None))),
        (rows(B, 201..=201), latest(segment(&rows(B, 201..=201), None))),
    ]);
    clean(
        "clean-latest-start",
        "reading began at the newest record; the child of such a shard is read whole",
        &log,
    )
}

/// Rows of a shard of the next stream, and their segment.
fn of_next_stream(shard: &str, numbers: std::ops::RangeInclusive<u64>) -> (Vec<Row>, sealog_chain::Segment) {
    let moved = |row: Row| Row { stream: NEXT_STREAM.to_owned(), ..row };
    let rows: Vec<Row> = rows(shard, numbers).into_iter().map(moved).collect();
    let segment = on(NEXT_STREAM, segment(&rows, None));
    (rows, segment)
}

fn blind_interval() -> Fact {
    Fact::Gap(Gap { stream: NEXT_STREAM.parse().unwrap(), ..gap(None, None, GapCause::StreamDisabled) })
}

fn stream_closed(cause: StreamEnd) -> Fact {
    Fact::StreamClosed { stream: STREAM.parse().unwrap(), cause, at: at("2026-11-22T10:19:30.000Z") }
}

fn rollover() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    log.commit_rows(vec![(rows(A, 101..=103), closing(segment(&rows(A, 101..=103), None)))]);
    let facts = vec![
        stream_closed(StreamEnd::Disabled),
        blind_interval(),
        stream_opened(NEXT_STREAM, StartAt::TrimHorizon),
    ];
    let (rows, segment) = of_next_stream(B, 1..=3);
    let batch = log.batch(&[rows], vec![segment]);
    log.commit(facts, Some(batch));
    log.commit(vec![heartbeat()], None);
    clean(
        "clean-stream-rollover",
        "the stream was switched off and on again: the old one is drained and closed, the time between is a gap",
        &log,
    )
    .expect_findings(WITH_GAPS, &lines(&["gap-declared commit=2"]))
}

fn stream_vanished() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    log.commit_rows(vec![(rows(A, 101..=103), segment(&rows(A, 101..=103), None))]);
    let vanished = Fact::Gap(gap(None, None, GapCause::StreamVanished));
    log.commit(vec![vanished, stream_closed(StreamEnd::Vanished)], None);
    log.commit(vec![blind_interval()], None);
    let (rows, segment) = of_next_stream(B, 1..=3);
    let batch = log.batch(&[rows], vec![segment]);
    log.commit(vec![stream_opened(NEXT_STREAM, StartAt::TrimHorizon)], Some(batch));
    clean(
        "clean-stream-vanished",
        "a stream vanished before its shards were read to their ends; the next one is announced before it is opened",
        &log,
    )
    .expect_findings(WITH_GAPS, &lines(&["gap-declared commit=2", "gap-declared commit=3"]))
}

fn rotation(name: &'static str, about: &'static str, key: Key) -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    log.commit_rows(vec![(rows(B, 201..=202), segment(&rows(B, 201..=202), None))]);
    log.commit(vec![Key::First.rotated(Key::Second, Key::First)], None);
    log.commit(vec![heartbeat()], None);
    log.commit(vec![heartbeat()], None);
    log.signers =
        BTreeMap::from([(3, vec![Key::First, Key::Second]), (4, vec![Key::Second]), (5, vec![Key::Second])]);
    clean(name, about, &log).judged_with(Some(key))
}

fn closed_log() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    log.commit_rows(vec![(rows(A, 101..=103), closing(segment(&rows(A, 101..=103), None)))]);
    let closed = Fact::LogClosed { reason: "the table was deleted".to_owned() };
    log.commit(vec![stream_closed(StreamEnd::TableDeleted), closed], None);
    clean("clean-closed-log", "seven years old, and not stale: the log says that nothing follows", &log)
        .judged_at("2033-11-22T00:00:00.000Z")
}

fn two_objects() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    let (a, b) = (rows(A, 101..=103), rows(B, 201..=202));
    let objects = [a[..2].to_vec(), [&a[2..], &b[..]].concat()];
    let batch = log.batch(&objects, vec![segment(&a, None), segment(&b, None)]);
    log.commit(Vec::new(), Some(batch));
    clean(
        "clean-two-objects",
        "a batch of two objects, with a segment that begins in one and ends in the other",
        &log,
    )
}

fn orphan() -> Vector {
    let mut log = ledger();
    let bytes = crate::rows::parquet(&[row(B, 999)]);
    log.objects.insert(evidence_key(&sha256(&bytes)), bytes);
    clean(
        "clean-orphan-object",
        "an evidence object that no commit names proves nothing and harms nothing",
        &log,
    )
}

fn children_missing() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    let (a, b) = (rows(A, 101..=103), rows(B, 201..=202));
    log.commit_rows(vec![(a.clone(), closing(segment(&a, None))), (b.clone(), segment(&b, None))]);
    clean("children-missing", "a shard ended and no child of it was seen yet: worth a notice only", &log)
        .expect_findings("INTACT", &[format!("children-missing shard={A}")])
}

fn foreign_files() -> Vector {
    let mut files = ledger().seal();
    for key in ["commits/README.txt", "commits/00000000000000000003.json.bak", "checkpoints/7"] {
        files.insert(key.to_owned(), b"not mine\n".to_vec());
    }
    super::intact(
        "foreign-object",
        "files that are none of the log's lie in commits/ and checkpoints/",
        files,
    )
    .expect_findings(
        "INTACT",
        &lines(&[
            "foreign-object object=commits/README.txt",
            "foreign-object object=commits/00000000000000000003.json.bak",
            "foreign-object object=checkpoints/7",
        ]),
    )
}

/// The ledger a day later, newest commit last.
pub(super) fn late(log: &LogModel, name: &'static str, about: &'static str, newest: u64) -> Vector {
    clean(name, about, log).judged_at(LATE).expect_findings("STALE", &[format!("stale commit={newest}")])
}
