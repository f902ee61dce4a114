//! Writes small archives, good and bad. It checks nothing, so that it can write what no writer would.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use sealog_batch::BatchBuilder;
use sealog_chain::{
    Batch, BatchObject, CHECKPOINT_KEY, Checkpoint, Commit, Decisions, FORMAT, Fact, OnGap, Policies,
    Previous, SCHEMA, Segment, SegmentFrom, SigningKey, StartAt, Tree, Writer, checkpoint_key, commit_key,
    evidence_key, leaf_hash, record_leaf, sha256,
};
use sealog_record::{ChangeRecord, Decision, EvidenceRow, Timestamp, ViewType};
use sealog_store::{Memory, Store as _};

pub(super) const LOG: &str = "orders";
pub(super) const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
pub(super) const LABEL: &str = "2026-11-22T00:00:00.000";
/// Date of commit 0; each commit is one second later.
pub(super) const BEGIN_MS: i64 = 1_795_342_530_000;

/// Names within the log, and bytes.
pub(super) type Files = BTreeMap<String, Bytes>;

pub(super) fn key() -> SigningKey {
    SigningKey::from_seed("log", [1; 32]).unwrap()
}

pub(super) fn next_key() -> SigningKey {
    SigningKey::from_seed("log-2", [2; 32]).unwrap()
}

/// One row to be.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) shard: String,
    pub(super) sequence: String,
    pub(super) verdict: &'static str,
    pub(super) reason: Option<&'static str>,
    pub(super) filter: Option<String>,
    pub(super) honest: bool,
    /// Item, and its value before and after; 0: it was not there. None: an item of its own.
    pub(super) change: Option<(&'static str, u64, u64)>,
}

pub(super) fn row(shard: &str, sequence: u64) -> Row {
    Row {
        shard: shard.to_owned(),
        sequence: sequence.to_string(),
        verdict: "keep",
        reason: None,
        filter: None,
        honest: true,
        change: None,
    }
}

/// Commits before they are linked, and their evidence.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) commits: Vec<Commit>,
    pub(super) files: Files,
    /// Checkpoints of larger sizes are signed by the next key.
    pub(super) rotated_in: Option<u64>,
}

impl Draft {
    /// A log with its genesis.
    pub(super) fn begun(start: StartAt) -> Self {
        let mut draft = Self::default();
        draft.push(vec![genesis(), opened(LABEL, start), Fact::CaptureStarted {}], None);
        draft
    }

    pub(super) fn push(&mut self, facts: Vec<Fact>, batch: Option<Batch>) {
        let number = self.commits.len() as u64;
        self.commits.push(Commit {
            format: FORMAT.to_owned(),
            origin: format!("sealog/{TABLE}"),
            number,
            previous: None,
            committed_at: Timestamp::from_millis(BEGIN_MS + 1000 * i64::try_from(number).unwrap()),
            writer: Writer { id: "w".to_owned(), build: "test".to_owned() },
            batch,
            facts,
        });
    }

    /// A batch of these objects; counts and hashes are those of the rows.
    pub(super) fn batch(&mut self, objects: &[Vec<Row>], segments: Vec<Segment>) -> Batch {
        let (mut tree, mut decisions, mut listed) = (Tree::default(), Decisions::default(), Vec::new());
        for rows in objects {
            let bytes = evidence(rows, &mut tree);
            rows.iter().for_each(|row| decisions.count(row.verdict, row.reason));
            listed.push(self.store(bytes, rows.len() as u64));
        }
        Batch {
            records: tree.size(),
            records_root: tree.root(),
            objects: listed,
            segments,
            decisions,
            filters: Vec::new(),
        }
    }

    pub(super) fn store(&mut self, bytes: Bytes, rows: u64) -> BatchObject {
        let sha256 = sha256(&bytes);
        let key = evidence_key(&sha256);
        let size = bytes.len() as u64;
        self.files.insert(key.clone(), bytes);
        BatchObject { key, schema: SCHEMA.to_owned(), bytes: size, sha256, rows }
    }

    /// Batch of commit `number`.
    pub(super) fn at(&mut self, number: usize) -> &mut Batch {
        self.commits[number].batch.as_mut().unwrap()
    }

    pub(super) fn segment(&mut self, number: usize, shard: &str) -> &mut Segment {
        self.at(number).segments.iter_mut().find(|segment| segment.shard.as_str() == shard).unwrap()
    }

    /// Links and signs: the files of the log.
    pub(super) fn seal(&self) -> Files {
        let (mut files, mut tree, mut previous) = (self.files.clone(), Tree::default(), None);
        for (place, commit) in (0_u64..).zip(&self.commits) {
            let linked = Commit { previous: previous.take(), ..commit.clone() };
            let bytes = Bytes::from(serde_json::to_vec(&linked).unwrap());
            previous = Some(Previous { sha256: sha256(&bytes), version_id: None });
            tree.push(leaf_hash(&bytes));
            files.insert(commit_key(place), bytes);
            let signer =
                if self.rotated_in.is_some_and(|rotated| place >= rotated) { next_key() } else { key() };
            let head =
                Checkpoint { origin: self.commits[0].origin.clone(), size: tree.size(), root: tree.root() };
            let signed = Bytes::from(head.sign(&[&signer]).render());
            files.insert(checkpoint_key(tree.size()), signed.clone());
            files.insert(CHECKPOINT_KEY.to_owned(), signed);
        }
        files
    }
}

/// Parquet of these rows; their true leaves go on `tree`.
pub(super) fn evidence(rows: &[Row], tree: &mut Tree) -> Bytes {
    let mut builder = BatchBuilder::new().unwrap();
    for Row { shard, sequence, verdict, reason, filter, honest, change } in rows {
        // A number is one of its shard, and so is the item that changes only then.
        let own = format!("{shard}/{sequence}");
        let (item, old, new) = change.unwrap_or((&own, 0, 1));
        let keys = format!("{{\"id\":{{\"S\":\"{item}\"}}}}");
        let image = |n: u64| {
            let image = format!("{{\"id\":{{\"S\":\"{item}\"}},\"n\":{{\"N\":\"{n}\"}}}}");
            (n > 0 && *verdict != "drop").then_some(image)
        };
        let (old, new) = (image(old), image(new));
        let change = ChangeRecord {
            sequence_number: sequence,
            keys: Some(&keys),
            old_image: old.as_deref(),
            new_image: new.as_deref(),
            stream_view_type: Some("NEW_AND_OLD_IMAGES"),
            created_at: Some(BEGIN_MS),
            ..ChangeRecord::default()
        };
        let decision = Decision { verdict, reason: *reason, filter: filter.as_deref(), ..Decision::KEEP };
        let row = EvidenceRow { stream_label: LABEL, shard_id: shard, change, decision };
        let leaf = record_leaf(&row, &mut Vec::new());
        tree.push(leaf);
        builder.push(&row, &if *honest { leaf.0 } else { [7; 32] });
    }
    builder.end_page().unwrap();
    builder.seal().unwrap().bytes
}

pub(super) fn policies() -> Policies {
    Policies { heartbeat_seconds: 3600, retention: None, on_gap: OnGap::Halt }
}

pub(super) fn genesis() -> Fact {
    Fact::Genesis {
        holds: "dynamodb-changes".to_owned(),
        table_arn: TABLE.parse().unwrap(),
        view_type: ViewType::NewAndOldImages,
        key: key().verifier().to_string(),
        policies: policies(),
    }
}

pub(super) fn opened(label: &str, start: StartAt) -> Fact {
    Fact::StreamOpened {
        arn: format!("{TABLE}/stream/{label}").parse().unwrap(),
        view_type: ViewType::NewAndOldImages,
        start,
        at: Timestamp::from_millis(BEGIN_MS),
    }
}

/// A segment of `rows` rows; `after` none means from `trim_horizon`.
pub(super) fn segment(
    shard: &str,
    parent: Option<&str>,
    after: Option<u64>,
    last: Option<u64>,
    rows: u64,
) -> Segment {
    let number = |number: u64| number.to_string().parse().unwrap();
    Segment {
        stream: LABEL.parse().unwrap(),
        shard: shard.parse().unwrap(),
        parent: parent.map(|parent| parent.parse().unwrap()),
        from: if after.is_some() { SegmentFrom::After } else { SegmentFrom::TrimHorizon },
        after: after.map(number),
        last: last.map(number),
        rows,
        closed: false,
    }
}

pub(super) fn closing(segment: Segment) -> Segment {
    Segment { closed: true, ..segment }
}

pub(super) async fn stored(logs: &[(&str, &Files)]) -> Arc<Memory> {
    let store = Memory::default();
    for (log, files) in logs {
        for (name, bytes) in *files {
            store.create(&format!("{log}/{name}"), bytes.clone()).await.unwrap();
        }
    }
    Arc::new(store)
}

/// Shards A (rolls into C) and B (rolls into D), six commits; commit 1 has two objects, and B's rows lie in both.
pub(super) fn sample() -> Draft {
    let mut draft = Draft::begun(StartAt::TrimHorizon);
    let rows = |shard: &str, first: u64, last: u64| (first..=last).map(|n| row(shard, n)).collect::<Vec<_>>();
    let both = [rows("A", 101, 105), rows("B", 201, 201)].concat();
    let batch = draft.batch(
        &[both, rows("B", 202, 203)],
        vec![segment("A", None, None, Some(105), 5), segment("B", None, None, Some(203), 3)],
    );
    draft.push(Vec::new(), Some(batch));
    let batch =
        draft.batch(&[rows("A", 106, 108)], vec![closing(segment("A", None, Some(105), Some(108), 3))]);
    draft.push(Vec::new(), Some(batch));
    let segments = vec![
        segment("C", Some("A"), None, Some(302), 2),
        closing(segment("B", None, Some(203), None, 0)),
        segment("D", Some("B"), None, None, 0),
    ];
    let batch = draft.batch(&[rows("C", 301, 302)], segments);
    draft.push(Vec::new(), Some(batch));
    let batch = draft.batch(&[rows("D", 401, 404)], vec![segment("D", Some("B"), None, Some(404), 4)]);
    draft.push(Vec::new(), Some(batch));
    draft.push(vec![Fact::Heartbeat { polled_since: None }], None);
    draft
}
