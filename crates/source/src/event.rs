//! What a source is told, and what it tells.

use std::time::Duration;

use sealog_record::{
    Gap, OnGap, ReadFrom, ShardId, ShardPosition, StartAt, StreamArn, StreamLabel, ViewType,
};

use crate::{BytePermit, Page};

/// How a table is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceOptions {
    /// Where a new log begins; without effect on a log that has a position.
    pub start: StartAt,
    /// The instant (ms since 1970) at which a log with `StartAt::Latest` was opened, from its `stream_opened` fact. In a
    /// shard that began at LATEST and of which nothing was read, records older than its second are not ours.
    pub latest_since_ms: Option<i64>,
    /// What to do when changes are lost.
    pub on_gap: OnGap,
    /// Refuse a stream that shows less.
    pub require_view_type: Option<ViewType>,
    /// How long a change may wait in an idle shard before anyone asks. Each question costs.
    pub latency_max: Duration,
    /// Most `GetRecords` calls under way at once.
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
            latest_since_ms: None,
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
