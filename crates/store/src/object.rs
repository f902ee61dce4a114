//! What is stored and what is said about it.

use bytes::Bytes;
use sealog_chain::Hash;

use crate::{StoreError, StoreErrorKind};

/// An object as it was read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its version, in a store that has versions.
    pub version_id: Option<String>,
    /// The store's own mark of these bytes, in a store that has one (S3's ETag). It means nothing but sameness.
    pub etag: Option<String>,
}

impl Object {
    /// An object of a store without versions and marks.
    #[must_use]
    pub fn plain(bytes: Bytes) -> Self {
        Self { bytes, version_id: None, etag: None }
    }
}

/// What a store says of an object without giving its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// Its size in bytes.
    pub bytes: u64,
    /// SHA-256 of the whole object, as the store computed it when it took the bytes; `None`: the store keeps none, or none
    /// of this object.
    pub sha256: Option<Hash>,
}

/// An object that was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its whole name.
    pub key: String,
    /// Its size in bytes.
    pub bytes: u64,
}

/// What a create-only write found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Created {
    /// The object is ours and durable.
    New {
        /// Its version, in a store that has versions.
        version_id: Option<String>,
    },
    /// There is one already; nothing was changed. It may be ours from a reply that was lost: read it.
    Exists,
}

/// What a conditional overwrite found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replaced {
    /// It is written and durable. What the next overwrite names as seen.
    Done(Object),
    /// What lies there is not what was seen; nothing was changed. It may be ours from a reply that was lost: read it.
    Changed,
}

/// Whether a store keeps what is overwritten or deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Versioning {
    /// It has no versions.
    Never,
    /// Every version is kept.
    Enabled,
    /// It did once; what is overwritten now is lost.
    Suspended,
}

/// One version of an object, or the mark of its deletion.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// Whole name of the object.
    pub key: String,
    /// The version.
    pub version_id: String,
    /// Whether it marks a deletion instead of holding bytes.
    pub is_marker: bool,
    /// Whether it is what a reader gets.
    pub is_latest: bool,
}

/// Whether a name may be removed: it lies in the lake of a log.
pub(crate) fn is_removable(key: &str) -> bool {
    let inner = key.split_once('/').is_some_and(|(log, rest)| !log.is_empty() && rest.starts_with("lake/"));
    inner && !key.split('/').any(|part| part.is_empty() || part == "." || part == "..")
}

/// What is answered to who would remove anything else.
pub(crate) fn never_removed(key: &str) -> StoreError {
    StoreError::new(
        "remove",
        key,
        StoreErrorKind::Invalid,
        "only files of a log's lake may be removed; this is a defect, report it",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_in_a_lake_may_be_removed() {
        assert!(is_removable("orders/lake/fresh/dt=2026-11-22/00000000000000000042.parquet"));
        for key in [
            "orders/commits/00000000000000000042.json",
            "orders/evidence/x.parquet",
            "orders/lake",
            "orders/lakes/x",
            "orders/lake/../commits/00000000000000000042.json",
            "orders/lake//x",
            "/lake/x",
            "lake/x",
            "orders/commits/lake/x",
        ] {
            assert!(!is_removable(key), "{key}");
        }
    }
}
