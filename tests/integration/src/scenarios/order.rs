//! Logs that state what cannot have been: segments, facts and gaps that break a rule of the fold.

use sealog_chain::{
    Batch, Decisions, Fact, FilterMode, FilterUse, Segment, SegmentFrom, StartAt, StreamEnd, sha256,
};
use sealog_record::GapCause;

use super::clean::gap;
use super::{one, tampered};
use crate::ledger::{A, B, C, begun, calm, heartbeat, ledger, stream_opened};
use crate::model::{LogModel, at, child_of, closing, no_rows, on, segment};
use crate::rows::{Row, STREAM, rows, sequence};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [segments(), parents(), facts(), gaps()].concat()
}

/// The ledger with another newest commit: these rows in one segment.
fn ledger_ending(rows: Vec<Row>, segment: Segment) -> LogModel {
    let mut log = ledger();
    let key = log.object_key(5, 0);
    log.objects.remove(&key);
    log.drafts.pop();
    log.commit_rows(vec![(rows, segment)]);
    log
}

/// The ledger whose newest commit holds these rows of `shard`, said to follow `after`.
fn ending(shard: &str, numbers: std::ops::RangeInclusive<u64>, after: Option<u64>) -> LogModel {
    let rows = rows(shard, numbers);
    let segment = segment(&rows, after.map(sequence).as_deref());
    ledger_ending(rows, segment)
}

fn found(code: &str, commit: u64, shard: &str) -> String {
    format!("{code} commit={commit} shard={shard}")
}

fn segments() -> Vec<Vector> {
    const D: &str = "shardId-00000001795343400000-0000000d";
    let respelled = ending(C, 304..=305, Some(303));
    let mut respelled_log = respelled;
    respelled_log.batch_at(5).segments[0].after = Some(format!("0{}", sequence(303)).parse().unwrap());
    vec![
        one(
            "segment-hole",
            "records between two segments of a shard are missing",
            &ending(C, 310..=311, Some(309)),
            found("segment-hole", 5, C),
        ),
        one(
            "segment-hole-restart",
            "a shard is begun anew as if nothing of it had been sealed",
            &ending(C, 304..=305, None),
            found("segment-hole", 5, C),
        ),
        one(
            "segment-hole-unknown",
            "a shard goes on of which nothing was sealed",
            &ending(D, 402..=403, Some(401)),
            found("segment-hole", 5, D),
        ),
        one(
            "segment-replayed",
            "records that had been sealed are sealed again",
            &ending(C, 303..=304, Some(302)),
            found("segment-replayed", 5, C),
        ),
        one(
            "segment-after-close",
            "a shard goes on after its end",
            &ending(A, 104..=105, Some(103)),
            found("segment-replayed", 5, A),
        ),
        one(
            "segment-respelled",
            "a segment spells the number before it with a leading zero",
            &respelled_log,
            "fact-contradiction commit=5",
        ),
        one(
            "segment-latest",
            "a shard begins at its newest record, though its stream was read from the oldest",
            &{
                let mut log = ending(D, 401..=402, None);
                log.batch_at(5).segments[0].from = SegmentFrom::Latest;
                log
            },
            "fact-contradiction commit=5",
        ),
        one(
            "segment-of-unopened-stream",
            "a segment of a stream that was never opened",
            &{
                let other = "2026-11-22T10:05:00.000";
                let rows: Vec<Row> = rows(D, 401..=402)
                    .into_iter()
                    .map(|row| Row { stream: other.to_owned(), ..row })
                    .collect();
                let segment = on(other, segment(&rows, None));
                ledger_ending(rows, segment)
            },
            "fact-contradiction commit=5",
        ),
    ]
}

fn parents() -> Vec<Vector> {
    let child = || child_of(A, segment(&rows(C, 301..=302), None));
    let mut together = begun(StartAt::TrimHorizon);
    together.commit_rows(vec![
        (rows(A, 101..=103), closing(segment(&rows(A, 101..=103), None))),
        (rows(C, 301..=302), child()),
    ]);
    let mut open = begun(StartAt::TrimHorizon);
    open.commit_rows(vec![(rows(A, 101..=103), segment(&rows(A, 101..=103), None))]);
    open.commit_rows(vec![(rows(C, 301..=302), child())]);
    vec![
        one(
            "parent-order",
            "rows of a child stand in the commit that closes its parent",
            &together,
            found("parent-order", 1, C),
        ),
        one(
            "parent-order-open",
            "rows of a child were sealed while its parent was still open",
            &open,
            found("parent-order", 2, C),
        ),
    ]
}

/// A log that goes on with a commit of these facts, which is one too many.
fn contradiction(name: &'static str, about: &'static str, mut log: LogModel, facts: Vec<Fact>) -> Vector {
    let number = log.commit(facts, None);
    one(name, about, &log, format!("fact-contradiction commit={number}"))
}

/// A filter that kept three rows.
fn filter() -> FilterUse {
    FilterUse {
        name: "pii".to_owned(),
        component: sha256(b"pii.wasm"),
        config: sha256(b"{}"),
        world: "sealog:filter@1.0.0".to_owned(),
        engine: "wasmtime 48.0.8".to_owned(),
        limits: "default".to_owned(),
        mode: FilterMode::Enforce,
        decisions: Decisions { keep: 3, ..Decisions::default() },
    }
}

fn facts() -> Vec<Vector> {
    let filter = filter();
    let pinned = FilterUse { decisions: Decisions::default(), ..filter.clone() };
    let mut other = ledger();
    other.at(4).facts.push(Fact::FilterPinned { filter: pinned, replaces: None });
    other.batch_at(5).filters.push(FilterUse { config: sha256(b"{\"all\":true}"), ..filter.clone() });
    let mut removed = calm();
    removed.at(3).facts.push(Fact::FilterPinned {
        filter: FilterUse { decisions: Decisions::default(), ..filter.clone() },
        replaces: None,
    });
    let stranger = Fact::FilterRemoved { name: filter.name.clone(), component: sha256(b"other.wasm") };
    let mut unpinned = ledger();
    unpinned.batch_at(5).filters.push(filter);
    let mut closed = ledger();
    closed.at(4).facts.push(Fact::LogClosed { reason: "done".to_owned() });
    let close = Fact::StreamClosed {
        stream: STREAM.parse().unwrap(),
        cause: StreamEnd::Disabled,
        at: at("2026-11-22T10:59:00.000Z"),
    };
    vec![
        one(
            "filter-not-pinned",
            "a filter judged that was never pinned",
            &unpinned,
            "fact-contradiction commit=5",
        ),
        one(
            "filter-other-config",
            "a filter judged with another configuration than it was pinned with",
            &other,
            "fact-contradiction commit=5",
        ),
        one(
            "log-closed-with-batch",
            "the commit that closes the log seals records too",
            &closing_with_batch(),
            "fact-contradiction commit=5",
        ),
        one(
            "log-closed-and-goes-on",
            "a commit follows the one that closed the log",
            &closed,
            "fact-contradiction commit=5",
        ),
        contradiction(
            "filter-removed-other",
            "a filter is removed under another component than it was pinned with",
            removed,
            vec![stranger],
        ),
        contradiction(
            "stream-opened-twice",
            "a stream is opened again",
            calm(),
            vec![stream_opened(STREAM, StartAt::TrimHorizon)],
        ),
        contradiction(
            "stream-closed-early",
            "a stream is closed while shards of it are open",
            ledger(),
            vec![close],
        ),
    ]
}

fn closing_with_batch() -> LogModel {
    let mut log = ledger();
    log.at(5).facts.push(Fact::LogClosed { reason: "done".to_owned() });
    log
}

fn gaps() -> Vec<Vector> {
    let mut ended = ledger();
    ended.commit(vec![Fact::Gap(gap(Some(A), Some(103), GapCause::Trimmed))], None);
    let mut wrong = ledger();
    wrong.commit(vec![Fact::Gap(gap(Some(B), Some(203), GapCause::Trimmed))], None);
    let behind_gap = |numbers: std::ops::RangeInclusive<u64>| {
        let mut log = begun(StartAt::TrimHorizon);
        log.commit_rows(vec![(rows(B, 201..=203), segment(&rows(B, 201..=203), None))]);
        let again = rows(B, numbers);
        let batch = log.batch(std::slice::from_ref(&again), vec![segment(&again, None)]);
        log.commit(vec![Fact::Gap(gap(Some(B), Some(203), GapCause::Trimmed))], Some(batch));
        log
    };
    let (back, again) = (behind_gap(202..=203), behind_gap(203..=204));
    let sealed_before = ["row-order commit=2 row=0".to_owned(), found("gap-declared", 2, B)];
    let mut empty = begun(StartAt::TrimHorizon);
    empty.commit(vec![heartbeat()], Some(Batch::without_rows(vec![no_rows(B, None)])));
    empty.commit(vec![Fact::Gap(gap(Some(B), Some(201), GapCause::Trimmed))], None);
    let both = |name, about, log: &LogModel, commit: u64| {
        let findings = [format!("fact-contradiction commit={commit}"), found("gap-declared", commit, B)];
        tampered(name, about, log.seal(), &findings)
    };
    vec![
        both("gap-not-at-last", "a gap is declared over records that were sealed", &wrong, 6),
        both("gap-behind-nothing", "a gap is declared behind a record that was never sealed", &empty, 2),
        tampered(
            "gap-after-end",
            "a gap is declared in a shard that had ended",
            ended.seal(),
            &["fact-contradiction commit=6".to_owned(), found("gap-declared", 6, A)],
        ),
        tampered(
            "gap-and-back",
            "rows behind a gap go back to before it",
            back.seal(),
            &[&["fact-contradiction commit=2".to_owned()], sealed_before.as_slice()].concat(),
        ),
        tampered(
            "gap-rows-again",
            "the first row behind a gap was sealed before it",
            again.seal(),
            &sealed_before,
        ),
    ]
}
