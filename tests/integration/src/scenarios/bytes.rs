//! Objects that were changed, removed, cut or exchanged after they were sealed.

use sealog_batch::EvidenceReader;
use sealog_chain::{commit_key, record_leaf};

use super::{first_bent, intact, lines, tampered};
use crate::ledger::ledger;
use crate::model::{Files, LogModel};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [objects(), commits(), cannot_be_read()].concat()
}

fn with(bend: impl FnOnce(&LogModel, &mut Files)) -> Files {
    let log = ledger();
    let mut files = log.seal();
    bend(&log, &mut files);
    files
}

fn object(commit: u64) -> String {
    ledger().object_key(commit, 0)
}

/// Rows whose stored leaf is not their leaf; `None` if the bytes are no evidence.
fn changed_rows(bytes: &[u8]) -> Option<Vec<usize>> {
    let mut changed = Vec::new();
    let reader = EvidenceReader::open(bytes.to_vec().into()).ok()?;
    let each = |row: usize, evidence: &sealog_record::EvidenceRow<'_>, stored: &[u8]| {
        if record_leaf(evidence, &mut Vec::new()).0 != stored {
            changed.push(row);
        }
    };
    reader.for_each(each).ok()?;
    Some(changed)
}

/// The bytes with one bit changed so that they can still be read and exactly row 1 is not what was sealed.
fn change_row_1(bytes: &[u8]) -> Vec<u8> {
    first_bent(bytes, |byte| byte ^ 1, |bytes| changed_rows(bytes) == Some(vec![1]))
}

/// The bytes with one bit of row 2's stored leaf changed.
fn change_leaf_2(bytes: &[u8]) -> Vec<u8> {
    let leaf = crate::rows::row(crate::ledger::A, 103).leaf().0;
    let place = bytes.windows(32).position(|window| window == leaf).unwrap();
    let mut bytes = bytes.to_vec();
    bytes[place + 31] ^= 0x80;
    bytes
}

fn objects() -> Vec<Vector> {
    let (first, third) = (object(1), object(3));
    let changed = |commit: u64, key: &str| format!("object-changed commit={commit} object={key}");
    let bent = |bend: fn(&[u8]) -> Vec<u8>| {
        with(|_, files| files.insert(object(1), bend(&files[&object(1)])).map_or((), drop))
    };
    vec![
        tampered(
            "object-byte-changed",
            "one bit of an evidence object was changed; the row it lies in can be named",
            bent(change_row_1),
            &[changed(1, &first), format!("row-changed commit=1 object={first} row=1")],
        ),
        tampered(
            "object-leaf-changed",
            "one bit of a leaf hash stored in an evidence object was changed",
            bent(change_leaf_2),
            &[changed(1, &first), format!("row-changed commit=1 object={first} row=2")],
        ),
        tampered(
            "object-removed",
            "an evidence object was removed",
            with(|_, files| drop(files.remove(&third))),
            &[format!("object-missing commit=3 object={third}")],
        ),
        tampered(
            "object-truncated",
            "an evidence object was cut short",
            bent(|bytes| bytes[..bytes.len() - 100].to_vec()),
            &[changed(1, &first)],
        ),
        tampered(
            "object-lengthened",
            "a byte was put behind an evidence object",
            bent(|bytes| [bytes, b"\n"].concat()),
            &[changed(1, &first)],
        ),
        tampered(
            "objects-exchanged",
            "two evidence objects stand under each other's names",
            with(|_, files| {
                let (one, three) = (files[&first].clone(), files[&third].clone());
                files.extend([(first.clone(), three), (third.clone(), one)]);
            }),
            &[changed(1, &first), changed(3, &third)],
        ),
    ]
}

fn replace(files: &mut Files, number: u64, from: &str, to: &str) {
    let text = String::from_utf8(files[&commit_key(number)].clone()).unwrap();
    assert!(text.contains(from), "commit {number} holds no {from}");
    files.insert(commit_key(number), text.replacen(from, to, 1).into_bytes());
}

fn commits() -> Vec<Vector> {
    let writer = ("vectors-1-0", "vectors-1-1");
    vec![
        tampered(
            "commit-changed",
            "a digit of a commit in the middle was changed; it still reads",
            with(|_, files| replace(files, 3, writer.0, writer.1)),
            &lines(&["commit-changed commit=3", "root-mismatch commit=3", "unsigned-tail commit=3"]),
        ),
        tampered(
            "commit-changed-newest",
            "a digit of the newest commit was changed: no link tells, its checkpoints do",
            with(|_, files| replace(files, 5, writer.0, writer.1)),
            &lines(&["root-mismatch commit=5", "unsigned-tail commit=5"]),
        ),
        tampered(
            "commits-changed-neighbours",
            "two commits side by side were changed, each in a digit",
            with(|_, files| {
                replace(files, 2, writer.0, writer.1);
                replace(files, 3, writer.0, writer.1);
            }),
            // 3 is not shown unchanged, so only its own pair with 4 speaks, and names it.
            &lines(&["commit-changed commit=3", "root-mismatch commit=2", "unsigned-tail commit=2"]),
        ),
        tampered(
            "commit-garbled",
            "a commit in the middle was changed so that it no longer reads",
            with(|_, files| replace(files, 3, "\"writer\"", "\"writer")),
            &lines(&["commit-malformed commit=3", "unsigned-tail commit=3"]),
        ),
        tampered(
            "commit-removed",
            "a commit in the middle was removed",
            with(|_, files| drop(files.remove(&commit_key(3)))),
            &lines(&["commit-missing commit=3", "unsigned-tail commit=3"]),
        ),
        tampered(
            "commits-removed",
            "three commits in a row were removed: that is one finding",
            with(|_, files| files.retain(|key, _| !(2..=4).any(|number| *key == commit_key(number)))),
            &lines(&["commit-missing commit=2", "unsigned-tail commit=2"]),
        ),
        tampered(
            "commit-removed-genesis",
            "the genesis was removed",
            with(|_, files| drop(files.remove(&commit_key(0)))),
            &lines(&["commit-missing commit=0", "unsigned-tail commit=0"]),
        ),
        tampered(
            "commits-exchanged",
            "two commits stand under each other's numbers",
            with(|_, files| {
                let (two, three) = (files[&commit_key(2)].clone(), files[&commit_key(3)].clone());
                files.extend([(commit_key(2), three), (commit_key(3), two)]);
            }),
            &lines(&["commit-misplaced commit=2", "commit-misplaced commit=3", "unsigned-tail commit=2"]),
        ),
    ]
}

fn cannot_be_read() -> Vec<Vector> {
    let key = object(3);
    let files = with(|_, files| drop(files.remove(&key)));
    let unreadable = intact(
        "unreadable",
        "an evidence object is there and cannot be read (a link to itself): nobody knows whether it is sound",
        files,
    )
    .expect_findings("UNVERIFIABLE", &[format!("unreadable object={key}")]);
    let mut empty = ledger().seal();
    empty.retain(|key, _| !key.starts_with("commits/"));
    vec![
        Vector { loops: vec![key], ..unreadable },
        intact("no-log", "all commits are gone; evidence and checkpoints are still there", empty)
            .expect_findings("UNVERIFIABLE", &lines(&["no-log"])),
    ]
}
