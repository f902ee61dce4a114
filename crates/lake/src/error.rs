//! What can go wrong between an archive and its lake.

use sealog_batch::BatchError;
use sealog_chain::ChainError;
use sealog_store::{LogError, StoreError};

/// Why a lake could not be written or read on. Evidence is never touched by it: nothing is lost, and the same call again goes
/// on where this one ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LakeError {
    /// The store did not do as asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A commit is none, or does not belong where it lies.
    #[error("commit {number}: {source}; run `sealog verify`")]
    Commit {
        /// Its number.
        number: u64,
        /// What is wrong.
        source: ChainError,
    },
    /// Evidence that a commit names is not there, or is not what it names.
    #[error("{key}, which commit {number} names, is {what}; run `sealog verify`")]
    Evidence {
        /// The commit.
        number: u64,
        /// The object.
        key: String,
        /// `missing` or `changed`.
        what: &'static str,
    },
    /// Evidence that cannot be decoded.
    #[error("{key}: {source}; run `sealog verify`")]
    Unreadable {
        /// The object.
        key: String,
        /// What is wrong.
        source: BatchError,
    },
    /// A file of the lake that is not what it should be.
    #[error("{key}: {what}; the lake is derived: `sealog lake rebuild` makes it anew")]
    Broken {
        /// The file.
        key: String,
        /// What is wrong.
        what: String,
    },
    /// Rows could not be encoded; a defect.
    #[error("rows could not be encoded: {0}; report it")]
    Encode(String),
    /// The local disk did not do as asked.
    #[error("temporary file in {folder}: {source}; name a folder with room with --spill")]
    Spill {
        /// Where it was to lie.
        folder: String,
        /// What happened.
        source: std::io::Error,
    },
}

impl LakeError {
    /// Whether asking again later may succeed without a person.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Store(error) => error.kind.may_pass(),
            Self::Spill { .. } => true,
            Self::Commit { .. }
            | Self::Evidence { .. }
            | Self::Unreadable { .. }
            | Self::Broken { .. }
            | Self::Encode(_) => false,
        }
    }
}

impl From<parquet::errors::ParquetError> for LakeError {
    fn from(error: parquet::errors::ParquetError) -> Self {
        Self::Encode(error.to_string())
    }
}

impl From<arrow::error::ArrowError> for LakeError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Encode(error.to_string())
    }
}

/// A task that died gave no result; a defect.
pub(crate) fn died(error: tokio::task::JoinError) -> LakeError {
    LakeError::Encode(error.to_string())
}

/// A log that cannot be read as a whole has no lake.
impl From<LogError> for LakeError {
    #[expect(clippy::wildcard_enum_match_arm, reason = "more ways to fail may come")]
    fn from(error: LogError) -> Self {
        match error {
            LogError::Store(error) => Self::Store(error),
            LogError::Chain { number, source, .. } => Self::Commit { number, source },
            other => Self::Encode(other.to_string()),
        }
    }
}
