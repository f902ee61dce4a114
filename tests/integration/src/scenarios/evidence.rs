//! Evidence that contradicts its commit. All hashes and signatures are right: only the rows tell.

use super::{first_bent, lines, one, tampered};
use crate::ledger::{A, B, C, begun, ledger, ledger_bent};
use crate::model::{LogModel, segment};
use crate::rows::{Row, parquet, parquet_of_another_schema, rows, sequence};
use crate::vector::Vector;
use sealog_batch::EvidenceReader;
use sealog_chain::{StartAt, sha256};

pub(super) fn vectors() -> Vec<Vector> {
    [of_rows(), of_batches(), of_objects()].concat()
}

/// The ledger whose rows of commit 3 are bent: C 301–303, B 203–204.
fn bent(bend: impl Fn(&mut Vec<Row>)) -> LogModel {
    ledger_bent(|number, rows| {
        if number == 3 {
            bend(rows);
        }
    })
}

fn row_found(name: &'static str, about: &'static str, log: &LogModel, code: &str, row: u64) -> Vector {
    one(name, about, log, format!("{code} commit=3 object={} row={row}", log.object_key(3, 0)))
}

fn of_rows() -> Vec<Vector> {
    vec![
        row_found(
            "row-leaf-wrong",
            "a row's stored leaf hash is not its leaf; the object's own hash is right",
            &bent(|rows| rows[3].forged_leaf = Some(sha256(b"not this row").0)),
            "row-changed",
            3,
        ),
        row_found(
            "row-foreign",
            "a row of another shard stands in a segment",
            &bent(|rows| A.clone_into(&mut rows[1].shard)),
            "row-foreign",
            1,
        ),
        row_found(
            "row-foreign-stream",
            "a row of another stream stands in a segment",
            &bent(|rows| "2026-11-22T10:05:00.000".clone_into(&mut rows[4].stream)),
            "row-foreign",
            4,
        ),
        row_found(
            "row-order",
            "two rows of a segment changed places",
            &bent(|rows| rows.swap(0, 1)),
            "row-order",
            1,
        ),
        row_found(
            "row-no-sequence-number",
            "a row's sequence number is none",
            &bent(|rows| "three hundred".clone_into(&mut rows[1].sequence)),
            "row-order",
            1,
        ),
        row_found(
            "row-twice",
            "a row stands in place of its successor",
            &bent(|rows| rows[1] = rows[0].clone()),
            "row-order",
            1,
        ),
        row_found(
            "row-before-segment",
            "a row does not lie behind the record that its segment follows",
            &bent(|rows| rows[3].sequence = sequence(202)),
            "row-order",
            3,
        ),
    ]
}

fn of_batches() -> Vec<Vector> {
    let mut last = ledger();
    last.batch_at(5).segments[0].last = Some(sequence(309).parse().unwrap());
    let mut decisions = ledger();
    let counted = &mut decisions.batch_at(5).decisions;
    (counted.keep, counted.drop) = (2, 1);
    let mut root = ledger();
    root.batch_at(5).records_root = sha256(b"another root");
    let mut verdict = ledger_bent(|number, rows| {
        if number == 5 {
            "kept".clone_into(&mut rows[1].verdict);
        }
    });
    verdict.batch_at(5).decisions.keep = 3;
    let counts = || "counts-mismatch commit=5".to_owned();
    vec![
        one(
            "segment-last-wrong",
            "a segment claims to reach further than its rows do",
            &last,
            format!("segment-mismatch commit=5 shard={C}"),
        ),
        one("counts-decisions", "a commit claims a tombstone, and all rows were kept", &decisions, counts()),
        one(
            "counts-verdict",
            "a row's verdict is none that the format knows; the commit counts it as kept",
            &verdict,
            counts(),
        ),
        one(
            "counts-objects",
            "two objects' row counts are exchanged; their sum is right",
            &exchanged_counts(),
            "counts-mismatch commit=1",
        ),
        one(
            "records-root",
            "the root over the rows is wrong, everything else is right",
            &root,
            "records-root-mismatch commit=5",
        ),
    ]
}

fn exchanged_counts() -> LogModel {
    let mut log = begun(StartAt::TrimHorizon);
    let (a, b) = (rows(A, 101..=103), rows(B, 201..=202));
    let mut batch = log.batch(&[a.clone(), b.clone()], vec![segment(&a, None), segment(&b, None)]);
    (batch.objects[0].rows, batch.objects[1].rows) = (2, 3);
    log.commit(Vec::new(), Some(batch));
    log
}

/// The bytes with the highest bit of a text's byte set: all else can still be decoded.
fn not_utf8(bytes: &[u8]) -> Vec<u8> {
    let complains = |bytes: &[u8]| {
        let read =
            EvidenceReader::open(bytes.to_vec().into()).and_then(|reader| reader.for_each(|_, _, _| ()));
        read.is_err_and(|error| error.to_string().to_lowercase().contains("utf"))
    };
    first_bent(bytes, |byte| byte | 0x80, complains)
}

fn of_objects() -> Vec<Vector> {
    let unreadable = |name, about, bytes: Vec<u8>| {
        let mut log = ledger();
        log.replace_object(5, bytes);
        one(name, about, &log, format!("object-unreadable commit=5 object={}", log.object_key(5, 0)))
    };
    let mut gone = ledger();
    let key = gone.object_key(5, 0);
    gone.objects.remove(&key);
    vec![
        unreadable(
            "object-other-schema",
            "an object is Parquet with other columns",
            parquet_of_another_schema(&rows(C, 304..=306)),
        ),
        unreadable(
            "object-not-parquet",
            "an object is no Parquet",
            b"sequence_number\n304\n305\n306\n".to_vec(),
        ),
        unreadable(
            "object-not-utf8",
            "a text of an object is not UTF-8",
            not_utf8(&parquet(&rows(C, 304..=306))),
        ),
        tampered(
            "object-never-stored",
            "a commit names an object that was never stored",
            gone.seal(),
            &lines(&[&format!("object-missing commit=5 object={key}")]),
        ),
    ]
}
