//! The bucket: create-only objects, the commit protocol over them, and reading back.
//!
//! [`Store`] is the seam; [`Directory`], [`S3`] and [`Memory`] stand behind it and pass one conformance suite. [`Log`]
//! is the commit protocol of `crates/chain/FORMAT.md`, section 7. What this room promises: an object that was
//! acknowledged stays as it is, two writers never both create one name, and an unclear outcome is reported as unclear,
//! never as success or failure. It never sleeps and never retries beyond what [`S3`] states; callers decide.

mod counted;
mod directory;
mod error;
mod filesystem;
mod location;
mod log;
mod memory;
mod object;
mod s3;
mod snapshot;
mod tiles;

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

pub use counted::{Counted, StoreCalls, StoreOperation};
pub use directory::Directory;
pub use error::{StoreError, StoreErrorKind};
pub use location::{Location, LocationError};
pub use log::{Log, LogError, Settled};
pub use memory::Memory;
pub use object::{Created, Entry, Object, Replaced, Stat, Version, Versioning};
pub use s3::{Aspect, Canary, Encryption, Retaining, S3, S3Options, State};
pub use tiles::TilesFrom;

/// Where objects are kept. Names are relative to the archive, with `/` between parts.
///
/// Reads see what was acknowledged before they began (S3 and local file systems both promise it).
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Creates an object that is to stay, if and only if there is none. Durable when it returns, and retained where the
    /// store was opened with retention.
    ///
    /// # Errors
    /// [`StoreErrorKind::Conflict`] and [`StoreErrorKind::Unknown`] leave open whether the object exists.
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError>;

    /// Writes an object if what lies there is still what was `seen`; `None`: nothing. Durable when it returns; readers
    /// see the old or the new, never a mixture. It is not retained.
    ///
    /// # Errors
    /// As for [`Store::create`].
    async fn replace(&self, key: &str, bytes: Bytes, seen: Option<&Object>) -> Result<Replaced, StoreError>;

    /// Reads an object; `None` when there is none.
    ///
    /// # Errors
    /// Any kind but `Conflict`.
    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError>;

    /// Reads some bytes of an object: those of `range` that it has. `None` when there is no object.
    ///
    /// # Errors
    /// As for [`Store::read`].
    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Option<Bytes>, StoreError> {
        let Some(object) = self.read(key).await? else { return Ok(None) };
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(object.bytes.len());
        let (start, end) = (place(range.start), place(range.end));
        Ok(Some(object.bytes.slice(start.min(end)..end)))
    }

    /// What is known of an object without reading it; `None` when there is none.
    ///
    /// # Errors
    /// As for [`Store::read`].
    async fn stat(&self, key: &str) -> Result<Option<Stat>, StoreError> {
        let entries = self.list(key, None).await?;
        let found = entries.into_iter().find(|entry| entry.key == key);
        Ok(found.map(|entry| Stat { bytes: entry.bytes, sha256: None }))
    }

    /// Lists the objects whose names begin with `prefix` and lie behind `after`, in order of name.
    ///
    /// # Errors
    /// Any kind but `Conflict`; a listing is whole or an error.
    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError>;

    /// Removes a derived object, `<log>/lake/…`; one that is not there is removed already. Whatever it holds can be made anew.
    ///
    /// # Errors
    /// [`StoreErrorKind::Invalid`] for any other name: nothing else is ever removed. Else as for [`Store::read`].
    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        Err(object::never_removed(key))
    }

    /// Lists the names directly under the archive that hold further names, in order.
    ///
    /// # Errors
    /// As for [`Store::list`].
    async fn folders(&self) -> Result<Vec<String>, StoreError>;

    /// Whether it keeps what is overwritten or deleted.
    ///
    /// # Errors
    /// As for [`Store::list`].
    async fn versioning(&self) -> Result<Versioning, StoreError> {
        Ok(Versioning::Never)
    }

    /// Every version and deletion of the objects whose names begin with `prefix`, in order of name; none in a store that
    /// has no versions.
    ///
    /// # Errors
    /// As for [`Store::list`].
    async fn versions(&self, _prefix: &str) -> Result<Vec<Version>, StoreError> {
        Ok(Vec::new())
    }

    /// Where this is, for people.
    fn describe(&self) -> String;
}
