//! A log as values: commits and rows that a scenario may bend before links, hashes and signatures are computed.
//!
//! Not a model of a good writer: it seals whatever it is given.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealog_chain::{
    Batch, BatchObject, CHECKPOINT_KEY, Checkpoint, Commit, Decisions, FORMAT, Fact, Hash, Previous, SCHEMA,
    Segment, SegmentFrom, SigningKey, Tree, Writer, checkpoint_key, commit_key, evidence_key,
    key_rotation_message, leaf_hash, sha256,
};
use sealog_record::Timestamp;

use crate::rows::{Row, parquet};

/// The table of all vectors.
pub const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
/// Origin of its log.
pub const ORIGIN: &str = "sealog/arn:aws:dynamodb:eu-west-1:123456789012:table/orders";

/// Objects by name, relative to the log.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The keys of the vectors. They are published here: never sign anything else with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// Signs the vectors.
    First,
    /// What [`Key::First`] is rotated to.
    Second,
    /// A forger's.
    Forger,
}

impl Key {
    /// The key pair, from a seed of 32 equal bytes.
    #[must_use]
    pub fn pair(self) -> SigningKey {
        let (name, byte) = match self {
            Self::First => ("vectors", 0x11),
            Self::Second => ("vectors-2", 0x22),
            Self::Forger => ("forger", 0x33),
        };
        SigningKey::from_seed(name, [byte; 32]).unwrap()
    }

    /// Its verifier key.
    #[must_use]
    pub fn vkey(self) -> String {
        self.pair().verifier().to_string()
    }

    /// The fact that replaces `self` by `to`, signed by `signer`.
    #[must_use]
    pub fn rotated(self, to: Self, signer: Self) -> Fact {
        let (from, to) = (self.vkey(), to.vkey());
        let signature = STANDARD.encode(signer.pair().sign(&key_rotation_message(ORIGIN, &from, &to)));
        Fact::KeyRotated { from, to, signature }
    }
}

/// One commit, and how its text is bent before anything is computed from it.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The commit; `previous` is filled in by [`LogModel::seal`].
    pub commit: Commit,
    /// Bends the rendered text.
    pub edit: fn(String) -> String,
}

/// Commits, evidence, and who signs.
#[derive(Debug, Clone, Default)]
pub struct LogModel {
    /// Commits from 0.
    pub drafts: Vec<Draft>,
    /// Evidence by name.
    pub objects: Files,
    /// Who signs the checkpoint of a size, where it is not [`Key::First`].
    pub signers: BTreeMap<u64, Vec<Key>>,
}

/// An instant from its text.
#[must_use]
pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Ten minutes for each commit, from 10:00 on.
#[must_use]
pub fn committed_at(number: u64) -> Timestamp {
    Timestamp::from_millis(
        at("2026-11-22T10:00:00.000Z").as_millis() + i64::try_from(number).unwrap() * 600_000,
    )
}

/// The segment of these rows, which are of one shard.
#[must_use]
pub fn segment(rows: &[Row], after: Option<&str>) -> Segment {
    Segment {
        rows: rows.len() as u64,
        last: rows.last().map(|row| row.sequence.parse().unwrap()),
        ..no_rows(&rows[0].shard, after)
    }
}

/// A segment without rows, of the usual stream unless [`on`] says otherwise.
#[must_use]
pub fn no_rows(shard: &str, after: Option<&str>) -> Segment {
    Segment {
        stream: crate::rows::STREAM.parse().unwrap(),
        shard: shard.parse().unwrap(),
        parent: None,
        from: if after.is_some() { SegmentFrom::After } else { SegmentFrom::TrimHorizon },
        after: after.map(|text| text.parse().unwrap()),
        last: None,
        rows: 0,
        closed: false,
    }
}

/// The segment as its shard's last one.
#[must_use]
pub fn closing(segment: Segment) -> Segment {
    Segment { closed: true, ..segment }
}

/// The segment with its shard's parent.
#[must_use]
pub fn child_of(parent: &str, segment: Segment) -> Segment {
    Segment { parent: Some(parent.parse().unwrap()), ..segment }
}

/// The segment in another stream.
#[must_use]
pub fn on(stream: &str, segment: Segment) -> Segment {
    Segment { stream: stream.parse().unwrap(), ..segment }
}

impl LogModel {
    /// Adds the next commit; returns its number.
    pub fn commit(&mut self, facts: Vec<Fact>, batch: Option<Batch>) -> u64 {
        let number = self.drafts.len() as u64;
        let commit = Commit {
            format: FORMAT.to_owned(),
            origin: ORIGIN.to_owned(),
            number,
            previous: None,
            committed_at: committed_at(number),
            writer: Writer { id: "vectors-1-0".to_owned(), build: "make_vectors".to_owned() },
            batch,
            facts,
        };
        self.drafts.push(Draft { commit, edit: |text| text });
        number
    }

    /// A batch of these objects' rows; the objects are kept.
    pub fn batch(&mut self, objects: &[Vec<Row>], segments: Vec<Segment>) -> Batch {
        let (mut decisions, mut tree) = (Decisions::default(), Tree::default());
        for row in objects.iter().flatten() {
            decisions.count(&row.verdict, row.reason.as_deref());
            tree.push(row.leaf());
        }
        Batch {
            records: tree.size(),
            records_root: tree.root(),
            objects: objects.iter().map(|rows| self.object(parquet(rows), rows.len() as u64)).collect(),
            segments,
            decisions,
            filters: Vec::new(),
        }
    }

    fn object(&mut self, bytes: Vec<u8>, rows: u64) -> BatchObject {
        let sha256 = sha256(&bytes);
        let object = BatchObject {
            key: evidence_key(&sha256),
            schema: SCHEMA.to_owned(),
            bytes: bytes.len() as u64,
            sha256,
            rows,
        };
        self.objects.insert(object.key.clone(), bytes);
        object
    }

    /// Adds a commit of one object with one segment a shard, in order.
    pub fn commit_rows(&mut self, parts: Vec<(Vec<Row>, Segment)>) -> u64 {
        let (rows, segments): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        let batch = self.batch(&[rows.concat()], segments);
        self.commit(Vec::new(), Some(batch))
    }

    /// A commit, to be bent.
    pub fn at(&mut self, number: u64) -> &mut Commit {
        &mut self.drafts[usize::try_from(number).unwrap()].commit
    }

    /// A commit's batch, to be bent.
    pub fn batch_at(&mut self, number: u64) -> &mut Batch {
        self.at(number).batch.as_mut().unwrap()
    }

    /// Bends the text of a commit; what follows is computed from the bent text.
    pub fn edit(&mut self, number: u64, edit: fn(String) -> String) {
        self.drafts[usize::try_from(number).unwrap()].edit = edit;
    }

    /// Replaces the only object of a commit, and what the commit says of its bytes.
    pub fn replace_object(&mut self, number: u64, bytes: Vec<u8>) {
        let old = self.batch_at(number).objects[0].clone();
        self.objects.remove(&old.key);
        let new = self.object(bytes, old.rows);
        self.batch_at(number).objects[0] = new;
    }

    /// Name of an object.
    #[must_use]
    pub fn object_key(&self, number: u64, index: usize) -> String {
        let commit = &self.drafts[usize::try_from(number).unwrap()].commit;
        commit.batch.as_ref().unwrap().objects[index].key.clone()
    }

    /// Everything the log stores, links and signatures computed.
    #[must_use]
    pub fn seal(&self) -> Files {
        let mut files = self.objects.clone();
        let (mut tree, mut previous) = (Tree::default(), None);
        for (number, Draft { commit, edit }) in (0..).zip(&self.drafts) {
            let commit = Commit { previous: previous.take(), ..commit.clone() };
            let bytes = edit(serde_json::to_string(&commit).unwrap()).into_bytes();
            previous = Some(Previous { sha256: sha256(&bytes), version_id: None });
            tree.push(leaf_hash(&bytes));
            files.insert(commit_key(number), bytes);
            let note = self.checkpoint(number + 1, tree.root());
            files.insert(checkpoint_key(number + 1), note.clone());
            files.insert(CHECKPOINT_KEY.to_owned(), note);
        }
        files
    }

    fn checkpoint(&self, size: u64, root: Hash) -> Vec<u8> {
        let keys = self.signers.get(&size).map_or(&[Key::First] as &[_], Vec::as_slice);
        signed(Checkpoint { origin: ORIGIN.to_owned(), size, root }, keys)
    }
}

/// A checkpoint's stored bytes.
#[must_use]
pub fn signed(checkpoint: Checkpoint, keys: &[Key]) -> Vec<u8> {
    let pairs: Vec<SigningKey> = keys.iter().map(|key| key.pair()).collect();
    checkpoint.sign(&pairs.iter().collect::<Vec<_>>()).render()
}
