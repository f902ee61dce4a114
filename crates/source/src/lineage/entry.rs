//! One shard as a lineage knows it.

use sealog_record::{ReadFrom, SequenceNumber, ShardId, ShardPosition, Timestamp};

use super::{Proof, ShardStart};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Waiting,
    Reading,
    /// Not found while reading; the next listing decides.
    Missing,
    /// Its end is on the way to the archive.
    Ending,
    /// Its end is committed.
    Done,
    /// It is given up for this run, without a gap.
    Failed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed {
    Open,
    Closed,
    Absent,
}

#[derive(Debug)]
pub(super) struct Entry {
    pub(super) parent: Option<ShardId>,
    pub(super) listed: Listed,
    /// First number that the shard may hold, as listed.
    pub(super) starting: Option<SequenceNumber>,
    pub(super) began: ReadFrom,
    pub(super) read: Option<SequenceNumber>,
    /// First record behind a gap, while nothing behind it is committed.
    pub(super) resumes_at: Option<SequenceNumber>,
    pub(super) as_of: Option<Timestamp>,
    /// Nothing of it can have gone before this log knew it.
    pub(super) whole: bool,
    /// Reading has begun before, in this process or in an earlier one.
    pub(super) begun: bool,
    /// Known only because a child names it.
    pub(super) inferred: bool,
    pub(super) progress: Progress,
}

impl Entry {
    pub(super) const fn new(parent: Option<ShardId>, began: ReadFrom) -> Self {
        Self {
            parent,
            listed: Listed::Absent,
            starting: None,
            began,
            read: None,
            resumes_at: None,
            as_of: None,
            whole: false,
            begun: false,
            inferred: false,
            progress: Progress::Waiting,
        }
    }

    /// As the commits have it.
    pub(super) fn committed(position: ShardPosition, whole: bool) -> Self {
        Self {
            read: position.last,
            resumes_at: position.resumes_at,
            as_of: position.as_of,
            whole,
            begun: true,
            progress: if position.done { Progress::Done } else { Progress::Waiting },
            ..Self::new(position.parent, position.began)
        }
    }

    /// Hands the shard out for reading.
    pub(super) fn start(&mut self, shard: &ShardId) -> ShardStart {
        // LATEST a second time would skip what was written in between.
        let since_latest = self.read.is_none() && self.began == ReadFrom::Latest;
        let from = match self.read {
            Some(read) => ReadFrom::After(read),
            None if since_latest && self.begun => ReadFrom::TrimHorizon,
            None => self.began,
        };
        let proof = match (self.read, self.resumes_at, self.starting) {
            (None, Some(first), _) => Proof::First(first),
            (None, None, Some(starting)) if self.whole && !since_latest => Proof::Whole(starting),
            (_, _, starting) => Proof::Begins(starting),
        };
        self.progress = Progress::Reading;
        self.begun = true;
        let (shard, parent, as_of) = (shard.clone(), self.parent.clone(), self.as_of);
        ShardStart { shard, parent, from, since_latest, proof, as_of }
    }
}
