//! The fold of commits: what a log holds after the first n of them (FORMAT.md, "Fold").
//!
//! Two processes that fold the same commits hold the same state. Nothing else decides where reading goes on.

use std::collections::BTreeMap;

use sealog_record::{
    Gap, ReadFrom, SequenceNumber, ShardId, ShardPosition, StartAt, StreamArn, StreamEnd, StreamLabel,
    TableArn, Timestamp, ViewType,
};

use serde::{Deserialize, Serialize};

use crate::fact::Policies;
use crate::{ChainError, Commit, FilterUse, Hash, Previous, SegmentFrom, Tree, leaf_hash, sha256};

mod apply;
mod snapshot;

/// State of a log after its first [`Fold::size`] commits.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fold {
    tree: Tree,
    head: Option<Head>,
    genesis: Option<Genesis>,
    streams: BTreeMap<StreamLabel, StreamState>,
    #[serde(with = "snapshot::pairs")]
    shards: BTreeMap<(StreamLabel, ShardId), ShardState>,
    filters: BTreeMap<String, FilterUse>,
    gaps: Vec<Gap>,
    holds: BTreeMap<String, Hold>,
    records: u64,
    closed: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    sha256: Hash,
    version_id: Option<String>,
    committed_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Genesis {
    origin: String,
    table: TableArn,
    key: String,
    policies: Policies,
}

/// One stream of the table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StreamState {
    /// Its ARN.
    pub arn: StreamArn,
    /// Its view type.
    pub view_type: ViewType,
    /// Where reading of it began.
    pub start: StartAt,
    /// An instant before any record was asked for.
    pub opened_at: Timestamp,
    /// Why nothing more will be read; `None` while it is read.
    pub ended: Option<StreamEnd>,
}

/// A legal hold on a range of commits and on what they name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hold {
    /// First commit.
    pub first: u64,
    /// Last commit.
    pub last: u64,
    /// Why.
    pub reason: String,
    /// Whether it was lifted.
    pub is_lifted: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShardState {
    position: ShardPosition,
    // Last record before a gap: what follows the gap must lie behind it.
    floor: Option<SequenceNumber>,
    // Commit that says that nothing more will come.
    done_in: Option<u64>,
}

impl Fold {
    /// Puts the next commit on, given its stored bytes and the version that the store names for them.
    ///
    /// # Errors
    /// Any [`ChainError`]: the bytes are no commit, or do not continue this log. The fold is then no longer usable.
    pub fn apply(&mut self, bytes: &[u8], version_id: Option<String>) -> Result<Commit, ChainError> {
        let commit = Commit::parse(bytes)?;
        self.check_link(&commit)?;
        commit
            .facts
            .iter()
            .enumerate()
            .try_for_each(|(index, fact)| self.apply_fact(&commit, index, fact))?;
        if self.genesis.is_none() {
            return Err(ChainError::Genesis("the first commit holds no genesis"));
        }
        if let Some(batch) = &commit.batch {
            self.apply_batch(&commit, batch)?;
        }
        self.tree.push(leaf_hash(bytes));
        self.head = Some(Head { sha256: sha256(bytes), version_id, committed_at: commit.committed_at });
        Ok(commit)
    }

    /// Names the version that the store gave the newest commit, for one that was put on before it was stored.
    #[must_use]
    pub fn stored_as(mut self, version_id: Option<String>) -> Self {
        if let Some(head) = &mut self.head {
            head.version_id = version_id;
        }
        self
    }

    fn shard(&self, stream: &StreamLabel, shard: &ShardId) -> Option<&ShardState> {
        self.shards.get(&(stream.clone(), shard.clone()))
    }

    /// Number of commits, which is also the number of the next one.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.tree.size()
    }

    /// The log tree over the commits.
    #[must_use]
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// What the next commit states as its predecessor.
    #[must_use]
    pub fn previous(&self) -> Option<Previous> {
        self.head.as_ref().map(|head| Previous { sha256: head.sha256, version_id: head.version_id.clone() })
    }

    /// Date of the newest commit.
    #[must_use]
    pub fn committed_at(&self) -> Option<Timestamp> {
        self.head.as_ref().map(|head| head.committed_at)
    }

    /// Origin that the genesis fixed.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.genesis.as_ref().map(|genesis| genesis.origin.as_str())
    }

    /// The table whose changes the log holds.
    #[must_use]
    pub fn table(&self) -> Option<&TableArn> {
        self.genesis.as_ref().map(|genesis| &genesis.table)
    }

    /// Verifier key that signs the next checkpoint.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.genesis.as_ref().map(|genesis| genesis.key.as_str())
    }

    /// Rules in force.
    #[must_use]
    pub fn policies(&self) -> Option<&Policies> {
        self.genesis.as_ref().map(|genesis| &genesis.policies)
    }

    /// Streams of the table that were ever opened.
    #[must_use]
    pub fn streams(&self) -> &BTreeMap<StreamLabel, StreamState> {
        &self.streams
    }

    /// Position in one shard.
    #[must_use]
    pub fn position(&self, stream: &StreamLabel, shard: &ShardId) -> Option<&ShardPosition> {
        self.shard(stream, shard).map(|shard| &shard.position)
    }

    /// Positions in all shards.
    #[must_use]
    pub fn positions(&self) -> BTreeMap<(StreamLabel, ShardId), ShardPosition> {
        self.shards.iter().map(|(key, shard)| (key.clone(), shard.position.clone())).collect()
    }

    /// Gaps declared so far.
    #[must_use]
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Filters in force by name: as each was pinned, with `bypassed` as its mode once it was set aside, and with what it
    /// decided since it was pinned.
    #[must_use]
    pub fn filters(&self) -> &BTreeMap<String, FilterUse> {
        &self.filters
    }

    /// Legal holds by name; those that were lifted, too.
    #[must_use]
    pub fn holds(&self) -> &BTreeMap<String, Hold> {
        &self.holds
    }

    /// Rows sealed so far.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Whether the log says that nothing follows.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed
    }
}

impl ShardState {
    fn new(parent: Option<ShardId>) -> Self {
        let position = ShardPosition::begun(parent, ReadFrom::TrimHorizon);
        Self { position, floor: None, done_in: None }
    }

    fn end(&mut self, number: u64) {
        self.position.done = true;
        self.done_in.get_or_insert(number);
    }
}

impl SegmentFrom {
    /// How a commit writes where reading began.
    #[must_use]
    pub fn of(from: ReadFrom) -> Self {
        match from {
            ReadFrom::TrimHorizon => Self::TrimHorizon,
            ReadFrom::Latest => Self::Latest,
            ReadFrom::After(_) => Self::After,
        }
    }
}
