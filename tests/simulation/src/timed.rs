//! A store that takes its time and notes when each call began and ended.

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sealog_source::Clock;
use sealog_store::{Created, Entry, Object, Replaced, Store, StoreError};

/// One call, in milliseconds of the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What was asked, such as `create`.
    pub operation: &'static str,
    /// Of which object.
    pub key: String,
    /// When it was sent.
    pub began_ms: i64,
    /// When its reply was there.
    pub ended_ms: i64,
}

impl Call {
    /// Whether there was a moment at which both were under way.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.began_ms < other.ended_ms && other.began_ms < self.ended_ms
    }
}

/// Notes what is asked of `inner`.
pub struct Timed {
    inner: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    way: Duration,
    calls: Mutex<Vec<Call>>,
}

impl Timed {
    /// Each call takes `way` to get there, and nothing to get back.
    #[must_use]
    pub fn new(inner: Arc<dyn Store>, clock: Arc<dyn Clock>, way: Duration) -> Self {
        Self { inner, clock, way, calls: Mutex::default() }
    }

    /// What ended, in the order in which it did.
    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    async fn around<T>(
        &self,
        operation: &'static str,
        key: &str,
        act: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let began_ms = self.clock.now_ms();
        if !self.way.is_zero() {
            self.clock.sleep(self.way).await;
        }
        let done = act.await;
        let call = Call { operation, key: key.to_owned(), began_ms, ended_ms: self.clock.now_ms() };
        self.calls.lock().unwrap().push(call);
        done
    }
}

#[async_trait]
impl Store for Timed {
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        self.around("create", key, self.inner.create(key, bytes)).await
    }

    async fn replace(&self, key: &str, bytes: Bytes, seen: Option<&Object>) -> Result<Replaced, StoreError> {
        self.around("replace", key, self.inner.replace(key, bytes, seen)).await
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.around("read", key, self.inner.read(key)).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        self.around("list", prefix, self.inner.list(prefix, after)).await
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.around("folders", "", self.inner.folders()).await
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}
