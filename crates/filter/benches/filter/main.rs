//! What a filter costs for a record: CPU time of this process, by the host alone and with guests.
//! `cargo bench -p sealog-filter --bench filter`.
//!
//! The records are orders of about 900 bytes of images; a batch has 1,000. Compared are: the predicate in Rust on the
//! same columns; a guest that gets four declared columns; a guest that gets the whole new image as text and does not even
//! parse it. These guests are WAT and cost next to nothing themselves, so the figures are the interface's. Then the demo's
//! filter, with its twelve columns.
//!
//! Components named `*.wasm` in the directory `SEALOG_GUESTS_OUT` are measured the same way, one line each, configured by
//! the `*.json` beside them if there is one. `tests/bench/guests.sh` makes such a directory: a Rust guest with four
//! columns, which the goal is held against, and the same guest with the whole new image, parsed as JSON in it. The kit's
//! languages make a table per language.

#![allow(clippy::print_stdout, reason = "figures on standard output are what this program is for")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should stop"
)]

#[path = "../../tests/filter/guest.rs"]
#[expect(dead_code, reason = "the tests need more of it")]
mod guest;

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use sealog_filter::{Filter, FilterOptions, Host, Limits, Mode, Panel};
use sealog_record::ChangeRecord;

use guest::{Column, Guest, Verdict, drop, guest};

const BATCH: usize = 1_000;
const ROUNDS: usize = 15;
/// What issue 7 demands: microseconds of CPU time for a record with four declared columns, in a guest that was compiled
/// from Rust.
const GOAL_US: f64 = 1.0;
const RUST_GUEST: &str = "rust-columns.wasm";
/// The filter of `make demo`, and what it is configured with.
const DEMO: (&str, &str) =
    (concat!(env!("CARGO_MANIFEST_DIR"), "/../../plugins/demo/ledger.wasm"), r#"{"threshold":"10000"}"#);

/// CPU time of this process, all threads.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// Microseconds a record of the middle of several rounds.
fn measured(mut run: impl FnMut()) -> f64 {
    run();
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let began = cpu_time();
            run();
            (cpu_time() - began).as_secs_f64() * 1e6 / BATCH as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[ROUNDS / 2]
}

/// Both images of an order; one in ten is a draft.
fn images(number: usize) -> [String; 2] {
    ["PLACED", if number.is_multiple_of(10) { "DRAFT" } else { "PAID" }].map(|status| {
        format!(
            r#"{{"id":{{"S":"order-{number:08}"}},"status":{{"S":"{status}"}},"amount":{{"N":"{}.50"}},"customer":{{"M":{{"tenant":{{"S":"tenant-{}"}},"name":{{"S":"Alexandra Example {number}"}},"mail":{{"S":"alexandra.{number}@example.com"}}}}}},"lines":{{"L":[{{"M":{{"sku":{{"S":"SKU-{number:06}"}},"quantity":{{"N":"2"}}}}}},{{"M":{{"sku":{{"S":"SKU-0000017"}},"quantity":{{"N":"1"}}}}}}]}},"note":{{"S":"please leave it with the neighbours if nobody opens"}},"updated_at":{{"N":"17953425{:02}"}},"version":{{"N":"7"}}}}"#,
            number % 900,
            number % 7,
            number % 100,
        )
    })
}

/// What the guests are asked, by hand: the fastest that judging could be.
fn native(records: &[ChangeRecord<'_>]) -> usize {
    let text = |image: Option<&str>, name: &str| -> Option<usize> {
        let image = image?;
        let start = image.find(name)? + name.len();
        image[start..].find('"')
    };
    let drops = |record: &&ChangeRecord<'_>| {
        let new = record.new_image;
        text(record.old_image, r#""status":{"S":""#).is_some()
            && text(new, r#""amount":{"N":""#).is_some()
            && text(new, r#""tenant":{"S":""#).is_some()
            && new.is_some_and(|new| new.contains(r#""status":{"S":"DRAFT"#))
    };
    records.iter().filter(drops).count()
}

fn line(name: &str, cost: f64, filter: Option<&Filter>, records: &[ChangeRecord<'_>]) {
    let usage = filter.map(|filter| filter.evaluate(records).usage).unwrap_or_default();
    println!(
        "{name:<44} {cost:>8.3} µs/record {:>10.0} records/s {:>9} fuel/record {:>7} KiB",
        1e6 / cost,
        usage.fuel / BATCH as u64,
        usage.memory_peak / 1024,
    );
}

#[expect(clippy::too_many_lines, reason = "one measurement after the other")]
fn main() {
    let orders: Vec<[String; 2]> = (0..BATCH).map(images).collect();
    let sequences: Vec<String> = (0..BATCH).map(|number| format!("{number:021}")).collect();
    let records: Vec<ChangeRecord<'_>> = orders
        .iter()
        .zip(&sequences)
        .map(|([old, new], sequence)| ChangeRecord {
            sequence_number: sequence,
            event_name: Some("MODIFY"),
            created_at: Some(1_795_342_530_000),
            keys: Some(r#"{"id":{"S":"order"}}"#),
            old_image: Some(old),
            new_image: Some(new),
            ..ChangeRecord::default()
        })
        .collect();
    let bytes: usize = orders.iter().flatten().map(String::len).sum();
    println!("{BATCH} records a batch, {} bytes of images each, CPU time", bytes / BATCH);

    let folder = tempfile::tempdir().unwrap();
    let compiler = env!("CARGO_BIN_EXE_sealog-filter-compile");
    let host =
        Host::builder().cache(folder.path().join("cache")).compiler(compiler, Vec::new()).build().unwrap();
    let limits = Limits { fuel_per_record: 2_000_000_000, ..Limits::default() };
    let options = FilterOptions { mode: Mode::Shadow, limits, ..FilterOptions::default() };
    let load = |component: &[u8], config: serde_json::Value| {
        let options = FilterOptions { config, ..options.clone() };
        let began = cpu_time();
        host.load(component, options.clone()).unwrap();
        let first = cpu_time() - began;
        let began = cpu_time();
        let filter = host.load(component, options.clone()).unwrap();
        println!("   loaded in {:?} (child not counted), from the cache in {:?}", first, cpu_time() - began);
        filter
    };
    let four: [Column; 4] =
        [('o', &["status"]), ('n', &["status"]), ('n', &["amount"]), ('n', &["customer", "tenant"])];
    let answers: Vec<Verdict> = (b'a'..=b'z').map(|_| Verdict::Keep).chain([drop("why")]).collect();
    let none = serde_json::json!({});
    let measure = |name: &str, component: &[u8], config: &serde_json::Value| {
        let filter = load(component, config.clone());
        let cost = measured(|| drop_it(&filter, &records));
        line(name, cost, Some(&filter), &records);
        let mut panel = Panel::new(vec![filter], None).unwrap();
        let cost = measured(|| {
            std::hint::black_box(panel.judge("label", "shard", &records).unwrap());
        });
        line(&format!("{name}, in a panel"), cost, None, &records);
        cost
    };

    let cost = measured(|| {
        std::hint::black_box(native(std::hint::black_box(&records)));
    });
    line("native predicate", cost, None, &records);
    measure("guest in WAT, four columns", &guest().columns(&four).answers(&answers).component(), &none);
    let whole: [Column; 1] = [('n', &[])];
    let large = Guest { pages: 64, ..guest() };
    measure(
        "guest in WAT, whole image, not parsed",
        &large.columns(&whole).answers(&answers).component(),
        &none,
    );
    let (demo, config) = DEMO;
    let config: serde_json::Value = serde_json::from_str(config).unwrap();
    measure("the demo's filter (Rust, twelve columns)", &std::fs::read(demo).unwrap(), &config);

    let Ok(directory) = std::env::var("SEALOG_GUESTS_OUT") else {
        println!("the goal is not measured: SEALOG_GUESTS_OUT=$(tests/bench/guests.sh SEALOG)");
        return;
    };
    let mut components: Vec<_> =
        std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    components.retain(|path| path.extension().is_some_and(|extension| extension == "wasm"));
    components.sort();
    for path in components {
        let config = std::fs::read(path.with_extension("json")).ok();
        let config = config.map_or(none.clone(), |text| serde_json::from_slice(&text).unwrap());
        let name = path.file_name().unwrap().to_string_lossy();
        let cost = measure(&name, &std::fs::read(&path).unwrap(), &config);
        if name == RUST_GUEST {
            let word = if cost <= GOAL_US { "reached" } else { "MISSED" };
            println!("the goal of {GOAL_US} µs for four columns and a Rust guest is {word}");
        }
    }
}

fn drop_it(filter: &Filter, records: &[ChangeRecord<'_>]) {
    let evaluation = filter.evaluate(std::hint::black_box(records));
    assert!(
        evaluation.answers.as_ref().is_ok_and(|answers| answers.iter().all(Result::is_ok)),
        "{evaluation:?}"
    );
}
