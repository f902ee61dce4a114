//! Writes small archives: items that change, commit after commit.

use std::sync::Arc;

use bytes::Bytes;
use sealog_batch::BatchBuilder;
use sealog_chain::{
    Batch, BatchObject, Commit, Decisions, FORMAT, Fact, FilterUse, Hash, Previous, SCHEMA, Segment,
    SegmentFrom, Tree, Writer, commit_key, evidence_key, record_leaf, sha256,
};
use sealog_lake::Columns;
use sealog_record::{ChangeRecord, Decision, EvidenceRow, Timestamp};
use sealog_store::{Created, Log, Memory, Store};

pub(crate) const LOG: &str = "orders";
/// 2026-11-22T10:15:30.000Z
pub(crate) const BEGIN_MS: i64 = 1_795_342_530_000;
pub(crate) const HOUR_MS: i64 = 3_600_000;

/// One change to be.
#[derive(Debug, Clone, Default)]
pub(crate) struct Change {
    pub(crate) keys: String,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
    pub(crate) created_at: Option<i64>,
    pub(crate) tags: Option<String>,
    /// `MODIFY` where there is none.
    pub(crate) event_name: Option<&'static str>,
    /// `NEW_AND_OLD_IMAGES` where there is none.
    pub(crate) view_type: Option<&'static str>,
    /// Type and principal.
    pub(crate) user: Option<[&'static str; 2]>,
}

/// A change of item `item` to `amount`, made at `created_at`.
pub(crate) fn change(item: u64, amount: &str, created_at: i64) -> Change {
    let image = |amount: &str| {
        format!(
            r#"{{"id":{{"S":"item-{item:05}"}},"amount":{{"N":"{amount}"}},"note":{{"S":"{}"}}}}"#,
            "x".repeat(40)
        )
    };
    Change {
        keys: format!(r#"{{"id":{{"S":"item-{item:05}"}}}}"#),
        old: Some(image("0")),
        new: Some(image(amount)),
        created_at: Some(created_at),
        tags: Some(r#"{"by":"test"}"#.to_owned()),
        ..Change::default()
    }
}

pub(crate) fn columns() -> Columns {
    Columns::declared(&[], [("amount", "decimal(38,2)"), ("note", "text")].into_iter()).unwrap()
}

/// An archive that grows.
pub(crate) struct Archive {
    pub(crate) store: Arc<Memory>,
    next: u64,
    previous: Option<Hash>,
    sequence: u64,
}

impl Archive {
    /// With its first commit, which holds no rows.
    pub(crate) async fn begun() -> Self {
        let mut archive =
            Self { store: Arc::new(Memory::default()), next: 0, previous: None, sequence: 1_000 };
        archive.commit(BEGIN_MS, &[]).await;
        archive
    }

    pub(crate) fn log(&self) -> Log {
        self.log_on(Arc::clone(&self.store) as Arc<dyn Store>)
    }

    pub(crate) fn log_on(&self, store: Arc<dyn Store>) -> Log {
        Log::new(store, LOG)
    }

    /// A commit of these changes.
    pub(crate) async fn commit(&mut self, committed_at: i64, changes: &[Change]) {
        let facts = if changes.is_empty() { vec![Fact::CaptureStarted {}] } else { Vec::new() };
        self.commit_with(committed_at, changes, facts, Vec::new()).await;
    }

    /// A commit of these changes and facts, judged by these filters.
    pub(crate) async fn commit_with(
        &mut self,
        committed_at: i64,
        changes: &[Change],
        facts: Vec<Fact>,
        filters: Vec<FilterUse>,
    ) {
        let batch = self.batch(changes).await.map(|batch| Batch { filters, ..batch });
        let commit = Commit {
            format: FORMAT.to_owned(),
            origin: "sealog/arn:aws:dynamodb:eu-west-1:123456789012:table/orders".to_owned(),
            number: self.next,
            previous: self.previous.map(|sha256| Previous { sha256, version_id: None }),
            committed_at: Timestamp::from_millis(committed_at),
            writer: Writer { id: "w".to_owned(), build: "test".to_owned() },
            batch,
            facts,
        };
        let bytes = Bytes::from(commit.render().unwrap());
        self.previous = Some(sha256(&bytes));
        self.put(&commit_key(self.next), bytes).await;
        self.next += 1;
    }

    async fn batch(&mut self, changes: &[Change]) -> Option<Batch> {
        if changes.is_empty() {
            return None;
        }
        let (mut builder, mut tree, mut scratch) =
            (BatchBuilder::new().unwrap(), Tree::default(), Vec::new());
        let first = self.sequence;
        for change in changes {
            let sequence = self.sequence.to_string();
            self.sequence += 1;
            let row = EvidenceRow {
                stream_label: "2026-11-22T00:00:00.000",
                shard_id: "shardId-1",
                change: ChangeRecord {
                    sequence_number: &sequence,
                    event_name: Some(change.event_name.unwrap_or("MODIFY")),
                    stream_view_type: Some(change.view_type.unwrap_or("NEW_AND_OLD_IMAGES")),
                    user_identity_type: change.user.map(|[kind, _]| kind),
                    user_identity_principal_id: change.user.map(|[_, principal]| principal),
                    created_at: change.created_at,
                    size_bytes: Some(100),
                    keys: Some(&change.keys),
                    old_image: change.old.as_deref(),
                    new_image: change.new.as_deref(),
                    ..ChangeRecord::default()
                },
                decision: Decision { tags: change.tags.as_deref(), ..Decision::KEEP },
            };
            let leaf = record_leaf(&row, &mut scratch);
            tree.push(leaf);
            builder.push(&row, &leaf.0);
        }
        let bytes = builder.seal().unwrap().bytes;
        let (hash, rows) = (sha256(&bytes), changes.len() as u64);
        let object = BatchObject {
            key: evidence_key(&hash),
            schema: SCHEMA.to_owned(),
            bytes: bytes.len() as u64,
            sha256: hash,
            rows,
        };
        self.put(&object.key, bytes).await;
        let number = |number: u64| Some(number.to_string().parse().unwrap());
        let begins = first == 1_000;
        let segment = Segment {
            stream: "2026-11-22T00:00:00.000".parse().unwrap(),
            shard: "shardId-1".parse().unwrap(),
            parent: None,
            from: if begins { SegmentFrom::TrimHorizon } else { SegmentFrom::After },
            after: if begins { None } else { number(first - 1) },
            last: number(self.sequence - 1),
            rows,
            closed: false,
        };
        Some(Batch {
            records: rows,
            records_root: tree.root(),
            objects: vec![object],
            segments: vec![segment],
            decisions: Decisions { keep: rows, ..Decisions::default() },
            filters: Vec::new(),
        })
    }

    async fn put(&self, name: &str, bytes: Bytes) {
        let created = self.store.create(&format!("{LOG}/{name}"), bytes).await.unwrap();
        assert!(matches!(created, Created::New { .. }), "{name}");
    }

    /// Names and bytes of the lake.
    pub(crate) async fn lake(&self) -> Vec<(String, Bytes)> {
        let mut files = Vec::new();
        for entry in self.store.list(&format!("{LOG}/lake/"), None).await.unwrap() {
            files.push((entry.key.clone(), self.store.read(&entry.key).await.unwrap().unwrap().bytes));
        }
        files
    }
}

/// Three days of changes in nine commits, some of them late, some across midnight.
pub(crate) async fn three_days() -> Archive {
    let mut archive = Archive::begun().await;
    for step in 0..9_i64 {
        let at = BEGIN_MS + step * 6 * HOUR_MS;
        let changes: Vec<Change> = (0..20)
            .map(|n| {
                let item = ((n * 7 + step * 3) % 11) as u64;
                let late = if n % 5 == 0 { 8 * HOUR_MS } else { n * 1000 };
                change(item, &format!("{n}.{step}5"), at - late)
            })
            .collect();
        archive.commit(at, &changes).await;
    }
    archive
}
