//! The bucket: create-only objects, the commit protocol over them, and reading back.
//!
//! [`Store`] is the seam; [`Directory`], [`S3`] and [`Memory`] stand behind it and pass one conformance suite. [`Log`]
//! is the commit protocol of `crates/chain/FORMAT.md`, section 7. What this room promises: an object that was
//! acknowledged stays as it is, two writers never both create one name, and an unclear outcome is reported as unclear,
//! never as success or failure. It never sleeps and never retries beyond what the AWS SDK does; callers decide.

mod directory;
mod error;
mod location;
mod log;
mod memory;
mod s3;

#[cfg(test)]
mod conformance;

use async_trait::async_trait;
use bytes::Bytes;

pub use directory::Directory;
pub use error::{StoreError, StoreErrorKind};
pub use location::{Location, LocationError};
pub use log::{CommitOutcome, Log, LogError};
pub use memory::Memory;
pub use s3::S3;

/// An object that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its bytes.
    pub bytes: Bytes,
    /// Its version, in a store that has versions.
    pub version_id: Option<String>,
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

/// Where objects are kept. Names are relative to the archive, with `/` between parts.
///
/// Reads see what was acknowledged before they began (S3 and local file systems both promise it).
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Creates an object if and only if there is none. Durable when it returns.
    ///
    /// # Errors
    /// [`StoreErrorKind::Conflict`] and [`StoreErrorKind::Unknown`] leave open whether the object exists.
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError>;

    /// Writes an object over whatever is there. Durable when it returns; readers see the old or the new, never a mixture.
    ///
    /// # Errors
    /// As for [`Store::create`].
    async fn replace(&self, key: &str, bytes: Bytes) -> Result<(), StoreError>;

    /// Reads an object; `None` when there is none.
    ///
    /// # Errors
    /// Any kind but `Conflict`.
    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError>;

    /// Lists the objects whose names begin with `prefix` and lie behind `after`, in order of name.
    ///
    /// # Errors
    /// Any kind but `Conflict`; a listing is whole or an error.
    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError>;

    /// Lists the names directly under the archive that hold further names, in order.
    ///
    /// # Errors
    /// As for [`Store::list`].
    async fn folders(&self) -> Result<Vec<String>, StoreError>;

    /// Where this is, for people.
    fn describe(&self) -> String;
}
