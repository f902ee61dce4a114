//! What comes from outside, what is signed, and how old it may be.

use bytes::Bytes;
use futures_util::FutureExt as _;
use sealog_chain::{CHECKPOINT_KEY, Checkpoint, Fact, Hash, SignedCheckpoint, SigningKey, checkpoint_key};
use sealog_record::Timestamp;

use super::commits::rotation;
use super::writer::{BEGIN_MS, Files, LOG, key, next_key, sample, stored};
use super::{Case, TOUCHED, UNTOUCHED, check, check_cases, options, places, run};
use crate::Outcome::{Consistent, Intact, Stale, Unverifiable};
use crate::VerifyOptions;

fn signed(files: &Files, name: &str, key: &SigningKey, edit: impl FnOnce(&mut Checkpoint)) -> Bytes {
    let mut head = SignedCheckpoint::parse(&files[name]).unwrap().checkpoint;
    edit(&mut head);
    Bytes::from(head.sign(&[key]).render())
}

fn drop_checkpoints(files: &mut Files) {
    files.retain(|name, _| !name.starts_with("checkpoint"));
}

fn only_checkpoint_of(options: &mut VerifyOptions, files: &Files, size: u64) {
    options.key = None;
    options.checkpoint = Some(files[&checkpoint_key(size)].to_vec());
}

pub(super) const CASES: &[Case] = &[
    Case { about: "the key", ..UNTOUCHED },
    Case {
        about: "nothing from outside",
        options: |options, _| options.key = None,
        outcome: Consistent,
        findings: &["no-trust"],
        ..UNTOUCHED
    },
    Case {
        about: "a checkpoint from outside over everything",
        options: |options, files| only_checkpoint_of(options, files, 6),
        ..UNTOUCHED
    },
    Case {
        about: "a checkpoint from outside over the beginning",
        options: |options, files| only_checkpoint_of(options, files, 4),
        outcome: Consistent,
        findings: &["unsigned-tail commit=4"],
        ..UNTOUCHED
    },
    Case {
        about: "a checkpoint from outside tells of a tail that was cut off with its checkpoints",
        options: |options, files| only_checkpoint_of(options, files, 6),
        files: |files| {
            files.retain(|name, _| !name.ends_with("005.json") && !name.ends_with("006"));
            let before = files[&checkpoint_key(5)].clone();
            files.insert(CHECKPOINT_KEY.to_owned(), before);
        },
        findings: &["checkpoint-ahead commit=5", "unsigned-tail commit=0"],
        ..TOUCHED
    },
    Case {
        about: "a checkpoint from outside tells of history that was written anew",
        options: |options, files| {
            options.key = None;
            let other = |head: &mut Checkpoint| head.root = Hash([5; 32]);
            options.checkpoint = Some(signed(files, CHECKPOINT_KEY, &key(), other).to_vec());
        },
        findings: &["unsigned-tail commit=0", "root-mismatch commit=5"],
        ..TOUCHED
    },
    Case {
        about: "what is not a checkpoint, from outside",
        options: |options, _| options.checkpoint = Some(b"rubbish".to_vec()),
        findings: &["checkpoint-malformed"],
        ..TOUCHED
    },
    Case {
        about: "a checkpoint of another log",
        files: |files| {
            let other = signed(files, CHECKPOINT_KEY, &key(), |head| head.origin.push('x'));
            files.insert(checkpoint_key(6), other);
        },
        findings: &["checkpoint-malformed commit=6"],
        ..TOUCHED
    },
    Case {
        about: "a checkpoint under another size's name",
        files: |files| {
            let other = files[&checkpoint_key(5)].clone();
            files.insert(checkpoint_key(4), other);
        },
        findings: &["checkpoint-malformed commit=4"],
        ..TOUCHED
    },
    Case {
        about: "a checkpoint over nothing",
        files: |files| {
            let nothing = signed(files, CHECKPOINT_KEY, &key(), |head| head.size = 0);
            files.insert(checkpoint_key(0), nothing);
        },
        findings: &["checkpoint-malformed commit=0"],
        ..TOUCHED
    },
    Case {
        about: "kept checkpoints lost, the newest is enough",
        files: |files| files.retain(|name, _| !name.starts_with("checkpoints/")),
        ..UNTOUCHED
    },
    Case {
        about: "a crash before the last two checkpoints",
        files: |files| {
            files.retain(|name, _| !name.ends_with("005") && !name.ends_with("006"));
            let before = files[&checkpoint_key(4)].clone();
            files.insert(CHECKPOINT_KEY.to_owned(), before);
        },
        outcome: Consistent,
        findings: &["unsigned-tail commit=4"],
        ..UNTOUCHED
    },
    Case {
        about: "a key, and no checkpoint at all",
        files: drop_checkpoints,
        outcome: Consistent,
        findings: &["unsigned"],
        ..UNTOUCHED
    },
    Case {
        about: "a key that never signed this log",
        options: |options, _| options.key = Some(next_key().verifier().clone()),
        findings: &[
            "unsigned-tail commit=0",
            "wrong-key commit=1",
            "wrong-key commit=2",
            "wrong-key commit=3",
            "wrong-key commit=4",
            "wrong-key commit=5",
            "wrong-key commit=6",
        ],
        ..TOUCHED
    },
    Case {
        about: "one signed by a stranger",
        files: |files| {
            let other = signed(files, &checkpoint_key(3), &next_key(), |_| ());
            files.insert(checkpoint_key(3), other);
        },
        findings: &["wrong-key commit=3"],
        ..TOUCHED
    },
    Case {
        about: "a stranger's signature, without a key from outside",
        options: |options, _| options.key = None,
        files: |files| {
            let other = signed(files, &checkpoint_key(3), &next_key(), |_| ());
            files.insert(checkpoint_key(3), other);
        },
        findings: &["no-trust", "wrong-key commit=3"],
        ..TOUCHED
    },
    Case {
        about: "a signature over another text",
        files: |files| {
            let four = String::from_utf8(files[&checkpoint_key(4)].to_vec()).unwrap();
            let three = String::from_utf8(files[&checkpoint_key(3)].to_vec()).unwrap();
            let (text, _) = three.split_once("\n\n").unwrap();
            let (_, line) = four.split_once("\n\n").unwrap();
            files.insert(checkpoint_key(3), Bytes::from(format!("{text}\n\n{line}")));
        },
        findings: &["bad-signature commit=3"],
        ..TOUCHED
    },
    Case {
        about: "a rotation: the first key leads to the second",
        draft: |draft| {
            draft.commits[3].facts.push(rotation(&key(), &key(), &next_key()));
            draft.rotated_in = Some(3);
        },
        ..UNTOUCHED
    },
    Case {
        about: "a rotation: who holds the second key leaves the first one's checkpoints alone",
        draft: |draft| {
            draft.commits[3].facts.push(rotation(&key(), &key(), &next_key()));
            draft.rotated_in = Some(3);
        },
        options: |options, _| options.key = Some(next_key().verifier().clone()),
        ..UNTOUCHED
    },
    Case {
        about: "a rotation that the writer forgot",
        draft: |draft| draft.commits[4].facts.push(rotation(&key(), &key(), &next_key())),
        findings: &["unsigned-tail commit=4", "wrong-key commit=5", "wrong-key commit=6"],
        ..TOUCHED
    },
    Case {
        about: "nothing new for longer than twice the heartbeat",
        options: |options, _| options.now = Timestamp::from_millis(BEGIN_MS + 5000 + 7_200_001),
        outcome: Stale,
        findings: &["stale commit=5"],
        ..UNTOUCHED
    },
    Case {
        about: "nothing new for just twice the heartbeat",
        options: |options, _| options.now = Timestamp::from_millis(BEGIN_MS + 5000 + 7_200_000),
        ..UNTOUCHED
    },
    Case {
        about: "a closed log does not grow old",
        draft: |draft| draft.commits[5].facts.push(Fact::LogClosed { reason: "table deleted".to_owned() }),
        options: |options, _| options.now = VerifyOptions::default().now,
        ..UNTOUCHED
    },
    Case {
        about: "a log that is not there",
        options: |options, _| options.logs = vec!["other".to_owned()],
        outcome: Unverifiable,
        findings: &["no-log"],
        ..UNTOUCHED
    },
    Case {
        about: "all commits removed",
        files: |files| files.retain(|name, _| !name.starts_with("commits/")),
        outcome: Unverifiable,
        findings: &["no-log"],
        ..UNTOUCHED
    },
    Case {
        about: "commits that may not be listed",
        refused: Some("commits/"),
        outcome: Unverifiable,
        findings: &["unreadable object=commits"],
        ..UNTOUCHED
    },
    Case {
        about: "one commit that may not be read",
        refused: Some("commits/00000000000000000004"),
        outcome: Unverifiable,
        findings: &["unreadable object=commits/00000000000000000004.json", "unsigned-tail commit=4"],
        ..UNTOUCHED
    },
    Case {
        about: "one checkpoint that may not be read",
        refused: Some("checkpoints/00000000000000000004"),
        outcome: Unverifiable,
        findings: &["unreadable object=checkpoints/00000000000000000004"],
        ..UNTOUCHED
    },
    Case {
        about: "an archive that may not be listed",
        refused: Some(""),
        outcome: Unverifiable,
        findings: &["unreadable"],
        ..UNTOUCHED
    },
];

#[test]
fn what_vouches_for_a_log() {
    check_cases(CASES);
}

#[test]
fn an_empty_archive_holds_no_log() {
    let store = stored(&[]).now_or_never().unwrap();
    let report = run(store, &options());
    assert_eq!((places(&report, &sample()), report.outcome), (vec!["no-log".to_owned()], Unverifiable));
}

#[test]
fn the_worst_log_decides_and_folders_that_are_no_logs_do_not_count() {
    let (draft, good) = (sample(), sample().seal());
    let mut bad = good.clone();
    bad.retain(|name, _| !name.starts_with("evidence/"));
    let mut other = Files::new();
    other.insert("readme".to_owned(), Bytes::new());
    let logs = [("a", &good), ("b", &bad), (".staging", &good), ("notes", &other)];
    let store = stored(&logs).now_or_never().unwrap();
    let report = run(store.clone(), &options());
    let outcomes: Vec<_> = report.logs.iter().map(|log| (log.log.as_str(), log.outcome)).collect();
    assert_eq!(outcomes, [("a", Intact), ("b", crate::Outcome::Tampered)]);
    assert_eq!(report.outcome, crate::Outcome::Tampered);
    let chosen = VerifyOptions { logs: vec!["a".to_owned()], ..options() };
    assert_eq!(run(store, &chosen).outcome, Intact);
    assert_eq!(draft.commits.len(), 6);
}

#[test]
fn the_report_is_printed_as_specified() {
    let mut files = sample().seal();
    let sealed = check(&files, &options());
    let log = &sealed.logs[0];
    assert_eq!((log.commits, log.records, log.objects), (6, 17, 5));
    drop_checkpoints(&mut files);
    let mut report = serde_json::to_value(check(&files, &options())).unwrap();
    // What FORMAT.md names; the rest is in report.schema.json, and tests/tamper holds reports against that.
    let mut named = |pointer: &str, names: &[&str]| {
        let members = report.pointer_mut(pointer).unwrap().as_object_mut().unwrap();
        members.retain(|name, _| names.contains(&name.as_str()));
    };
    let verdicts = ["outcome", "integrity", "completeness"];
    let of_log = [
        "log",
        "origin",
        "commits",
        "records",
        "objects",
        "bytes",
        "first_commit_at",
        "last_commit_at",
        "findings",
    ];
    named("", &[&verdicts[..], &["format", "archive", "checked_at", "logs"]].concat());
    named("/logs/0", &[&verdicts[..], &of_log].concat());
    let finding = report.pointer_mut("/logs/0/findings/0").unwrap().as_object_mut().unwrap();
    assert!(finding.remove("expected").is_some() && finding.remove("meaning").is_some());
    let expected = serde_json::json!({
        "format": "sealog.report/1", "archive": "archive", "checked_at": "2026-11-22T10:16:30.000Z",
        "outcome": "CONSISTENT", "integrity": "CONSISTENT", "completeness": "COMPLETE",
        "logs": [{
            "log": LOG, "origin": "sealog/arn:aws:dynamodb:eu-west-1:123456789012:table/orders",
            "outcome": "CONSISTENT", "integrity": "CONSISTENT", "completeness": "COMPLETE",
            "commits": 6, "records": 17, "objects": 5, "bytes": log.bytes,
            "first_commit_at": "2026-11-22T10:15:30.000Z", "last_commit_at": "2026-11-22T10:15:35.000Z",
            "findings": [{
                "code": "unsigned", "level": "unattested", "verdict": "integrity", "commit": null, "object": null,
                "shard": null, "row": null, "key": null, "earlier": null,
                "message": "the log has no checkpoint: nothing in it is signed",
            }],
        }],
    });
    assert_eq!(report, expected);
}
