//! Reads a log from its first commit and checks everything that can be checked, by FORMAT.md and not by the writer's code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sealog_batch::EvidenceReader;
use sealog_chain::{
    Batch, CHECKPOINT_KEY, Commit, Decisions, FilterUse, Fold, Hash, Segment, SignedCheckpoint, Tree,
    VerifierKey, record_leaf, sha256,
};
use sealog_record::{SequenceNumber, ShardId, StreamLabel, encode_leaf};
use sealog_store::{Log, Memory, Store};

/// A shard of a stream.
pub type Place = (StreamLabel, ShardId);

/// One row as it lies in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its sequence number.
    pub number: SequenceNumber,
    /// The key attributes, as the service wrote them.
    pub keys: Option<String>,
    /// The item before the change, as the service wrote it.
    pub old_image: Option<String>,
    /// The item after it, as the service wrote it.
    pub new_image: Option<String>,
    /// All columns, as the leaf has them.
    pub leaf: Vec<u8>,
}

/// A log that has passed every check.
#[derive(Debug, Default)]
pub struct Archived {
    /// What its commits fold into.
    pub fold: Fold,
    /// Its commits, from the first.
    pub commits: Vec<Commit>,
    /// Rows by shard, in their order.
    pub rows: BTreeMap<Place, Vec<Row>>,
    /// For each row, the filters of its commit.
    pub judges: BTreeMap<Place, Vec<Arc<[FilterUse]>>>,
    /// Every row's place and number, in the order of commits.
    pub order: Vec<(Place, SequenceNumber)>,
    /// When the first record or the end of a shard was committed, in milliseconds.
    pub settled_ms: BTreeMap<Place, i64>,
    /// When the first shard of a stream was committed, in milliseconds.
    pub found_ms: BTreeMap<StreamLabel, i64>,
}

/// How much of a log its checkpoints have to cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// All of it: every process has ended as it should.
    Covered,
    /// All but what processes that died or stand still have left to others: one commit each, and there are two.
    Left,
}

impl Head {
    const fn uncovered_max(self) -> u64 {
        match self {
            Self::Covered => 0,
            Self::Left => 2,
        }
    }
}

impl Archived {
    /// How many records it holds.
    #[must_use]
    pub fn records(&self) -> usize {
        self.rows.values().map(Vec::len).sum()
    }

    /// Sequence numbers of one shard.
    pub fn numbers(&self, shard: &str) -> Vec<u64> {
        let rows = self.rows.iter().filter(|((_, id), _)| id.as_str() == shard).flat_map(|(_, rows)| rows);
        rows.map(|row| row.number.as_str().parse().unwrap()).collect()
    }

    /// Every segment, in the order of commits.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.commits.iter().filter_map(|commit| commit.batch.as_ref()).flat_map(|batch| &batch.segments)
    }
}

/// Reads and checks a log; an empty one is a log without commits.
///
/// # Panics
/// At the first thing that is wrong with it.
pub async fn read(store: &Arc<Memory>, name: &str, key: &VerifierKey) -> Archived {
    read_to(Head::Covered, store, name, key).await
}

/// As [`read`], for a log that may be written to at this moment.
///
/// # Panics
/// At the first thing that is wrong with it.
pub async fn read_to(head: Head, store: &Arc<Memory>, name: &str, key: &VerifierKey) -> Archived {
    let log = Log::new(Arc::clone(store) as Arc<dyn Store>, name);
    let mut archived = Archived::default();
    archived.commits = log.catch_up(&mut archived.fold).await.expect("the fold takes every commit");
    let mut floors: BTreeMap<Place, SequenceNumber> = BTreeMap::new();
    for commit in &archived.commits {
        let Some(batch) = &commit.batch else { continue };
        let judges: Arc<[FilterUse]> = batch.filters.clone().into();
        let rows = evidence(&log, batch).await;
        let mut rows = rows.into_iter();
        for segment in &batch.segments {
            let place = (segment.stream.clone(), segment.shard.clone());
            let at_ms = commit.committed_at.as_millis();
            archived.found_ms.entry(segment.stream.clone()).or_insert(at_ms);
            if segment.rows > 0 || segment.closed {
                archived.settled_ms.entry(place.clone()).or_insert(at_ms);
            }
            let mut last = None;
            for (of, row) in rows.by_ref().take(usize::try_from(segment.rows).unwrap()) {
                assert_eq!(of, place, "a row stands in the segment of its shard");
                let floor = floors.insert(place.clone(), row.number);
                assert!(
                    floor.is_none_or(|floor| floor < row.number),
                    "{place:?}: {floor:?} then {}",
                    row.number
                );
                last = Some(row.number);
                archived.order.push((place.clone(), row.number));
                archived.rows.entry(place.clone()).or_default().push(row);
                archived.judges.entry(place.clone()).or_default().push(Arc::clone(&judges));
            }
            assert_eq!(last, segment.last, "a segment names its last row");
        }
        assert_eq!(rows.next(), None, "every row belongs to a segment");
    }
    assert_eq!(archived.fold.records(), archived.records() as u64);
    each_once(&archived);
    signed(head, store, &log, &archived.fold, key).await;
    archived
}

/// The rows of a batch; hash, leaves, root and counts are right.
async fn evidence(log: &Log, batch: &Batch) -> Vec<(Place, Row)> {
    let (mut rows, mut tree, mut decisions) = (Vec::new(), Tree::default(), Decisions::default());
    for object in &batch.objects {
        let stored = log.read(&object.key).await.unwrap().expect("evidence is there before its commit");
        assert_eq!((sha256(&stored.bytes), stored.bytes.len() as u64), (object.sha256, object.bytes));
        let (mut scratch, before) = (Vec::new(), rows.len());
        let read = EvidenceReader::open(stored.bytes).unwrap().for_each(|_, row, leaf| {
            let computed = record_leaf(row, &mut scratch);
            assert_eq!(computed.0, leaf, "the stored leaf is the row's");
            tree.push(computed);
            decisions.count(row.decision.verdict, row.decision.reason);
            let text = |text: Option<&str>| text.map(str::to_owned);
            let mut leaf = Vec::new();
            encode_leaf(row, &mut leaf);
            let place = (row.stream_label.parse().unwrap(), row.shard_id.parse().unwrap());
            let change = &row.change;
            let (keys, old_image, new_image) =
                (text(change.keys), text(change.old_image), text(change.new_image));
            let number = change.sequence_number.parse().unwrap();
            rows.push((place, Row { number, keys, old_image, new_image, leaf }));
        });
        read.unwrap();
        assert_eq!((rows.len() - before) as u64, object.rows);
    }
    let found: (u64, Hash, Decisions) = (tree.size(), tree.root(), decisions);
    assert_eq!(found, (batch.records, batch.records_root, batch.decisions));
    rows
}

fn each_once(archived: &Archived) {
    for (place, rows) in &archived.rows {
        let numbers: BTreeSet<SequenceNumber> = rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers.len(), rows.len(), "{place:?}: each record once");
    }
}

/// Every kept checkpoint is of a beginning of this log and signed; one covers the head, or nearly.
async fn signed(head: Head, store: &Arc<Memory>, log: &Log, fold: &Fold, key: &VerifierKey) {
    if fold.size() == 0 {
        return;
    }
    let mut roots = vec![Tree::default()];
    for number in 0..fold.size() {
        let commit = log.read(&sealog_chain::commit_key(number)).await.unwrap().unwrap();
        let mut tree = roots.last().unwrap().clone();
        tree.push(sealog_chain::leaf_hash(&commit.bytes));
        roots.push(tree);
    }
    let mut newest = 0;
    let mut keys = store.list(&log.key("checkpoints/"), None).await.unwrap();
    keys.extend(store.list(&log.key(CHECKPOINT_KEY), None).await.unwrap());
    for entry in keys {
        let stored = store.read(&entry.key).await.unwrap().unwrap();
        let signed = SignedCheckpoint::parse(&stored.bytes).unwrap();
        assert_eq!(signed.signed_by(key), Ok(true), "{}", entry.key);
        let size = signed.checkpoint.size;
        assert_eq!(signed.checkpoint.root, roots[usize::try_from(size).unwrap()].root(), "{}", entry.key);
        newest = newest.max(size);
    }
    let uncovered = fold.size() - newest;
    assert!(uncovered <= head.uncovered_max(), "a checkpoint covers the head: {newest} of {}", fold.size());
}

/// Size that the object `checkpoint` states.
pub async fn latest_checkpoint(store: &Arc<Memory>, log: &str) -> u64 {
    let stored = store.read(&format!("{log}/{CHECKPOINT_KEY}")).await.unwrap().unwrap();
    SignedCheckpoint::parse(&stored.bytes).unwrap().checkpoint.size
}
