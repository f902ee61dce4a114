//! The commit protocol over each store: what became of a write is found out, and a head never moves back.

use std::sync::Arc;

use sealog_chain::{CHECKPOINT_KEY, Checkpoint, Hash, SignedCheckpoint, SigningKey, sha256};
use sealog_store::{Log, Settled};

use crate::conformance::{Checked, Property, holds};
use crate::subject::{Subject, bytes};

pub(crate) const PROPERTIES: &[Property] = &[
    Property {
        name: "tells our commit from another's by its bytes",
        check: Checked::Store(|it| Box::pin(settles(it))),
    },
    Property {
        name: "stores evidence again without harm",
        check: Checked::Store(|it| Box::pin(evidence(it))),
    },
    Property {
        name: "keeps a larger checkpoint from a slower writer",
        check: Checked::Store(|it| Box::pin(slower(it))),
    },
    Property {
        name: "8 writers leave the largest of 40 checkpoints",
        check: Checked::Store(|it| Box::pin(many(it))),
    },
];

type Held = Result<(), String>;

/// A head of this size.
pub(crate) fn head(size: u64) -> SignedCheckpoint {
    let key = SigningKey::from_seed("store", [3; 32]).unwrap();
    let root = sha256(&size.to_be_bytes());
    Checkpoint { origin: "sealog/store-test".to_owned(), size, root }.sign(&[&key])
}

async fn settles(Subject { store, .. }: &Subject) -> Held {
    let log = Log::new(Arc::clone(store), "settles");
    let ours = log.put_commit(0, bytes("ours")).await;
    let Settled::Ours { version_id } = ours else { return Err(format!("{ours:?}")) };
    let again = log.put_commit(0, bytes("ours")).await;
    holds(matches!(&again, Settled::Ours { version_id: same } if *same == version_id), again)?;
    let theirs = log.put_commit(0, bytes("other")).await;
    holds(matches!(&theirs, Settled::Theirs(object) if object.bytes == bytes("ours")), theirs)
}

async fn evidence(Subject { store, .. }: &Subject) -> Held {
    let log = Log::new(Arc::clone(store), "evidence");
    let body = bytes("rows");
    for _ in 0..2 {
        log.put_evidence(&sha256(&body), body.clone()).await.map_err(|error| error.to_string())?;
    }
    let refused = log.put_evidence(&sha256(&body), bytes("other")).await;
    holds(refused.is_err(), refused)
}

async fn size(log: &Log) -> Option<u64> {
    let object = log.read(CHECKPOINT_KEY).await.unwrap()?;
    Some(SignedCheckpoint::parse(&object.bytes).unwrap().checkpoint.size)
}

/// One that knows of no checkpoint, one that knows a smaller one, and one that is ahead.
async fn slower(Subject { store, .. }: &Subject) -> Held {
    let log = Log::new(Arc::clone(store), "slower");
    let (mut ahead, mut behind) = (None, None);
    let said = |error: sealog_store::StoreError| error.to_string();
    log.publish(&head(1), &mut behind).await.map_err(said)?;
    log.publish(&head(3), &mut ahead).await.map_err(said)?;
    log.publish(&head(2), &mut behind).await.map_err(said)?;
    holds(size(&log).await == Some(3), size(&log).await)?;
    log.publish(&head(2), &mut None).await.map_err(said)?;
    holds(size(&log).await == Some(3), size(&log).await)?;
    log.publish(&head(4), &mut behind).await.map_err(said)?;
    log.publish(&head(5), &mut ahead).await.map_err(said)?;
    holds(size(&log).await == Some(5), size(&log).await)?;
    let forked = Checkpoint { root: Hash([9; 32]), ..head(4).checkpoint };
    let key = SigningKey::from_seed("store", [3; 32]).unwrap();
    let refused = log.publish(&forked.sign(&[&key]), &mut ahead).await;
    holds(refused.is_err(), refused)
}

async fn many(Subject { store, .. }: &Subject) -> Held {
    let mut writers = tokio::task::JoinSet::new();
    for writer in 0..8 {
        let log = Log::new(Arc::clone(store), "many");
        writers.spawn(async move {
            let mut newest = None;
            for round in 0..5 {
                let head = head(1 + writer + 8 * round);
                // Overtaken all the time is an answer, too; it is asked again.
                for _ in 0..20 {
                    if log.publish(&head, &mut newest).await.is_ok() {
                        break;
                    }
                }
            }
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended.unwrap();
    }
    let log = Log::new(Arc::clone(store), "many");
    holds(size(&log).await == Some(40), size(&log).await)
}
