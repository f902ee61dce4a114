//! The crash sweep: count the store calls of a scenario, then let each of them fail in each way, start again, and look.
//!
//! Whole processes run: reader, gatherer, committer. Recovery is nothing but the next start.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use sealog_chain::Fact;
use sealog_simulator::{Happening, Millis, Scenario, TableSpec, WriterSpec};

use sealog_simulation::law::Missing;
use sealog_simulation::oracle::{Archived, latest_checkpoint};
use sealog_simulation::store::{Fault, Faulty};
use sealog_simulation::world::{TABLE, World};

/// Starts after a fault until the work is done. One that fails may leave work for the next; none needs more.
const STARTS_MAX: usize = 3;

/// Sweeps over the process that starts when `prepare` is through; `calls_min` guards against a scenario that does nothing.
async fn sweep<F: Future<Output = World>>(
    missing: Missing,
    calls_min: usize,
    prepare: impl Fn() -> F,
    check: impl Fn(&Archived),
) {
    let world = prepare().await;
    let clean = Arc::new(Faulty::new(Arc::clone(&world.store), None));
    world.run_on(&clean).await.0.unwrap().unwrap();
    let archived = world.assert_archived(missing).await;
    check(&archived);
    let calls = clean.names();
    assert!(calls.len() >= calls_min && calls.len() == clean.calls(), "{calls:?}");
    for (at, call) in calls.iter().enumerate() {
        for fault in Fault::ALL {
            let case = format!("call {at}, {call}: {fault:?}");
            let world = prepare().await;
            recover(&world, (at, fault), call, &case).await;
            let again = world.assert_archived(missing).await;
            check(&again);
            assert_eq!(latest_checkpoint(&world.store, TABLE).await, again.fold.size(), "{case}");
            assert_eq!(again.records(), archived.records(), "{case}");
        }
    }
}

/// Runs into the fault, then starts again until the work is done.
async fn recover(world: &World, (at, fault): (usize, Fault), call: &str, case: &str) {
    let first = Arc::new(Faulty::new(Arc::clone(&world.store), Some((at, fault))));
    let (ended, totals) = world.run_on(&first).await;
    assert!(first.calls() > at, "{case}: the fault took place");
    assert_eq!(ended.is_none(), matches!(fault, Fault::CrashBefore | Fault::CrashAfter), "{case}");
    assert_eq!(totals.lost_races, 0, "{case}: there was nobody to lose against");
    if let (Some(result), false) = (&ended, call.starts_with("list") || call.starts_with("read")) {
        assert!(result.is_ok(), "{case}: an unclear write is looked at again, not given up: {result:?}");
    }
    let mut done = ended.is_some_and(|result| result.is_ok());
    for _ in 0..STARTS_MAX {
        if !done {
            done = world.catch_up().await.is_ok();
        }
    }
    assert!(done, "{case}: not done after {STARTS_MAX} more starts");
}

/// Pages of seven records: a batch is full with two of them.
fn scenario(mut table: TableSpec) -> Scenario {
    table.pages.records_max = 7;
    Scenario::new(5).table(table)
}

#[tokio::test(start_paused = true)]
async fn first_commit_ever() {
    let prepare = || async { World::new(scenario(TableSpec::new(TABLE).shards(2))) };
    sweep(Missing::Nothing, 7, prepare, |archived| {
        assert_eq!((archived.records(), archived.fold.positions().len()), (0, 2));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn plain_commits() {
    let prepare = || async {
        let writer = WriterSpec::count(45, Millis::minutes(-30), Millis::minutes(-1));
        World::new(scenario(TableSpec::new(TABLE).writer(writer)))
    };
    sweep(Missing::Nothing, 15, prepare, |archived| assert_eq!(archived.records(), 45)).await;
}

#[tokio::test(start_paused = true)]
async fn facts_only() {
    let prepare = || async {
        let writer = WriterSpec::count(3, Millis::minutes(-30), Millis::minutes(-1));
        let mut world = World::new(scenario(TableSpec::new(TABLE).writer(writer)));
        world.catch_up().await.unwrap();
        world.config.heartbeat = Duration::from_secs(60);
        world
    };
    sweep(Missing::Nothing, 6, prepare, |archived| {
        let changed = |fact: &&Fact| matches!(fact, Fact::PolicyChanged { .. });
        let facts = archived.commits.iter().flat_map(|commit| &commit.facts);
        assert_eq!(facts.filter(changed).count(), 1, "a change of policy is stated once");
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn several_commits_with_children() {
    let prepare = || async {
        let quick = Millis(0);
        let table = TableSpec { created: Millis::hours(-5), ..TableSpec::new(TABLE) }
            .writer(WriterSpec::count(40, Millis::hours(-5), Millis::minutes(-1)))
            .event(Millis::hours(-3), Happening::Split { shard: 0, listed_after: quick, closes_after: quick })
            .event(Millis::hours(-1), Happening::Roll { shard: 1, listed_after: quick, closes_after: quick });
        World::new(scenario(table))
    };
    sweep(Missing::Nothing, 20, prepare, |archived| {
        assert_eq!((archived.records(), archived.fold.positions().len()), (40, 4));
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn gap() {
    let prepare = || async {
        let table = TableSpec { created: Millis::hours(-2), ..TableSpec::new(TABLE) }
            .writer(WriterSpec::count(40, Millis::hours(-2), Millis::hours(2)))
            .event(Millis::hours(1), Happening::Trim { shard: 0, keep: 3 });
        let world = World::new(scenario(table));
        world.catch_up().await.unwrap();
        world.pass(Duration::from_secs(3 * 3600)).await;
        world
    };
    sweep(Missing::Declared, 8, prepare, |archived| assert_eq!(archived.fold.gaps().len(), 1)).await;
}
