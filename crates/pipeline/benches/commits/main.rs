//! Commits a second of one log and of 16, at the latencies of near and far stores: `cargo bench -p sealog-pipeline --bench commits`.
//!
//! Whole processes: reader, gatherer, stager, committer; a scripted service without HTTP; batches of ten rows. In memory; and,
//! beside `tests/setup/with-servers.sh`, on versitygw. Each call of the store is delayed by what the table says, on top of
//! what the store takes itself. At the end, the calls of some commits on a line of time.

#![allow(clippy::print_stdout, reason = "figures on standard output are what this program is for")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should stop"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sealog_pipeline::Run;
use sealog_simulation::service::Simulated;
use sealog_simulation::timed::{Call, Timed};
use sealog_simulation::world::{config, identity, table};
use sealog_simulator::{Engine, Millis, Scenario, TableSpec, WriterSpec};
use sealog_source::{Clock, SystemClock};
use sealog_store::{Memory, S3, S3Options, Store};

/// Injected at each call, in milliseconds.
const LATENCIES_MS: [u64; 3] = [0, 20, 50];
const LOGS: [usize; 2] = [1, 16];
/// Rows of a batch and of a page, so that each page is a commit.
const ROWS: u32 = 10;
/// Commits whose calls are drawn.
const DRAWN: std::ops::Range<u64> = 10..14;
const MS_PER_CHARACTER: i64 = 10;

/// Archives so many tables of so many pages; what was asked of the store.
async fn run(store: Arc<dyn Store>, logs: usize, pages: u64, latency: Duration) -> Vec<Call> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let names: Vec<String> = (0..logs).map(|log| format!("table-{log:02}")).collect();
    let mut scenario = Scenario::new(1);
    for name in &names {
        let writer = WriterSpec::count(pages * u64::from(ROWS), Millis::minutes(-30), Millis::minutes(-1));
        let mut spec = TableSpec::new(name).writer(writer);
        spec.pages.records_max = ROWS;
        scenario = scenario.table(spec);
    }
    let engine = Arc::new(Mutex::new(Engine::new(scenario, clock.now_ms()).unwrap()));
    let timed = Arc::new(Timed::new(store, Arc::clone(&clock), latency));
    let tables = names.iter().map(|name| table(name)).collect();
    let client = Simulated::new(engine, Arc::clone(&clock));
    let process = Run::new(
        config(tables),
        client,
        Arc::clone(&timed) as Arc<dyn Store>,
        identity("bench", clock),
        true,
    );
    let progress = process.progress();
    for ended in process.run().await {
        ended.result.unwrap();
    }
    for (name, progress) in progress {
        assert_eq!(progress.totals().committed, pages * u64::from(ROWS), "{name}");
    }
    timed.calls()
}

fn is_commit(call: &Call) -> bool {
    call.operation == "create" && call.key.contains("/commits/")
}

/// Commits a second from the first to the last one, of all logs together.
fn rate(calls: &[Call]) -> f64 {
    let ends: Vec<i64> = calls.iter().filter(|call| is_commit(call)).map(|call| call.ended_ms).collect();
    let took_ms = ends.iter().max().unwrap() - ends.iter().min().unwrap();
    (ends.len() - 1) as f64 * 1000.0 / took_ms.max(1) as f64
}

/// How many uploads of rows were under way while the commit before theirs, or its head, was put.
fn overlaps(calls: &[Call]) -> (usize, usize) {
    let rows: Vec<&Call> = calls.iter().filter(|call| call.key.contains("/evidence/")).collect();
    let others: Vec<&Call> = calls
        .iter()
        .filter(|call| call.operation != "read" && (is_commit(call) || call.key.contains("/checkpoint")))
        .collect();
    let ahead = rows.iter().filter(|rows| others.iter().any(|other| other.overlaps(rows))).count();
    (ahead, rows.len())
}

fn draw(calls: &[Call]) {
    let begin = |number| {
        let key = format!("/{}", sealog_chain::commit_key(number));
        calls.iter().find(|call| is_commit(call) && call.key.ends_with(&key)).unwrap().began_ms
    };
    let (from, to) = (begin(DRAWN.start), begin(DRAWN.end));
    println!(
        "\none log, 50 ms a call: {} commits on a line of time, {MS_PER_CHARACTER} ms a character",
        DRAWN.end - DRAWN.start
    );
    for call in calls.iter().filter(|call| call.ended_ms > from && call.began_ms < to) {
        let (_, key) = call.key.split_once('/').unwrap();
        let name: String = key.chars().filter(|c| *c != '0').take(22).collect();
        let place = |at: i64| usize::try_from((at.clamp(from, to) - from) / MS_PER_CHARACTER).unwrap();
        let (start, end) = (place(call.began_ms), place(call.ended_ms));
        println!(
            "{:>8} {name:<22} |{}{}",
            call.operation,
            " ".repeat(start),
            "=".repeat((end - start).max(1))
        );
    }
}

async fn measure(name: &str, store: impl AsyncFn(&str) -> Arc<dyn Store>) {
    for latency_ms in LATENCIES_MS {
        let pages = if latency_ms == 0 { 200 } else { 40 };
        let latency = Duration::from_millis(latency_ms);
        let mut line = format!("{name:<10} {latency_ms:>3} ms a call");
        for logs in LOGS {
            let calls = run(store(&format!("{latency_ms}-{logs}")).await, logs, pages, latency).await;
            line += &format!("   {logs:>2} logs {:>7.1} commits/s", rate(&calls));
            if logs == 1 {
                let (ahead, all) = overlaps(&calls);
                line += &format!(" ({ahead} of {all} uploads beside the commit before)");
            }
        }
        println!("{line}");
    }
}

#[tokio::main]
async fn main() {
    measure("memory", async |_: &str| Arc::new(Memory::default()) as Arc<dyn Store>).await;
    if let Ok(bucket) = std::env::var("SEALOG_TEST_S3") {
        let open = async |place: &str| {
            let prefix = format!("commits-{}-{place}", std::process::id());
            Arc::new(S3::connect(&bucket, &prefix, S3Options::default()).await) as Arc<dyn Store>
        };
        measure("versitygw", open).await;
    }
    draw(&run(Arc::new(Memory::default()), 1, 20, Duration::from_millis(50)).await);
}
