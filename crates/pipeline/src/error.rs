//! Why a pipeline stopped.

use std::path::PathBuf;

use sealog_batch::BatchError;
use sealog_chain::ChainError;
use sealog_filter::Halted;
use sealog_source::{ServiceErrorKind, SourceError, SourceErrorKind};
use sealog_store::{LogError, StoreError, StoreErrorKind};

/// Why a table is no longer archived. What was committed before stays good; a restart goes on behind it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// Reading ended.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The archive could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Rows could not be encoded; a defect.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// A commit could not be made; a defect.
    #[error("a commit could not be made: {0}; restart, and report it")]
    Chain(#[from] ChainError),
    /// The log holds another table.
    #[error("log {log} holds {held}, and this is {table}: give the table another name with `log = \"…\"`")]
    OtherTable {
        /// The log.
        log: String,
        /// The table it holds.
        held: String,
        /// The table to be archived.
        table: String,
    },
    /// The log is signed with another key.
    #[error("log {log} is signed by {expected}, and the configured key is {found}: configure the right key")]
    OtherKey {
        /// The log.
        log: String,
        /// Key in force.
        expected: String,
        /// Key configured.
        found: String,
    },
    /// The log says that nothing follows.
    #[error("log {0} was closed; archive the table under another name with `log = \"…\"`")]
    Closed(String),
    /// This process stood still while another one read on, and what lies between the two may be missing here.
    #[error(
        "shard {0} was read further by another process while this one stood still, and records between may be missing \
         here: nothing of it was committed; restart, and reading goes on where the log stands"
    )]
    Overtaken(String),
    /// The signing key cannot be used.
    #[error("signing key {file}: {problem}")]
    Key {
        /// Its file.
        file: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The signing key cannot be used now.
    #[error("signing key {key}: {problem}")]
    Signing {
        /// How the configuration names it.
        key: String,
        /// What is wrong and what to do.
        problem: String,
        /// Whether it may be otherwise in a while.
        may_pass: bool,
    },
    /// The key of a log cannot be replaced as asked.
    #[error("log {log}: the key cannot be rotated: {problem}")]
    Rotation {
        /// The log.
        log: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A legal hold cannot be set or lifted as asked.
    #[error("hold {name:?} of log {log}: {problem}")]
    Hold {
        /// The log.
        log: String,
        /// Name of the hold.
        name: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A filter cannot be used as it is configured.
    #[error("{}: {problem}", .filter.as_deref().map_or_else(|| "filters".to_owned(), |filter| format!("filter {filter}")))]
    Filter {
        /// Which one, as the configuration names it.
        filter: Option<String>,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A filter failed that is to halt its table then.
    #[error(
        "{0}; nothing of that record was archived: mend the filter, or let on_fault = \"keep\" archive the record and flag it"
    )]
    FilterHalted(Box<Halted>),
    /// A task of ours died; a defect.
    #[error("a task failed: {0}; restart, and report it")]
    Defect(String),
}

/// What to do about a [`PipelineError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Remedy {
    /// Start again; it may have passed.
    TryAgain,
    /// A service cannot be reached or does not allow it, or a person has to decide.
    CallAPerson,
    /// The configuration is wrong.
    Configure,
}

impl PipelineError {
    /// Whether a table that was at work before may be started again without a person.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Source(error) => error.kind() == SourceErrorKind::Retry,
            // A permission that was there may come back, and so may a disk.
            Self::Store(error) | Self::Log(LogError::Store(error)) => {
                error.kind.may_pass()
                    || matches!(error.kind, StoreErrorKind::Forbidden | StoreErrorKind::NoCredentials)
            }
            Self::Signing { may_pass, .. } => *may_pass,
            Self::Defect(_) | Self::Overtaken(_) => true,
            Self::Log(_)
            | Self::Batch(_)
            | Self::Chain(_)
            | Self::OtherTable { .. }
            | Self::OtherKey { .. }
            | Self::Closed(_)
            | Self::Key { .. }
            | Self::Rotation { .. }
            | Self::Hold { .. }
            | Self::Filter { .. }
            | Self::FilterHalted(_) => false,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Source(SourceError::TableWithoutStream { .. } | SourceError::ViewType { .. }) => {
                Remedy::Configure
            }
            Self::Source(SourceError::Service { source, .. })
                if matches!(source.kind, ServiceErrorKind::NoRegion | ServiceErrorKind::NoCredentials) =>
            {
                Remedy::Configure
            }
            Self::Source(error) => match error.kind() {
                SourceErrorKind::Retry => Remedy::CallAPerson,
                SourceErrorKind::Stop | SourceErrorKind::CallAPerson => Remedy::CallAPerson,
            },
            Self::Store(error) | Self::Log(LogError::Store(error)) if error.kind == StoreErrorKind::Full => {
                Remedy::TryAgain
            }
            Self::Defect(_) | Self::Overtaken(_) => Remedy::TryAgain,
            Self::OtherTable { .. }
            | Self::OtherKey { .. }
            | Self::Closed(_)
            | Self::Key { .. }
            | Self::Rotation { .. }
            | Self::Hold { .. }
            | Self::Filter { .. } => Remedy::Configure,
            Self::Signing { .. } | Self::FilterHalted(_) => Remedy::CallAPerson,
            Self::Log(_) | Self::Store(_) | Self::Batch(_) | Self::Chain(_) => Remedy::CallAPerson,
        }
    }
}
