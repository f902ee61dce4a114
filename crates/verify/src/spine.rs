//! The commits in their order: present, well formed, in place, linked, of one origin, dated forwards, continuing the log.

use std::collections::{BTreeMap, BTreeSet};

use sealog_chain::{Commit, Fact, Hash, Tree, leaf_hash, sha256};
use sealog_record::{Gap, Timestamp};

use crate::continuity::Continuity;
use crate::coverage::Coverage;
use crate::evidence::Evidence;
use crate::finding::{Code, Findings, Place};
use crate::form::{self, Unfit};
use crate::tiles::Known;

/// What is known of the commits taken so far.
pub(crate) struct Spine {
    /// What the report says of them.
    pub(crate) summary: Summary,
    pub(crate) findings: Findings,
    /// One more than the highest number seen.
    count: u64,
    /// First number that is missing, unreadable, malformed or misplaced.
    unsound: Option<u64>,
    before: Option<Before>,
    /// Commits whose hash is not what the next one states, with both hashes.
    broken: BTreeMap<u64, (Hash, String)>,
    continuity: Continuity,
    tree: Tree,
    /// Leaves of the log tree: 32 bytes a commit.
    leaves: Vec<Hash>,
    roots: BTreeMap<u64, Hash>,
    wanted: BTreeSet<u64>,
}

/// Counts for the report.
#[derive(Default)]
pub(crate) struct Summary {
    pub(crate) origin: Option<String>,
    pub(crate) commits: u64,
    pub(crate) records: u64,
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
    pub(crate) first_commit_at: Option<Timestamp>,
    pub(crate) last_commit_at: Option<Timestamp>,
    pub(crate) coverage: Coverage,
}

/// The last commit that was well formed and in place.
struct Before {
    number: u64,
    sha256: Hash,
    committed_at: Timestamp,
    closes: bool,
}

impl Spine {
    /// Keeps the roots over so many commits for later.
    pub(crate) fn new(wanted: BTreeSet<u64>) -> Self {
        Self {
            summary: Summary::default(),
            findings: Findings::default(),
            count: 0,
            unsound: None,
            before: None,
            broken: BTreeMap::new(),
            continuity: Continuity::default(),
            tree: Tree::default(),
            leaves: Vec::new(),
            roots: BTreeMap::new(),
            wanted,
        }
    }

    /// The next name of a commit, in ascending order; what lies between is missing.
    pub(crate) fn name(&mut self, number: u64) {
        if self.count < number {
            self.missing(self.count, number - 1);
        }
        self.count = number.saturating_add(1);
        self.summary.commits += 1;
    }

    /// A run of missing commits is one finding: a single forged name can open a run of 2^64.
    fn missing(&mut self, number: u64, run_end: u64) {
        self.mark(number);
        let hole =
            if run_end > number { format!(", nor is any other up to {run_end}") } else { String::new() };
        let message = format!("commit {number} is not there{hole}, though later ones are: it was removed");
        self.findings.add(Code::CommitMissing, Place::commit(number), message);
    }

    /// A commit that was listed and is not there.
    pub(crate) fn gone(&mut self, number: u64) {
        self.missing(number, number);
    }

    /// From the first such commit on, what needs all commits before it cannot be judged.
    pub(crate) fn mark(&mut self, number: u64) {
        self.unsound.get_or_insert(number);
    }

    /// The bytes under the name given last. Returns the batch to check if they are a commit in place.
    pub(crate) fn take(&mut self, number: u64, bytes: &[u8]) -> Option<Evidence> {
        let commit = match form::read(bytes) {
            Ok(commit) if commit.number == number => commit,
            unfit => {
                self.mark(number);
                self.report_unfit(number, unfit);
                return None;
            }
        };
        let sha256 = sha256(bytes);
        self.judge_link(&commit);
        self.judge_origin(&commit);
        self.declare_gaps(&commit);
        if self.unsound.is_none() {
            self.judge_pause(&commit);
            self.continuity.apply(&commit);
            let leaf = leaf_hash(bytes);
            self.tree.push(leaf);
            self.leaves.push(leaf);
            if self.wanted.contains(&self.tree.size()) {
                self.roots.insert(self.tree.size(), self.tree.root());
            }
        }
        let floors = if self.unsound.is_none() { self.continuity.floors().to_vec() } else { Vec::new() };
        self.summarise(&commit);
        let closes = commit.facts.iter().any(|fact| matches!(fact, Fact::LogClosed { .. }));
        self.before = Some(Before { number, sha256, committed_at: commit.committed_at, closes });
        commit.batch.map(|batch| Evidence { batch, floors })
    }

    fn report_unfit(&mut self, number: u64, unfit: Result<Commit, Unfit>) {
        let (code, message) = match unfit {
            Ok(commit) => (
                Code::CommitMisplaced,
                format!("the object named commit {number} says that it is commit {}", commit.number),
            ),
            Err(Unfit::Malformed(why)) => (
                Code::CommitMalformed,
                format!("commit {number} is not a commit as the format has it: {why}"),
            ),
            Err(Unfit::Unknown(format)) => (
                Code::FormatUnknown,
                format!(
                    "commit {number} is of the format {format:?}, which this program does not know; a newer one may"
                ),
            ),
        };
        self.findings.add(code, Place::commit(number), message);
    }

    fn judge_link(&mut self, commit: &Commit) {
        let Some(before) = self.before.as_ref().filter(|before| before.number + 1 == commit.number) else {
            return;
        };
        let stated = commit.previous.as_ref().map(|previous| previous.sha256);
        if stated != Some(before.sha256) {
            let stated = stated.map_or("none".to_owned(), |hash| hash.to_string());
            self.broken.insert(before.number, (before.sha256, stated));
        }
        if commit.committed_at < before.committed_at {
            let message = format!(
                "commit {} is dated {}, before its predecessor's {}: no writer of this format dates commits backwards",
                commit.number, commit.committed_at, before.committed_at
            );
            self.findings.add(Code::ClockBackwards, Place::commit(commit.number), message);
        }
    }

    fn judge_pause(&mut self, commit: &Commit) {
        let (Some(before), Some(policies)) = (&self.before, self.continuity.policies()) else { return };
        let pause_ms = commit.committed_at.as_millis().saturating_sub(before.committed_at.as_millis());
        if i128::from(pause_ms) > 2_000 * i128::from(policies.heartbeat_seconds) {
            let message = format!(
                "commit {} follows {} seconds after its predecessor, and a writer at work commits at least every {} seconds",
                commit.number,
                pause_ms / 1000,
                policies.heartbeat_seconds
            );
            self.findings.add(Code::HeartbeatLate, Place::commit(commit.number), message);
        }
    }

    fn judge_origin(&mut self, commit: &Commit) {
        let expected = match (commit.number, commit.facts.first()) {
            (0, Some(Fact::Genesis { table_arn, .. })) => Some(sealog_chain::origin_of(table_arn)),
            _ => self.summary.origin.clone(),
        };
        if let Some(expected) = expected.filter(|expected| *expected != commit.origin) {
            let message = format!(
                "commit {} is of the log {:?}, this log is {expected:?}: it was brought in from elsewhere",
                commit.number, commit.origin
            );
            self.findings.add(Code::OriginMismatch, Place::commit(commit.number), message);
        }
        if commit.number == 0 {
            self.summary.origin = Some(commit.origin.clone());
        }
    }

    fn declare_gaps(&mut self, commit: &Commit) {
        for fact in &commit.facts {
            let Fact::Gap(gap) = fact else { continue };
            let place = Place::commit(commit.number);
            let place = gap.shard.as_ref().map_or(place.clone(), |shard| place.shard(shard.as_str()));
            self.findings.add(Code::GapDeclared, place, describe(gap));
        }
    }

    fn summarise(&mut self, commit: &Commit) {
        let summary = &mut self.summary;
        summary.first_commit_at.get_or_insert(commit.committed_at);
        summary.last_commit_at = Some(commit.committed_at);
        summary.coverage.add(commit);
        if let Some(batch) = &commit.batch {
            summary.records = summary.records.saturating_add(batch.records);
            summary.objects += batch.objects.len() as u64;
            summary.bytes =
                batch.objects.iter().fold(summary.bytes, |sum, object| sum.saturating_add(object.bytes));
        }
    }

    /// Judges what needs the whole log: changed commits, children, age.
    pub(crate) fn finish(&mut self, now: Timestamp) {
        for (number, (found, stated)) in &self.broken {
            // A successor that is shown changed itself is named by its own pair, and proves nothing about this one.
            if !self.broken.contains_key(&(number + 1)) {
                let message = format!(
                    "commit {number} has the SHA-256 {found}, commit {} states {stated} for it: it was changed after the next one was written",
                    number + 1
                );
                self.findings.add(Code::CommitChanged, Place::commit(*number), message);
            }
        }
        if self.unsound.is_none() {
            self.continuity.judge_children();
            self.judge_age(now);
        }
        self.findings.append(self.continuity.take_findings());
    }

    fn judge_age(&mut self, now: Timestamp) {
        let (Some(newest), Some(policies)) = (&self.before, self.continuity.policies()) else { return };
        let age_ms = i128::from(now.as_millis()) - i128::from(newest.committed_at.as_millis());
        if newest.closes || age_ms <= 2_000 * i128::from(policies.heartbeat_seconds) {
            return;
        }
        let message = format!(
            "the newest commit, {}, is {} seconds old, and a writer at work commits at least every {} seconds: commits may have \
             been cut off the end, or nothing writes this log any more",
            newest.number,
            age_ms / 1000,
            policies.heartbeat_seconds
        );
        self.findings.add(Code::Stale, Place::commit(newest.number), message);
    }

    /// How many commits there are, the missing ones below the highest included.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// How many commits from 0 on could be judged as a log.
    pub(crate) fn sound(&self) -> u64 {
        self.unsound.unwrap_or(self.count)
    }

    /// Root over so many commits, if it was wanted and can be known.
    pub(crate) fn root(&self, size: u64) -> Option<Hash> {
        self.roots.get(&size).copied()
    }

    /// Root over all commits, if all could be judged.
    pub(crate) fn head_root(&self) -> Option<Hash> {
        (self.unsound.is_none() && self.count > 0).then(|| self.tree.root())
    }

    /// What tiles are held against.
    pub(crate) fn known(&self) -> Known<'_> {
        Known {
            leaves: &self.leaves,
            whole: self.unsound.is_none(),
            origin: self.summary.origin.as_deref(),
            keys: self.continuity.keys(),
        }
    }

    pub(crate) fn continuity(&self) -> &Continuity {
        &self.continuity
    }
}

fn describe(gap: &Gap) -> String {
    let number = |number: Option<_>, none: &str| {
        number.map_or(none.to_owned(), |number: sealog_record::SequenceNumber| number.to_string())
    };
    let place = gap.shard.as_ref().map_or(format!("stream {}", gap.stream), |shard| {
        format!(
            "shard {shard} of stream {} after sequence number {} up to {}",
            gap.stream,
            number(gap.after, "none"),
            number(gap.first, "an unknown one")
        )
    });
    format!(
        "changes in {place} could not be read any more ({}, noticed at {}): the log admits that they are missing",
        gap.cause.as_str(),
        gap.noticed_at
    )
}
