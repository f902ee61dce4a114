//! What can no longer be read, admitted in writing.

use serde::{Deserialize, Serialize};

use crate::{SequenceNumber, ShardId, StreamLabel, Timestamp};

/// A range of changes that happened and cannot be archived any more.
///
/// Declared in the chain before reading goes on; see `FORMAT.md`, "Facts".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// The stream it lies in.
    pub stream: StreamLabel,
    /// The shard it lies in; `None` when it spans a whole stream or the time between two streams.
    pub shard: Option<ShardId>,
    /// Last record known before the gap (exclusive); `None`: nothing of the shard was ever read.
    pub after: Option<SequenceNumber>,
    /// First record after the gap (inclusive); `None`: not known, or the rest of the shard is lost.
    pub first: Option<SequenceNumber>,
    /// Why it cannot be read.
    pub cause: GapCause,
    /// Whether the shard ends with the gap: nothing more of it can be read.
    pub ends_shard: bool,
    /// When it was noticed.
    pub noticed_at: Timestamp,
}

/// What happens when changes can no longer be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnGap {
    /// The table stops until a person decides.
    #[default]
    Halt,
    /// The gap is declared and reading goes on.
    RecordAndContinue,
}

/// Why a range cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GapCause {
    /// The service trimmed records that had not been read (`TrimmedDataAccessException`).
    Trimmed,
    /// The shard is no longer listed or found, and its end had not been committed.
    ShardVanished,
    /// A parent was trimmed before it was read.
    ParentVanished,
    /// The stream is no longer found, and it had not been read to its end.
    StreamVanished,
    /// The stream was off between two ARNs: changes of that time were never recorded.
    StreamDisabled,
}

impl GapCause {
    /// The word that stands in a commit.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trimmed => "trimmed",
            Self::ShardVanished => "shard_vanished",
            Self::ParentVanished => "parent_vanished",
            Self::StreamVanished => "stream_vanished",
            Self::StreamDisabled => "stream_disabled",
        }
    }
}
