//! Every row once, whatever a publisher and a compaction do meanwhile, and wherever they stop.

use std::cell::Cell;
use std::sync::Arc;

use sealog_lake::{LakeError, Publisher, Unhurried, compact, pending};
use sealog_query::{QueryError, Session, SessionOptions};
use sealog_simulation::store::{Fault, Faulty};
use sealog_store::{Log, Store};

use crate::archive::{Archive, BEGIN_MS, HOUR_MS, change, columns, three_days};
use crate::ask::{asked, compacting, in_directory, lines, now, over_lake, publish, sort};

const TWICE: &str = "SELECT commit_number, row_index FROM changes GROUP BY 1, 2 HAVING count(*) <> 1";

async fn work(log: &Log) -> Result<(), LakeError> {
    let mut publisher = Publisher::resume(log.clone(), columns(), now()).await?;
    while publisher.step().await?.is_some() {}
    let through = publisher.next() - 1;
    for day in pending(log, through, false).await? {
        compact(log, (&day.date, through), now(), &compacting(columns()), &Unhurried).await?;
    }
    Ok(())
}

/// A lake that is sorted in part, with a commit to come.
async fn prepared() -> Archive {
    let mut archive = Archive::begun().await;
    for step in 0..3 {
        let at = BEGIN_MS + step * 8 * HOUR_MS;
        archive.commit(at, &[change(1, "1.5", at), change(2, "2.5", BEGIN_MS)]).await;
        if step == 1 {
            publish(&archive.log()).await;
            sort(&archive.log(), &[]).await;
        }
    }
    archive
}

#[tokio::test]
async fn wherever_a_compaction_stops_every_row_answers_once() {
    let whole = Arc::new(Faulty::new(prepared().await.store, None));
    let log = Log::new(Arc::clone(&whole) as Arc<dyn Store>, "orders");
    work(&log).await.unwrap();
    let names = whole.names();
    // Whatever fails before something is written leaves what was there, as the call before it does.
    let writes: Vec<usize> = (0..names.len()).filter(|at| names[*at].starts_with("replace")).collect();
    assert!(writes.len() >= 6, "{names:?}");
    for at in writes {
        for fault in Fault::ALL {
            let archive = prepared().await;
            let faulty = Arc::new(Faulty::new(Arc::clone(&archive.store), Some((at, fault))));
            let log = archive.log_on(Arc::clone(&faulty) as Arc<dyn Store>);
            tokio::select! {
                biased;
                () = faulty.crashed() => {}
                ended = work(&log) => drop(ended),
            }
            let session = over_lake(&archive.log()).await;
            assert_eq!(asked(&session, TWICE).await.len(), 0, "call {at}: {fault:?}");
            let rows = asked(&session, "SELECT count(*) FROM changes WHERE commit_number <= 2").await;
            assert_eq!(rows, ["4"], "call {at}: {fault:?}");
        }
    }
}

#[tokio::test]
async fn a_reader_that_asks_all_the_time_never_sees_half_a_compaction() {
    let archive = three_days().await;
    let (_folder, log) = in_directory(&archive.store).await;
    let mut publisher = Publisher::resume(log.clone(), columns(), now()).await.unwrap();
    for _ in 0..4 {
        publisher.step().await.unwrap();
    }
    let (over, asks) = (Cell::new(false), Cell::new(0));
    let working = async {
        for _ in 0..4 {
            publisher.step().await.unwrap();
            let through = publisher.next() - 1;
            for day in pending(&log, through, false).await.unwrap() {
                compact(&log, (&day.date, through), now(), &compacting(columns()), &Unhurried).await.unwrap();
            }
        }
        over.set(true);
    };
    let reading = async {
        while !over.get() {
            let session = over_lake(&log).await;
            assert_eq!(asked(&session, TWICE).await.len(), 0);
            let early = asked(&session, "SELECT count(*) FROM changes WHERE commit_number <= 3").await;
            assert_eq!(early, ["60"]);
            asks.set(asks.get() + 1);
        }
    };
    tokio::join!(working, reading);
    assert!(asks.get() > 1, "{asks:?}");
}

#[tokio::test]
async fn what_is_settled_when_a_session_opens_stays() {
    let mut archive = three_days().await;
    let log = archive.log();
    publish(&log).await;
    let session = over_lake(&log).await;
    sort(&log, &[]).await;
    archive.commit(BEGIN_MS + 60 * HOUR_MS, &[change(1, "1", BEGIN_MS)]).await;
    publish(&log).await;
    assert_eq!(asked(&session, "SELECT count(*), max(commit_number) FROM changes").await, ["180,9"]);
    assert_eq!(asked(&over_lake(&log).await, "SELECT count(*) FROM changes").await, ["181"]);
}

#[tokio::test]
async fn what_does_not_fit_in_memory_goes_to_the_folder_for_it() {
    let archive = three_days().await;
    publish(&archive.log()).await;
    // 60 MB in half of it.
    let sorted = "SELECT x FROM (SELECT lpad(CAST(value * 7919 % 300007 AS text), 200, '0') AS x FROM generate_series(1, 300000)) \
                  ORDER BY x";
    let folder = tempfile::tempdir().unwrap();
    let options =
        SessionOptions { memory: 32 << 20, spill: folder.path().to_owned(), ..SessionOptions::at(now()) };
    let session = Session::open(&[archive.log()], &options).await.unwrap();
    let rows = asked(&session, sorted).await;
    assert!(rows.len() == 300_000 && rows.is_sorted());
    drop(session);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing stays");
    let grouped = "SELECT array_agg(x) FROM (SELECT repeat('x', 1000) || CAST(value AS text) AS x FROM generate_series(1, 100000))";
    let session = Session::open(&[archive.log()], &options).await.unwrap();
    let refused = lines(&session, grouped).await.unwrap_err();
    assert!(
        matches!(&refused, QueryError::Memory(_)) && refused.to_string().contains("--memory"),
        "{refused}"
    );
}
