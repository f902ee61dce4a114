//! The crash sweep of `sealog keys rotate`: each of its store calls fails in each way, and it is done again.

use std::io::Write as _;
use std::sync::Arc;

use sealog_batch::SealRule;
use sealog_chain::{CHECKPOINT_KEY, Fact, SignedCheckpoint};
use sealog_pipeline::{Committer, Cosigned, Gatherer, Identity, PipelineError, Signer, rotate_key};
use sealog_simulation::clock::Paused;
use sealog_simulation::oracle::{self, latest_checkpoint};
use sealog_simulation::store::{Fault, Faulty};
use sealog_simulation::world::{TABLE, identity, key, open, policies, signer};
use sealog_source::Clock;
use sealog_store::{Log, Memory, Store};

use crate::events::{opened, page};

const ATTEMPTS_MAX: usize = 3;

fn next() -> Arc<dyn Signer> {
    signer("test-2", [8; 32])
}

/// A log of one commit.
async fn log() -> Arc<Memory> {
    let store = Arc::new(Memory::default());
    let mut committer =
        open(Arc::clone(&store) as Arc<dyn Store>, "w", Arc::new(Paused::new())).await.unwrap();
    let mut gatherer = Gatherer::new(committer.fold(), SealRule::default());
    for event in [opened(), page("a", &[1]).await] {
        assert!(gatherer.take(event, 0).unwrap().is_empty());
    }
    committer.commit(gatherer.seal().unwrap().unwrap()).await.unwrap();
    store
}

/// As the command does it.
async fn rotate(store: Arc<dyn Store>) -> Result<Option<u64>, PipelineError> {
    let clock: Arc<dyn Clock> = Arc::new(Paused::new());
    let old = identity("w", clock);
    let from = Arc::clone(&old.signer);
    let signer = Arc::new(Cosigned::new(Arc::clone(&from), next()));
    let log = Log::new(store, TABLE);
    let mut committer = Committer::open(log, policies(), Identity { signer, ..old }, Arc::default()).await?;
    rotate_key(&mut committer, &from, next().verifier()).await
}

#[tokio::test(start_paused = true)]
async fn key_rotation() {
    let clean = Arc::new(Faulty::new(log().await, None));
    assert_eq!(rotate(Arc::clone(&clean) as Arc<dyn Store>).await.unwrap(), Some(1));
    let calls = clean.names();
    assert!(calls.len() > 5, "{calls:?}");
    for (at, call) in calls.iter().enumerate() {
        for fault in Fault::ALL {
            let case = format!("call {at}, {call}: {fault:?}");
            let store = log().await;
            let faulty = Arc::new(Faulty::new(Arc::clone(&store), Some((at, fault))));
            let mut done = tokio::select! {
                biased;
                () = faulty.crashed() => false,
                ended = rotate(Arc::clone(&faulty) as Arc<dyn Store>) => ended.is_ok(),
            };
            for _ in 0..ATTEMPTS_MAX {
                done = done || rotate(Arc::clone(&store) as Arc<dyn Store>).await.is_ok();
            }
            assert!(done, "{case}");
            let archived = oracle::read(&store, TABLE, &key()).await;
            let rotated = |fact: &&Fact| matches!(fact, Fact::KeyRotated { .. });
            let facts = archived.commits.iter().flat_map(|commit| &commit.facts);
            assert_eq!(facts.filter(rotated).count(), 1, "{case}");
            assert_eq!(archived.fold.key(), Some(&*next().verifier().to_string()), "{case}");
            assert_eq!(latest_checkpoint(&store, TABLE).await, archived.fold.size(), "{case}");
            // The oracle saw the old key's line.
            let head = store.read(&format!("{TABLE}/{CHECKPOINT_KEY}")).await.unwrap().unwrap();
            let head = SignedCheckpoint::parse(&head.bytes).unwrap();
            assert_eq!(head.signed_by(next().verifier()), Ok(true), "{case}");
        }
    }
    let points = calls.len() * Fault::ALL.len();
    let line = format!(
        "crash sweep: key rotation: {} store calls, {points} crash points, all recovered\n",
        calls.len()
    );
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}
