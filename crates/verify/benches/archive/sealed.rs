//! Archives to verify: one of many rows, one of many commits.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use sealog_batch::BatchBuilder;
use sealog_chain::{Batch, Decisions, Fact, Hash, StartAt, Tree, record_leaf};
use sealog_record::{ChangeRecord, Decision, EvidenceRow};

use crate::writer::{BEGIN_MS, Draft, Files, LABEL, LOG, row, segment};

/// Objects of [`write`].
const OBJECTS: u64 = 20;
/// Rows of each, as a writer with default bounds seals them.
const ROWS: u64 = 10_000;
/// Rows that end a page of the service, and so a row group of ours.
const ROWS_OF_A_PAGE: u64 = 1_000;

/// An archive on disk.
pub(crate) struct Archive {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) roots: Vec<Hash>,
    pub(crate) records: u64,
    pub(crate) bytes: u64,
}

impl Archive {
    pub(crate) fn describe(&self) -> String {
        format!(
            "{} records in {} objects of {} kB, about {} bytes a record as received",
            self.records,
            self.paths.len(),
            self.bytes / self.paths.len() as u64 / 1000,
            order(7, 1, 8).2.len() * 2 + 160
        )
    }
}

/// Keys and images of an order's change from one state to another.
fn order(number: u64, old: u64, new: u64) -> (String, String, String) {
    let keys =
        format!(r#"{{"pk":{{"S":"customer#{:08}"}},"sk":{{"S":"order#{number:012}"}}}}"#, number % 4999);
    let image = |state: u64| {
        format!(
            r#"{{"pk":{{"S":"customer#{:08}"}},"sk":{{"S":"order#{number:012}"}},"status":{{"S":"state-{state}"}},"amount":{{"N":"{}.{:02}"}},"items":{{"L":[{{"M":{{"sku":{{"S":"sku-{}"}},"n":{{"N":"{}"}}}}}}]}},"tags":{{"SS":["a","b"]}}}}"#,
            number % 4999,
            number * 31 % 9973,
            number % 100,
            number * 7 % 1013,
            state % 9 + 1
        )
    };
    (keys, image(old), image(new))
}

fn object(tree: &mut Tree, first: u64) -> Bytes {
    let mut builder = BatchBuilder::new().unwrap();
    let mut scratch = Vec::new();
    for number in first..first + ROWS {
        let (item, version) = (number % 20_000, number / 20_000);
        let (keys, old, new) = order(item, version, version + 1);
        let (sequence, event) =
            (number.to_string(), format!("{:032x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
        let change = ChangeRecord {
            sequence_number: &sequence,
            event_id: Some(&event),
            event_name: Some("MODIFY"),
            event_version: Some("1.1"),
            event_source: Some("aws:dynamodb"),
            aws_region: Some("eu-west-1"),
            created_at: Some(BEGIN_MS),
            size_bytes: Some(411),
            stream_view_type: Some("NEW_AND_OLD_IMAGES"),
            keys: Some(&keys),
            old_image: Some(&old),
            new_image: Some(&new),
            ..ChangeRecord::default()
        };
        let row = EvidenceRow { stream_label: LABEL, shard_id: "A", change, decision: Decision::KEEP };
        let leaf = record_leaf(&row, &mut scratch);
        tree.push(leaf);
        builder.push(&row, &leaf.0);
        if (number + 1).is_multiple_of(ROWS_OF_A_PAGE) {
            builder.end_page().unwrap();
        }
    }
    builder.seal().unwrap().bytes
}

fn save(folder: &Path, files: &Files) {
    for (name, bytes) in files {
        let path = folder.join(LOG).join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

/// Many rows in few commits.
pub(crate) fn write(folder: &Path) -> Archive {
    let mut draft = Draft::begun(StartAt::TrimHorizon);
    let mut archive = Archive { paths: Vec::new(), roots: Vec::new(), records: OBJECTS * ROWS, bytes: 0 };
    for place in 0..OBJECTS {
        let (mut tree, first) = (Tree::default(), 1_000_000 + place * ROWS);
        let listed = draft.store(object(&mut tree, first), ROWS);
        archive.paths.push(folder.join(LOG).join(&listed.key));
        archive.roots.push(tree.root());
        archive.bytes += listed.bytes;
        let after = (place > 0).then(|| first - 1);
        let batch = Batch {
            records: ROWS,
            records_root: tree.root(),
            objects: vec![listed],
            segments: vec![segment("A", None, after, Some(first + ROWS - 1), ROWS)],
            decisions: Decisions { keep: ROWS, ..Decisions::default() },
            filters: Vec::new(),
        };
        draft.push(Vec::new(), Some(batch));
    }
    save(folder, &draft.seal());
    archive
}

/// So many commits, most of them with a few rows; gives the number of rows.
pub(crate) fn write_long(folder: &Path, commits: u64) -> u64 {
    let mut draft = Draft::begun(StartAt::TrimHorizon);
    let mut records = 0;
    for number in 1..commits {
        if number % 8 == 0 {
            draft.push(vec![Fact::Heartbeat { polled_since: None }], None);
            continue;
        }
        let rows = vec![row("A", 10 * number), row("A", 10 * number + 1)];
        let after = (records > 0)
            .then(|| if number % 8 == 1 { 10 * (number - 2) + 1 } else { 10 * (number - 1) + 1 });
        let batch = draft.batch(&[rows], vec![segment("A", None, after, Some(10 * number + 1), 2)]);
        draft.push(Vec::new(), Some(batch));
        records += 2;
    }
    save(folder, &draft.seal());
    records
}
