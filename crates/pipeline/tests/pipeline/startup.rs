//! Opening a long log: bounded work, from a snapshot that the chain confirms and never from another.

use std::sync::Arc;

use bytes::Bytes;
use sealog_batch::SealRule;
use sealog_chain::{CHECKPOINT_KEY, Fact, Fold, SignedCheckpoint, SigningKey, snapshot_key};
use sealog_pipeline::{Committer, Gatherer, PipelineError, Sealed};
use sealog_source::Clock;
use sealog_store::{Log, Memory, Replaced, Store};

use sealog_simulation::clock::Paused;
use sealog_simulation::store::Faulty;
use sealog_simulation::world::{TABLE, key, open};

use crate::events::{opened, page};

/// What one writer leaves between two snapshots.
const BETWEEN: u64 = 512;

async fn writer(store: Arc<dyn Store>) -> Result<Committer, PipelineError> {
    let clock: Arc<dyn Clock> = Arc::new(Paused::new());
    open(store, "w", clock).await
}

/// A log of so many commits, the first of them with a record.
async fn log_of(commits: u64) -> Arc<Memory> {
    let store = Arc::new(Memory::default());
    let mut committer = writer(Arc::clone(&store) as Arc<dyn Store>).await.unwrap();
    let mut gatherer = Gatherer::new(committer.fold(), SealRule::default());
    for event in [opened(), page("a", &[1]).await] {
        assert!(gatherer.take(event, 0).unwrap().is_empty());
    }
    committer.commit(gatherer.seal().unwrap().unwrap()).await.unwrap();
    more(&mut committer, commits - 1).await;
    store
}

async fn more(committer: &mut Committer, commits: u64) {
    for _ in 0..commits {
        let facts = vec![Fact::Heartbeat { polled_since: None }];
        committer.commit(Sealed { facts, ..Sealed::default() }).await.unwrap();
    }
}

async fn folded(store: &Arc<Memory>) -> Fold {
    let mut fold = Fold::default();
    Log::new(Arc::clone(store) as Arc<dyn Store>, TABLE).catch_up(&mut fold).await.unwrap();
    fold
}

/// Opens it; what was asked of the store.
async fn asked(store: &Arc<Memory>) -> Vec<String> {
    let counted = Arc::new(Faulty::new(Arc::clone(store), None));
    let opened = writer(Arc::clone(&counted) as Arc<dyn Store>).await.unwrap();
    assert_eq!(*opened.fold(), folded(store).await, "a snapshot and what follows is the fold of all");
    counted.names()
}

fn count(names: &[String], of: &str) -> u64 {
    names.iter().filter(|name| name.starts_with(of)).count() as u64
}

async fn overwrite(store: &Memory, key: &str, bytes: impl Into<Bytes>) {
    let seen = store.read(key).await.unwrap();
    let replaced = store.replace(key, bytes.into(), seen.as_ref()).await.unwrap();
    assert!(matches!(replaced, Replaced::Done(_)));
}

fn place(size: u64) -> String {
    format!("{TABLE}/{}", snapshot_key(size))
}

#[tokio::test(start_paused = true)]
async fn the_work_of_opening_is_bounded_by_the_commits_behind_the_newest_snapshot() {
    for commits in [1, BETWEEN - 1, BETWEEN, BETWEEN + 1, 3 * BETWEEN + 40] {
        let store = log_of(commits).await;
        let snapshots = store.list(&format!("{TABLE}/snapshots/"), None).await.unwrap();
        assert_eq!(snapshots.len() as u64, commits / BETWEEN, "{commits} commits");
        let names = asked(&store).await;
        // The last commit under the snapshot confirms it.
        let confirming = u64::from(commits >= BETWEEN);
        assert_eq!(
            count(&names, &format!("read {TABLE}/commits/")),
            commits % BETWEEN + confirming,
            "{commits}"
        );
        assert!(count(&names, "list") <= 3, "{names:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_log_goes_on_from_a_snapshot_as_from_its_beginning() {
    let store = log_of(BETWEEN + 10).await;
    let mut committer = writer(Arc::clone(&store) as Arc<dyn Store>).await.unwrap();
    more(&mut committer, BETWEEN).await;
    assert_eq!(*committer.fold(), folded(&store).await);
    let newest = store.read(&format!("{TABLE}/{CHECKPOINT_KEY}")).await.unwrap().unwrap();
    let signed = SignedCheckpoint::parse(&newest.bytes).unwrap();
    assert_eq!(signed.checkpoint.root, folded(&store).await.tree().root());
}

/// A snapshot is used whole or not at all: any byte of it that is another leaves the log to be folded from its beginning.
#[tokio::test(start_paused = true)]
async fn a_bent_snapshot_is_as_good_as_none() {
    let store = log_of(BETWEEN + 3).await;
    let sound = store.read(&place(BETWEEN)).await.unwrap().unwrap().bytes;
    let step = sound.len() / 12;
    for at in (0..sound.len()).step_by(step) {
        let mut bent = sound.to_vec();
        bent[at] ^= 1;
        overwrite(&store, &place(BETWEEN), bent).await;
        let names = asked(&store).await;
        assert_eq!(count(&names, &format!("read {TABLE}/commits/")), BETWEEN + 3, "byte {at}");
    }
    overwrite(&store, &place(BETWEEN), sound.slice(..sound.len() / 2)).await;
    assert_eq!(count(&asked(&store).await, &format!("read {TABLE}/commits/")), BETWEEN + 3);
}

/// Well made, and not of this log's writer; of this writer, and not of this log's commits.
#[tokio::test(start_paused = true)]
async fn a_snapshot_of_another_key_or_another_history_is_not_used() {
    let store = log_of(BETWEEN + 3).await;
    let (line, head) = {
        let mut fold = Fold::default();
        let log = Log::new(Arc::clone(&store) as Arc<dyn Store>, TABLE);
        for number in 0..BETWEEN {
            let object = log.read(&sealog_chain::commit_key(number)).await.unwrap().unwrap();
            log.fold_in(&mut fold, &object).unwrap();
        }
        fold.snapshot().unwrap()
    };
    let forger = SigningKey::from_seed("test", [8; 32]).unwrap();
    overwrite(&store, &place(BETWEEN), Fold::with_signature(line, &head.sign(&[&forger]))).await;
    assert_eq!(count(&asked(&store).await, &format!("read {TABLE}/commits/")), BETWEEN + 3);

    let other = log_of(BETWEEN + 1).await;
    let mut elsewhere = writer(Arc::clone(&other) as Arc<dyn Store>).await.unwrap();
    more(&mut elsewhere, BETWEEN).await;
    let foreign = other.read(&place(2 * BETWEEN)).await.unwrap().unwrap().bytes;
    overwrite(&store, &place(BETWEEN), foreign).await;
    let names = asked(&store).await;
    assert!(count(&names, &format!("read {TABLE}/commits/")) >= BETWEEN + 3, "{}", names.len());
    assert!(Fold::restore(b"", &key()).is_err());
}

/// The newest name is a lie: the one before it serves.
#[tokio::test(start_paused = true)]
async fn a_forged_name_costs_no_more_than_a_read() {
    let store = log_of(2 * BETWEEN + 3).await;
    store.create(&place(u64::MAX), Bytes::from_static(b"not a snapshot")).await.unwrap();
    overwrite(&store, &format!("{TABLE}/{CHECKPOINT_KEY}"), "not a checkpoint").await;
    let names = asked(&store).await;
    assert_eq!(count(&names, &format!("read {TABLE}/commits/")), 4, "{names:?}");
}
