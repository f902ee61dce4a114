//! Which shards to read, from where, and in which order: a state machine without I/O and without a clock.
//!
//! Promises: a shard is handed out once, and never before its parent's end is *committed*; each shard is announced once;
//! a range is given up only after the service has said "not found" and a complete listing agrees. Relies on: `observe`
//! gets complete listings only.
//!
//! A parent that nobody knows is a beginning in the first listing of a new log. Later it is a shard that we missed: it
//! is read like any other, and only if it cannot be found it is a gap. A shard that appeared while the log was read is
//! expected whole; what is missing at its beginning is a gap too.

use std::collections::{BTreeMap, BTreeSet};

use sealog_record::{GapCause, ReadFrom, SequenceNumber, Shard, ShardId, ShardPosition, Timestamp};

use entry::{Entry, Listed, Progress};

mod entry;

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
    /// What tells whether records are lost before the first one that comes.
    pub proof: Proof,
    /// Date of the newest commit that says something of the shard.
    pub as_of: Option<Timestamp>,
}

/// What is found at the beginning of a shard, of which no record is committed, if nothing is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Coverage begins with whatever there is. Only if nobody looks for a while, it has to be proved that nothing has gone
    /// meanwhile: by the starting number, where the listing states one.
    Begins(Option<SequenceNumber>),
    /// The shard is expected whole: the service accepts its starting number as a place to read from.
    Whole(SequenceNumber),
    /// This record comes first.
    First(SequenceNumber),
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
    /// Its replies cannot be used; it is not read any more, and neither are its descendants.
    Failed,
}

/// When a log opened a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opened {
    /// Just now: nothing of it is known.
    Now,
    /// So lately that what has gone since is a part of where the log begins, as long as nothing was read.
    Lately,
    /// Before that.
    Before,
}

/// What this log knew of the stream before the next listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// Nothing: the listing is a beginning.
    Nothing,
    /// Names only: a process died before it had read anything, perhaps even before it had named all shards.
    NamesOnly,
    /// It was read.
    Records,
}

/// The shards of one stream.
#[derive(Debug)]
pub struct Lineage {
    shards: BTreeMap<ShardId, Entry>,
    before: Before,
    start: ReadFrom,
}

impl Lineage {
    /// `positions` are the committed ones of this stream; `start` holds for the shards of the first listing, and only
    /// if nothing was read before.
    #[must_use]
    pub fn new(positions: BTreeMap<ShardId, ShardPosition>, start: ReadFrom, opened: Opened) -> Self {
        let before = match opened {
            Opened::Now => Before::Nothing,
            Opened::Lately if positions.values().all(ShardPosition::is_bare) => Before::NamesOnly,
            Opened::Lately | Opened::Before => Before::Records,
        };
        let known: BTreeSet<ShardId> = positions.keys().cloned().collect();
        let entry = |position: ShardPosition| {
            let follows = position.parent.as_ref().is_some_and(|parent| known.contains(parent));
            Entry::committed(position, before == Before::Records || follows)
        };
        let shards = positions.into_iter().map(|(shard, position)| (shard, entry(position))).collect();
        Self { shards, before, start }
    }

    /// Takes in a complete listing.
    pub fn observe(&mut self, listing: &[Shard]) -> Observed {
        for entry in self.shards.values_mut() {
            entry.listed = Listed::Absent;
        }
        let known: BTreeSet<&ShardId> = listing.iter().map(|shard| &shard.id).collect();
        let mut discovered = Vec::new();
        for shard in listing {
            let listed = if shard.ending.is_some() { Listed::Closed } else { Listed::Open };
            if let Some(entry) = self.shards.get_mut(&shard.id) {
                (entry.listed, entry.starting) = (listed, shard.starting);
                continue;
            }
            let parent = shard.parent.clone().filter(|parent| !self.descends_from(parent, &shard.id));
            let waits = parent.as_ref().is_some_and(|of| known.contains(of) || self.shards.contains_key(of));
            let entry = Entry { listed, starting: shard.starting, ..self.first_sight(parent.clone(), waits) };
            discovered.push(Discovered { shard: shard.id.clone(), parent, from: entry.began });
            self.shards.insert(shard.id.clone(), entry);
        }
        if self.before == Before::Records {
            self.infer_parents(&mut discovered);
        }
        self.before = Before::Records;
        Observed { discovered, lost: self.decide_missing() }
    }

    /// Whether `shard` is `ancestor` or comes from it. A listing that says so of a new shard's parent would have each
    /// wait for the other for ever.
    fn descends_from(&self, shard: &ShardId, ancestor: &ShardId) -> bool {
        let parent_of = |shard: &ShardId| self.shards.get(shard).and_then(|entry| entry.parent.as_ref());
        let chain = std::iter::successors(Some(shard), |shard| parent_of(shard));
        chain.take(self.shards.len() + 1).any(|shard| shard == ancestor)
    }

    /// A shard that was not known; `waits`: it is read after a parent that is.
    fn first_sight(&self, parent: Option<ShardId>, waits: bool) -> Entry {
        match self.before {
            // By the time its turn has come, LATEST would skip what was written since.
            Before::Nothing => Entry { begun: waits, whole: waits, ..Entry::new(parent, self.start) },
            Before::NamesOnly => Entry { begun: true, whole: waits, ..Entry::new(parent, self.start) },
            Before::Records => Entry { whole: true, ..Entry::new(parent, ReadFrom::TrimHorizon) },
        }
    }

    /// A child appeared, and its parent is neither listed nor known: the parent lived while nobody looked.
    fn infer_parents(&mut self, discovered: &mut Vec<Discovered>) {
        let unknown: Vec<ShardId> = discovered
            .iter()
            .filter_map(|child| child.parent.clone())
            .filter(|parent| !self.shards.contains_key(parent))
            .collect();
        for shard in unknown {
            let entry = Entry { inferred: true, ..Entry::new(None, ReadFrom::TrimHorizon) };
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
                (
                    Progress::Waiting
                    | Progress::Reading
                    | Progress::Ending
                    | Progress::Done
                    | Progress::Failed,
                    _,
                ) => {}
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
            entry.resumes_at = position.resumes_at;
            entry.as_of = entry.as_of.max(position.as_of);
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
            Stopped::Failed => Progress::Failed,
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

    /// Whether every shard is done, or open in the newest listing and `caught_up`, or out of reach behind one that
    /// failed.
    pub fn settled(&self, caught_up: impl Fn(&ShardId) -> bool) -> bool {
        self.shards.iter().all(|(shard, entry)| match entry.progress {
            Progress::Done | Progress::Failed => true,
            Progress::Reading => entry.listed == Listed::Open && caught_up(shard),
            Progress::Waiting => self.is_behind_a_failure(entry),
            Progress::Missing | Progress::Ending => false,
        })
    }

    fn is_behind_a_failure(&self, entry: &Entry) -> bool {
        let parent_of = |entry: &Entry| entry.parent.as_ref().and_then(|parent| self.shards.get(parent));
        let ancestors = std::iter::successors(parent_of(entry), |entry| parent_of(entry));
        ancestors.take(self.shards.len()).any(|ancestor| ancestor.progress == Progress::Failed)
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
