//! One suite for every store. `SEALOG_TEST_S3` names a bucket on a server that the tests may write to; `make test` starts
//! one and sets it.

use std::sync::Arc;

use bytes::Bytes;

use crate::{CommitOutcome, Created, Directory, Log, Memory, S3, Store};

async fn suite(store: Arc<dyn Store>) {
    creates_once(&*store).await;
    replaces_whole(&*store).await;
    lists_in_order(&*store).await;
    one_of_many_creators_wins(&store).await;
    a_lost_reply_is_recognised_by_the_bytes(&store).await;
}

fn bytes(text: &str) -> Bytes {
    Bytes::from(text.to_owned())
}

async fn creates_once(store: &dyn Store) {
    assert!(matches!(store.create("a/once", bytes("1")).await.unwrap(), Created::New { .. }));
    assert_eq!(store.create("a/once", bytes("2")).await.unwrap(), Created::Exists);
    assert_eq!(store.read("a/once").await.unwrap().unwrap().bytes, bytes("1"));
    assert_eq!(store.read("a/never").await.unwrap(), None);
}

async fn replaces_whole(store: &dyn Store) {
    for text in ["first and longer", "second"] {
        store.replace("a/head", bytes(text)).await.unwrap();
        assert_eq!(store.read("a/head").await.unwrap().unwrap().bytes, bytes(text));
    }
}

async fn lists_in_order(store: &dyn Store) {
    for number in [2, 10, 1] {
        store.create(&format!("b/commits/{number:03}.json"), bytes("x")).await.unwrap();
    }
    store.create("b/commits-not/1", bytes("x")).await.unwrap();
    let keys = |entries: Vec<crate::Entry>| entries.into_iter().map(|entry| entry.key).collect::<Vec<_>>();
    let all = keys(store.list("b/commits/", None).await.unwrap());
    assert_eq!(all, ["b/commits/001.json", "b/commits/002.json", "b/commits/010.json"]);
    let rest = store.list("b/commits/", Some("b/commits/002.json")).await.unwrap();
    assert_eq!((rest[0].key.as_str(), rest[0].bytes, rest.len()), ("b/commits/010.json", 1, 1));
    assert_eq!(store.list("c/", None).await.unwrap(), vec![]);
    assert_eq!(store.folders().await.unwrap(), ["a", "b"]);
}

async fn one_of_many_creators_wins(store: &Arc<dyn Store>) {
    for round in 0..20 {
        let mut creators = tokio::task::JoinSet::new();
        for creator in 0..8 {
            let store = Arc::clone(store);
            creators.spawn(async move {
                let body = bytes(&format!("{creator}").repeat(1000));
                (store.create(&format!("race/{round}"), body.clone()).await.unwrap(), body)
            });
        }
        let mut winners = Vec::new();
        while let Some(outcome) = creators.join_next().await {
            let (created, body) = outcome.unwrap();
            if created != Created::Exists {
                winners.push(body);
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        assert_eq!(store.read(&format!("race/{round}")).await.unwrap().unwrap().bytes, winners[0]);
    }
}

async fn a_lost_reply_is_recognised_by_the_bytes(store: &Arc<dyn Store>) {
    let log = Log::new(Arc::clone(store), "lost");
    assert!(matches!(log.put_commit(0, bytes("ours")).await, CommitOutcome::Ours { .. }));
    assert!(matches!(log.put_commit(0, bytes("ours")).await, CommitOutcome::Ours { .. }));
    assert!(matches!(log.put_commit(0, bytes("other")).await, CommitOutcome::Theirs(_)));
}

#[tokio::test]
async fn memory_conforms() {
    suite(Arc::new(Memory::default())).await;
}

#[tokio::test]
async fn directory_conforms() {
    let folder = tempfile::tempdir().unwrap();
    suite(Arc::new(Directory::create(folder.path()).await.unwrap())).await;
}

/// Runs where a server was started for it; the S3 suite of `make test` requires it, so it cannot be left out there.
#[tokio::test]
async fn s3_conforms() {
    match std::env::var("SEALOG_TEST_S3") {
        Ok(bucket) => suite(Arc::new(S3::connect(&bucket, "conformance/store").await)).await,
        Err(_) => assert!(std::env::var_os("CI").is_none(), "set SEALOG_TEST_S3, or run `make test`"),
    }
}

#[tokio::test]
async fn two_handles_on_one_directory_never_both_win() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) =
        (Directory::create(folder.path()).await.unwrap(), Directory::create(folder.path()).await.unwrap());
    for round in 0..50 {
        let key = format!("l/{round}");
        let (a, b) = tokio::join!(one.create(&key, bytes("a")), two.create(&key, bytes("b")));
        assert_eq!([a.unwrap(), b.unwrap()].iter().filter(|created| **created == Created::Exists).count(), 1);
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_says_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let error = Directory::create(&folder.path().join("file")).await.unwrap_err();
    assert!(error.to_string().contains("check the path"), "{error}");
}
