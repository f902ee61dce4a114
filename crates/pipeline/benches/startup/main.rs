//! How long it takes to open a log, by the number of its commits: `cargo bench -p sealog-pipeline --bench startup`.
//!
//! With a snapshot 300 commits before the head, and without any. In memory; in a directory; and, beside
//! `tests/setup/with-servers.sh`, on versitygw, into whose folder the objects are put past it (a million requests would take
//! hours). `SEALOG_BENCH_COMMITS` is a list of sizes; 1,000,000 takes minutes and 5 GB.

#![allow(clippy::print_stdout, reason = "figures on standard output are what this program is for")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should stop"
)]
#![allow(clippy::disallowed_methods, reason = "it measures real time")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use sealog_chain::{
    CHECKPOINT_KEY, Checkpoint, Commit, FORMAT, Fact, Fold, SigningKey, StartAt, Writer, commit_key,
    origin_of, snapshot_key,
};
use sealog_record::{Timestamp, ViewType};
use sealog_simulation::clock::Paused;
use sealog_simulation::world::{TABLE, open, policies};
use sealog_source::Clock;
use sealog_store::{Created, Directory, Entry, Memory, Object, Replaced, S3, S3Options, Store, StoreError};

const ARN: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/orders";
/// Commits behind the snapshot.
const BEHIND: u64 = 300;

/// Counts what is asked of a store.
struct Counted(Arc<dyn Store>, AtomicU64, AtomicU64);

#[async_trait]
impl Store for Counted {
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        self.0.create(key, bytes).await
    }

    async fn replace(&self, key: &str, bytes: Bytes, seen: Option<&Object>) -> Result<Replaced, StoreError> {
        self.0.replace(key, bytes, seen).await
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.read(key).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        let listed = self.0.list(prefix, after).await?;
        // S3 gives at most a thousand names a page.
        self.2.fetch_add(1 + listed.len() as u64 / 1000, Ordering::Relaxed);
        Ok(listed)
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.0.folders().await
    }

    fn describe(&self) -> String {
        self.0.describe()
    }
}

/// A log's objects by name, one at a time.
fn write(commits: u64, mut put: impl FnMut(String, Vec<u8>)) {
    let key = SigningKey::from_seed("test", [7; 32]).unwrap();
    let mut fold = Fold::default();
    let at = Timestamp::from_millis(1_795_342_530_123);
    for number in 0..commits {
        let facts =
            if number == 0 { begin(&key, at) } else { vec![Fact::Heartbeat { polled_since: Some(at) }] };
        let commit = Commit {
            format: FORMAT.to_owned(),
            origin: origin_of(&ARN.parse().unwrap()),
            number,
            previous: fold.previous(),
            committed_at: at,
            writer: Writer { id: "bench-1-0".to_owned(), build: "bench".to_owned() },
            batch: None,
            facts,
        };
        let bytes = commit.render().unwrap();
        fold.apply(&bytes, None).unwrap();
        put(commit_key(number), bytes);
        if number + 1 == commits.saturating_sub(BEHIND) {
            let (line, head) = fold.snapshot().unwrap();
            put(snapshot_key(number + 1), Fold::with_signature(line, &head.sign(&[&key])));
        }
    }
    let origin = fold.origin().unwrap().to_owned();
    let head = Checkpoint { origin, size: commits, root: fold.tree().root() };
    put(CHECKPOINT_KEY.to_owned(), head.sign(&[&key]).render());
}

fn begin(key: &SigningKey, at: Timestamp) -> Vec<Fact> {
    let genesis = Fact::Genesis {
        holds: sealog_chain::HOLDS.to_owned(),
        table_arn: ARN.parse().unwrap(),
        view_type: ViewType::NewAndOldImages,
        key: key.verifier().to_string(),
        policies: policies(),
    };
    let opened = Fact::StreamOpened {
        arn: format!("{ARN}/stream/2026-11-22T00:00:00.000").parse().unwrap(),
        view_type: ViewType::NewAndOldImages,
        start: StartAt::TrimHorizon,
        at,
    };
    vec![genesis, opened]
}

async fn measure(name: &str, commits: u64, how: &str, store: Arc<dyn Store>) {
    let counted = Arc::new(Counted(store, AtomicU64::new(0), AtomicU64::new(0)));
    let clock: Arc<dyn Clock> = Arc::new(Paused::new());
    let began = Instant::now();
    let committer = open(Arc::clone(&counted) as Arc<dyn Store>, "bench", clock).await.unwrap();
    let took = began.elapsed();
    assert_eq!(committer.fold().size(), commits);
    let (reads, pages) = (counted.1.load(Ordering::Relaxed), counted.2.load(Ordering::Relaxed));
    println!(
        "{name:<10} {commits:>9} commits  {how:<16} {took:>10.1?}  {reads:>8} reads {pages:>5} pages listed"
    );
}

async fn in_memory(commits: u64) {
    let (with, without) = (Arc::new(Memory::default()), Arc::new(Memory::default()));
    let mut objects = Vec::new();
    write(commits, |key, bytes| objects.push((format!("{TABLE}/{key}"), Bytes::from(bytes))));
    for (key, bytes) in objects {
        with.create(&key, bytes.clone()).await.unwrap();
        if !key.contains("snapshots/") {
            without.create(&key, bytes).await.unwrap();
        }
    }
    measure("memory", commits, "with snapshot", with).await;
    measure("memory", commits, "from its start", without).await;
}

fn on_disk(root: &Path, commits: u64) {
    for folder in ["commits", "snapshots"] {
        std::fs::create_dir_all(root.join(TABLE).join(folder)).unwrap();
    }
    write(commits, |key, bytes| std::fs::write(root.join(TABLE).join(key), bytes).unwrap());
}

async fn in_directory(commits: u64) {
    let folder = tempfile::tempdir().unwrap();
    on_disk(folder.path(), commits);
    let store = || Arc::new(Directory::existing(folder.path()));
    measure("directory", commits, "with snapshot", store()).await;
    std::fs::remove_dir_all(folder.path().join(TABLE).join("snapshots")).unwrap();
    measure("directory", commits, "from its start", store()).await;
}

async fn on_server(data: &str, commits: u64) {
    let bucket = std::env::var("SEALOG_TEST_S3").unwrap();
    let prefix = format!("startup-{commits}");
    let root = PathBuf::from(data).join(&bucket).join(&prefix);
    on_disk(&root, commits);
    for how in ["with snapshot", "from its start"] {
        let store = Arc::new(S3::connect(&bucket, &prefix, S3Options::default()).await);
        measure("versitygw", commits, how, store).await;
        std::fs::remove_dir_all(root.join(TABLE).join("snapshots")).unwrap_or_default();
    }
}

#[tokio::main]
async fn main() {
    let sizes = std::env::var("SEALOG_BENCH_COMMITS").unwrap_or_else(|_| "1000,10000,100000".to_owned());
    let server = std::env::var("SEALOG_TEST_VERSITYGW_DATA").ok();
    for commits in sizes.split(',').map(|size| size.parse().unwrap()) {
        in_memory(commits).await;
        in_directory(commits).await;
        if let Some(data) = &server {
            on_server(data, commits).await;
        }
    }
}
