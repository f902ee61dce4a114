//! Which evidence is looked at, and how deep. The commits themselves are always read, from the first on: a link, a root
//! and a shard's position can only be judged from all of them.

use std::collections::BTreeMap;

use sealog_chain::{Hash, SignedCheckpoint, sha256};
use serde::Serialize;

use crate::evidence::Evidence;
use crate::options::VerifyOptions;

/// How deep a verification goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Depth {
    /// Commits, checkpoints and signatures.
    Chain,
    /// And that each object is there, of the size and, where the store states it, the SHA-256 that its commit states.
    /// Nothing is downloaded, so nothing is said of rows.
    Objects,
    /// And every byte, every row and its hash, and whether images join.
    #[default]
    Full,
    /// And the copies for queries: every row of the lake against its evidence, every cell that is derived, every name.
    Lake,
}

/// Some commits instead of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// How many commits with rows.
    pub commits: u64,
    /// Which ones: the same seed draws the same of the same log.
    pub seed: u64,
}

/// What a verification was asked to look at, for the report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scope {
    /// How deep.
    pub level: Depth,
    /// Whether images were to be compared.
    pub images: bool,
    /// Evidence of commits below was checked before, as the auditor's checkpoint says.
    pub since: Option<u64>,
    /// First commit whose evidence was asked for.
    pub first: u64,
    /// Last commit whose evidence was asked for; `None`: the newest.
    pub last: Option<u64>,
    /// Only so many of them.
    pub sample: Option<Sample>,
}

impl Scope {
    /// What is asked of a log that the checkpoint from outside is held against, or (`None`) is not.
    pub(crate) fn of(options: &VerifyOptions, checkpoint: Option<&[u8]>) -> Self {
        let known =
            checkpoint.filter(|_| options.since).and_then(|bytes| SignedCheckpoint::parse(bytes).ok());
        let since = known.map(|signed| signed.checkpoint.size);
        Self {
            level: options.depth,
            images: options.images && options.depth >= Depth::Full && options.sample.is_none(),
            since,
            first: options.first.max(since.unwrap_or(0)),
            last: options.last,
            sample: options.sample,
        }
    }

    /// Whether the evidence of commit `number` is asked for.
    pub(crate) fn covers(&self, number: u64) -> bool {
        self.level != Depth::Chain && number >= self.first && self.last.is_none_or(|last| number <= last)
    }
}

/// Draws some commits of those that are offered, each with the same chance, in one pass.
pub(crate) struct Draw {
    sample: Sample,
    drawn: BTreeMap<(Hash, u64), Evidence>,
}

impl Draw {
    pub(crate) fn new(sample: Sample) -> Self {
        Self { sample, drawn: BTreeMap::new() }
    }

    /// Keeps the commits whose numbers have the smallest hashes.
    pub(crate) fn offer(&mut self, number: u64, evidence: Evidence) {
        let rank = sha256(&[self.sample.seed.to_be_bytes(), number.to_be_bytes()].concat());
        self.drawn.insert((rank, number), evidence);
        if self.drawn.len() as u64 > self.sample.commits {
            self.drawn.pop_last();
        }
    }

    /// What was drawn, by number.
    pub(crate) fn drawn(self) -> Vec<(u64, Evidence)> {
        let mut drawn: Vec<_> =
            self.drawn.into_iter().map(|((_, number), evidence)| (number, evidence)).collect();
        drawn.sort_unstable_by_key(|(number, _)| *number);
        drawn
    }
}
