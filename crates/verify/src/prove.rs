//! Cuts the proof of one row out of an archive (FORMAT.md, "Proof of a row"). What it gives was checked the way that its
//! receiver will check it; of the rest of the archive it says nothing.

use futures_util::{StreamExt as _, TryStreamExt as _};
use sealog_batch::{BatchError, EvidenceReader};
use sealog_chain::{
    Batch, CHECKPOINT_KEY, ChainError, Commit, Fact, Hash, RowProof, SignedCheckpoint, VerifierKey,
    checkpoint_key, commit_key, inclusion_proof, leaf_hash, sha256,
};
use sealog_record::{EvidenceRow, SequenceNumber, encode_leaf};
use sealog_store::{Log, StoreError};
use serde_json::Value;

const READS_AT_ONCE: usize = 16;

/// Which row is to be proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// By place.
    Row {
        /// Number of the commit.
        commit: u64,
        /// Place in its batch, from 0, over all its objects.
        row: u64,
    },
    /// By what changed.
    Change {
        /// Values of the item's key attributes, one or two, as the images have them.
        key: Vec<String>,
        /// The record's sequence number.
        sequence: SequenceNumber,
    },
}

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// The archive could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// There is no such row.
    #[error("{0}")]
    NotThere(String),
    /// What is there does not lead to a signed head.
    #[error("{what}: {source}; run `sealog verify`")]
    Chain {
        /// Which object.
        what: String,
        /// What is wrong.
        source: ChainError,
    },
    /// Evidence is missing or not what the commit states.
    #[error("{0} is not what its commit states; run `sealog verify`")]
    Evidence(String),
    /// Evidence that cannot be decoded.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// No checkpoint that covers the row is signed by the key.
    #[error("{0}")]
    NotSigned(String),
}

/// Makes the proof, signed by `signer` or else by the key in force at the newest checkpoint.
///
/// Reads every commit under the checkpoint, and the evidence of the row's commit.
///
/// # Errors
/// [`ProveError`].
pub async fn prove(log: &Log, wanted: &Wanted, signer: Option<&VerifierKey>) -> Result<RowProof, ProveError> {
    let newest = head(log, CHECKPOINT_KEY).await?;
    let commits = Commits::read(log, newest.checkpoint.size, wanted).await?;
    let found = commits.find(log, wanted).await?;
    let (head, key) = commits.signed(log, newest, signer).await?;
    let size = head.checkpoint.size;
    let leaves = usize::try_from(size).ok().and_then(|size| commits.leaves.get(..size));
    let (Some(leaves), true) = (leaves, found.number < size) else {
        return Err(ProveError::NotSigned(format!(
            "no checkpoint by {key} covers commit {}: the key was replaced before; name a later one with --signer",
            found.number
        )));
    };
    let place = usize::try_from(found.number).unwrap_or(usize::MAX);
    let proof = found.with(inclusion_proof(leaves, place), head);
    let what = || format!("the proof of commit {} row {}", proof.number, proof.row);
    proof.check(std::slice::from_ref(&key)).map_err(|source| ProveError::Chain { what: what(), source })?;
    Ok(proof)
}

async fn head(log: &Log, key: &str) -> Result<SignedCheckpoint, ProveError> {
    let object = log.read(key).await?.ok_or_else(|| {
        ProveError::NotSigned(format!("{} is not there: nothing in the log is signed", log.key(key)))
    })?;
    SignedCheckpoint::parse(&object.bytes).map_err(|source| ProveError::Chain { what: log.key(key), source })
}

/// What is needed of the commits under a checkpoint.
struct Commits {
    leaves: Vec<Hash>,
    /// Keys in force, each with the number of the commit that named it.
    keys: Vec<(u64, VerifierKey)>,
    /// Bytes of those that may hold the row.
    candidates: Vec<(u64, bytes::Bytes)>,
}

impl Commits {
    async fn read(log: &Log, size: u64, wanted: &Wanted) -> Result<Self, ProveError> {
        let reads = futures_util::stream::iter(0..size)
            .map(|number| async move { Ok::<_, ProveError>((number, log.read(&commit_key(number)).await?)) })
            .buffered(READS_AT_ONCE);
        let mut reads = std::pin::pin!(reads);
        let mut commits = Self { leaves: Vec::new(), keys: Vec::new(), candidates: Vec::new() };
        while let Some((number, object)) = reads.try_next().await? {
            let missing = || ProveError::Evidence(log.key(&commit_key(number)));
            let bytes = object.ok_or_else(missing)?.bytes;
            let what = || log.key(&commit_key(number));
            let commit =
                Commit::parse(&bytes).map_err(|source| ProveError::Chain { what: what(), source })?;
            commits.leaves.push(leaf_hash(&bytes));
            for fact in &commit.facts {
                if let Fact::Genesis { key, .. } | Fact::KeyRotated { to: key, .. } = fact {
                    let key = VerifierKey::parse(key);
                    let key = key.map_err(|source| ProveError::Chain { what: what(), source })?;
                    commits.keys.push((number, key));
                }
            }
            if wanted.may_lie_in(number, commit.batch.as_ref()) {
                commits.candidates.push((number, bytes));
            }
        }
        Ok(commits)
    }

    /// The row with its path to the batch's root; path and head of the log are still to come.
    async fn find(&self, log: &Log, wanted: &Wanted) -> Result<Found, ProveError> {
        for (number, bytes) in &self.candidates {
            let what = || log.key(&commit_key(*number));
            let commit = Commit::parse(bytes).map_err(|source| ProveError::Chain { what: what(), source })?;
            let Some(batch) = commit.batch else { continue };
            let (leaves, row) = rows(log, &batch, wanted).await?;
            if let Some((row, encoded)) = row {
                let place = usize::try_from(row).unwrap_or(usize::MAX);
                return Ok(Found {
                    number: *number,
                    row,
                    row_path: inclusion_proof(&leaves, place),
                    encoded,
                    commit: bytes.to_vec(),
                });
            }
        }
        Err(ProveError::NotThere(wanted.missing(log.name(), self.leaves.len())))
    }

    /// The newest checkpoint that `signer` signed, with its line alone; for a key that was replaced, the one over the last
    /// commit under it.
    async fn signed(
        &self,
        log: &Log,
        newest: SignedCheckpoint,
        signer: Option<&VerifierKey>,
    ) -> Result<(SignedCheckpoint, VerifierKey), ProveError> {
        let in_force = self.keys.iter().rfind(|(number, _)| *number < newest.checkpoint.size);
        let key = signer.or(in_force.map(|(_, key)| key)).cloned();
        let key = key.ok_or_else(|| ProveError::NotSigned("the log names no key".to_owned()))?;
        if newest.signed_by(&key) == Ok(true) {
            return Ok((newest.only_by(&key), key));
        }
        let place = self.keys.iter().position(|(_, known)| *known == key);
        let replaced = place.and_then(|place| self.keys.get(place + 1)).map(|(number, _)| *number);
        let unsigned =
            || ProveError::NotSigned(format!("no checkpoint of log {} is signed by {key}", log.name()));
        let older = head(log, &checkpoint_key(replaced.ok_or_else(unsigned)?)).await?;
        if older.signed_by(&key) == Ok(true) { Ok((older.only_by(&key), key)) } else { Err(unsigned()) }
    }
}

/// A row, its path to its batch's root, and its commit.
struct Found {
    number: u64,
    row: u64,
    row_path: Vec<Hash>,
    encoded: Vec<u8>,
    commit: Vec<u8>,
}

impl Found {
    fn with(self, log_path: Vec<Hash>, head: SignedCheckpoint) -> RowProof {
        let Self { number, row, row_path, encoded, commit } = self;
        RowProof { row, row_path, encoded, commit, number, log_path, head }
    }
}

type Placed = (u64, Vec<u8>);

/// Leaves of all rows of a batch, and the wanted row with its place.
async fn rows(log: &Log, batch: &Batch, wanted: &Wanted) -> Result<(Vec<Hash>, Option<Placed>), ProveError> {
    let (mut leaves, mut found) = (Vec::new(), None);
    for object in &batch.objects {
        let wrong = || ProveError::Evidence(log.key(&object.key));
        let bytes = log.read(&object.key).await?.ok_or_else(wrong)?.bytes;
        if sha256(&bytes) != object.sha256 {
            return Err(wrong());
        }
        EvidenceReader::open(bytes)?.for_each(|_, row, _| {
            let mut encoded = Vec::new();
            encode_leaf(row, &mut encoded);
            let place = leaves.len() as u64;
            leaves.push(leaf_hash(&encoded));
            if found.is_none() && wanted.is(place, row) {
                found = Some((place, encoded));
            }
        })?;
    }
    Ok((leaves, found))
}

impl Wanted {
    fn may_lie_in(&self, number: u64, batch: Option<&Batch>) -> bool {
        let Some(batch) = batch else { return false };
        match self {
            Self::Row { commit, row } => *commit == number && *row < batch.records,
            Self::Change { sequence, .. } => batch
                .segments
                .iter()
                .any(|segment| segment.after < Some(*sequence) && Some(*sequence) <= segment.last),
        }
    }

    fn is(&self, place: u64, row: &EvidenceRow<'_>) -> bool {
        match self {
            Self::Row { row, .. } => *row == place,
            Self::Change { key, sequence } => {
                row.change.sequence_number.parse() == Ok(*sequence) && has_key(row.change.keys, key)
            }
        }
    }

    fn missing(&self, log: &str, commits: usize) -> String {
        match self {
            Self::Row { commit, row } => format!(
                "log {log} has no row {row} in commit {commit} under its newest checkpoint, which covers {commits} commits"
            ),
            Self::Change { key, sequence } => format!(
                "none of the {commits} commits of log {log} under its newest checkpoint holds a record {sequence} of the item {}",
                key.join(",")
            ),
        }
    }
}

/// Whether the key attributes have these values, in any order: `{"id":{"S":"a"}}` has `a`.
fn has_key(keys: Option<&str>, wanted: &[String]) -> bool {
    let Some(Ok(Value::Object(keys))) = keys.map(serde_json::from_str::<Value>) else { return false };
    let mut values: Vec<&str> = keys.values().filter_map(value_of).collect();
    let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    values.sort_unstable();
    wanted.sort_unstable();
    values == wanted
}

/// The text inside `{"S":"a"}`, of a text, number or binary.
fn value_of(attribute: &Value) -> Option<&str> {
    attribute.as_object()?.values().next()?.as_str()
}
