//! A store that is only read, with what was read counted.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use sealog_store::{Created, Entry, Object, Replaced, Stat, Store, StoreError, StoreErrorKind};

/// What was read, and of how much.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// Files that could answer.
    pub files: u64,
    /// Files of which something was read to answer.
    pub opened: u64,
    /// Bytes read, opening the session included.
    pub bytes: u64,
    /// Bytes of all files that could answer.
    pub bytes_of: u64,
    /// Requests to the store, listings included.
    pub requests: u64,
}

/// Counts for one session.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    requests: AtomicU64,
    bytes: AtomicU64,
    files: AtomicU64,
    bytes_of: AtomicU64,
    opened: Mutex<BTreeSet<String>>,
}

impl Meter {
    /// Files that a query may have to read.
    pub(crate) fn known(&self, files: u64, bytes: u64) {
        self.files.fetch_add(files, Ordering::Relaxed);
        self.bytes_of.fetch_add(bytes, Ordering::Relaxed);
    }

    /// What was read until now was read to open the session: from here on files are opened to answer.
    pub(crate) fn begin(&self) {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn requested(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    fn read(&self, key: &str, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if !opened.contains(key) {
            opened.insert(key.to_owned());
        }
    }

    pub(crate) fn reading(&self) -> Reading {
        let get = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Reading {
            files: get(&self.files),
            opened: self.opened.lock().unwrap_or_else(PoisonError::into_inner).len() as u64,
            bytes: get(&self.bytes),
            bytes_of: get(&self.bytes_of),
            requests: get(&self.requests),
        }
    }
}

/// A store whose reads are counted; it refuses to write.
pub(crate) struct Metered {
    store: Arc<dyn Store>,
    meter: Arc<Meter>,
}

impl Metered {
    pub(crate) fn new(store: Arc<dyn Store>, meter: Arc<Meter>) -> Self {
        Self { store, meter }
    }
}

fn refused(operation: &'static str, key: &str) -> StoreError {
    StoreError {
        operation,
        key: key.to_owned(),
        kind: StoreErrorKind::Invalid,
        message: "a query never writes; this is a defect, report it".to_owned(),
    }
}

#[async_trait]
impl Store for Metered {
    async fn create(&self, key: &str, _: Bytes) -> Result<Created, StoreError> {
        Err(refused("create", key))
    }

    async fn replace(&self, key: &str, _: Bytes, _: Option<&Object>) -> Result<Replaced, StoreError> {
        Err(refused("replace", key))
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.meter.requested();
        let object = self.store.read(key).await?;
        if let Some(object) = &object {
            self.meter.read(key, object.bytes.len());
        }
        Ok(object)
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Option<Bytes>, StoreError> {
        self.meter.requested();
        let bytes = self.store.read_range(key, range).await?;
        if let Some(bytes) = &bytes {
            self.meter.read(key, bytes.len());
        }
        Ok(bytes)
    }

    async fn stat(&self, key: &str) -> Result<Option<Stat>, StoreError> {
        self.meter.requested();
        self.store.stat(key).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        self.meter.requested();
        self.store.list(prefix, after).await
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.meter.requested();
        self.store.folders().await
    }

    fn describe(&self) -> String {
        self.store.describe()
    }
}
