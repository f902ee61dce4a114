//! Records and bytes a second and core, from a `GetRecords` body to a commit: `cargo bench -p sealog-pipeline --bench hotpath`.
//!
//! What is measured is the CPU time of this process, all threads, so that other load on the machine counts little. Each
//! part runs in each round, and the middle one of its rounds is printed. The references run in the same rounds.

#![allow(clippy::print_stdout, reason = "figures on standard output are what this program is for")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should stop"
)]

mod orders;
mod parts;
mod service;
mod table;

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

use crate::parts::{Bodies, Part};

const ROUNDS: usize = 7;

/// CPU time of this process, all threads.
fn cpu_time() -> Duration {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(now.tv_sec).unwrap_or(0), u32::try_from(now.tv_nsec).unwrap_or(0))
}

fn main() {
    let bodies = Bodies::generate();
    println!("{}", bodies.describe());
    let mut parts = parts::all();
    let mut times = vec![Vec::new(); parts.len()];
    // The first round warms up.
    for round in 0..=ROUNDS {
        for (part, times) in parts.iter_mut().zip(&mut times) {
            let prepared = part.prepare(&bodies);
            let began = cpu_time();
            part.run(prepared);
            let took = cpu_time() - began;
            if round > 0 {
                times.push(took);
            }
        }
    }
    let rows: Vec<table::Row> =
        parts.iter().zip(&mut times).map(|(part, times)| row(part, times, &bodies)).collect();
    print!("{}", table::render(&rows));
    for part in &parts {
        if let Some(note) = part.note() {
            println!("{note}");
        }
    }
}

fn row(part: &Part, times: &mut [Duration], bodies: &Bodies) -> table::Row {
    times.sort();
    table::Row {
        name: part.name,
        seconds: times[times.len() / 2].as_secs_f64(),
        spread: (times[times.len() - 1] - times[0]).as_secs_f64(),
        records: bodies.records,
        bytes: bodies.bytes,
    }
}
