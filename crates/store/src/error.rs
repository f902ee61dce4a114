//! What a store says when it cannot do as asked.

/// A call on a store that did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{operation} {key}: {message}")]
pub struct StoreError {
    /// What was asked, such as `create`.
    pub operation: &'static str,
    /// The object, or the prefix of a listing.
    pub key: String,
    /// What it means for the caller.
    pub kind: StoreErrorKind,
    /// What happened and what to do, for people.
    pub message: String,
}

/// What an error means for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Another request for the same name is under way (S3's 409): ask again.
    Conflict,
    /// Time-out, reset, 5xx: it may or may not have taken effect. Read back and decide by the bytes.
    Unknown,
    /// Not permitted; nothing took effect. A person must change a permission.
    Forbidden,
    /// No credentials; nothing took effect.
    NoCredentials,
    /// The bucket or directory is not there, or cannot be reached under this name or region.
    Gone,
    /// No space left; nothing took effect. Goes on by itself once there is.
    Full,
    /// The request makes no sense to the store; trying again will not help.
    Invalid,
}

impl StoreErrorKind {
    /// Whether asking again later may succeed without a person doing anything to Sealog.
    #[must_use]
    pub fn may_pass(self) -> bool {
        match self {
            Self::Conflict | Self::Unknown | Self::Full => true,
            Self::Forbidden | Self::NoCredentials | Self::Gone | Self::Invalid => false,
        }
    }
}

impl StoreError {
    pub(crate) fn new(
        operation: &'static str,
        key: impl Into<String>,
        kind: StoreErrorKind,
        message: impl Into<String>,
    ) -> Self {
        Self { operation, key: key.into(), kind, message: message.into() }
    }
}
