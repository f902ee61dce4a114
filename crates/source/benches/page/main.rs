//! From a `GetRecords` body to records in hand: our parser, the AWS SDK for Rust and boto3, side by side in one run.
//! `cargo bench -p sealog-source --bench page`; boto3 comes from `tests/setup/venv.sh`.
//!
//! What is measured is CPU time, all threads, so that other load on the machine counts little. The SDK and boto3 are
//! called as their users call them, by `get_records`, with a transport in the same process that hands out the bodies;
//! what a call costs besides reading the body (signing, middleware, retries) is measured on empty pages and shown apart,
//! and the last column leaves it out.

#![allow(clippy::print_stdout, reason = "figures on standard output are what this program is for")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should stop"
)]

mod boto3;
#[path = "../../../pipeline/benches/hotpath/orders.rs"]
mod orders;
mod sdk;

use std::time::Duration;

use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use sealog_source::Page;

const RECORDS: usize = 20_000;
/// The service sends at most 1,000 records or 1 MB: at 1.7 KB a record the second comes first.
const PAGE_RECORDS: usize = 600;
const ROUNDS: usize = 5;
/// boto3 takes seconds for what the others do in milliseconds; one page says as much as thirty.
const BOTO3_PAGES: usize = 6;
const EMPTY: &[u8] = br#"{"NextShardIterator":"x","Records":[]}"#;
/// What issue 4 demands of our parser, against the SDK.
const GOAL: f64 = 10.0;

/// CPU time of this process, all threads.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn measured(run: impl FnOnce() -> usize) -> (f64, usize) {
    let began = cpu_time();
    let seen = std::hint::black_box(run());
    ((cpu_time() - began).as_secs_f64(), seen)
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Parses a page and takes each record in hand.
fn ours(bodies: &[Bytes]) -> usize {
    let mut seen = 0;
    for body in bodies {
        let page = Page::parse(body.clone()).unwrap();
        seen += page.records().filter(|record| record.change.new_image.is_some()).count();
    }
    seen
}

struct Row {
    name: &'static str,
    /// Seconds for a record, all in, and without what a call costs by itself.
    all_in: f64,
    alone: f64,
}

fn render(rows: &[Row]) {
    println!(
        "\n{:<44}{:>11}{:>12}{:>9}{:>14}{:>9}",
        "page to records, CPU time", "us/record", "records/s", "x ours", "body alone us", "x ours"
    );
    for row in rows {
        println!(
            "{:<44}{:>11.2}{:>12.0}{:>9.1}{:>14.2}{:>9.1}",
            row.name,
            row.all_in * 1e6,
            1.0 / row.all_in,
            row.all_in / rows[0].all_in,
            row.alone * 1e6,
            row.alone / rows[0].alone,
        );
    }
}

fn main() {
    let (records, images) = orders::records(RECORDS);
    let bodies: Vec<Bytes> = records.chunks(PAGE_RECORDS).map(page).collect();
    let bytes: usize = bodies.iter().map(Bytes::len).sum();
    println!(
        "{RECORDS} records of {} bytes on the wire, {} of them images, in {} pages of up to {PAGE_RECORDS}",
        bytes / RECORDS,
        images / RECORDS,
        bodies.len()
    );
    let empties = vec![Bytes::from_static(EMPTY); bodies.len()];
    let sdk = sdk::Sdk::new();
    let (mut our_times, mut sdk_times, mut call_times) = (Vec::new(), Vec::new(), Vec::new());
    // The first round warms up.
    for round in 0..=ROUNDS {
        let (our_time, our_seen) = measured(|| ours(&bodies));
        let (sdk_time, sdk_seen) = measured(|| sdk.read(&bodies));
        let (call_time, _) = measured(|| sdk.read(&empties));
        assert_eq!((our_seen, sdk_seen), (RECORDS, RECORDS), "both saw every record and its new image");
        if round > 0 {
            our_times.push(our_time);
            sdk_times.push(sdk_time);
            call_times.push(call_time);
        }
    }
    let each = |times: Vec<f64>| middle(times) / RECORDS as f64;
    let (ours, sdk, call) = (each(our_times), each(sdk_times), each(call_times));
    let python = boto3::read(&bodies[..BOTO3_PAGES], EMPTY);
    render(&[
        Row { name: "sealog: Page::parse and every record", all_in: ours, alone: ours },
        Row { name: "AWS SDK for Rust: get_records().send()", all_in: sdk, alone: sdk - call },
        Row {
            name: "boto3: client.get_records()",
            all_in: python.all_in,
            alone: python.all_in - python.call,
        },
    ]);
    let ratio = (sdk - call) / ours;
    let word = if ratio >= GOAL { "reached" } else { "MISSED" };
    println!(
        "ours is {ratio:.1} times as fast as the SDK's reading of the body alone; the goal of {GOAL:.0} is {word}"
    );
    println!("the SDK is built at opt-level 3 for this; boto3 is {}", python.version);
}

fn page(records: &[Bytes]) -> Bytes {
    let mut body = br#"{"NextShardIterator":"x","Records":["#.to_vec();
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(record);
    }
    body.extend_from_slice(b"]}");
    body.into()
}
