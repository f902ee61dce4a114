//! What the lake costs and saves, over ten million changes: `cargo bench -p sealog-query --bench lake`.
//!
//! The archive is drawn from a seed (`ledger.rs`), published, compacted and asked, all by the code that does it in earnest.
//! CPU time of this process, all threads, for what moves much; elapsed time for the history of one item, because that is
//! what somebody waits for, beside DuckDB on the same files, the same items and one thread each. `SEALOG_BENCH_ROWS` is
//! another size, `SEALOG_BENCH_FOLDER` a folder to work in (10,000,000 rows take 7 GB).

#![allow(clippy::print_stdout, reason = "figures on standard output are what this program is for")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should stop"
)]
#![allow(clippy::disallowed_methods, reason = "it measures real time")]

mod duckdb;
mod ledger;
mod questions;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use rustix::time::{ClockId, clock_gettime};
use sealog_lake::{Columns, CompactOptions, Compacted, Publisher, Spill, Unhurried};
use sealog_query::{Session, SessionOptions};
use sealog_record::Timestamp;
use sealog_store::{Directory, Log, Store};

const SEED: u64 = 20_261_128;
const ROWS: u64 = 10_000_000;
const DAYS: u64 = 5;
const ROWS_OF_A_COMMIT: u64 = 50_000;
/// Items whose history is asked for; the first ones warm up.
const ASKED: usize = 24;
const WARM_UP: usize = 4;
/// What issue 8 demands of one item's history, warm.
const GOAL_MS: f64 = 50.0;
const GOAL_OF_DUCKDB: f64 = 1.2;

/// CPU time of this process, all threads.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Largest resident memory since it was last reset, in bytes.
fn memory_peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

fn reset_memory_peak() {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
}

pub(crate) fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(Result::unwrap);
    entries
        .map(|entry| {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() { bytes_below(&entry.path()) } else { entry.metadata().unwrap().len() }
        })
        .sum()
}

fn columns() -> Columns {
    let keys = ["pk".to_owned(), "sk".to_owned()];
    let typed = [("amount", "decimal(38,2)"), ("status", "text"), ("customer.tenant", "text")];
    Columns::declared(&keys, typed.into_iter()).unwrap()
}

/// After the newest commit.
fn now() -> Timestamp {
    Timestamp::from_millis(ledger::BEGIN_MS + i64::try_from(DAYS + 1).unwrap() * ledger::DAY_MS)
}

fn main() {
    let rows = std::env::var("SEALOG_BENCH_ROWS").map_or(ROWS, |rows| rows.parse().unwrap());
    let rows_of_a_commit = ROWS_OF_A_COMMIT.min((rows / DAYS / 4).max(1));
    let commits_of_a_day = (rows / DAYS / rows_of_a_commit).max(1);
    let size = ledger::Size { days: DAYS, commits_of_a_day, rows_of_a_commit };
    let folder = match std::env::var("SEALOG_BENCH_FOLDER") {
        Ok(folder) => tempfile::tempdir_in(folder).unwrap(),
        Err(_) => tempfile::tempdir().unwrap(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(run(folder.path(), size));
}

async fn run(folder: &Path, size: ledger::Size) {
    let store: Arc<dyn Store> = Arc::new(Directory::create(folder).await.unwrap());
    let log = Log::new(store, "orders");
    let rows = size.rows();
    println!("{rows} changes in {DAYS} days, seed {SEED}");

    let began = cpu_time();
    let (evidence, changes_of_items) = ledger::write(&log, size, SEED).await;
    println!(
        "evidence            {:>8.1} bytes/record   (written in {:.0} s of CPU)",
        per(evidence, rows),
        since(began)
    );

    let lake = folder.join("orders/lake");
    let fresh = publish(&log, &lake, rows).await;
    // In the state before compaction each commit is a file.
    let before = history(&log, &changes_of_items, 3).await;
    compact(&log, folder, &lake, rows, fresh).await;

    println!("history of an item, fresh   {:>8.1} ms   ({})", middle(before.ms), before.read);
    let after = history(&log, &changes_of_items, ASKED).await;
    let ours = middle(after.ms);
    let theirs = duckdb::history(&lake, &asked(&changes_of_items, ASKED), WARM_UP);
    println!(
        "history of an item, sorted  {ours:>8.1} ms   ({}; goal {GOAL_MS} ms: {})",
        after.read,
        judged(ours <= GOAL_MS)
    );
    println!(
        "  the same by DuckDB {:<7} {:>8.1} ms   (ours: {:.2} times as long, goal {GOAL_OF_DUCKDB}: {})",
        theirs.version,
        theirs.ms,
        ours / theirs.ms,
        judged(ours <= GOAL_OF_DUCKDB * theirs.ms)
    );
    questions::cost(&log, rows).await;
}

async fn publish(log: &Log, lake: &Path, rows: u64) -> u64 {
    let began = cpu_time();
    let mut publisher = Publisher::anew(log.clone(), columns());
    while publisher.step().await.unwrap().is_some() {}
    let seconds = since(began);
    let fresh = bytes_below(&lake.join("fresh"));
    println!(
        "lake, fresh         {:>8.1} bytes/record   ({:.0} records/s per core)",
        per(fresh, rows),
        rows as f64 / seconds
    );
    fresh
}

async fn compact(log: &Log, folder: &Path, lake: &Path, rows: u64, fresh: u64) {
    let through = sealog_lake::published(log, now()).await.unwrap().unwrap();
    let spill = folder.join("spill");
    std::fs::create_dir(&spill).unwrap();
    let options = CompactOptions {
        columns: columns(),
        spill: Spill { folder: spill, memory: 128 << 20 },
        file_bytes: sealog_lake::FILE_BYTES,
        writer: "bench".to_owned(),
        anew: false,
    };
    reset_memory_peak();
    let (before, began) = (memory_peak(), cpu_time());
    let mut files = 0;
    for day in sealog_lake::pending(log, through, false).await.unwrap() {
        let done =
            sealog_lake::compact(log, (&day.date, through), now(), &options, &Unhurried).await.unwrap();
        let Compacted::Done { files: more, .. } = done else { panic!("{done:?}") };
        files += more;
    }
    let seconds = since(began);
    let sorted = bytes_below(&lake.join("sorted"));
    println!(
        "lake, sorted        {:>8.1} bytes/record   ({files} files of {:.0} MB)",
        per(sorted, rows),
        sorted as f64 / files as f64 / 1e6
    );
    println!(
        "compaction          {:>8.1} MB/s per core of fresh files, {:.0} records/s; memory {:.0} MB at most, {:.0} before",
        fresh as f64 / seconds / 1e6,
        rows as f64 / seconds,
        memory_peak() as f64 / 1e6,
        before as f64 / 1e6
    );
}

/// What asking for the history of items took.
struct Asked {
    ms: Vec<f64>,
    /// What one of them read, for people.
    read: String,
}

/// Key and number of changes of items all over the archive.
fn asked(changes_of_items: &[u16], count: usize) -> Vec<(String, String, u16)> {
    let apart = changes_of_items.len() / count;
    (0..count)
        .map(|place| place * apart + apart / 2)
        .map(|item| {
            let (pk, sk) = ledger::key(item as u64);
            (pk, sk, changes_of_items[item])
        })
        .collect()
}

/// As `sealog history` and `sealog query` ask: the archive is opened anew each time, and all columns of the item's rows read.
async fn history(log: &Log, changes_of_items: &[u16], count: usize) -> Asked {
    let mut found = Asked { ms: Vec::new(), read: String::new() };
    for (place, (pk, sk, changes)) in asked(changes_of_items, count).into_iter().enumerate() {
        let began = Instant::now();
        let session = Session::open(std::slice::from_ref(log), &SessionOptions::at(now())).await.unwrap();
        let sql = format!(
            "SELECT * FROM changes WHERE pk = '{pk}' AND sk = '{sk}' ORDER BY stream_label, lpad(sequence_number, 40, '0')"
        );
        let batches: Vec<_> = session.sql(&sql).await.unwrap().try_collect().await.unwrap();
        let took = began.elapsed();
        let rows: usize = batches.iter().map(|batch| batch.num_rows()).sum();
        assert_eq!(rows, usize::from(changes), "{pk} {sk}");
        if place >= WARM_UP.min(count - 1) {
            found.ms.push(took.as_secs_f64() * 1e3);
        }
        let read = session.reading();
        found.read = format!(
            "{rows} changes; {:.0} kB of {:.0} MB read, {} of {} files, {} requests",
            read.bytes as f64 / 1e3,
            read.bytes_of as f64 / 1e6,
            read.opened,
            read.files,
            read.requests
        );
    }
    found
}

fn per(bytes: u64, rows: u64) -> f64 {
    bytes as f64 / rows as f64
}

fn since(began: Duration) -> f64 {
    (cpu_time() - began).as_secs_f64()
}

fn judged(good: bool) -> &'static str {
    if good { "reached" } else { "MISSED" }
}

/// Sorted files of a lake.
pub(crate) fn sorted_files(lake: &Path) -> Vec<PathBuf> {
    let days = std::fs::read_dir(lake.join("sorted")).unwrap().map(|day| day.unwrap().path());
    let mut files: Vec<PathBuf> =
        days.flat_map(|day| std::fs::read_dir(day).unwrap().map(|file| file.unwrap().path())).collect();
    files.sort();
    files
}
