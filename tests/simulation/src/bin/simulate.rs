//! Plays seeds: `simulate --seeds 10000 [--from N]`, and `simulate --seed N` for one of them, with everything that happens.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the command line")]

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use clap::Parser;
use sealog_chain::Decisions;
use sealog_simulation::plan::Plan;
use sealog_simulation::simulation::{Done, run};

/// Reader, committer and archive against a scripted service, everything drawn from a seed.
#[derive(Parser)]
struct Args {
    /// How many seeds to play.
    #[arg(long, default_value_t = 100)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// Plays this one and prints what happens.
    #[arg(long)]
    seed: Option<u64>,
    /// Stops at the first seed that fails.
    #[arg(long)]
    first: bool,
    /// Seeds played side by side; each has a thread of its own.
    #[arg(long)]
    jobs: Option<usize>,
}

/// What is known so far.
#[derive(Default)]
struct Sum {
    seeds: u64,
    failed: u64,
    records: u64,
    commits: u64,
    gaps: u64,
    decisions: Decisions,
    events: u64,
}

fn main() -> ExitCode {
    let args = Args::parse();
    // What is wrong with a seed is said in one line; the panic's own words would come between.
    std::panic::set_hook(Box::new(|_| {}));
    match args.seed {
        Some(seed) => one(seed),
        None => many(&args),
    }
}

fn one(seed: u64) -> ExitCode {
    println!("{:#?}", Plan::draw(seed));
    let done = run(seed, true);
    for line in &done.lines {
        println!("{line}");
    }
    println!("{} records, {} commits, {} gaps", done.records, done.commits, done.gaps);
    println!("trace {:016x}, {} events", done.trace.0, done.trace.1);
    match done.failure {
        None => ExitCode::SUCCESS,
        Some(failure) => {
            println!("failed: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn many(args: &Args) -> ExitCode {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(args.from);
    let end = args.from.saturating_add(args.seeds);
    let sum = Mutex::new(Sum::default());
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= end {
                return;
            }
            let done = run(seed, false);
            if done.failure.is_some() && args.first {
                next.store(end, Ordering::Relaxed);
            }
            if let Ok(mut sum) = sum.lock() {
                sum.add(seed, &done, args.seeds);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..args.jobs.unwrap_or(cores).max(1) {
            scope.spawn(work);
        }
    });
    let sum = sum.into_inner().unwrap_or_default();
    println!(
        "{} records in {} commits, {} gaps, {} calls and other events",
        sum.records, sum.commits, sum.gaps, sum.events
    );
    let Decisions { keep, drop, redact, fault } = sum.decisions;
    println!("{keep} kept, {drop} dropped, {redact} redacted, {fault} kept because something failed");
    println!("{} seeds, {} failed", sum.seeds, sum.failed);
    if sum.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Sum {
    fn add(&mut self, seed: u64, done: &Done, of: u64) {
        self.seeds += 1;
        self.records += done.records;
        self.commits += done.commits;
        self.gaps += done.gaps;
        self.decisions.add(&done.decisions);
        self.events += done.trace.1;
        if let Some(failure) = &done.failure {
            self.failed += 1;
            let first: String = failure.lines().next().unwrap_or_default().chars().take(240).collect();
            println!("failed: simulate --seed {seed}  ({first})");
        }
        let step = (of / 10).max(1);
        if self.seeds.is_multiple_of(step) && self.seeds < of {
            println!("{} of {of} seeds, {} failed", self.seeds, self.failed);
        }
    }
}
