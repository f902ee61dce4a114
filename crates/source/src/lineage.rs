//! Which shards to read, from where, and in which order: a state machine without I/O and without a clock.
//!
//! Promises: a shard is handed out once, and never before its parent's end is *committed*; each shard is announced once;
//! a range is given up only after the service has said "not found" and a complete listing agrees. Relies on: `observe`
//! gets complete listings only.
//!
//! A parent that nobody knows is a beginning in the first listing of a new log. Later it is a shard that we missed: it
//! is read like any other, and only if it cannot be found it is a gap.

use std::collections::BTreeMap;

use sealog_record::{GapCause, ReadFrom, SequenceNumber, Shard, ShardId, ShardPosition};

#[cfg(test)]
mod tests;

/// A shard seen for the first time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// The shard.
    pub shard: ShardId,
    /// Its parent, as listed.
    pub parent: Option<ShardId>,
    /// Where reading will begin.
    pub from: ReadFrom,
}

/// A shard that is to be read now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardStart {
    /// The shard.
    pub shard: ShardId,
    /// Its parent, as listed.
    pub parent: Option<ShardId>,
    /// Where to read on.
    pub from: ReadFrom,
    /// The shard's coverage began at LATEST, and nothing is read yet: what was written before that instant is not ours.
    pub since_latest: bool,
}

/// A shard whose rest cannot be read any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostShard {
    /// The shard.
    pub shard: ShardId,
    /// Last record that was read.
    pub after: Option<SequenceNumber>,
    /// Why.
    pub cause: GapCause,
}

/// What a listing brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    /// New shards; to be announced before any of them is read.
    pub discovered: Vec<Discovered>,
    /// Shards given up; each is done once its gap is committed.
    pub lost: Vec<LostShard>,
}

/// Why a shard is no longer being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// Its last page was sent on.
    AtEnd,
    /// The service does not find it; `read` is the last record that was sent on. The next listing decides.
    NotFound {
        /// Last record sent on, if any.
        read: Option<SequenceNumber>,
    },
    /// A gap that ends the shard was sent on.
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Waiting,
    Reading,
    /// Not found while reading; the next listing decides.
    Missing,
    /// Its end is on the way to the archive.
    Ending,
    /// Its end is committed.
    Done,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Listed {
    Open,
    Closed,
    Absent,
}

#[derive(Debug)]
struct Entry {
    parent: Option<ShardId>,
    listed: Listed,
    began: ReadFrom,
    read: Option<SequenceNumber>,
    /// Reading has begun before, in this process or in an earlier one.
    begun: bool,
    /// Known only because a child names it.
    inferred: bool,
    progress: Progress,
}

/// The shards of one stream.
#[derive(Debug)]
pub struct Lineage {
    shards: BTreeMap<ShardId, Entry>,
    /// The next listing is the first that this log ever sees of the stream.
    first: bool,
    start: ReadFrom,
}

impl Lineage {
    /// `positions` are the committed ones of this stream; `start` holds for the shards of the first listing, and only
    /// if there is no position.
    #[must_use]
    pub fn new(positions: BTreeMap<ShardId, ShardPosition>, start: ReadFrom) -> Self {
        let first = positions.is_empty();
        let entry = |position: ShardPosition| Entry {
            parent: position.parent,
            listed: Listed::Absent,
            began: position.began,
            read: position.last,
            begun: true,
            inferred: false,
            progress: if position.done { Progress::Done } else { Progress::Waiting },
        };
        let shards = positions.into_iter().map(|(shard, position)| (shard, entry(position))).collect();
        Self { shards, first, start }
    }

    /// Takes in a complete listing.
    pub fn observe(&mut self, listing: &[Shard]) -> Observed {
        let from = if self.first { self.start } else { ReadFrom::TrimHorizon };
        for entry in self.shards.values_mut() {
            entry.listed = Listed::Absent;
        }
        let mut discovered = Vec::new();
        for shard in listing {
            let listed = if shard.ending.is_some() { Listed::Closed } else { Listed::Open };
            if let Some(entry) = self.shards.get_mut(&shard.id) {
                entry.listed = listed;
                continue;
            }
            let parent = shard.parent.clone().filter(|parent| *parent != shard.id);
            discovered.push(Discovered { shard: shard.id.clone(), parent: parent.clone(), from });
            self.shards.insert(shard.id.clone(), Entry::new(parent, listed, from));
        }
        if !self.first {
            self.infer_parents(&mut discovered);
        }
        self.first = false;
        Observed { discovered, lost: self.decide_missing() }
    }

    /// A child appeared, and its parent is neither listed nor known: the parent lived while nobody looked.
    fn infer_parents(&mut self, discovered: &mut Vec<Discovered>) {
        let unknown: Vec<ShardId> = discovered
            .iter()
            .filter_map(|child| child.parent.clone())
            .filter(|parent| !self.shards.contains_key(parent))
            .collect();
        for shard in unknown {
            let entry = Entry { inferred: true, ..Entry::new(None, Listed::Absent, ReadFrom::TrimHorizon) };
            if self.shards.insert(shard.clone(), entry).is_none() {
                discovered.push(Discovered { shard, parent: None, from: ReadFrom::TrimHorizon });
            }
        }
    }

    fn decide_missing(&mut self) -> Vec<LostShard> {
        let mut lost = Vec::new();
        for (shard, entry) in &mut self.shards {
            match (entry.progress, entry.listed) {
                (Progress::Missing, Listed::Open | Listed::Closed) => entry.progress = Progress::Waiting,
                (Progress::Missing, Listed::Absent) => {
                    entry.progress = Progress::Ending;
                    let cause =
                        if entry.inferred { GapCause::ParentVanished } else { GapCause::ShardVanished };
                    lost.push(LostShard { shard: shard.clone(), after: entry.read, cause });
                }
                (Progress::Waiting | Progress::Reading | Progress::Ending | Progress::Done, _) => {}
            }
        }
        lost
    }

    /// Gives up every shard that has not been read to its end, except those under way: the stream is gone. To be called
    /// again when the others have stopped.
    pub fn abandon(&mut self) -> Vec<LostShard> {
        let mut lost = Vec::new();
        for (shard, entry) in &mut self.shards {
            if matches!(entry.progress, Progress::Waiting | Progress::Missing) {
                entry.progress = Progress::Ending;
                let cause = GapCause::StreamVanished;
                lost.push(LostShard { shard: shard.clone(), after: entry.read, cause });
            }
        }
        lost
    }

    /// The shards whose turn has come; each is from now on taken to be under way.
    pub fn ready(&mut self) -> Vec<ShardStart> {
        let ready: Vec<ShardId> = self
            .shards
            .iter()
            .filter(|(_, entry)| entry.progress == Progress::Waiting && self.parent_is_done(entry))
            .map(|(shard, _)| shard.clone())
            .collect();
        let start = |shard| self.shards.get_mut(&shard).map(|entry| entry.start(&shard));
        ready.into_iter().filter_map(start).collect()
    }

    fn parent_is_done(&self, entry: &Entry) -> bool {
        let parent = entry.parent.as_ref().and_then(|parent| self.shards.get(parent));
        parent.is_none_or(|parent| parent.progress == Progress::Done)
    }

    /// A commit has moved `shard` to `position`.
    pub fn committed(&mut self, shard: &ShardId, position: &ShardPosition) {
        if let Some(entry) = self.shards.get_mut(shard) {
            entry.read = entry.read.max(position.last);
            if position.done {
                entry.progress = Progress::Done;
            }
        }
    }

    /// A shard handed out by [`Self::ready`] is no longer being read.
    pub fn reader_stopped(&mut self, shard: &ShardId, why: &Stopped) {
        let Some(entry) = self.shards.get_mut(shard) else { return };
        if entry.progress == Progress::Done {
            return;
        }
        entry.progress = match why {
            Stopped::AtEnd | Stopped::Lost => Progress::Ending,
            Stopped::NotFound { read } => {
                entry.read = entry.read.max(*read);
                Progress::Missing
            }
        };
    }

    /// Whether every shard is read and committed to its end.
    #[must_use]
    pub fn all_done(&self) -> bool {
        self.shards.values().all(|entry| entry.progress == Progress::Done)
    }

    /// Whether every shard is done, or open in the newest listing and `caught_up`.
    pub fn settled(&self, caught_up: impl Fn(&ShardId) -> bool) -> bool {
        self.shards.iter().all(|(shard, entry)| match entry.progress {
            Progress::Done => true,
            Progress::Reading => entry.listed == Listed::Open && caught_up(shard),
            Progress::Waiting | Progress::Missing | Progress::Ending => false,
        })
    }

    /// Whether a shard has ended whose children are not listed yet: it is time to look again.
    #[must_use]
    pub fn awaits_children(&self) -> bool {
        let is_parent =
            |shard: &ShardId| self.shards.values().any(|entry| entry.parent.as_ref() == Some(shard));
        self.shards.iter().any(|(shard, entry)| {
            let ended = matches!(entry.progress, Progress::Ending | Progress::Done);
            ended && entry.listed != Listed::Absent && !is_parent(shard)
        })
    }

    /// Whether the newest listing shows `shard` with an end.
    #[must_use]
    pub fn is_closed(&self, shard: &ShardId) -> bool {
        self.shards.get(shard).is_some_and(|entry| entry.listed == Listed::Closed)
    }
}

impl Entry {
    const fn new(parent: Option<ShardId>, listed: Listed, began: ReadFrom) -> Self {
        let progress = Progress::Waiting;
        Self { parent, listed, began, read: None, begun: false, inferred: false, progress }
    }

    fn start(&mut self, shard: &ShardId) -> ShardStart {
        // LATEST a second time would skip what was written in between.
        let since_latest = self.read.is_none() && self.began == ReadFrom::Latest;
        let from = match self.read {
            Some(read) => ReadFrom::After(read),
            None if since_latest && self.begun => ReadFrom::TrimHorizon,
            None => self.began,
        };
        self.progress = Progress::Reading;
        self.begun = true;
        ShardStart { shard: shard.clone(), parent: self.parent.clone(), from, since_latest }
    }
}
