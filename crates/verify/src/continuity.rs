//! Whether each commit continues the log: the rules of FORMAT.md, section 3, "Fold", written for the verifier alone.
//!
//! A commit that breaks a rule is reported and takes its effect all the same, so that one break is not reported again by
//! each commit after it. Only a rotation that does not hold has none: its key is not trusted.

use std::collections::{BTreeMap, BTreeSet};

use sealog_chain::{Batch, Commit, Fact, FilterUse, Policies, StartAt, VerifierKey};
use sealog_record::{SequenceNumber, ShardId, StreamLabel, TableArn};

use crate::finding::{Code, Findings, Place};

mod facts;
mod segments;

/// State of a log after the commits applied so far.
#[derive(Default)]
pub(crate) struct Continuity {
    origin: String,
    streams: BTreeMap<StreamLabel, Stream>,
    /// Filters in force by name, as they were pinned; set aside, their mode is `bypassed`.
    pinned: BTreeMap<String, FilterUse>,
    policies: Option<Policies>,
    /// The table of the genesis.
    table: Option<TableArn>,
    keys: Vec<(u64, VerifierKey)>,
    closed_in: Option<u64>,
    number: u64,
    /// Of each segment of the commit applied last: what its rows lie behind, where it has no `after`.
    floors: Vec<Option<SequenceNumber>>,
    /// Commits before which something may have been missed: images need not join across them.
    interrupted: Vec<u64>,
    findings: Findings,
}

#[derive(Default)]
struct Stream {
    /// Where reading began; `None` while the stream was not opened.
    start: Option<StartAt>,
    closed: bool,
    shards: BTreeMap<ShardId, Shard>,
    /// Shards that others name as their parent.
    parents: BTreeSet<ShardId>,
}

#[derive(Default)]
struct Shard {
    /// Record that the next segment goes on after.
    last: Option<SequenceNumber>,
    /// Last record before a gap.
    floor: Option<SequenceNumber>,
    /// How it began, while there are no rows to go on after.
    began: Option<sealog_chain::SegmentFrom>,
    /// Commit in which it ended.
    ended_in: Option<u64>,
    /// Whether it ended by `closed`, with all its records.
    closed: bool,
}

impl Shard {
    fn last_committed(&self) -> Option<SequenceNumber> {
        self.last.or(self.floor)
    }
}

impl Continuity {
    /// Puts the next commit on.
    pub(crate) fn apply(&mut self, commit: &Commit) {
        self.number = commit.number;
        self.floors.clear();
        if commit.number == 0 {
            self.origin.clone_from(&commit.origin);
            if !matches!(commit.facts.first(), Some(Fact::Genesis { .. })) {
                let message = "commit 0 does not begin with a genesis: nothing says what this log holds, who signs it and by which rules";
                self.findings.add(Code::GenesisMissing, Place::commit(0), message);
            }
        }
        if let Some(closed_in) = self.closed_in {
            self.contradiction(&format!("the log was closed in commit {closed_in}; nothing may follow"));
        }
        for (index, fact) in commit.facts.iter().enumerate() {
            if self.closed_in == Some(self.number) {
                self.contradiction("a fact stands behind log_closed, after which nothing may follow");
            }
            self.apply_fact(index, fact);
        }
        if let Some(batch) = &commit.batch {
            self.apply_batch(batch);
        }
    }

    fn apply_batch(&mut self, batch: &Batch) {
        if self.closed_in == Some(self.number) {
            self.contradiction("a batch stands behind log_closed, after which nothing may follow");
        }
        self.judged(&batch.filters);
        for segment in &batch.segments {
            self.apply_segment(segment);
        }
    }

    fn judged(&mut self, filters: &[FilterUse]) {
        let mut judged = BTreeSet::new();
        for judge in filters {
            let FilterUse { name, component, config, mode, .. } = judge;
            if !judged.insert(name) {
                self.contradiction(&format!("filter {name:?} judged twice"));
            } else if self.pinned.get(name) != Some(&judge.uncounted()) {
                self.contradiction(&format!(
                    "filter {name:?} judged with component {component}, configuration {config} and mode {mode:?}; it is not \
                     pinned like this"
                ));
            }
        }
    }

    /// Of each segment of the commit applied last: the last record before a gap, which its rows lie behind.
    pub(crate) fn floors(&self) -> &[Option<SequenceNumber>] {
        &self.floors
    }

    /// Commits before which changes may be missing that nobody owes: behind a gap, where a stream begins.
    pub(crate) fn interrupted(&self) -> &[u64] {
        &self.interrupted
    }

    fn interrupt(&mut self) {
        if self.interrupted.last() != Some(&self.number) {
            self.interrupted.push(self.number);
        }
    }

    /// Rules in force.
    pub(crate) fn policies(&self) -> Option<&Policies> {
        self.policies.as_ref()
    }

    /// Every key that was ever in force, with the number of the commit that brought it.
    pub(crate) fn keys(&self) -> &[(u64, VerifierKey)] {
        &self.keys
    }

    /// Reports shards that ended and that nothing continues. Only of a log that was seen to its end.
    pub(crate) fn judge_children(&mut self) {
        for (label, stream) in self.streams.iter().filter(|(_, stream)| !stream.closed) {
            for (id, shard) in &stream.shards {
                if shard.closed && !stream.parents.contains(id) {
                    let message = format!(
                        "shard {id} of stream {label} ended, no shard of the log names it as its parent, and the stream is not \
                         closed: its children may not have been listed yet, or were never read"
                    );
                    self.findings.add(Code::ChildrenMissing, Place::default().shard(id.as_str()), message);
                }
            }
        }
    }

    pub(crate) fn take_findings(&mut self) -> Findings {
        std::mem::take(&mut self.findings)
    }

    fn contradiction(&mut self, problem: &str) {
        let message = format!("commit {}: {problem}", self.number);
        self.findings.add(Code::FactContradiction, Place::commit(self.number), message);
    }
}
