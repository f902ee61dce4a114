//! A fixed number of seeds, and the proof that a seed is all that decides.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests; the exemption for tests does not reach the helpers of an integration test"
)]

use sealog_simulation::simulation::{Done, run};

/// Seeds of every `make test`; `make simulate` plays more.
const SEEDS: u64 = 60;
/// Seeds that are played twice.
const TWICE: u64 = 20;

fn good(seed: u64) -> Done {
    let done = run(seed, false);
    if let Some(failure) = &done.failure {
        panic!("{failure}\nfailed: simulate --seed {seed}");
    }
    done
}

#[test]
fn every_seed_ends_with_the_truth() {
    let mut sum = Done::default();
    for seed in 0..SEEDS {
        let done = good(seed);
        (sum.records, sum.commits, sum.gaps) =
            (sum.records + done.records, sum.commits + done.commits, sum.gaps + done.gaps);
        sum.decisions.add(&done.decisions);
    }
    let decided = &sum.decisions;
    assert!(decided.drop > 3 * SEEDS && decided.redact > SEEDS && decided.fault > SEEDS, "{decided:?}");
    println!("seeds 0 to {}: {} records, {} commits, {} gaps", SEEDS - 1, sum.records, sum.commits, sum.gaps);
    assert!(sum.records > 50 * SEEDS && sum.commits > 10 * SEEDS && sum.gaps > SEEDS / 10, "{sum:?}");
}

/// Every call, every reply's bytes, every instant: the same, though the two runs stand side by side in two threads.
#[test]
fn same_seed_same_trace() {
    let traces = || (1_000..1_000 + TWICE).map(|seed| good(seed).trace).collect::<Vec<_>>();
    let (one, other) = std::thread::scope(|scope| {
        let other = scope.spawn(traces);
        (traces(), other.join().unwrap())
    });
    assert_eq!(one, other);
    let different: std::collections::BTreeSet<_> = one.iter().collect();
    assert_eq!(different.len(), one.len(), "each seed is another story");
}
