//! Items whose images join, and whose do not; and a log that was silent for a while.

use sealog_chain::{Fact, StartAt};
use sealog_record::GapCause;

use super::clean::gap;
use super::{clean, one};
use crate::ledger::{A, B, begun, ledger};
use crate::model::{LogModel, at, child_of, closing, segment};
use crate::rows::{Row, row, sequence};
use crate::vector::Vector;

const WITH_GAPS: &str = "INTACT WITH DECLARED GAPS";

pub(super) fn vectors() -> Vec<Vector> {
    vec![joined(), over_a_gap(), row_left_out(), created_twice(), silent()]
}

fn image(account: &str, balance: u64) -> Option<String> {
    (balance > 0).then(|| {
        format!(
            r#"{{"account":{{"S":"{account}"}},"tags":{{"SS":["x","y"]}},"balance":{{"N":"{balance}"}}}}"#
        )
    })
}

/// A change of an account's balance; 0: there is no account.
fn change(shard: &str, number: u64, account: &str, old: u64, new: u64) -> Row {
    Row {
        keys: Some(format!(r#"{{"account":{{"S":"{account}"}}}}"#)),
        old_image: image(account, old),
        new_image: image(account, new),
        ..row(shard, number)
    }
}

/// Item `a` lives, dies, lives again and moves to a child shard; its image is spelled otherwise there.
fn joined() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    let first = vec![change(A, 101, "a", 7, 8), change(A, 102, "a", 8, 0), change(A, 103, "b", 3, 4)];
    log.commit_rows(vec![(first.clone(), closing(segment(&first, None)))]);
    let mut second = vec![change(B, 201, "a", 0, 5), change(B, 202, "a", 5, 6), change(B, 203, "b", 4, 5)];
    second[1].old_image =
        Some(r#"{"balance":{"N":"5"}, "account":{"S":"\u0061"}, "tags":{"SS":["y","x"]}}"#.to_owned());
    // A filter dropped a change of `b`, redacted one and let one through: nothing is owed on either side of what it touched.
    let mut third = vec![change(B, 204, "b", 0, 0), change(B, 205, "b", 9, 10), change(B, 206, "b", 10, 11)];
    "drop".clone_into(&mut third[0].verdict);
    log.commit_rows(vec![(second.clone(), child_of(A, segment(&second, None)))]);
    let after = sequence(203);
    log.commit_rows(vec![(third.clone(), child_of(A, segment(&third, Some(&after))))]);
    clean(
        "clean-images",
        "items that change, die, live again and move to a child shard; each image joins the one before",
        &log,
    )
}

fn over_a_gap() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    let first = vec![change(B, 201, "a", 1, 2)];
    log.commit_rows(vec![(first.clone(), segment(&first, None))]);
    let trimmed = gap(Some(B), Some(201), GapCause::Trimmed);
    let second = vec![change(B, 210, "a", 5, 6), change(B, 211, "a", 6, 7)];
    let batch = log.batch(std::slice::from_ref(&second), vec![segment(&second, None)]);
    log.commit(vec![Fact::Gap(trimmed)], Some(batch));
    clean(
        "clean-images-gap",
        "changes of an item lie in a declared gap: its images need not join over it",
        &log,
    )
    .expect_findings(WITH_GAPS, &[format!("gap-declared commit=2 shard={B}")])
}

/// Two commits; the later row of `a` does not begin where the earlier one ended.
fn broken(later: Row) -> LogModel {
    let mut log = begun(StartAt::TrimHorizon);
    let first = vec![change(B, 201, "b", 1, 2), change(B, 202, "a", 1, 2)];
    log.commit_rows(vec![(first.clone(), segment(&first, None))]);
    let second = vec![change(B, 203, "b", 2, 3), later];
    let after = sequence(202);
    log.commit_rows(vec![(second.clone(), segment(&second, Some(&after)))]);
    log
}

fn row_left_out() -> Vector {
    let log = broken(change(B, 205, "a", 3, 4));
    let finding = format!("image-break commit=2 object={} shard={B} row=1", log.object_key(2, 0));
    one(
        "image-break",
        "a change was never sealed; every hash and signature is right, and only the item's images tell",
        &log,
        finding,
    )
}

fn created_twice() -> Vector {
    let log = broken(change(B, 205, "a", 0, 4));
    let finding = format!("image-break commit=2 object={} shard={B} row=1", log.object_key(2, 0));
    one("image-break-insert", "an item is created that was there", &log, finding)
}

fn silent() -> Vector {
    let mut log = ledger();
    log.at(5).committed_at = at("2026-11-22T12:50:00.000Z");
    let found = ["heartbeat-late commit=5".to_owned()];
    clean("heartbeat-late", "nobody wrote the log for two hours and ten minutes: worth a notice only", &log)
        .judged_at("2026-11-22T13:00:00.000Z")
        .expect_findings("INTACT", &found)
}
