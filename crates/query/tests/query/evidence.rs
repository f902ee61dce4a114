//! Evidence itself gives the same rows as the lake, without any lake.

use std::sync::Arc;

use sealog_query::{QueryError, Session, SessionOptions};
use sealog_store::{Log, Memory, Store};

use crate::archive::{Archive, BEGIN_MS, HOUR_MS, LOG, change, three_days};
use crate::ask::{asked, lines, now, over_evidence, over_lake, publish, sort};

const EVERYTHING: &str = "SELECT * FROM changes ORDER BY commit_number, row_index";

async fn copy(from: &Memory, change: impl Fn(&str, Vec<u8>) -> Option<Vec<u8>>) -> Log {
    let to = Memory::default();
    for entry in from.list("", None).await.unwrap() {
        let bytes = from.read(&entry.key).await.unwrap().unwrap().bytes.to_vec();
        if let Some(bytes) = change(&entry.key, bytes) {
            to.create(&entry.key, bytes.into()).await.unwrap();
        }
    }
    Log::new(Arc::new(to) as Arc<dyn Store>, LOG)
}

#[tokio::test]
async fn lake_and_evidence_give_the_same_rows() {
    let archive = three_days().await;
    publish(&archive.log()).await;
    sort(&archive.log(), &["2026-11-23"]).await;
    let from_lake = asked(&over_lake(&archive.log()).await, EVERYTHING).await;
    assert_eq!(from_lake.len(), 180);
    assert_eq!(asked(&over_evidence(&archive.log()).await, EVERYTHING).await, from_lake);
    let without = copy(&archive.store, |key, bytes| (!key.contains("/lake/")).then_some(bytes)).await;
    assert_eq!(asked(&over_evidence(&without).await, EVERYTHING).await, from_lake);
    for question in [
        "SELECT pk, version, new_amount FROM item_history ORDER BY pk, version",
        "SELECT count(*), count_if(good) FROM leaf_check",
        "SELECT * FROM changes WHERE dt = '2026-11-23' ORDER BY commit_number, row_index",
        "SELECT * FROM changes WHERE commit_number BETWEEN 3 AND 4 ORDER BY 1, 2, 3",
    ] {
        let lake = asked(&over_lake(&archive.log()).await, question).await;
        assert!(!lake.is_empty());
        assert_eq!(asked(&over_evidence(&without).await, question).await, lake, "{question}");
    }
    let commits =
        "SELECT * FROM commits WHERE kind <> 'column' ORDER BY commit_number, kind, object_key, shard";
    let lake = asked(&over_lake(&archive.log()).await, commits).await;
    assert_eq!(asked(&over_evidence(&without).await, commits).await, lake);
}

#[tokio::test]
async fn without_a_lake_the_way_to_the_evidence_is_named_and_what_is_behind_is_counted() {
    let mut archive = three_days().await;
    let log = archive.log();
    let refused = Session::open(std::slice::from_ref(&log), &SessionOptions::at(now())).await.err().unwrap();
    assert!(matches!(&refused, QueryError::NoLake(name) if name == LOG), "{refused}");
    for hint in ["--evidence", "[lake]"] {
        assert!(refused.to_string().contains(hint), "{refused}");
    }
    publish(&log).await;
    archive.commit(BEGIN_MS + 60 * HOUR_MS, &[change(1, "1", BEGIN_MS + 60 * HOUR_MS)]).await;
    let session = over_lake(&log).await;
    assert_eq!(session.behind().iter().map(|it| it.commits).collect::<Vec<_>>(), [1]);
    assert_eq!(asked(&session, "SELECT count(*) FROM changes").await, ["180"]);
    assert_eq!(asked(&over_evidence(&log).await, "SELECT count(*) FROM changes").await, ["181"]);
    let nobody = Log::new(Arc::clone(log.store()), "nobody");
    let refused = Session::open(&[nobody], &SessionOptions::at(now())).await.err().unwrap();
    assert!(matches!(refused, QueryError::NoLog(_)), "{refused}");
}

#[tokio::test]
async fn evidence_that_was_changed_does_not_answer() {
    let archive = three_days().await;
    let mut first = None;
    for entry in archive.store.list("orders/evidence/", None).await.unwrap() {
        first.get_or_insert(entry.key);
    }
    let first = first.unwrap();
    let broken = copy(&archive.store, |key, mut bytes| {
        if key == first {
            bytes[40] ^= 1;
        }
        Some(bytes)
    })
    .await;
    let error = lines(&over_evidence(&broken).await, EVERYTHING).await.unwrap_err().to_string();
    assert!(error.contains("changed") && error.contains("sealog verify"), "{error}");
    let missing = copy(&archive.store, |key, bytes| (key != first).then_some(bytes)).await;
    let error = lines(&over_evidence(&missing).await, EVERYTHING).await.unwrap_err().to_string();
    assert!(error.contains("missing"), "{error}");
}

#[tokio::test]
async fn only_commits_that_can_answer_are_read() {
    let mut archive = Archive::begun().await;
    for day in 0..30 {
        let at = BEGIN_MS + day * 24 * HOUR_MS;
        archive.commit(at, &[change(1, "1", at), change(2, "2", at)]).await;
    }
    let log = archive.log();
    let read = async |question: &str| {
        let session = over_evidence(&log).await;
        let before = session.reading();
        let rows = asked(&session, question).await.len();
        (rows, session.reading().opened - before.opened)
    };
    // A commit and its evidence each.
    assert_eq!(read("SELECT * FROM changes WHERE commit_number = 7").await, (2, 2));
    // Rows of a day may be in commits of that day and of seven days more.
    assert_eq!(read("SELECT * FROM changes WHERE dt = '2026-11-25'").await, (2, 31 + 8));
    assert_eq!(read("SELECT * FROM changes").await, (60, 31 + 30));
    assert_eq!(read("SELECT * FROM commits WHERE commit_number < 2").await.1, 2);
}
