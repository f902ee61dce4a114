//! `lake/fresh` and `lake/log`: what a publisher writes, and that nobody can tell by whom and how often.

use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use sealog_lake::{Columns, LakeError, Publisher, declared, published, standing, view};
use sealog_record::Timestamp;
use sealog_store::{Log, Memory, Store};

use crate::archive::{Archive, BEGIN_MS, HOUR_MS, change, columns, three_days};
use crate::reader;

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(BEGIN_MS + 100 * HOUR_MS)
}

/// Publishes what there is; gives the files written.
pub(crate) async fn publish(log: &Log) -> u64 {
    let mut publisher = Publisher::resume(log.clone(), columns(), now()).await.unwrap();
    let mut written = 0;
    while let Some(published) = publisher.step().await.unwrap() {
        written += published.written;
    }
    written
}

#[tokio::test]
async fn every_row_of_every_commit_is_in_the_lake_once_under_its_day() {
    let archive = three_days().await;
    let log = archive.log();
    assert!(publish(&log).await > 0);
    let rows = reader::rows(&log).await;
    assert_eq!(rows.len(), 9 * 20);
    reader::assert_whole(&rows, 9, 20);
    let first = &rows[&(1, 1)];
    assert_eq!(
        (first.date.as_str(), first.pk.as_str(), first.new_amount),
        ("2026-11-22", "item-00007", Some(105))
    );
    assert_eq!(first.changed, ["amount"]);
    let days: Vec<String> = view(&log).await.unwrap().into_iter().map(|day| day.date).collect();
    assert_eq!(days, ["2026-11-22", "2026-11-23", "2026-11-24"]);
    assert_eq!(published(&log, now()).await.unwrap(), Some(9));
    assert_eq!(declared(&log, &view(&log).await.unwrap()).await.unwrap(), Some(columns()));
}

#[tokio::test]
async fn publishing_again_writes_nothing_and_another_process_the_same_bytes() {
    let archive = three_days().await;
    publish(&archive.log()).await;
    let first = archive.lake().await;
    assert_eq!(publish(&archive.log()).await, 0);
    let mut anew = Publisher::anew(archive.log(), columns());
    while let Some(published) = anew.step().await.unwrap() {
        assert_eq!(published.written, 0, "commit {}", published.number);
    }
    assert_eq!(archive.lake().await, first);
    let other = three_days().await;
    publish(&other.log()).await;
    assert_eq!(other.lake().await, first);
}

#[tokio::test]
async fn a_publisher_goes_on_where_the_lake_ends_and_waits_for_the_next_commit() {
    let mut archive = Archive::begun().await;
    let log = archive.log();
    assert_eq!(published(&log, now()).await.unwrap(), None);
    publish(&log).await;
    assert_eq!(published(&log, now()).await.unwrap(), Some(0));
    let mut publisher = Publisher::resume(log.clone(), columns(), now()).await.unwrap();
    assert_eq!(publisher.step().await.unwrap(), None);
    archive.commit(BEGIN_MS + HOUR_MS, &[change(1, "5", BEGIN_MS)]).await;
    assert_eq!(standing(&log, now()).await.unwrap().commits, 2);
    assert_eq!(standing(&log, now()).await.unwrap().published, Some(0));
    assert_eq!(publisher.step().await.unwrap().unwrap().number, 1);
    assert_eq!(publisher.step().await.unwrap(), None);
    assert_eq!(standing(&log, now()).await.unwrap().published, Some(1));
}

#[tokio::test]
async fn what_does_not_fit_its_column_is_null_and_counted() {
    let mut archive = Archive::begun().await;
    let amounts = ["12.50", "0.001", "1E+3", "99999999999999999999999999999999999999"];
    let changes: Vec<_> = amounts.iter().map(|amount| change(1, amount, BEGIN_MS)).collect();
    archive.commit(BEGIN_MS, &changes).await;
    let log = archive.log();
    publish(&log).await;
    let found: Vec<_> = reader::rows(&log).await.into_values().map(|row| row.new_amount).collect();
    assert_eq!(found, [Some(1250), None, Some(100_000), None]);
    assert_eq!(standing(&log, now()).await.unwrap().misfits["amount"], 2);
}

#[tokio::test]
async fn columns_that_are_declared_later_are_filled_by_making_the_lake_anew() {
    let archive = three_days().await;
    let log = archive.log();
    let mut without = Publisher::resume(log.clone(), Columns::default(), now()).await.unwrap();
    while without.step().await.unwrap().is_some() {}
    assert!(reader::rows(&log).await.values().all(|row| row.new_amount.is_none()));
    let mut anew = Publisher::anew(log.clone(), columns());
    while anew.step().await.unwrap().is_some() {}
    assert!(reader::rows(&log).await.values().all(|row| row.new_amount.is_some()));
    let other = three_days().await;
    publish(&other.log()).await;
    assert_eq!(archive.lake().await, other.lake().await);
}

#[tokio::test]
async fn changed_and_missing_evidence_is_not_published() {
    for (change, word) in [(true, "changed"), (false, "missing")] {
        let archive = three_days().await;
        let evidence = archive.store.list("orders/evidence/", None).await.unwrap().remove(0).key;
        let broken = Arc::new(Memory::default());
        for entry in archive.store.list("", None).await.unwrap() {
            let mut bytes = archive.store.read(&entry.key).await.unwrap().unwrap().bytes.to_vec();
            if entry.key == evidence {
                bytes[40] ^= 1;
            }
            if change || entry.key != evidence {
                broken.create(&entry.key, bytes.into()).await.unwrap();
            }
        }
        let mut publisher = Publisher::anew(archive.log_on(Arc::clone(&broken) as Arc<dyn Store>), columns());
        let error = loop {
            match publisher.step().await {
                Ok(Some(_)) => {}
                Ok(None) => panic!("{word} evidence went unseen"),
                Err(error) => break error,
            }
        };
        assert!(matches!(&error, LakeError::Evidence { what, .. } if *what == word), "{error}");
        assert!(!error.may_pass());
        assert_eq!(broken.list("orders/lake/log/", None).await.unwrap().len() as u64, publisher.next());
    }
}

#[tokio::test]
async fn commits_are_flattened_for_sql() {
    let archive = three_days().await;
    publish(&archive.log()).await;
    let (mut kinds, mut records) = (Vec::new(), 0);
    for entry in archive.store.list("orders/lake/log/", None).await.unwrap() {
        for batch in reader::batches(archive.store.read(&entry.key).await.unwrap().unwrap().bytes) {
            let kind = batch.column_by_name("kind").unwrap().as_string::<i32>().clone();
            let counts = batch.column_by_name("records").unwrap().as_primitive::<Int64Type>().clone();
            for index in 0..batch.num_rows() {
                if kind.value(index) == "segment" && !counts.is_null(index) {
                    records += counts.value(index);
                }
                kinds.push(kind.value(index).to_owned());
            }
        }
    }
    assert_eq!(records, 180);
    let count = |kind: &str| kinds.iter().filter(|it| *it == kind).count();
    assert_eq!((count("commit"), count("object"), count("segment"), count("fact")), (10, 9, 9, 1));
}
