//! Why a table is no longer read.

use sealog_record::{Gap, SequenceNumber, ShardId, StreamArn, StreamLabel, ViewType};

use crate::{PageError, ServiceError, ServiceErrorClass, ServiceErrorKind};

/// Reading of a table ended. Everything sent before it may be committed; nothing was skipped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// The table has no stream that could be read.
    #[error("table {table} has no stream: switch it on with view type NEW_AND_OLD_IMAGES, then start again")]
    TableWithoutStream {
        /// The table's name.
        table: String,
    },
    /// The stream shows less of each change than the configuration demands.
    #[error(
        "stream {stream} has view type {found}, and the configuration requires {required}: switch the stream off and on \
         again with {required}, or change require_view_type"
    )]
    ViewType {
        /// The stream.
        stream: StreamArn,
        /// What it writes.
        found: ViewType,
        /// What is demanded.
        required: ViewType,
    },
    /// A call failed for good, or the service could never be reached.
    #[error("table {table}: {source}")]
    Service {
        /// The table's name.
        table: String,
        /// What the service said.
        source: ServiceError,
    },
    /// A reply to `GetRecords` that cannot be understood.
    #[error(
        "shard {shard} of stream {stream} stopped after {}: {source}. Nothing was skipped. Restart; if it stays, keep \
         the reply and report it", position(after.as_ref())
    )]
    MalformedPage {
        /// The stream.
        stream: StreamLabel,
        /// The shard.
        shard: ShardId,
        /// Last record read before.
        after: Option<SequenceNumber>,
        /// What is wrong with it.
        source: PageError,
    },
    /// Records of a page do not follow each other.
    #[error(
        "shard {shard} of stream {stream} stopped: record {found} came after {after}. Nothing was skipped. Restart; if \
         it stays, report it"
    )]
    OutOfOrder {
        /// The stream.
        stream: StreamLabel,
        /// The shard.
        shard: ShardId,
        /// The record before it in the page.
        after: SequenceNumber,
        /// The record that should have been greater.
        found: SequenceNumber,
    },
    /// A complete listing cannot be had: the service sent the same cursor twice.
    #[error(
        "stream {stream}: the listing of its shards came to {cursor} twice. Restart; if it stays, report it"
    )]
    RepeatedCursor {
        /// The stream.
        stream: StreamLabel,
        /// The cursor.
        cursor: ShardId,
    },
    /// Changes are lost, and `on_gap = "halt"`.
    #[error(
        "changes are lost ({}) in stream {}, {}, after {}; first that is there: {}. Look into it, then set on_gap = \
         \"record-and-continue\" for this table to have `sealog run` record the gap and go on",
        .0.cause.as_str(), .0.stream, shard(.0), position(.0.after.as_ref()), position(.0.first.as_ref())
    )]
    GapHalted(Box<Gap>),
    /// Nobody takes the events any more.
    #[error("the pipeline stopped taking records")]
    PipelineClosed,
    /// A task of ours died; a defect.
    #[error("a reader task of table {table} failed: {message}. Restart, and report it")]
    Defect {
        /// The table's name.
        table: String,
        /// What is known.
        message: String,
    },
}

/// What to do about a [`SourceError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceErrorKind {
    /// It passes: start reading again after a while.
    Retry,
    /// The other side has stopped; so do we.
    Stop,
    /// Starting again does not help before somebody has changed something.
    CallAPerson,
}

impl SourceError {
    /// Whether one shard alone cannot be read, because of what the service answers about it. Others can.
    pub(crate) const fn is_about_one_shard(&self) -> bool {
        match self {
            Self::MalformedPage { .. } | Self::OutOfOrder { .. } => true,
            Self::Service { source, .. } => {
                matches!(source.kind, ServiceErrorKind::Malformed | ServiceErrorKind::Invalid)
            }
            Self::TableWithoutStream { .. }
            | Self::ViewType { .. }
            | Self::RepeatedCursor { .. }
            | Self::GapHalted(_)
            | Self::PipelineClosed
            | Self::Defect { .. } => false,
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn kind(&self) -> SourceErrorKind {
        match self {
            Self::Service { source, .. } => match source.kind.class() {
                ServiceErrorClass::Retry => SourceErrorKind::Retry,
                ServiceErrorClass::Stop => SourceErrorKind::CallAPerson,
            },
            Self::PipelineClosed => SourceErrorKind::Stop,
            Self::Defect { .. } | Self::RepeatedCursor { .. } => SourceErrorKind::Retry,
            Self::TableWithoutStream { .. }
            | Self::ViewType { .. }
            | Self::MalformedPage { .. }
            | Self::OutOfOrder { .. }
            | Self::GapHalted(_) => SourceErrorKind::CallAPerson,
        }
    }
}

fn position(number: Option<&SequenceNumber>) -> String {
    number.map_or_else(|| "(none)".to_owned(), |number| format!("record {number}"))
}

fn shard(gap: &Gap) -> String {
    gap.shard.as_ref().map_or_else(|| "the whole stream".to_owned(), |shard| format!("shard {shard}"))
}
