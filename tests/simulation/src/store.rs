//! Stores that fail on cue.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sealog_source::Clock;
use sealog_store::{Created, Entry, Memory, Object, Replaced, Store, StoreError, StoreErrorKind};
use tokio::sync::Notify;

use crate::Rng;

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It fails and took no effect.
    Refuse(StoreErrorKind),
    /// It took effect, and the reply says otherwise.
    Lose(StoreErrorKind),
    /// It took effect, its reply is lost, and who looks what became of it sees nothing the first time.
    LoseBlindly,
    /// The process dies before it.
    CrashBefore,
    /// The process dies when it has taken effect.
    CrashAfter,
}

impl Fault {
    /// Each of them.
    pub const ALL: [Self; 7] = [
        Self::Refuse(StoreErrorKind::Unknown),
        Self::Refuse(StoreErrorKind::Conflict),
        Self::Lose(StoreErrorKind::Unknown),
        Self::Lose(StoreErrorKind::Conflict),
        Self::LoseBlindly,
        Self::CrashBefore,
        Self::CrashAfter,
    ];
}

/// Counts calls, and lets one of them fail.
pub struct Faulty {
    inner: Arc<Memory>,
    plan: Option<(usize, Fault)>,
    calls: AtomicUsize,
    crashed: Notify,
    names: Mutex<Vec<String>>,
    /// What the next reader is not shown.
    hidden: Mutex<Option<String>>,
}

impl Faulty {
    /// The call of this number, counted from 0, meets this fault.
    #[must_use]
    pub fn new(inner: Arc<Memory>, plan: Option<(usize, Fault)>) -> Self {
        Self {
            inner,
            plan,
            calls: AtomicUsize::new(0),
            crashed: Notify::new(),
            names: Mutex::default(),
            hidden: Mutex::default(),
        }
    }

    /// How many calls there were.
    pub fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    /// What was called, in order.
    pub fn names(&self) -> Vec<String> {
        self.names.lock().unwrap().clone()
    }

    /// Completes when the process is to die.
    pub async fn crashed(&self) {
        self.crashed.notified().await;
    }

    async fn around<T>(
        &self,
        operation: &'static str,
        key: &str,
        act: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        self.names.lock().unwrap().push(format!("{operation} {key}"));
        let fail = |kind| {
            // A read is never in conflict with anything.
            let kind = if matches!(operation, "create" | "replace") { kind } else { StoreErrorKind::Unknown };
            StoreError { operation, key: key.to_owned(), kind, message: "scripted".to_owned() }
        };
        match self.plan.filter(|(at, _)| *at == number).map(|(_, fault)| fault) {
            None if operation == "read" && self.hides(key) => Err(fail(StoreErrorKind::Unknown)),
            None => act.await,
            Some(Fault::LoseBlindly) => {
                act.await?;
                *self.hidden.lock().unwrap() = Some(key.to_owned());
                Err(fail(StoreErrorKind::Unknown))
            }
            Some(Fault::Refuse(kind)) => Err(fail(kind)),
            Some(Fault::Lose(kind)) => {
                act.await?;
                Err(fail(kind))
            }
            Some(Fault::CrashBefore) => self.die().await,
            Some(Fault::CrashAfter) => {
                act.await?;
                self.die().await
            }
        }
    }

    /// Whether this was to be hidden; the next reader sees it.
    fn hides(&self, key: &str) -> bool {
        self.hidden.lock().unwrap().take_if(|hidden| hidden == key).is_some()
    }

    async fn die<T>(&self) -> T {
        self.crashed.notify_one();
        std::future::pending().await
    }
}

#[async_trait]
impl Store for Faulty {
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

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.around("remove", key, self.inner.remove(key)).await
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.around("folders", "", self.inner.folders()).await
    }

    fn describe(&self) -> String {
        "faulty".to_owned()
    }
}

/// A store at a distance: each call takes a drawn time before and after it takes effect, so that the calls of two writers
/// interleave differently for each seed; now and then a writer stands still for minutes, before or after.
pub struct Distant {
    inner: Arc<Memory>,
    clock: Arc<dyn Clock>,
    rng: Mutex<Rng>,
    stalls: u64,
}

impl Distant {
    /// One call in `stalls` stands still; 0: none does.
    pub fn new(inner: Arc<Memory>, clock: Arc<dyn Clock>, seed: u64, stalls: u64) -> Self {
        Self { inner, clock, rng: Mutex::new(Rng(seed)), stalls }
    }

    async fn travel(&self) {
        let wait = {
            let mut rng = self.rng.lock().unwrap();
            let stalls = self.stalls > 0 && rng.below(2 * self.stalls) == 0;
            if stalls { rng.below(600_000) } else { rng.below(40) }
        };
        self.clock.sleep(Duration::from_millis(wait)).await;
    }

    async fn around<T>(
        &self,
        act: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.travel().await;
        let done = act.await;
        self.travel().await;
        done
    }
}

#[async_trait]
impl Store for Distant {
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        self.around(self.inner.create(key, bytes)).await
    }

    async fn replace(&self, key: &str, bytes: Bytes, seen: Option<&Object>) -> Result<Replaced, StoreError> {
        self.around(self.inner.replace(key, bytes, seen)).await
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.around(self.inner.read(key)).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        self.around(self.inner.list(prefix, after)).await
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        self.around(self.inner.remove(key)).await
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.around(self.inner.folders()).await
    }

    fn describe(&self) -> String {
        "distant".to_owned()
    }
}
