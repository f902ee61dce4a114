//! What can go wrong with a question, for people.

use datafusion::error::DataFusionError;
use sealog_lake::LakeError;
use sealog_store::StoreError;

/// Why a question was not answered, or not to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueryError {
    /// The store did not do as asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The archive or its lake is not what it should be.
    #[error(transparent)]
    Lake(LakeError),
    /// The log holds no commits.
    #[error("there is no log {0} in this archive; `sealog status` lists the logs that are there")]
    NoLog(String),
    /// The log has no lake.
    #[error(
        "log {0} has no lake; ask the evidence itself with --evidence (slower), or make a lake: `sealog lake publish`, or \
         `sealog run` with [lake] in its configuration"
    )]
    NoLake(String),
    /// The log holds nothing of what was asked about.
    #[error("{0}")]
    Nothing(String),
    /// The question is no query, or does not fit the tables.
    #[error("{0}")]
    Question(String),
    /// More memory was needed than there may be used, and it could not be moved to disk.
    #[error(
        "the question needs more memory than it may use: {0}; raise --memory, or ask for fewer rows or columns"
    )]
    Memory(String),
    /// It failed while it ran.
    #[error("{0}")]
    Failed(String),
}

impl QueryError {
    /// Whether asking again later may succeed without a person.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Store(error) => error.kind.may_pass(),
            Self::Lake(error) => error.may_pass(),
            Self::NoLog(_)
            | Self::NoLake(_)
            | Self::Nothing(_)
            | Self::Question(_)
            | Self::Memory(_)
            | Self::Failed(_) => false,
        }
    }
}

impl From<LakeError> for QueryError {
    fn from(error: LakeError) -> Self {
        if let LakeError::Store(error) = error { Self::Store(error) } else { Self::Lake(error) }
    }
}

/// As they come out of a stream.
impl From<DataFusionError> for QueryError {
    fn from(error: DataFusionError) -> Self {
        if let Some(known) = ours(&error) {
            return known;
        }
        let root = error.find_root();
        let said = plain(root.message().as_ref());
        #[expect(
            clippy::wildcard_enum_match_arm,
            reason = "an open set: whatever is not the question's fault"
        )]
        match root {
            DataFusionError::ResourcesExhausted(_) => Self::Memory(said),
            DataFusionError::SQL(..)
            | DataFusionError::Plan(_)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Diagnostic(..)
            | DataFusionError::Configuration(_) => Self::Question(said),
            _ => Self::Failed(said),
        }
    }
}

/// An error of ours that went through other hands.
fn ours(error: &DataFusionError) -> Option<QueryError> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        if let Some(error) = error.downcast_ref::<StoreError>() {
            return Some(QueryError::Store(error.clone()));
        }
        if let Some(error) = error.downcast_ref::<LakeError>() {
            return Some(QueryError::Failed(error.to_string()));
        }
        next = error.source();
    }
    None
}

/// Without what only its authors need.
fn plain(text: &str) -> String {
    let (text, _) = text.split_once("\n\nbacktrace:").unwrap_or((text, ""));
    text.trim().replace('\n', " ")
}
