//! Facts: what a log states besides records (FORMAT.md, "Facts").

use sealog_record::{Gap, OnGap, StartAt, StreamArn, StreamEnd, StreamLabel, TableArn, Timestamp, ViewType};
use serde::{Deserialize, Serialize};

use crate::{ChainError, Decisions, FilterUse, Hash, VerifierKey};

/// One statement of a commit. The JSON member `kind` tells which.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fact {
    /// What the log holds and by which rules it is written; the first fact of commit 0 and of no other.
    Genesis {
        /// `dynamodb-changes`.
        holds: String,
        /// The table.
        table_arn: TableArn,
        /// View type of its stream.
        view_type: ViewType,
        /// Verifier key (C2SP vkey) that signs the first checkpoints.
        key: String,
        /// Rules that the writer promises to keep.
        policies: Policies,
    },
    /// Reading of a stream began.
    StreamOpened {
        /// The stream.
        arn: StreamArn,
        /// Its view type.
        view_type: ViewType,
        /// Where reading began.
        start: StartAt,
        /// An instant before any record was asked for.
        at: Timestamp,
    },
    /// Nothing more will be read from a stream.
    StreamClosed {
        /// The stream.
        stream: StreamLabel,
        /// Why.
        cause: StreamEnd,
        /// When it was noticed.
        at: Timestamp,
    },
    /// A range of changes that can no longer be read.
    Gap(Gap),
    /// A filter judges from this commit on.
    FilterPinned {
        /// The filter; its counts are zero.
        filter: FilterUse,
        /// Component of the same name that it replaces.
        replaces: Option<Hash>,
    },
    /// A filter judges no more.
    FilterRemoved {
        /// Its name.
        name: String,
        /// Its component.
        component: Hash,
    },
    /// A filter was set aside: everything is kept.
    FilterBypassed {
        /// Its name.
        name: String,
        /// Its component.
        component: Hash,
        /// Why.
        reason: String,
    },
    /// Another key signs from the checkpoint over this commit on.
    KeyRotated {
        /// Verifier key that signed until now.
        from: String,
        /// Verifier key that signs from now on.
        to: String,
        /// Base64 of the old key's signature over [`crate::key_rotation_message`].
        signature: String,
    },
    /// Rules changed; these hold from this commit on.
    PolicyChanged {
        /// All rules, changed or not.
        policies: Policies,
    },
    /// Nothing else happened for as long as the policy allows.
    Heartbeat {
        /// Every readable shard was polled with success at or after this instant; `None`: not known.
        polled_since: Option<Timestamp>,
    },
    /// The writer's clock lies behind the previous commit's date, which is repeated.
    ClockWentBack {
        /// What the clock said.
        clock: Timestamp,
    },
    /// A writer began.
    CaptureStarted {},
    /// A writer ended in good order.
    CaptureStopped {
        /// Why.
        cause: StopCause,
    },
    /// Objects of a range of commits are under legal hold.
    HoldAdded {
        /// Name of the hold.
        name: String,
        /// First commit.
        first: u64,
        /// Last commit.
        last: u64,
        /// Why.
        reason: String,
    },
    /// A legal hold was lifted.
    HoldRemoved {
        /// Name of the hold.
        name: String,
        /// Why.
        reason: String,
    },
    /// Nothing follows: the table is gone and all that could be read was. Only in a log's last commit.
    LogClosed {
        /// Why.
        reason: String,
    },
}

impl Fact {
    /// What can be said of a fact without its log.
    pub(crate) fn check(&self) -> Result<(), ChainError> {
        let wrong = |what: &str| Err(ChainError::Malformed(what.to_owned()));
        match self {
            Self::Genesis { holds, key, .. } if holds == HOLDS => VerifierKey::parse(key).map(|_| ()),
            Self::Genesis { .. } => wrong("the genesis holds something unknown"),
            Self::KeyRotated { from, to, .. } => {
                VerifierKey::parse(from).and(VerifierKey::parse(to)).map(|_| ())
            }
            Self::FilterPinned { filter, .. } if filter.decisions != Decisions::default() => {
                wrong("a pinned filter has decided already")
            }
            Self::Gap(gap) if gap.shard.is_none() && (gap.after.is_some() || gap.first.is_some()) => {
                wrong("a gap without shard names records")
            }
            Self::StreamOpened { .. }
            | Self::StreamClosed { .. }
            | Self::Gap(_)
            | Self::FilterPinned { .. }
            | Self::FilterRemoved { .. }
            | Self::FilterBypassed { .. }
            | Self::PolicyChanged { .. }
            | Self::Heartbeat { .. }
            | Self::ClockWentBack { .. }
            | Self::CaptureStarted {}
            | Self::CaptureStopped { .. }
            | Self::HoldAdded { .. }
            | Self::HoldRemoved { .. }
            | Self::LogClosed { .. } => Ok(()),
        }
    }
}

/// What a log of this format holds.
pub const HOLDS: &str = "dynamodb-changes";

/// Rules that a writer promises to keep.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policies {
    /// Most seconds between two commits while capture runs.
    pub heartbeat_seconds: u64,
    /// Retention of each object; `None`: the store has none.
    pub retention: Option<Retention>,
    /// What happens when records can no longer be read.
    pub on_gap: OnGap,
}

/// Retention by S3 Object Lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// Who may shorten it.
    pub mode: RetentionMode,
    /// Days from the writing of an object.
    pub days: u32,
}

/// Object Lock mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RetentionMode {
    /// Nobody may shorten it.
    Compliance,
    /// Principals with a special permission may.
    Governance,
}

/// Why a writer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopCause {
    /// It was asked to.
    Signal,
    /// Every shard was read to its present end, as asked.
    CaughtUp,
    /// It may not go on without a person.
    Halted,
}
