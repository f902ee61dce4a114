//! One shard as its watchers see it.

use std::collections::VecDeque;

use sealog_record::{SequenceNumber, ShardId, StreamLabel};

use super::{PageRead, RETENTION_MS};

/// What is being done about a shard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShardActivity {
    /// It waits: for its parent's end, or for its first turn.
    Waiting,
    /// It is being read, and there may be more.
    Reading,
    /// It was read to its present end.
    CaughtUp,
    /// It was not read for longer than the service keeps records: some are probably lost.
    TooOld,
    /// Its replies cannot be used; it is asked again and again.
    InTrouble(
        /// Why.
        String,
    ),
}

/// How one shard stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardHealth {
    /// Its stream.
    pub stream: StreamLabel,
    /// The shard.
    pub shard: ShardId,
    /// What is being done about it.
    pub activity: ShardActivity,
    /// Age of the oldest change that may not be archived, in milliseconds; 0 where clocks differ.
    pub lag_ms: i64,
    /// Milliseconds until that change may be gone; not positive: it may be gone.
    pub loss_clock_ms: i64,
    /// Milliseconds since it was last asked with success; `None`: never in this process.
    pub polled_ago_ms: Option<i64>,
}

impl ShardHealth {
    pub(super) fn complaint(&self, loss_clock_min_ms: i64) -> Option<String> {
        let shard = &self.shard;
        match &self.activity {
            ShardActivity::InTrouble(why) => Some(format!("shard {shard} cannot be read: {why}")),
            ShardActivity::TooOld => Some(format!(
                "shard {shard} was last read more than 24 hours ago: the service has probably trimmed changes"
            )),
            ShardActivity::Waiting | ShardActivity::Reading | ShardActivity::CaughtUp
                if self.loss_clock_ms < loss_clock_min_ms =>
            {
                let minutes = self.loss_clock_ms / 60_000;
                Some(format!(
                    "shard {shard}: its oldest change that is not archived may be gone in {minutes} minutes"
                ))
            }
            ShardActivity::Waiting | ShardActivity::Reading | ShardActivity::CaughtUp => None,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Watched {
    activity: ShardActivity,
    /// Every change before this instant is in the archive.
    through_ms: i64,
    polled_ms: Option<i64>,
    /// Last records of pages that are on their way to the archive, and their times.
    on_the_way: VecDeque<(SequenceNumber, Option<i64>)>,
}

impl Watched {
    pub(super) const fn new(through_ms: i64) -> Self {
        Self { activity: ShardActivity::Waiting, through_ms, polled_ms: None, on_the_way: VecDeque::new() }
    }

    pub(crate) fn is(&mut self, activity: ShardActivity) {
        self.activity = activity;
    }

    pub(crate) fn page(&mut self, page: &PageRead) {
        self.polled_ms = Some(page.asked_ms);
        self.activity = if page.caught_up { ShardActivity::CaughtUp } else { ShardActivity::Reading };
        self.on_the_way.extend(page.last);
        if page.caught_up && self.on_the_way.is_empty() {
            self.through_ms = self.through_ms.max(page.asked_ms);
        }
    }

    pub(super) fn committed(&mut self, last: SequenceNumber) {
        while let Some((number, at_ms)) =
            self.on_the_way.front().copied().filter(|(number, _)| *number <= last)
        {
            self.on_the_way.pop_front();
            debug_assert!(number <= last);
            self.through_ms = self.through_ms.max(at_ms.unwrap_or(i64::MIN));
        }
    }

    pub(super) const fn polled_ms(&self) -> Option<i64> {
        self.polled_ms
    }

    /// When it was last polled; `None` where it should have been and was not.
    pub(super) fn polled_through_ms(&self) -> Option<i64> {
        match self.activity {
            ShardActivity::Reading | ShardActivity::CaughtUp => self.polled_ms,
            ShardActivity::Waiting | ShardActivity::TooOld | ShardActivity::InTrouble(_) => None,
        }
    }

    pub(super) fn report(&self, stream: StreamLabel, shard: ShardId, now_ms: i64) -> ShardHealth {
        let lag_ms = now_ms.saturating_sub(self.through_ms).max(0);
        ShardHealth {
            stream,
            shard,
            activity: self.activity.clone(),
            lag_ms,
            loss_clock_ms: RETENTION_MS - lag_ms,
            polled_ago_ms: self.polled_ms.map(|polled| now_ms.saturating_sub(polled).max(0)),
        }
    }
}
