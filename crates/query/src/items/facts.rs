//! What a log states besides records, as far as answers about items rest on it: since when it reads, how far it came, what
//! it lacks, and up to where a signed head covers it.

use std::collections::BTreeMap;

use sealog_chain::{CHECKPOINT_KEY, Commit, Fact, Fold, Hash, SignedCheckpoint, VerifierKey};
use sealog_lake::LakeError;
use sealog_record::{Gap, ShardId, StartAt, StreamEnd, StreamLabel, Timestamp};
use sealog_store::Log;

use super::lineage::Lineage;
use crate::error::QueryError;

/// A stream younger than this, when its reading began, was read from its first record: the service keeps 24 hours.
const WHOLE_MS: i64 = 23 * 3_600_000;

/// One stream of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stream {
    pub(crate) start: StartAt,
    pub(crate) opened_at: Timestamp,
    pub(crate) ended: Option<(StreamEnd, Timestamp)>,
}

/// Since when a log reads its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beginning {
    /// Changes from this instant on were read.
    pub since: Timestamp,
    /// Whether it began with the oldest record that the stream then had, or with what was written from then on.
    pub start: StartAt,
    /// Whether nothing of the log's first stream was missed: the stream was switched on at `since`.
    pub whole_stream: bool,
}

/// What a signed head covers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedHead {
    /// The first `size` commits are under a head that the log's own key signed. Whether that key is the right one, only
    /// somebody can tell who kept it outside of the archive.
    Covers {
        /// Number of commits.
        size: u64,
        /// Name of the key.
        key: String,
    },
    /// None that holds is there.
    Nothing {
        /// What is wrong.
        why: String,
    },
}

impl SignedHead {
    /// Whether a commit is under it.
    #[must_use]
    pub fn covers(&self, commit: u64) -> bool {
        matches!(self, Self::Covers { size, .. } if commit < *size)
    }
}

/// The facts of a log, from its commits alone.
#[derive(Debug, Clone)]
pub struct Facts {
    pub(crate) log: String,
    pub(crate) fold: Fold,
    pub(crate) streams: BTreeMap<StreamLabel, Stream>,
    /// Each with the commit that declares it.
    pub(crate) gaps: Vec<(u64, Gap)>,
    /// Every shard that can be read was polled with success at or after this instant.
    pub(crate) polled_since: Option<Timestamp>,
    pub(crate) lineage: Lineage,
    signed: SignedHead,
}

/// What is looked at while commits are folded.
#[derive(Default)]
struct Reading {
    streams: BTreeMap<StreamLabel, Stream>,
    gaps: Vec<(u64, Gap)>,
    polled_since: Option<Timestamp>,
    lineage: Lineage,
}

impl Facts {
    /// Reads every commit of the log; what they state is held, not they. To be read before the session is opened: rows of
    /// commits behind the facts are not asked.
    ///
    /// # Errors
    /// [`QueryError::NoLog`] where there is no commit; else what the store says, or that the commits are no log.
    pub async fn read(log: &Log) -> Result<Self, QueryError> {
        // The head before the commits: what it covers is then there.
        let head = log.read(CHECKPOINT_KEY).await?;
        let head = head.map(|object| SignedCheckpoint::parse(&object.bytes));
        let size = head.as_ref().and_then(|head| head.as_ref().ok()).map(|head| head.checkpoint.size);
        let (mut fold, mut reading, mut at_head) = (Fold::default(), Reading::default(), None);
        let followed = log.follow(&mut fold, |fold, commit| {
            reading.take(&commit);
            if Some(fold.size()) == size {
                at_head = Some((fold.tree().root(), fold.key().unwrap_or_default().to_owned()));
            }
        });
        followed.await.map_err(LakeError::from)?;
        if fold.size() == 0 {
            return Err(QueryError::NoLog(log.name().to_owned()));
        }
        let Reading { streams, gaps, polled_since, lineage } = reading;
        let signed = signed(head, at_head);
        Ok(Self { log: log.name().to_owned(), fold, streams, gaps, polled_since, lineage, signed })
    }

    /// What the newest signed head covers.
    #[must_use]
    pub fn signed(&self) -> &SignedHead {
        &self.signed
    }

    /// Number of commits.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.fold.size()
    }

    /// Rows sealed so far.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.fold.records()
    }

    /// Since when the log reads; `None` where no stream was opened yet.
    #[must_use]
    pub fn beginning(&self) -> Option<Beginning> {
        let (label, first) = self.streams.iter().min_by_key(|(_, stream)| stream.opened_at)?;
        let switched_on = switched_on(label).filter(|on| {
            first.start == StartAt::TrimHorizon
                && *on <= first.opened_at
                && first.opened_at.as_millis() - on.as_millis() < WHOLE_MS
        });
        Some(Beginning {
            since: switched_on.unwrap_or(first.opened_at),
            start: first.start,
            whole_stream: switched_on.is_some(),
        })
    }

    /// Shards of which more may come: those that go on, and those that ended and of which no child is known yet.
    pub(crate) fn frontier(&self) -> Vec<(StreamLabel, ShardId)> {
        let is_open =
            |label: &StreamLabel| self.streams.get(label).is_some_and(|stream| stream.ended.is_none());
        let positions = self.fold.positions().into_iter();
        positions
            .filter(|((stream, shard), position)| {
                is_open(stream) && (!position.done || !self.lineage.has_children(stream, shard))
            })
            .map(|(place, _)| place)
            .collect()
    }
}

impl Reading {
    fn take(&mut self, commit: &Commit) {
        for fact in &commit.facts {
            self.lineage.take_fact(fact);
            self.take_fact(commit.number, fact);
        }
        if let Some(batch) = &commit.batch {
            self.lineage.take_batch(batch);
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the other facts say nothing of what was read")]
    fn take_fact(&mut self, number: u64, fact: &Fact) {
        match fact {
            Fact::StreamOpened { arn, start, at, .. } => {
                let stream = Stream { start: *start, opened_at: *at, ended: None };
                self.streams.insert(arn.label(), stream);
            }
            Fact::StreamClosed { stream, cause, at } => {
                if let Some(stream) = self.streams.get_mut(stream) {
                    stream.ended = Some((*cause, *at));
                }
            }
            Fact::Gap(gap) => self.gaps.push((number, gap.clone())),
            Fact::Heartbeat { polled_since } => self.polled_since = self.polled_since.max(*polled_since),
            _ => {}
        }
    }
}

/// When a stream was switched on: its label says so.
pub(crate) fn switched_on(label: &StreamLabel) -> Option<Timestamp> {
    format!("{}Z", label.as_str()).parse().ok()
}

/// Whether the head that was read is that of the commits, and signed by the key in force there.
fn signed(
    head: Option<Result<SignedCheckpoint, sealog_chain::ChainError>>,
    at_head: Option<(Hash, String)>,
) -> SignedHead {
    let nothing = |why: String| SignedHead::Nothing { why };
    let head = match head {
        None => return nothing("there is no checkpoint: nothing in the log is signed yet".to_owned()),
        Some(Err(error)) => return nothing(format!("its checkpoint is none: {error}; run `sealog verify`")),
        Some(Ok(head)) => head,
    };
    let size = head.checkpoint.size;
    let Some((_, key)) = at_head.filter(|(root, _)| *root == head.checkpoint.root) else {
        return nothing(format!(
            "its checkpoint over {size} commits is not that of the commits that are there; run `sealog verify`"
        ));
    };
    let by = VerifierKey::parse(&key).and_then(|key| Ok((head.signed_by(&key)?, key.name().to_owned())));
    match by {
        Ok((true, key)) => SignedHead::Covers { size, key },
        Ok((false, key)) => {
            nothing(format!("its checkpoint is not signed by the log's key {key}; run `sealog verify`"))
        }
        Err(error) => nothing(format!("its checkpoint: {error}; run `sealog verify`")),
    }
}
