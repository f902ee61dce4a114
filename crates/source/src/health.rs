//! How the reading of a table stands: lag, loss clock and alarms, shard by shard.
//!
//! Only for show and for alarms; nothing is read or left out because of it. Promises: a shard that is known and not
//! committed to its end is counted, whether it is read, waits for its parent, or cannot be read (FS-49). Relies on: its
//! reader tells of each page, its epoch of each commit.

mod shard;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sealog_record::{SequenceNumber, ShardId, ShardPosition, StreamLabel, ViewType};

use crate::Calls;
use shard::Watched;
pub use shard::{ShardActivity, ShardHealth};

/// How long the service keeps a record (developer guide, "Data retention limit for DynamoDB Streams"); older ones may
/// go at any moment.
pub const RETENTION_MS: i64 = 24 * 3600 * 1000;

/// How the reading of one table stands. Shared by those who read and those who watch.
#[derive(Debug, Default)]
pub struct Health {
    state: Mutex<State>,
    calls: Arc<Calls>,
}

#[derive(Debug, Default)]
struct State {
    polled_ms: Option<i64>,
    shards: BTreeMap<(StreamLabel, ShardId), Watched>,
    alarms: BTreeMap<AlarmKind, Alarm>,
}

/// Something that a person should look at. It is gone by itself once it has passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Alarm {
    /// No stream of the table is being written: changes are not recorded anywhere.
    StreamOff,
    /// The table's stream shows less of each change than the configuration demands.
    ViewType {
        /// What it writes.
        found: ViewType,
        /// What is demanded.
        required: ViewType,
    },
    /// There is no such table any more.
    NoTable,
    /// The table's streams or shards cannot be listed.
    Listing(
        /// What the service said.
        String,
    ),
    /// Reading has stopped until a person decides.
    Halted(
        /// Why.
        String,
    ),
}

/// Which of the alarms; of each kind one can sound at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlarmKind {
    /// [`Alarm::StreamOff`].
    StreamOff,
    /// [`Alarm::ViewType`].
    ViewType,
    /// [`Alarm::NoTable`].
    NoTable,
    /// [`Alarm::Listing`].
    Listing,
    /// [`Alarm::Halted`].
    Halted,
}

impl Alarm {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> AlarmKind {
        match self {
            Self::StreamOff => AlarmKind::StreamOff,
            Self::ViewType { .. } => AlarmKind::ViewType,
            Self::NoTable => AlarmKind::NoTable,
            Self::Listing(_) => AlarmKind::Listing,
            Self::Halted(_) => AlarmKind::Halted,
        }
    }
}

impl std::fmt::Display for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::StreamOff => {
                f.write_str("the table's stream is off: changes made now are recorded nowhere; switch it on")
            }
            Self::ViewType { found, required } => write!(
                f,
                "the table's stream has view type {found}, and {required} is required; switch it off and on again with \
                 {required}, or change require_view_type"
            ),
            Self::NoTable => f.write_str("the table does not exist any more"),
            Self::Listing(said) => write!(f, "its shards cannot be listed: {said}"),
            Self::Halted(why) => write!(f, "it has stopped: {why}"),
        }
    }
}

/// What [`Health`] says at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HealthReport {
    /// Shards that are not committed to their end, by stream and shard.
    pub shards: Vec<ShardHealth>,
    /// What a person should look at.
    pub alarms: Vec<Alarm>,
    /// When any shard was last asked for records with success, in ms since 1970; `None`: never in this process.
    pub polled_ms: Option<i64>,
}

impl HealthReport {
    /// Milliseconds until the oldest change that is not archived may be gone for ever, over all shards; not positive:
    /// it may be gone already. `None` while no shard is known.
    #[must_use]
    pub fn loss_clock_ms(&self) -> Option<i64> {
        self.shards.iter().map(|shard| shard.loss_clock_ms).min()
    }

    /// Age of the oldest change that is not archived, in milliseconds; never negative, whatever the clocks say.
    #[must_use]
    pub fn lag_ms(&self) -> Option<i64> {
        self.shards.iter().map(|shard| shard.lag_ms).max()
    }

    /// Why this table is not in order, one sentence each; empty: it is. `loss_clock_min_ms`: less is not in order.
    #[must_use]
    pub fn complaints(&self, loss_clock_min_ms: i64) -> Vec<String> {
        let alarms = self.alarms.iter().map(ToString::to_string);
        let shards = self.shards.iter().filter_map(|shard| shard.complaint(loss_clock_min_ms));
        alarms.chain(shards).collect()
    }
}

impl Health {
    /// What is to be said at `now_ms`.
    #[must_use]
    pub fn report(&self, now_ms: i64) -> HealthReport {
        let state = self.state();
        let shard = |((stream, shard), watched): (&(StreamLabel, ShardId), &Watched)| {
            watched.report(stream.clone(), shard.clone(), now_ms)
        };
        HealthReport {
            shards: state.shards.iter().map(shard).collect(),
            alarms: state.alarms.values().cloned().collect(),
            polled_ms: state.polled_ms,
        }
    }

    /// The requests that reading has cost.
    #[must_use]
    pub fn calls(&self) -> &Arc<Calls> {
        &self.calls
    }

    /// The instant since which every shard that can be read was polled with success; `None`: not all were.
    #[must_use]
    pub fn polled_since_ms(&self) -> Option<i64> {
        let state = self.state();
        if state.shards.is_empty() {
            return None;
        }
        state
            .shards
            .values()
            .map(Watched::polled_through_ms)
            .try_fold(i64::MAX, |least, polled| Some(least.min(polled?)))
    }

    /// Sounds an alarm; one of the same kind is replaced. `true`: it was not sounding.
    pub fn raise(&self, alarm: Alarm) -> bool {
        self.state().alarms.insert(alarm.kind(), alarm).is_none()
    }

    /// Ends the alarm of that kind.
    pub(crate) fn settle(&self, kind: AlarmKind) {
        self.state().alarms.remove(&kind);
    }

    /// A shard that is known and not yet ended; `through_ms`: nothing older is missing in the archive.
    pub(crate) fn known(&self, stream: &StreamLabel, shard: &ShardId, through_ms: i64) {
        self.state()
            .shards
            .entry((stream.clone(), shard.clone()))
            .or_insert_with(|| Watched::new(through_ms));
    }

    /// Everything of a stream is forgotten: it was read to its end, or is begun anew.
    pub(crate) fn forget(&self, stream: &StreamLabel) {
        self.state().shards.retain(|(of, _), _| of != stream);
    }

    /// Changes what is known of one shard.
    pub(crate) fn shard(&self, stream: &StreamLabel, shard: &ShardId, change: impl FnOnce(&mut Watched)) {
        let mut state = self.state();
        let State { shards, polled_ms, .. } = &mut *state;
        if let Some(watched) = shards.get_mut(&(stream.clone(), shard.clone())) {
            change(watched);
            *polled_ms = (*polled_ms).max(watched.polled_ms());
        }
    }

    /// A commit has moved a shard.
    pub(crate) fn committed(&self, stream: &StreamLabel, shard: &ShardId, position: &ShardPosition) {
        if position.done {
            self.state().shards.remove(&(stream.clone(), shard.clone()));
        } else if let Some(last) = position.last {
            self.shard(stream, shard, |watched| watched.committed(last));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a reader tells of a page that it has sent on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PageRead {
    /// When it was asked for.
    pub(crate) asked_ms: i64,
    /// Last record and its time, of a page with records.
    pub(crate) last: Option<(SequenceNumber, Option<i64>)>,
    /// There was nothing more when it was asked for.
    pub(crate) caught_up: bool,
}

#[cfg(test)]
mod tests;
