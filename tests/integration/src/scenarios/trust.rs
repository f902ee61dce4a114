//! What the auditor holds, and how old the log is.

use sealog_chain::{CHECKPOINT_KEY, Fact, StopCause, checkpoint_key, commit_key};

use super::clean::late;
use super::{clean, intact, lines, tampered};
use crate::ledger::{LATE, calm, genesis, heartbeat, ledger, ledger_bent, policies};
use crate::model::{Files, Key, LogModel};
use crate::vector::Vector;

const CONSISTENT: &str = "CONSISTENT";

pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors = vec![
        clean(
            "no-trust",
            "neither key nor checkpoint from outside: a rewritten archive would look the same",
            &ledger(),
        )
        .judged_with(None)
        .expect_findings(CONSISTENT, &lines(&["no-trust"])),
        unsigned_tail(),
        unsigned(),
    ];
    vectors.extend(ages());
    vectors.extend(cut_tails());
    vectors.extend(outside());
    vectors
}

fn ages() -> Vec<Vector> {
    let mut stopped = calm();
    stopped.commit(vec![Fact::CaptureStopped { cause: StopCause::CaughtUp }], None);
    let mut hurried = calm();
    hurried.commit(vec![Fact::PolicyChanged { policies: policies(60) }], None);
    let mut patient = calm();
    patient.commit(vec![Fact::PolicyChanged { policies: policies(86_400) }], None);
    vec![
        late(&ledger(), "stale", "nothing new for a day, though an hourly heartbeat was promised", 5),
        late(
            &stopped,
            "stale-after-stop",
            "a stop in good order is no excuse: an archive cut back to it looks the same",
            6,
        ),
        clean("stale-by-new-policy", "a policy within the log shortened the heartbeat to a minute", &hurried)
            .judged_at("2026-11-22T11:02:00.001Z")
            .expect_findings("STALE", &lines(&["stale commit=6"])),
        clean("clean-at-the-bound", "exactly twice the heartbeat old is not stale", &hurried)
            .judged_at("2026-11-22T11:02:00.000Z"),
        clean("clean-by-new-policy", "a day old, and a policy within the log allows it", &patient)
            .judged_at(LATE),
    ]
}

/// The ledger's files without the kept checkpoints of these sizes; `checkpoint` is that of size `newest`.
fn with_newest(mut files: Files, newest: u64, without: &[u64]) -> Files {
    files.insert(CHECKPOINT_KEY.to_owned(), files[&checkpoint_key(newest)].clone());
    for size in without {
        files.remove(&checkpoint_key(*size));
    }
    files
}

fn unsigned_tail() -> Vector {
    intact(
        "unsigned-tail",
        "the newest two commits have no checkpoint: the writer crashed, or somebody put them on",
        with_newest(calm().seal(), 4, &[5, 6]),
    )
    .expect_findings(CONSISTENT, &lines(&["unsigned-tail commit=4"]))
}

fn unsigned() -> Vector {
    let mut files = calm().seal();
    files.retain(|key, _| !key.starts_with("checkpoint"));
    intact("unsigned", "a key is at hand, and the log has no checkpoint to check with it", files)
        .expect_findings(CONSISTENT, &lines(&["unsigned"]))
}

fn cut_tails() -> Vec<Vector> {
    let whole = ledger().seal();
    let newest = whole[CHECKPOINT_KEY].clone();
    let mut left = whole.clone();
    left.remove(&commit_key(5));
    let cut = with_newest(left.clone(), 5, &[6]);
    vec![
        tampered(
            "tail-cut",
            "the newest commit was removed; a checkpoint still speaks of it",
            left,
            &lines(&["checkpoint-ahead commit=5"]),
        ),
        tampered(
            "tail-cut-outside-checkpoint",
            "the newest commit and its checkpoints were removed; the auditor kept one",
            cut.clone(),
            &lines(&["checkpoint-ahead commit=5"]),
        )
        .with_outside(newest),
        intact("tail-cut-late", "the newest commit and its checkpoints were removed: only time tells", cut)
            .judged_at("2026-11-22T12:40:00.001Z")
            .expect_findings("STALE", &lines(&["stale commit=4"])),
    ]
}

/// Rows of commit 1 edited, and everything that follows from them computed again.
pub(super) fn rewritten() -> LogModel {
    ledger_bent(|number, rows| {
        if number == 1 {
            rows[1].new_image = Some(r#"{"account":{"S":"a-102"},"balance":{"N":"1000000"}}"#.to_owned());
        }
    })
}

/// [`rewritten`], from a genesis with the forger's own key on.
pub(super) fn rewritten_from_genesis() -> LogModel {
    let mut log = rewritten();
    log.at(0).facts[0] = genesis(Key::Forger);
    log.signers = (1..=6).map(|size| (size, vec![Key::Forger])).collect();
    log
}

fn outside() -> Vec<Vector> {
    let whole = ledger().seal();
    let newest = whole[&checkpoint_key(6)].clone();
    let fourth = whole[&checkpoint_key(4)].clone();
    let forged = rewritten_from_genesis().seal();
    let mut unsigned = whole.clone();
    unsigned.retain(|key, _| !key.starts_with("checkpoint"));
    vec![
        intact(
            "clean-outside-checkpoint",
            "no key, but a checkpoint from outside that covers all",
            whole.clone(),
        )
        .judged_with(None)
        .with_outside(newest.clone()),
        intact(
            "outside-checkpoint-behind",
            "no key; the checkpoint from outside covers four of six commits",
            whole,
        )
        .judged_with(None)
        .with_outside(fourth.clone())
        .expect_findings(CONSISTENT, &lines(&["unsigned-tail commit=4"])),
        tampered(
            "rewritten-outside-checkpoint",
            "rewritten from the genesis on with a key of the forger's; a checkpoint from before tells",
            forged,
            &lines(&["root-mismatch commit=3", "unsigned-tail commit=0"]),
        )
        .judged_with(None)
        .with_outside(fourth),
        tampered(
            "outside-checkpoint-garbage",
            "what the auditor kept as a checkpoint is none",
            calm().seal(),
            &lines(&["checkpoint-malformed"]),
        )
        .with_outside(b"not a checkpoint\n".to_vec()),
        intact(
            "unsigned-outside-checkpoint",
            "all checkpoints were removed; the one from outside, signed by the key, covers all",
            unsigned,
        )
        .with_outside(newest)
        .expect_findings(CONSISTENT, &lines(&["unsigned"])),
    ]
}

/// A log that goes on with heartbeats only.
pub(super) fn heartbeats(log: &mut LogModel, count: usize) {
    for _ in 0..count {
        log.commit(vec![heartbeat()], None);
    }
}
