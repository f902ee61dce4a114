//! What verifying costs: `cargo bench -p sealog-verify --bench archive`.
//!
//! CPU time of this process, all threads, so that other load on the machine counts little; of `sha256sum`, which is
//! measured in the same run over the same files, the kernel's count of its children. Each part runs in each round, and the
//! middle one is printed beside the goal.

#![allow(clippy::print_stdout, reason = "figures on standard output are what this program is for")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a benchmark that cannot go on should stop"
)]

mod sealed;
#[path = "../../src/tests/writer.rs"]
#[allow(dead_code, reason = "the tests use more of it")]
mod writer;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use rustix::time::{ClockId, clock_gettime};
use sealog_batch::EvidenceReader;
use sealog_chain::{Tree, record_leaf, sha256};
use sealog_record::Timestamp;
use sealog_store::{Directory, Store};
use sealog_verify::{Depth, Outcome, Progress, VerifyOptions, verify};

const ROUNDS: usize = 5;
/// Over all objects, how often each file is hashed in a round: the kernel counts children in hundredths of a second.
const HASHED_TIMES: usize = 8;

/// CPU time of this process, all threads.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// CPU time of the children that ended, in hundredths of a second (proc(5), `stat`, fields 16 and 17).
fn children_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks: u64 = fields[13].parse::<u64>().unwrap() + fields[14].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}

fn seconds(clock: fn() -> Duration, act: impl FnOnce()) -> f64 {
    let began = clock();
    act();
    (clock() - began).as_secs_f64()
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let archive = sealed::write(folder.path());
    println!("{}", archive.describe());
    let mut times: [Vec<f64>; 5] = Default::default();
    for round in 0..=ROUNDS {
        let measured = [
            seconds(children_time, || sha256sum(&archive.paths)),
            seconds(cpu_time, || hash_files(&archive.paths)),
            seconds(cpu_time, || leaves(&archive)),
            seconds(cpu_time, || intact(folder.path(), archive.records, false)),
            seconds(cpu_time, || intact(folder.path(), archive.records, true)),
        ];
        // The first round warms up.
        if round > 0 {
            times.iter_mut().zip(measured).for_each(|(times, time)| times.push(time));
        }
    }
    report(&archive, times.map(middle));
    memory();
}

fn report(archive: &sealed::Archive, [sum, ours, leaves, plain, images]: [f64; 5]) {
    let megabytes = archive.bytes as f64 * HASHED_TIMES as f64 / 1e6;
    let judged = |good: bool| if good { "reached" } else { "MISSED" };
    let share = sum / ours * 100.0;
    println!("sha256sum over the objects      {:>9.0} MB/s", megabytes / sum);
    println!(
        "ours over the objects           {:>9.0} MB/s  {share:.0} % of sha256sum (goal 85 %: {})",
        megabytes / ours,
        judged(share >= 85.0)
    );
    let rate = |seconds: f64| archive.records as f64 / seconds;
    println!(
        "Parquet to leaf to root         {:>9.0} records/s per core (goal 300,000: {})",
        rate(leaves),
        judged(rate(leaves) >= 300_000.0)
    );
    println!("sealog verify, --images off     {:>9.0} records/s per core", rate(plain));
    println!("sealog verify, --images on      {:>9.0} records/s per core", rate(images));
}

fn sha256sum(paths: &[PathBuf]) {
    let list: Vec<&Path> = (0..HASHED_TIMES).flat_map(|_| paths).map(PathBuf::as_path).collect();
    let done = Command::new("sha256sum").args(list).output().unwrap();
    assert!(done.status.success());
}

fn hash_files(paths: &[PathBuf]) {
    for path in (0..HASHED_TIMES).flat_map(|_| paths) {
        let bytes = std::fs::read(path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap();
        assert_eq!(sha256(&bytes).to_string(), name);
    }
}

fn leaves(archive: &sealed::Archive) {
    let mut scratch = Vec::new();
    for (path, root) in archive.paths.iter().zip(&archive.roots) {
        let mut tree = Tree::default();
        let reader = EvidenceReader::open(Bytes::from(std::fs::read(path).unwrap())).unwrap();
        reader
            .for_each(|_, row, stored| {
                let leaf = record_leaf(row, &mut scratch);
                assert_eq!(leaf.0, stored);
                tree.push(leaf);
            })
            .unwrap();
        assert_eq!(tree.root(), *root);
    }
}

/// Soon after the newest of so many commits; they are a second apart.
fn options(commits: u64) -> VerifyOptions {
    let took_ms = i64::try_from(commits).unwrap() * 1000;
    VerifyOptions {
        now: Timestamp::from_millis(writer::BEGIN_MS + took_ms + 60_000),
        key: Some(writer::key().verifier().clone()),
        ..VerifyOptions::default()
    }
}

fn run(folder: &Path, options: &VerifyOptions) -> sealog_verify::Report {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let store: Arc<dyn Store> = Arc::new(Directory::existing(folder));
    runtime.block_on(verify(store, "archive", options, &Progress::default()))
}

fn intact(folder: &Path, records: u64, images: bool) {
    let report = run(folder, &VerifyOptions { images, depth: Depth::Full, ..options(0) });
    assert_eq!(report.integrity.to_string(), "INTACT", "{:#?}", report.logs[0].findings);
    assert_eq!(
        (report.completeness.to_string().as_str(), report.logs[0].checked.rows),
        ("COMPLETE", records)
    );
}

/// Peak of this process in kilobytes (proc(5), `VmHWM`), after the count was set back.
fn peak_kb(act: impl FnOnce()) -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    act();
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// What a long log takes: 10,000 commits must take little more than 1,000.
fn memory() {
    let peaks = [1_000, 10_000].map(|commits| {
        let folder = tempfile::tempdir().unwrap();
        let records = sealed::write_long(folder.path(), commits);
        let mut outcome = None;
        let peak = peak_kb(|| outcome = Some(run(folder.path(), &options(commits))));
        let report = outcome.unwrap();
        assert_eq!((report.outcome, report.logs[0].checked.rows), (Outcome::Intact, records));
        peak
    });
    let good = peaks[1] < peaks[0] + 40_000;
    let judged = if good { "bounded" } else { "NOT BOUNDED" };
    println!(
        "memory at most                  {} MB with 1,000 commits, {} MB with 10,000 ({judged})",
        peaks[0] / 1000,
        peaks[1] / 1000
    );
}
