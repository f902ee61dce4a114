//! Two processes on one log, their store calls interleaved differently for each seed.

use std::sync::Arc;

use sealog_pipeline::Totals;
use sealog_simulator::{Happening, Millis, Scenario, TableSpec, WriterSpec};
use sealog_source::Clock;
use sealog_store::Store;

use sealog_simulation::law::Missing;
use sealog_simulation::store::Distant;
use sealog_simulation::world::{TABLE, World, only};

const SEEDS: u64 = 60;

fn world(seed: u64) -> World {
    let quick = Millis(0);
    let table = TableSpec { created: Millis::hours(-5), ..TableSpec::new(TABLE) }
        .shards(2)
        .writer(WriterSpec::count(60, Millis::hours(-5), Millis::minutes(-1)))
        .event(Millis::hours(-3), Happening::Split { shard: 0, listed_after: quick, closes_after: quick })
        .event(Millis::hours(-1), Happening::Roll { shard: 1, listed_after: quick, closes_after: quick });
    World::new(Scenario::new(seed).table(table))
}

/// Both run until they have caught up.
async fn race(seed: u64, stalls: u64) -> Totals {
    let world = world(seed);
    let process = |name: &str, seed: u64| {
        let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
        let store = Distant::new(Arc::clone(&world.store), clock, seed, stalls);
        world.process(Arc::new(store) as Arc<dyn Store>, name)
    };
    let (one, two) = (process("one", 2 * seed), process("two", 2 * seed + 1));
    let progress = [one.progress()[0].1.clone(), two.progress()[0].1.clone()];
    let (one, two) = tokio::join!(one.run(), two.run());
    for ended in [one, two] {
        only(ended).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
    let archived = world.assert_archived(Missing::Nothing).await;
    assert_eq!(archived.records(), 60, "seed {seed}");
    let [one, two] = progress.map(|progress| progress.totals());
    assert_eq!(one.commits + two.commits, archived.fold.size(), "seed {seed}: each commit has one maker");
    assert_eq!(one.committed + two.committed, 60, "seed {seed}: each record has one maker");
    Totals { lost_races: one.lost_races + two.lost_races, committed: one.committed, ..Totals::default() }
}

/// Lost races over all seeds, and how many logs were made by both.
async fn races(stalls: u64) -> (u64, u64) {
    let (mut lost, mut shared) = (0, 0);
    for seed in 0..SEEDS {
        let totals = race(seed, stalls).await;
        lost += totals.lost_races;
        shared += u64::from((1..60).contains(&totals.committed));
    }
    (lost, shared)
}

#[tokio::test(start_paused = true)]
async fn two_processes_make_one_log() {
    // Whoever wins once is ahead from then on: its next rows are stored while the other looks at who won.
    let (lost, _) = races(0).await;
    assert!(lost > SEEDS, "{lost} lost races: no race was run");
}

/// One call in twelve stands still for minutes, before or after it takes effect.
#[tokio::test(start_paused = true)]
async fn a_process_that_wakes_from_a_long_pause_doubles_nothing() {
    let (lost, shared) = races(12).await;
    assert!(lost > SEEDS && shared > SEEDS / 4, "{lost} lost races, {shared} shared logs: no race was run");
}
