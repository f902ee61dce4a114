//! How far a shard has been read into an archive.

use serde::{Deserialize, Serialize};

use crate::{SequenceNumber, ShardId};

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
}

impl ShardPosition {
    /// Where a reader goes on.
    #[must_use]
    pub fn next(&self) -> ReadFrom {
        self.last.map_or(self.began, ReadFrom::After)
    }
}
