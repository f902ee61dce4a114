//! A store with moods: it is slow, refuses, loses replies, stands still, all as drawn from a seed.

use std::future::Future;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use sealog_store::{Created, Entry, Memory, Object, Replaced, Store, StoreError, StoreErrorKind};

use crate::Rng;
use crate::process::Process;

/// How a store behaves towards one process.
#[derive(Debug, Clone, Copy)]
pub struct Mood {
    /// Longest way of a request, and of its reply.
    pub way_max_ms: u64,
    /// One call in so many stands still; 0: none does.
    pub stalls_one_in: u64,
    /// Longest time that it stands still.
    pub stall_max_ms: u64,
    /// One call in so many fails before it took effect, and as many lose their reply; 0: none does.
    pub fails_one_in: u64,
    /// Some of those that fail say that the disk is full.
    pub fills_up: bool,
}

impl Mood {
    /// Answers at once, always.
    pub const SOUND: Self =
        Self { way_max_ms: 0, stalls_one_in: 0, stall_max_ms: 0, fails_one_in: 0, fills_up: false };
}

/// A process's way to the archive.
pub struct Moody {
    inner: Arc<Memory>,
    process: Arc<Process>,
    rng: Mutex<Rng>,
    mood: Mood,
}

/// What becomes of one call.
struct Fate {
    there_ms: u64,
    back_ms: u64,
    refused: Option<StoreErrorKind>,
    lost: bool,
}

impl Moody {
    /// The way of `process` to `inner`.
    #[must_use]
    pub fn new(inner: Arc<Memory>, process: Arc<Process>, mood: Mood, seed: u64) -> Self {
        Self { inner, process, rng: Mutex::new(Rng(seed)), mood }
    }

    fn fate(&self, writes: bool) -> Fate {
        let mut rng = self.rng.lock().unwrap();
        let mood = &self.mood;
        let one_in = |rng: &mut Rng, n: u64| n > 0 && rng.below(n) == 0;
        let way = |rng: &mut Rng| {
            let stalls = one_in(rng, mood.stalls_one_in);
            rng.below(if stalls { mood.stall_max_ms } else { mood.way_max_ms } + 1)
        };
        let (there_ms, back_ms) = (way(&mut rng), way(&mut rng));
        let kinds = [StoreErrorKind::Unknown, StoreErrorKind::Conflict, StoreErrorKind::Full];
        let kind = match (writes, mood.fills_up) {
            (true, true) => rng.pick(&kinds),
            (true, false) => rng.pick(&kinds[..2]),
            (false, _) => StoreErrorKind::Unknown,
        };
        let refused = one_in(&mut rng, mood.fails_one_in).then_some(kind);
        Fate { there_ms, back_ms, refused, lost: one_in(&mut rng, mood.fails_one_in) }
    }

    async fn around<T>(
        &self,
        operation: &'static str,
        key: &str,
        act: impl Future<Output = Result<T, StoreError>> + Send,
        told: impl Fn(&T) -> String,
    ) -> Result<T, StoreError> {
        let fate = self.fate(matches!(operation, "create" | "replace"));
        let fail = |kind| StoreError {
            operation,
            key: key.to_owned(),
            kind,
            message: "as the seed has it".to_owned(),
        };
        self.process.gate().await;
        self.process.travel(fate.there_ms).await;
        let done = match fate.refused {
            Some(kind) => Err(fail(kind)),
            None => act.await,
        };
        let said = match &done {
            Ok(value) => told(value),
            Err(error) => format!("{:?}", error.kind),
        };
        let lost = if fate.lost { ", reply lost" } else { "" };
        self.process.note(format_args!("{operation} {key}: {said}{lost}"));
        self.process.travel(fate.back_ms).await;
        self.process.gate().await;
        if fate.lost && done.is_ok() { Err(fail(StoreErrorKind::Unknown)) } else { done }
    }
}

fn sum(bytes: &Bytes) -> String {
    format!("{} bytes {:08x}", bytes.len(), crc32fast::hash(bytes))
}

#[async_trait]
impl Store for Moody {
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        let what = sum(&bytes);
        let told = |created: &Created| match created {
            Created::New { .. } => format!("new, {what}"),
            Created::Exists => "exists".to_owned(),
        };
        self.around("create", key, self.inner.create(key, bytes), told).await
    }

    async fn replace(&self, key: &str, bytes: Bytes, seen: Option<&Object>) -> Result<Replaced, StoreError> {
        let what = sum(&bytes);
        let told = |replaced: &Replaced| match replaced {
            Replaced::Done(_) => what.clone(),
            Replaced::Changed => "changed".to_owned(),
        };
        self.around("replace", key, self.inner.replace(key, bytes, seen), told).await
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let told = |found: &Option<Object>| {
            found.as_ref().map_or_else(|| "nothing".to_owned(), |object| sum(&object.bytes))
        };
        self.around("read", key, self.inner.read(key), told).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        let told = |found: &Vec<Entry>| format!("{} objects", found.len());
        self.around("list", prefix, self.inner.list(prefix, after), told).await
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.around("folders", "", self.inner.folders(), |found| format!("{} folders", found.len())).await
    }

    fn describe(&self) -> String {
        "moody".to_owned()
    }
}
