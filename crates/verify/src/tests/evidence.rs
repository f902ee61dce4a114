//! Evidence: objects, rows, counts and roots.

use bytes::Bytes;
use sealog_chain::{EMPTY_ROOT, Hash, Tree};

use super::writer::{Draft, Files, Row, evidence, row, segment};
use super::{Case, TOUCHED, check, check_cases, options, sample};
use crate::Outcome::Unverifiable;

/// Name of an object of the untouched sample.
fn name(commit: usize, place: usize) -> String {
    sample().commits[commit].batch.as_ref().unwrap().objects[place].key.clone()
}

/// Puts one more commit on shard D.
fn more(draft: &mut Draft, rows: &[Row], last: u64) {
    let batch =
        draft.batch(&[rows.to_vec()], vec![segment("D", None, Some(404), Some(last), rows.len() as u64)]);
    draft.push(Vec::new(), Some(batch));
}

/// Puts other bytes in the place of commit 6's object, as its signer could.
fn with_bytes(draft: &mut Draft, bytes: Bytes, rows: u64) {
    more(draft, &[row("D", 405), row("D", 406)], 406);
    let object = draft.store(bytes, rows);
    draft.at(6).objects = vec![object];
}

pub(super) const CASES: &[Case] = &[
    Case {
        about: "an object removed",
        files: |files| drop(files.remove(&name(2, 0))),
        findings: &["object-missing commit=2 object=e2.0"],
        ..TOUCHED
    },
    Case {
        about: "the first of two objects removed: the rows of the other are placed all the same",
        files: |files| drop(files.remove(&name(1, 0))),
        findings: &["object-missing commit=1 object=e1.0"],
        ..TOUCHED
    },
    Case {
        about: "an object that may not be read",
        refused: Some("evidence/"),
        outcome: Unverifiable,
        findings: &[
            "unreadable object=e2.0",
            "unreadable object=e3.0",
            "unreadable object=e1.1",
            "unreadable object=e4.0",
            "unreadable object=e1.0",
        ],
        ..TOUCHED
    },
    Case {
        about: "bytes behind the end",
        files: |files| {
            let bytes = files.get_mut(&name(2, 0)).unwrap();
            *bytes = Bytes::from([bytes.as_ref(), b"x"].concat());
        },
        findings: &["object-changed commit=2 object=e2.0"],
        ..TOUCHED
    },
    Case {
        about: "a commit that states another size",
        draft: |draft| draft.at(2).objects[0].bytes += 1,
        findings: &["object-changed commit=2 object=e2.0"],
        ..TOUCHED
    },
    Case {
        about: "other sealed rows in its place",
        files: |files| {
            let other = files[&name(3, 0)].clone();
            files.insert(name(2, 0), other);
        },
        findings: &["object-changed commit=2 object=e2.0"],
        ..TOUCHED
    },
    Case {
        about: "a row edited in the file, its leaf left",
        files: |files| {
            let rows = [row("A", 106), Row { honest: false, ..row("A", 107) }, row("A", 108)];
            files.insert(name(2, 0), evidence(&rows, &mut Tree::default()));
        },
        findings: &["object-changed commit=2 object=e2.0", "row-changed commit=2 object=e2.0 row=1"],
        ..TOUCHED
    },
    Case {
        about: "sealed with a leaf that is not the row's",
        draft: |draft| {
            more(draft, &[row("D", 405), Row { honest: false, ..row("D", 406) }], 406);
        },
        findings: &["row-changed commit=6 object=e6.0 row=1"],
        ..TOUCHED
    },
    Case {
        about: "the right bytes, but no Parquet",
        draft: |draft| with_bytes(draft, Bytes::from_static(b"PAR1 of nothing PAR1"), 2),
        findings: &["object-unreadable commit=6 object=e6.0"],
        ..TOUCHED
    },
    Case {
        about: "a row of another shard",
        draft: |draft| more(draft, &[row("D", 405), row("C", 406), row("D", 407)], 407),
        findings: &["row-foreign commit=6 object=e6.0 row=1"],
        ..TOUCHED
    },
    Case {
        about: "rows out of order, and one again",
        draft: |draft| more(draft, &[row("D", 406), row("D", 405), row("D", 407), row("D", 407)], 407),
        findings: &["row-order commit=6 object=e6.0 row=1", "row-order commit=6 object=e6.0 row=3"],
        ..TOUCHED
    },
    Case {
        about: "a row that was there before the segment",
        draft: |draft| more(draft, &[row("D", 404), row("D", 405)], 405),
        findings: &["row-order commit=6 object=e6.0 row=0"],
        ..TOUCHED
    },
    Case {
        about: "order is kept over the border of two objects",
        draft: |draft| {
            let objects = [vec![row("D", 406)], vec![row("D", 405)]];
            let batch = draft.batch(&objects, vec![segment("D", None, Some(404), Some(405), 2)]);
            draft.push(Vec::new(), Some(batch));
        },
        findings: &["row-order commit=6 object=e6.1 row=0"],
        ..TOUCHED
    },
    Case {
        about: "no sequence number",
        draft: |draft| {
            let bad = Row { sequence: "4o5".to_owned(), ..row("D", 0) };
            more(draft, &[bad, row("D", 406)], 406);
        },
        findings: &["row-order commit=6 object=e6.0 row=0"],
        ..TOUCHED
    },
    Case {
        about: "another last row",
        draft: |draft| more(draft, &[row("D", 405), row("D", 406)], 407),
        findings: &["segment-mismatch commit=6 shard=D"],
        ..TOUCHED
    },
    Case {
        about: "another number of rows",
        draft: |draft| {
            let mut tree = Tree::default();
            let bytes = evidence(&[row("D", 405), row("D", 406), row("D", 407)], &mut tree);
            with_bytes(draft, bytes, 2);
        },
        findings: &["counts-mismatch commit=6", "records-root-mismatch commit=6"],
        ..TOUCHED
    },
    Case {
        about: "another decision; a fault counts as one whatever its verdict",
        draft: |draft| {
            let fault = Row { reason: Some("fault:trap"), ..row("D", 405) };
            more(draft, &[fault, Row { verdict: "drop", ..row("D", 406) }], 406);
            let decisions = &mut draft.at(6).decisions;
            assert_eq!((decisions.fault, decisions.drop), (1, 1));
            (decisions.fault, decisions.keep) = (0, 1);
        },
        findings: &["counts-mismatch commit=6"],
        ..TOUCHED
    },
    Case {
        about: "a verdict that does not exist counts for none",
        draft: |draft| more(draft, &[Row { verdict: "maybe", ..row("D", 405) }], 405),
        findings: &["counts-mismatch commit=6"],
        ..TOUCHED
    },
    Case {
        about: "another root",
        draft: |draft| draft.at(4).records_root = Hash([9; 32]),
        findings: &["records-root-mismatch commit=4"],
        ..TOUCHED
    },
    Case {
        about: "a root over nothing that is not that",
        draft: |draft| {
            let batch = draft.batch(&[], vec![segment("D", None, Some(404), None, 0)]);
            assert_eq!(batch.records_root, EMPTY_ROOT);
            draft.push(Vec::new(), Some(sealog_chain::Batch { records_root: Hash([9; 32]), ..batch }));
        },
        findings: &["commit-malformed commit=6", "unsigned-tail commit=6"],
        ..TOUCHED
    },
];

#[test]
fn evidence_that_is_not_what_it_was() {
    check_cases(CASES);
}

#[test]
fn a_changed_row_is_named_with_all_that_finds_it() {
    let mut files = sample().seal();
    let rows = [row("A", 106), Row { honest: false, ..row("A", 107) }, row("A", 108)];
    files.insert(name(2, 0), evidence(&rows, &mut Tree::default()));
    let report = check(&files, &options());
    let message = &report.logs[0].findings[0].message;
    for part in
        ["commit 2", "SHA-256", "row 1", "shard A", "sequence number 107", "{\"id\":{\"S\":\"A/107\"}}"]
    {
        assert!(message.contains(part), "{part} is not in {message}");
    }
}

/// One bit anywhere in an object: always named, never a panic.
#[test]
fn each_flipped_byte_of_an_object_is_found() {
    let (draft, sealed) = (sample(), sample().seal());
    let key = draft.commits[2].batch.as_ref().unwrap().objects[0].key.clone();
    for place in 0..sealed[&key].len() {
        let mut files: Files = sealed.clone();
        let mut bytes = files[&key].to_vec();
        bytes[place] ^= 0x10;
        files.insert(key.clone(), Bytes::from(bytes));
        let report = check(&files, &options());
        assert!(super::places(&report, &draft).contains(&"object-changed commit=2 object=e2.0".to_owned()));
    }
}
