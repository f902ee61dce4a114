//! What a source is told, and what it tells.

use std::collections::BTreeMap;
use std::time::Duration;

use sealog_record::{
    Gap, OnGap, ReadFrom, ShardId, ShardPosition, StartAt, StreamArn, StreamEnd, StreamLabel, ViewType,
};

use crate::{BytePermit, Page};

/// What a log holds of its table already: the fold of its commits.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Streams that were opened.
    pub streams: BTreeMap<StreamLabel, KnownStream>,
    /// Positions in their shards.
    pub positions: Positions,
}

/// Committed positions by stream and shard.
pub type Positions = BTreeMap<(StreamLabel, ShardId), ShardPosition>;

/// A stream that a log has opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownStream {
    /// Its ARN.
    pub arn: StreamArn,
    /// Where reading of it began.
    pub start: StartAt,
    /// When, in milliseconds since 1970.
    pub opened_at_ms: i64,
    /// It was read to its end.
    pub closed: bool,
}

/// How a table is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceOptions {
    /// Where a new log begins; without effect on a log that has opened a stream.
    pub start: StartAt,
    /// What to do when changes are lost.
    pub on_gap: OnGap,
    /// Refuse a stream that shows less.
    pub require_view_type: Option<ViewType>,
    /// How long a change may wait in an idle shard before anyone asks. Each question costs.
    pub latency_max: Duration,
    /// Most calls about single shards under way at once: `GetRecords` and `GetShardIterator`.
    pub readers_max: usize,
    /// End with [`SourceEvent::CaughtUp`] once every shard is read to its present end.
    pub until_caught_up: bool,
    /// Seed of the waits between retries.
    pub seed: u64,
}

impl Default for SourceOptions {
    fn default() -> Self {
        Self {
            start: StartAt::default(),
            on_gap: OnGap::default(),
            require_view_type: None,
            latency_max: Duration::from_secs(10),
            readers_max: 64,
            until_caught_up: false,
            seed: 0,
        }
    }
}

/// What happened, in the order in which it has to be committed.
#[derive(Debug)]
pub enum SourceEvent {
    /// A stream is read for the first time by this log.
    StreamOpened {
        /// The stream.
        stream: StreamArn,
        /// What it writes of each change.
        view_type: ViewType,
        /// Where reading begins.
        start: StartAt,
        /// When, in ms since 1970.
        at_ms: i64,
    },
    /// Reading of a stream that this log knows goes on: the service has answered.
    Resumed {
        /// The stream.
        stream: StreamLabel,
    },
    /// First sight of a shard: to be committed as a segment without rows, so that where it began is never forgotten.
    Discovered {
        /// The stream.
        stream: StreamLabel,
        /// The shard.
        shard: ShardId,
        /// Its parent, as listed.
        parent: Option<ShardId>,
        /// Where reading will begin.
        from: ReadFrom,
    },
    /// Records of one shard, right behind everything sent before for it.
    Page {
        /// The stream.
        stream: StreamLabel,
        /// The shard.
        shard: ShardId,
        /// The records.
        page: Page,
        /// Records before this index were sent before or are not ours.
        first: usize,
        /// The shard ended with this page, which may have no records.
        closes: bool,
        /// The page's share of memory: to be dropped when the page is.
        permit: BytePermit,
    },
    /// Changes are lost. What follows lies behind the gap.
    Gap(Gap),
    /// Nothing more will be read of a stream: each of its shards is committed to its end.
    StreamClosed {
        /// The stream.
        stream: StreamLabel,
        /// Why it ended.
        cause: StreamEnd,
        /// When that was noticed, in ms since 1970.
        at_ms: i64,
    },
    /// Every shard is read to its present end; the last event.
    CaughtUp,
}

/// Tells a source that a commit has moved a shard: by a segment, or by a gap that ends the shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommittedShard {
    /// The stream.
    pub stream: StreamLabel,
    /// The shard.
    pub shard: ShardId,
    /// Where it stands now.
    pub position: ShardPosition,
}
