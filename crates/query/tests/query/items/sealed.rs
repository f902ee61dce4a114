//! Writes small logs that fold and are signed: any record, any verdict, gaps, heartbeats, shards that come from others.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use sealog_batch::BatchBuilder;
use sealog_chain::{
    Batch, BatchObject, Checkpoint, Commit, Decisions, FORMAT, Fact, Fold, OnGap, Policies, SCHEMA, Segment,
    SegmentFrom, SigningKey, StartAt, Tree, Writer, commit_key, evidence_key, record_leaf, sha256,
};
use sealog_lake::{Columns, Publisher};
use sealog_query::items::Facts;
use sealog_query::{Session, SessionOptions};
use sealog_record::{
    ChangeRecord, Decision, EvidenceRow, Gap, GapCause, SequenceNumber, Timestamp, ViewType,
};
use sealog_store::{Log, Memory, Object, Store};

pub(crate) const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
pub(crate) const LABEL: &str = "2026-11-22T10:00:00.000";
/// 2026-11-22T10:15:30.000Z: the log's first commit; its stream was switched on a quarter of an hour before.
pub(crate) const BEGIN_MS: i64 = 1_795_342_530_000;
pub(crate) const BOTH: &str = "NEW_AND_OLD_IMAGES";

/// So many seconds after the beginning.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(BEGIN_MS + 1000 * seconds)
}

/// A record to be.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) stream: &'static str,
    pub(crate) shard: &'static str,
    pub(crate) sequence: u64,
    pub(crate) event: Option<&'static str>,
    /// Seconds after the beginning.
    pub(crate) seconds: i64,
    pub(crate) keys: Option<String>,
    pub(crate) old: Option<String>,
    pub(crate) new: Option<String>,
    pub(crate) view: &'static str,
    pub(crate) who: Option<(&'static str, &'static str)>,
    pub(crate) verdict: &'static str,
    pub(crate) reason: Option<&'static str>,
    pub(crate) redactions: Option<&'static str>,
    pub(crate) tags: Option<&'static str>,
    /// Whether the leaf hash that stands in the row is the row's.
    pub(crate) honest: bool,
}

/// A change of an item from one image to another; an image without braces is that of a member `n`.
pub(crate) fn record(
    sequence: u64,
    seconds: i64,
    keys: &str,
    old: Option<&str>,
    new: Option<&str>,
) -> Record {
    let event = match (old, new) {
        (None, _) => "INSERT",
        (Some(_), Some(_)) => "MODIFY",
        (Some(_), None) => "REMOVE",
    };
    Record {
        stream: LABEL,
        shard: "shard-a",
        sequence,
        event: Some(event),
        seconds,
        keys: Some(keys.to_owned()),
        old: old.map(str::to_owned),
        new: new.map(str::to_owned),
        view: BOTH,
        who: None,
        verdict: "keep",
        reason: None,
        redactions: None,
        tags: None,
        honest: true,
    }
}

impl Record {
    /// What a stream of another view type shows of it.
    pub(crate) fn seen_as(self, view: &'static str) -> Self {
        let (old, new) = match view {
            "KEYS_ONLY" => (None, None),
            "NEW_IMAGE" => (None, self.new),
            "OLD_IMAGE" => (self.old, None),
            _ => (self.old, self.new),
        };
        Self { old, new, view, ..self }
    }

    /// A tombstone of it.
    pub(crate) fn dropped(self) -> Self {
        Self { old: None, new: None, verdict: "drop", reason: Some("test"), ..self }
    }
}

/// A log that grows.
pub(crate) struct Sealed {
    pub(crate) store: Arc<Memory>,
    pub(crate) columns: Columns,
    /// Shards that come from others.
    pub(crate) parents: BTreeMap<&'static str, &'static str>,
    fold: Fold,
    head: Option<Object>,
}

fn key() -> SigningKey {
    SigningKey::from_seed("orders", [1; 32]).unwrap()
}

impl Sealed {
    /// With its genesis and one stream.
    pub(crate) async fn begun(view: &str, start: StartAt) -> Self {
        let mut sealed = Self {
            store: Arc::new(Memory::default()),
            columns: Columns::default(),
            parents: BTreeMap::new(),
            fold: Fold::default(),
            head: None,
        };
        let view: ViewType = view.parse().unwrap();
        let genesis = Fact::Genesis {
            holds: "dynamodb-changes".to_owned(),
            table_arn: TABLE.parse().unwrap(),
            view_type: view,
            key: key().verifier().to_string(),
            policies: Policies { heartbeat_seconds: 3600, retention: None, on_gap: OnGap::RecordAndContinue },
        };
        sealed.commit(0, vec![genesis, opened(LABEL, view, start, 0)], &[], &[]).await;
        sealed
    }

    pub(crate) fn log(&self) -> Log {
        Log::new(Arc::clone(&self.store) as Arc<dyn Store>, "orders")
    }

    /// Seals records, `seconds` after the beginning; the named shards end.
    pub(crate) async fn commit(
        &mut self,
        seconds: i64,
        facts: Vec<Fact>,
        records: &[Record],
        closing: &[&'static str],
    ) {
        let batch = self.batch(&facts, records, closing).await;
        let commit = Commit {
            format: FORMAT.to_owned(),
            origin: format!("sealog/{TABLE}"),
            number: self.fold.size(),
            previous: self.fold.previous(),
            committed_at: at(seconds),
            writer: Writer { id: "w".to_owned(), build: "test".to_owned() },
            batch,
            facts,
        };
        let bytes = Bytes::from(commit.render().unwrap());
        self.put(&commit_key(commit.number), bytes.clone()).await;
        self.fold.apply(&bytes, None).unwrap();
        let tree = self.fold.tree();
        let head = Checkpoint { origin: commit.origin, size: tree.size(), root: tree.root() };
        let log = self.log();
        log.publish(&head.sign(&[&key()]), &mut self.head).await.unwrap();
    }

    pub(crate) async fn seal(&mut self, seconds: i64, records: &[Record]) {
        self.commit(seconds, Vec::new(), records, &[]).await;
    }

    /// Every shard was read up to this second.
    pub(crate) async fn heartbeat(&mut self, seconds: i64) {
        let polled_since = Some(at(seconds));
        self.commit(seconds, vec![Fact::Heartbeat { polled_since }], &[], &[]).await;
    }

    async fn batch(&mut self, facts: &[Fact], records: &[Record], closing: &[&'static str]) -> Option<Batch> {
        if records.is_empty() && closing.is_empty() {
            return None;
        }
        let mut segments: Vec<Segment> = Vec::new();
        for run in records.chunk_by(|a, b| (a.stream, a.shard) == (b.stream, b.shard)) {
            let segment = self.segment(facts, run, &segments);
            segments.push(segment);
        }
        for shard in closing {
            match segments.iter_mut().rfind(|segment| segment.shard.as_str() == *shard) {
                Some(segment) => segment.closed = true,
                None => {
                    let empty = Record { shard, ..record(0, 0, "{}", None, None) };
                    let segment = self.segment(facts, std::slice::from_ref(&empty), &segments);
                    segments.push(Segment { closed: true, last: None, rows: 0, ..segment });
                }
            }
        }
        if records.is_empty() {
            return Some(Batch::without_rows(segments));
        }
        let (mut tree, mut decisions) = (Tree::default(), Decisions::default());
        let bytes = evidence(records, &mut tree);
        records.iter().for_each(|record| decisions.count(record.verdict, record.reason));
        let (hash, rows) = (sha256(&bytes), records.len() as u64);
        let object = BatchObject {
            key: evidence_key(&hash),
            schema: SCHEMA.to_owned(),
            bytes: bytes.len() as u64,
            sha256: hash,
            rows,
        };
        self.put(&object.key, bytes).await;
        let records_root = tree.root();
        Some(Batch {
            records: rows,
            records_root,
            objects: vec![object],
            segments,
            decisions,
            filters: Vec::new(),
        })
    }

    fn segment(&self, facts: &[Fact], run: &[Record], before: &[Segment]) -> Segment {
        let (stream, shard) = (run[0].stream.parse().unwrap(), run[0].shard.parse().unwrap());
        // A gap in this commit begins the shard anew.
        let has_gap =
            facts.iter().any(|fact| matches!(fact, Fact::Gap(gap) if gap.shard.as_ref() == Some(&shard)));
        let own = before.iter().rfind(|segment| segment.shard == shard).and_then(|segment| segment.last);
        let committed = self.fold.position(&stream, &shard).and_then(|position| position.last);
        let after = own.or(committed.filter(|_| !has_gap));
        let begins = match self.fold.streams().get(&stream).map(|stream| stream.start) {
            Some(StartAt::Latest) => SegmentFrom::Latest,
            _ => SegmentFrom::TrimHorizon,
        };
        Segment {
            stream,
            shard,
            parent: self.parents.get(run[0].shard).map(|parent| parent.parse().unwrap()),
            from: if after.is_some() { SegmentFrom::After } else { begins },
            after,
            last: run.last().map(|record| number(record.sequence)),
            rows: run.len() as u64,
            closed: false,
        }
    }

    async fn put(&self, name: &str, bytes: Bytes) {
        self.store.create(&format!("orders/{name}"), bytes).await.unwrap();
    }

    /// Publishes everything, and opens the lake; its facts beside it.
    pub(crate) async fn asked(&self) -> (Session, Facts) {
        self.publish().await;
        self.ask(false).await
    }

    pub(crate) async fn publish(&self) {
        let mut publisher = Publisher::anew(self.log(), self.columns.clone());
        while publisher.step().await.unwrap().is_some() {}
    }

    pub(crate) async fn ask(&self, evidence: bool) -> (Session, Facts) {
        let columns = [("orders".to_owned(), self.columns.clone())].into_iter().collect();
        let options = SessionOptions { evidence, columns, ..SessionOptions::at(at(1_000_000)) };
        let log = self.log();
        let facts = Facts::read(&log).await.unwrap();
        (Session::open(std::slice::from_ref(&log), &options).await.unwrap(), facts)
    }
}

pub(crate) fn number(number: u64) -> SequenceNumber {
    number.to_string().parse().unwrap()
}

pub(crate) fn opened(label: &str, view_type: ViewType, start: StartAt, seconds: i64) -> Fact {
    let arn = format!("{TABLE}/stream/{label}").parse().unwrap();
    Fact::StreamOpened { arn, view_type, start, at: at(seconds) }
}

/// Records of a shard that were trimmed before they were read.
pub(crate) fn trimmed(shard: &str, after: Option<u64>, first: Option<u64>, noticed: i64) -> Fact {
    Fact::Gap(Gap {
        stream: LABEL.parse().unwrap(),
        shard: Some(shard.parse().unwrap()),
        after: after.map(number),
        first: first.map(number),
        cause: GapCause::Trimmed,
        ends_shard: first.is_none(),
        noticed_at: at(noticed),
    })
}

fn evidence(records: &[Record], tree: &mut Tree) -> Bytes {
    let mut builder = BatchBuilder::new().unwrap();
    for record in records {
        let sequence = record.sequence.to_string();
        let row = EvidenceRow {
            stream_label: record.stream,
            shard_id: record.shard,
            change: ChangeRecord {
                sequence_number: &sequence,
                event_name: record.event,
                created_at: record.event.map(|_| at(record.seconds).as_millis()),
                size_bytes: Some(100),
                stream_view_type: record.event.map(|_| record.view),
                user_identity_type: record.who.map(|(kind, _)| kind),
                user_identity_principal_id: record.who.map(|(_, principal)| principal),
                keys: record.keys.as_deref(),
                old_image: record.old.as_deref(),
                new_image: record.new.as_deref(),
                ..ChangeRecord::default()
            },
            decision: Decision {
                verdict: record.verdict,
                reason: record.reason,
                redactions: record.redactions,
                tags: record.tags,
                filter: None,
            },
        };
        let leaf = record_leaf(&row, &mut Vec::new());
        tree.push(leaf);
        builder.push(&row, &if record.honest { leaf.0 } else { [7; 32] });
    }
    builder.end_page().unwrap();
    builder.seal().unwrap().bytes
}
