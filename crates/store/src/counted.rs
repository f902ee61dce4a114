//! A store whose calls are counted, for people who watch: how many, how many failed, and whether it answers now.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use crate::{Created, Entry, Object, Replaced, Stat, Store, StoreError, StoreErrorKind, Version, Versioning};

/// A call of a [`Store`], as far as its price differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StoreOperation {
    /// An object that is to stay.
    Create,
    /// An object that may be overwritten.
    Replace,
    /// A whole object or a part.
    Read,
    /// What is known of an object.
    Stat,
    /// Names, folders, versions.
    List,
}

impl StoreOperation {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Create, Self::Replace, Self::Read, Self::Stat, Self::List];

    const fn writes(self) -> bool {
        matches!(self, Self::Create | Self::Replace)
    }

    /// Its name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Replace => "replace",
            Self::Read => "read",
            Self::Stat => "stat",
            Self::List => "list",
        }
    }
}

/// What became of the calls of a store.
#[derive(Debug, Default)]
pub struct StoreCalls {
    counts: [[AtomicU64; 2]; StoreOperation::ALL.len()],
    /// Why the newest write failed, and the newest of all others; `None`: it did not.
    failing: [Mutex<Option<String>>; 2],
}

impl StoreCalls {
    /// Calls that succeeded.
    #[must_use]
    pub fn succeeded(&self, operation: StoreOperation) -> u64 {
        self.get(operation, 0)
    }

    /// Calls that failed, after what the store retries by itself.
    #[must_use]
    pub fn failed(&self, operation: StoreOperation) -> u64 {
        self.get(operation, 1)
    }

    /// What the newest write failed with, or the newest of all other calls; `None`: both succeeded, or there were none.
    #[must_use]
    pub fn failing(&self) -> Option<String> {
        self.failing.iter().find_map(|failing| failing.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn get(&self, operation: StoreOperation, failed: usize) -> u64 {
        let count = self.counts.get(operation as usize).and_then(|counts| counts.get(failed));
        count.map_or(0, |count| count.load(Ordering::Relaxed))
    }

    fn note<T>(&self, operation: StoreOperation, result: Result<T, StoreError>) -> Result<T, StoreError> {
        // That somebody else writes the same name is no failure of the store.
        let error = result.as_ref().err().filter(|error| error.kind != StoreErrorKind::Conflict);
        let counts = self.counts.get(operation as usize);
        if let Some(count) = counts.and_then(|counts| counts.get(usize::from(error.is_some()))) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let set = |failing: &Mutex<Option<String>>| {
            *failing.lock().unwrap_or_else(PoisonError::into_inner) = error.map(ToString::to_string);
        };
        let [writes, others] = &self.failing;
        if operation.writes() {
            set(writes);
        }
        // Who can write reaches the store; who can read need not be able to write.
        if !operation.writes() || error.is_none() {
            set(others);
        }
        result
    }
}

/// A store, with its calls counted.
pub struct Counted {
    store: Arc<dyn Store>,
    calls: Arc<StoreCalls>,
}

impl Counted {
    /// Counts the calls of `store` in `calls`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, calls: Arc<StoreCalls>) -> Self {
        Self { store, calls }
    }
}

#[async_trait]
impl Store for Counted {
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        self.calls.note(StoreOperation::Create, self.store.create(key, bytes).await)
    }

    async fn replace(&self, key: &str, bytes: Bytes, seen: Option<&Object>) -> Result<Replaced, StoreError> {
        self.calls.note(StoreOperation::Replace, self.store.replace(key, bytes, seen).await)
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.calls.note(StoreOperation::Read, self.store.read(key).await)
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Option<Bytes>, StoreError> {
        self.calls.note(StoreOperation::Read, self.store.read_range(key, range).await)
    }

    async fn stat(&self, key: &str) -> Result<Option<Stat>, StoreError> {
        self.calls.note(StoreOperation::Stat, self.store.stat(key).await)
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        self.calls.note(StoreOperation::List, self.store.list(prefix, after).await)
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.calls.note(StoreOperation::List, self.store.folders().await)
    }

    async fn versioning(&self) -> Result<Versioning, StoreError> {
        self.calls.note(StoreOperation::Stat, self.store.versioning().await)
    }

    async fn versions(&self, prefix: &str) -> Result<Vec<Version>, StoreError> {
        self.calls.note(StoreOperation::List, self.store.versions(prefix).await)
    }

    fn describe(&self) -> String {
        self.store.describe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;

    /// Fails with this kind.
    struct Failing(StoreErrorKind);

    #[async_trait]
    impl Store for Failing {
        async fn create(&self, key: &str, _: Bytes) -> Result<Created, StoreError> {
            Err(StoreError::new("create", key, self.0, "said no"))
        }

        async fn replace(&self, key: &str, _: Bytes, _: Option<&Object>) -> Result<Replaced, StoreError> {
            Err(StoreError::new("replace", key, self.0, "said no"))
        }

        async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
            Err(StoreError::new("read", key, self.0, "said no"))
        }

        async fn list(&self, prefix: &str, _: Option<&str>) -> Result<Vec<Entry>, StoreError> {
            Err(StoreError::new("list", prefix, self.0, "said no"))
        }

        async fn folders(&self) -> Result<Vec<String>, StoreError> {
            Err(StoreError::new("list", "", self.0, "said no"))
        }

        fn describe(&self) -> String {
            "failing".to_owned()
        }
    }

    #[tokio::test]
    async fn calls_are_counted_and_the_newest_failure_is_known_until_one_succeeds() {
        let calls = Arc::new(StoreCalls::default());
        let good = Counted::new(Arc::new(Memory::default()), Arc::clone(&calls));
        let bad = Counted::new(Arc::new(Failing(StoreErrorKind::Unknown)), Arc::clone(&calls));
        let busy = Counted::new(Arc::new(Failing(StoreErrorKind::Conflict)), Arc::clone(&calls));
        let bytes = || Bytes::from_static(b"x");

        good.create("a", bytes()).await.unwrap();
        good.read("a").await.unwrap().unwrap();
        good.read_range("a", 0..1).await.unwrap().unwrap();
        assert_eq!((calls.failing(), calls.succeeded(StoreOperation::Read)), (None, 2));
        bad.create("b", bytes()).await.unwrap_err();
        assert_eq!(calls.failing().as_deref(), Some("create b: said no"));
        assert_eq!((calls.succeeded(StoreOperation::Create), calls.failed(StoreOperation::Create)), (1, 1));
        good.read("a").await.unwrap().unwrap();
        assert!(calls.failing().is_some(), "that it can be read does not mean that it can be written");
        busy.create("b", bytes()).await.unwrap_err();
        assert_eq!((calls.failing(), calls.failed(StoreOperation::Create)), (None, 1));
        bad.folders().await.unwrap_err();
        good.stat("a").await.unwrap();
        assert_eq!((calls.failing(), calls.failed(StoreOperation::List)), (None, 1));
        bad.folders().await.unwrap_err();
        good.create("c", bytes()).await.unwrap();
        assert_eq!(calls.failing(), None, "a store that is written is there");
    }
}
