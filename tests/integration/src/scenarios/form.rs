//! Commits that are not in the only form that a commit has. Links and signatures are right: nothing else tells.

use super::clean::gap;
use super::{clean, lines, one, tampered};
use crate::ledger::{B, begun, calm, heartbeat, ledger, stream_opened};
use crate::model::{Key, LogModel, committed_at, no_rows};
use crate::rows::{STREAM, sequence};
use crate::vector::Vector;
use sealog_chain::{Batch, Fact, StartAt};
use sealog_record::{Gap, GapCause};

pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors = malformed();
    vectors.extend(wrong_values());
    vectors.extend([
        future_format(),
        clock_backwards(),
        origin_mismatch(),
        origin_not_of_the_table(),
        genesis_missing(),
        genesis_late(),
    ]);
    vectors
}

/// A log without evidence whose commit 4, a heartbeat, is bent.
fn bent(name: &'static str, about: &'static str, edit: fn(String) -> String) -> Vector {
    let mut log = calm();
    log.edit(4, edit);
    malformed_at(name, about, &log, 4)
}

fn malformed_at(name: &'static str, about: &'static str, log: &LogModel, number: u64) -> Vector {
    let findings = [format!("commit-malformed commit={number}"), format!("unsigned-tail commit={number}")];
    tampered(name, about, log.seal(), &findings)
}

fn malformed() -> Vec<Vector> {
    let mut counts = ledger();
    counts.batch_at(3).records = 9;
    let mut empty = calm();
    empty.at(4).facts.clear();
    let mut unnamed = ledger();
    unnamed.batch_at(3).objects[0].key = format!("evidence/{}.parquet", "0".repeat(64));
    vec![
        bent("form-duplicate-member", "a member stands twice in a commit", |text| {
            text.replacen("\"number\":4,", "\"number\":4,\"number\":4,", 1)
        }),
        bent("form-trailing-bytes", "a commit ends with a line feed", |text| text + "\n"),
        bent("form-unknown-member", "a commit has a member that the format does not know", |text| {
            text.replacen("\"facts\":", "\"note\":null,\"facts\":", 1)
        }),
        bent("form-missing-member", "a member that holds nothing is left out instead of null", |text| {
            text.replacen(",\"version_id\":null", "", 1)
        }),
        bent("form-reordered", "two members of a commit changed places", |text| {
            let writer = "\"id\":\"vectors-1-0\",\"build\":\"make_vectors\"";
            text.replacen(writer, "\"build\":\"make_vectors\",\"id\":\"vectors-1-0\"", 1)
        }),
        bent("form-white-space", "a blank stands between two tokens of a commit", |text| {
            text.replacen("\"number\":4", "\"number\": 4", 1)
        }),
        bent("form-needless-escape", "a letter of a commit is escaped", |text| {
            text.replacen("make_vectors", "\\u006dake_vectors", 1)
        }),
        bent("form-time", "a time of a commit has no decimals", |text| {
            text.replacen("2026-11-22T10:40:00.000Z", "2026-11-22T10:40:00Z", 1)
        }),
        bent("form-unknown-fact", "a commit states a fact of a kind that the format does not know", |text| {
            text.replacen("\"kind\":\"heartbeat\"", "\"kind\":\"heartbeats\"", 1)
        }),
        malformed_at("form-counts", "a commit's counts contradict each other", &counts, 3),
        malformed_at("form-empty", "a commit with neither batch nor facts", &empty, 4),
        malformed_at("form-object-name", "an object is not named by its hash", &unnamed, 3),
    ]
}

/// Members whose values are of the right JSON type or nearly so, and are none of what the format allows.
fn wrong_values() -> Vec<Vector> {
    let of = |name, about, number: u64, edit: fn(String) -> String| {
        let mut log = ledger_without_evidence();
        log.edit(number, edit);
        let mut vector = malformed_at(name, about, &log, number);
        // The gap is reported wherever its commit can be used.
        vector.findings.extend((number != 2).then(|| format!("gap-declared commit=2 shard={B}")));
        vector
    };
    vec![
        of("form-key", "the key that a genesis names has an id of another key", 0, |text| {
            let vkey = Key::First.vkey();
            let (name, rest) = vkey.split_once('+').unwrap();
            text.replacen(&vkey, &format!("{name}+00000000{}", &rest[8..]), 1)
        }),
        of("form-arn", "a stream's ARN is of another service", 0, |text| {
            text.replacen("\"arn\":\"arn:aws:dynamodb:", "\"arn\":\"arn:aws:kinesis:", 1)
        }),
        of("form-float", "a heartbeat in seconds is written with a decimal point", 0, |text| {
            text.replacen("3600", "3600.0", 1)
        }),
        of("form-shard-id", "a shard's name holds a blank", 1, |text| text.replacen(B, "shard 1", 1)),
        of("form-sequence-number", "a sequence number has 41 digits", 2, |text| {
            text.replacen(&sequence(203), &"9".repeat(41), 1)
        }),
        of("form-hash", "a hash is written in capitals", 3, |text| {
            let (head, hash) = text.split_once("\"sha256\":\"").unwrap();
            let (hash, tail) = hash.split_at(64);
            format!("{head}\"sha256\":\"{}{tail}", hash.to_uppercase())
        }),
    ]
}

/// A beginning, a sight of a shard, a gap in it, and a heartbeat.
fn ledger_without_evidence() -> LogModel {
    let mut log = begun(StartAt::TrimHorizon);
    log.commit(Vec::new(), Some(Batch::without_rows(vec![no_rows(B, None)])));
    let first = Some(sequence(203).parse().unwrap());
    log.commit(vec![Fact::Gap(Gap { first, ..gap(Some(B), None, GapCause::Trimmed) })], None);
    log.commit(vec![heartbeat()], None);
    log
}

fn future_format() -> Vector {
    let mut log = calm();
    log.edit(5, |text| text.replacen("sealog.commit/1", "sealog.commit/2", 1));
    clean("format-unknown", "the newest commit is of a format to come: a newer reader may know it", &log)
        .expect_findings("UNVERIFIABLE", &lines(&["format-unknown commit=5", "unsigned-tail commit=5"]))
}

fn clock_backwards() -> Vector {
    let mut log = calm();
    log.at(4).committed_at = committed_at(2);
    one("clock-backwards", "a commit is dated before its predecessor", &log, "clock-backwards commit=4")
}

fn origin_mismatch() -> Vector {
    let mut log = calm();
    log.at(4).origin.push_str("-2");
    one(
        "origin-mismatch",
        "a commit of another table's log stands in the chain",
        &log,
        "origin-mismatch commit=4",
    )
}

fn origin_not_of_the_table() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    if let Fact::Genesis { table_arn, .. } = &mut log.at(0).facts[0] {
        *table_arn = format!("{table_arn}-2").parse().unwrap();
    }
    log.at(0).facts.pop();
    log.commit(vec![heartbeat()], None);
    one(
        "origin-not-of-the-table",
        "the origin is not that of the table that the genesis names",
        &log,
        "origin-mismatch commit=0",
    )
}

fn genesis_missing() -> Vector {
    let mut log = LogModel::default();
    log.commit(vec![Fact::CaptureStarted {}, stream_opened(STREAM, StartAt::TrimHorizon)], None);
    log.commit(vec![heartbeat()], None);
    tampered(
        "genesis-missing",
        "the log begins without a genesis, so nobody knows whose key should sign it",
        log.seal(),
        &lines(&["genesis-missing commit=0", "unsigned-tail commit=0"]),
    )
}

fn genesis_late() -> Vector {
    let mut log = calm();
    let genesis = log.at(0).facts[0].clone();
    log.at(4).facts.push(genesis);
    one("genesis-twice", "a second genesis stands within the log", &log, "fact-contradiction commit=4")
}
