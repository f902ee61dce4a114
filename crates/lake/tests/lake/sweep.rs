//! The crash sweep of the lake: count the store calls of a scenario, let each of them fail in each way, look through the view
//! at once, start again, and look again. Never is a row there twice or missing.

use std::io::Write as _;
use std::sync::Arc;

use sealog_lake::{LakeError, Publisher, clean};
use sealog_record::Timestamp;
use sealog_simulation::store::{Fault, Faulty};
use sealog_store::{Log, Store};

use crate::archive::{Archive, BEGIN_MS, HOUR_MS, change, columns};
use crate::compaction::{DAY_MS, compact_all, options};
use crate::publishing::{now, publish};
use crate::reader;

/// Attempts of one process at what failed for a moment, as the pipeline makes them.
const TRIES: usize = 4;

/// A process: publishes, compacts, cleans up; asks again when the store fails for a moment.
async fn work(log: &Log, at: Timestamp, writer: &str) -> Result<(), LakeError> {
    let mut publisher = patiently(async || Publisher::resume(log.clone(), columns(), at).await).await?;
    let mut tries = 0;
    loop {
        match publisher.step().await {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) if error.may_pass() && tries < TRIES => tries += 1,
            Err(error) => return Err(error),
        }
    }
    let through = publisher.next() - 1;
    patiently(async || compact_all(log, through, at, &options(writer)).await).await?;
    patiently(async || clean(log, at, 7 * DAY_MS).await).await?;
    Ok(())
}

async fn patiently<T>(act: impl AsyncFn() -> Result<T, LakeError>) -> Result<T, LakeError> {
    let mut tries = 0;
    loop {
        match act().await {
            Err(error) if error.may_pass() && tries < TRIES => tries += 1,
            done => return done,
        }
    }
}

/// Rows of each commit: few, because every point of the sweep writes all files anew.
const ROWS: u64 = 3;

/// A lake that is published and sorted once, aged beyond the grace period, with a commit over two days that came since.
async fn prepared() -> Archive {
    let mut archive = Archive::begun().await;
    for step in 0..2 {
        let at = BEGIN_MS + step * 2 * HOUR_MS;
        archive.commit(at, &(0..ROWS).map(|item| change(item, "1.5", at)).collect::<Vec<_>>()).await;
    }
    let log = archive.log();
    publish(&log).await;
    compact_all(&log, 2, now(), &options("before")).await.unwrap();
    let at = BEGIN_MS + 24 * HOUR_MS;
    let late = |item: u64| change(item, "7.77", if item == 0 { BEGIN_MS } else { at });
    archive.commit(at, &(0..ROWS).map(late).collect::<Vec<_>>()).await;
    archive
}

fn later(days: i64) -> Timestamp {
    Timestamp::from_millis(now().as_millis() + days * DAY_MS)
}

#[tokio::test]
async fn whichever_call_fails_no_row_is_there_twice_or_missing() {
    let archive = prepared().await;
    let clean_run = Arc::new(Faulty::new(Arc::clone(&archive.store), None));
    work(&archive.log_on(Arc::clone(&clean_run) as Arc<dyn Store>), later(8), "a").await.unwrap();
    let expected = reader::rows(&archive.log()).await;
    assert_eq!(expected.len() as u64, 3 * ROWS);
    let calls = clean_run.names();
    for part in [
        "replace orders/lake/fresh/",
        "replace orders/lake/log/",
        "replace orders/lake/sorted/",
        "replace orders/lake/days/",
        "remove orders/lake/fresh/",
    ] {
        assert!(calls.iter().any(|call| call.starts_with(part)), "{part} in {calls:?}");
    }
    let mut points = 0;
    for (at, call) in calls.iter().enumerate() {
        for fault in Fault::ALL {
            let case = format!("call {at}, {call}: {fault:?}");
            let archive = prepared().await;
            let faulty = Arc::new(Faulty::new(Arc::clone(&archive.store), Some((at, fault))));
            let log = archive.log_on(Arc::clone(&faulty) as Arc<dyn Store>);
            tokio::select! {
                biased;
                () = faulty.crashed() => {}
                ended = work(&log, later(8), "a") => ended.unwrap_or_else(|error| panic!("{case}: {error}")),
            }
            assert!(faulty.calls() > at, "{case}: the fault took place");
            let seen = reader::rows(&archive.log()).await;
            reader::assert_whole(&seen, 2, ROWS as i64);
            assert!(seen.iter().all(|(place, row)| expected[place] == *row), "{case}");
            work(&archive.log(), later(9), "b").await.unwrap();
            assert_eq!(reader::rows(&archive.log()).await, expected, "{case}");
            work(&archive.log(), later(30), "c").await.unwrap();
            assert_eq!(reader::rows(&archive.log()).await, expected, "{case}, cleaned up");
            let left: Vec<String> = archive.lake().await.into_iter().map(|(name, _)| name).collect();
            let fresh = left.iter().filter(|name| name.contains("/fresh/")).count();
            assert_eq!(fresh, 0, "{case}: nothing superfluous stays for ever: {left:?}");
            points += 1;
        }
    }
    // Straight to standard error: a count that only a failing test shows is no use.
    let line =
        format!("crash sweep: lake: {} store calls, {points} crash points, all recovered\n", calls.len());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

/// A reader looks through the view before and after each single store call of publisher, compactor and clean-up.
#[tokio::test]
async fn a_reader_sees_every_row_once_at_every_moment() {
    let archive = prepared().await;
    let counting = Arc::new(Faulty::new(Arc::clone(&archive.store), None));
    work(&archive.log_on(Arc::clone(&counting) as Arc<dyn Store>), later(8), "a").await.unwrap();
    for at in 0..counting.calls() {
        let archive = prepared().await;
        let faulty = Arc::new(Faulty::new(Arc::clone(&archive.store), Some((at, Fault::CrashAfter))));
        let log = archive.log_on(Arc::clone(&faulty) as Arc<dyn Store>);
        tokio::select! {
            biased;
            () = faulty.crashed() => {}
            ended = work(&log, later(8), "a") => panic!("{ended:?}"),
        }
        let seen = reader::rows(&archive.log()).await;
        reader::assert_whole(&seen, 2, ROWS as i64);
    }
}
