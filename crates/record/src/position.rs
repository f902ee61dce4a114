//! How far a shard has been read into an archive.

use serde::{Deserialize, Serialize};

use crate::{Gap, SequenceNumber, ShardId, Timestamp};

/// Where reading of a stream begins: of a new log's first one as configured, of every later one at the oldest record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StartAt {
    /// The oldest records that the service still has.
    #[default]
    TrimHorizon,
    /// Records written from then on. The service may leave out the very next write.
    Latest,
}

impl From<StartAt> for ReadFrom {
    fn from(start: StartAt) -> Self {
        match start {
            StartAt::TrimHorizon => Self::TrimHorizon,
            StartAt::Latest => Self::Latest,
        }
    }
}

/// Where reading of a shard begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadFrom {
    /// The oldest record that the service still has.
    TrimHorizon,
    /// Records written from now on. Only for the very first discovery of a new log.
    Latest,
    /// The record that follows this one (exclusive).
    After(SequenceNumber),
}

/// Our committed progress in one shard: the fold of all its segments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardPosition {
    /// The shard it came from, as listed when we first read it.
    pub parent: Option<ShardId>,
    /// Where the archive's coverage of this shard began; never [`ReadFrom::After`].
    pub began: ReadFrom,
    /// Last record committed; `None` while there was none.
    pub last: Option<SequenceNumber>,
    /// Nothing more will come: its end was committed, or a gap says that the rest is lost.
    pub done: bool,
    /// First record behind a gap, while nothing behind it is committed: what has to come next.
    pub resumes_at: Option<SequenceNumber>,
    /// Date of the newest commit that says something of the shard; `None` while there is none.
    pub as_of: Option<Timestamp>,
}

impl ShardPosition {
    /// Where a shard stands before anything of it is committed.
    #[must_use]
    pub const fn begun(parent: Option<ShardId>, began: ReadFrom) -> Self {
        Self { parent, began, last: None, done: false, resumes_at: None, as_of: None }
    }

    /// Whether nothing of the shard was ever committed but that it is there.
    #[must_use]
    pub const fn is_bare(&self) -> bool {
        self.last.is_none() && self.resumes_at.is_none() && !self.done
    }

    /// Moves behind a gap.
    pub fn skip(&mut self, gap: &Gap) {
        (self.last, self.began, self.resumes_at) = (None, ReadFrom::TrimHorizon, gap.first);
        self.done |= gap.ends_shard;
    }

    /// Moves behind the rows of a segment.
    pub fn extend(&mut self, last: SequenceNumber) {
        (self.last, self.resumes_at) = (Some(last), None);
    }

    /// Where a reader goes on.
    #[must_use]
    pub fn next(&self) -> ReadFrom {
        self.last.map_or(self.began, ReadFrom::After)
    }
}
