//! The crash sweep: count the store calls of a scenario, then let each of them fail in each way, start again, and look.
//!
//! Whole processes run: reader, gatherer, stager, committer. Recovery is nothing but the next start.
//!
//! Rotation of the key, which no running process does by itself, is swept in `rotation.rs`. Not among the scenarios, because
//! Sealog does not do it yet: a commit with several objects (the gatherer seals one), publishing to the lake, compaction.

use std::future::Future;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use sealog_chain::Fact;
use sealog_pipeline::Sealed;
use sealog_record::ViewType;
use sealog_simulator::{Happening, Millis, Scenario, TableSpec, WriterSpec};
use sealog_store::{Memory, Replaced, Store};

use sealog_simulation::law::Missing;
use sealog_simulation::oracle::{Archived, latest_checkpoint};
use sealog_simulation::store::{Fault, Faulty};
use sealog_simulation::world::{TABLE, World, open};

/// Starts after a fault until the work is done. One that fails may leave work for the next; none needs more.
const STARTS_MAX: usize = 3;

/// Sweeps over the process that starts when `prepare` is through; `calls_min` guards against a scenario that does nothing.
pub(crate) async fn sweep<F: Future<Output = World>>(
    name: &str,
    missing: Missing,
    calls_min: usize,
    prepare: impl Fn() -> F,
    check: impl Fn(&Archived),
) {
    sweep_over((name, |_: &str| true), missing, calls_min, prepare, check).await;
}

/// Sweeps over some calls only, by their names.
async fn sweep_over<F: Future<Output = World>>(
    (name, over): (&str, impl Fn(&str) -> bool),
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
    let mut points = 0;
    for (at, call) in calls.iter().enumerate().filter(|(_, call)| over(call)) {
        points += Fault::ALL.len();
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
    // Straight to standard error: a count that only a failing test shows is no use.
    let line =
        format!("crash sweep: {name}: {} store calls, {points} crash points, all recovered\n", calls.len());
    std::io::stderr().write_all(line.as_bytes()).unwrap();
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
    sweep("first commit ever", Missing::Nothing, 7, prepare, |archived| {
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
    sweep("plain commits", Missing::Nothing, 15, prepare, |archived| assert_eq!(archived.records(), 45))
        .await;
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
    sweep("facts only", Missing::Nothing, 6, prepare, |archived| {
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
    sweep("several commits with children", Missing::Nothing, 20, prepare, |archived| {
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
    sweep("gap", Missing::Declared, 8, prepare, |archived| assert_eq!(archived.fold.gaps().len(), 1)).await;
}

#[tokio::test(start_paused = true)]
async fn rollover() {
    let prepare = || async {
        let on = Happening::Enable { view_type: ViewType::NewImage, shards: 2 };
        let table = TableSpec { created: Millis::hours(-2), ..TableSpec::new(TABLE) }
            .writer(WriterSpec::count(60, Millis::hours(-2), Millis::hours(4)))
            .event(Millis::hours(1), Happening::Disable)
            .event(Millis::hours(2), on);
        let world = World::new(scenario(table));
        world.catch_up().await.unwrap();
        world.pass(Duration::from_secs(5 * 3600)).await;
        world
    };
    sweep("rollover", Missing::Nothing, 15, prepare, |archived| {
        assert_eq!((archived.fold.streams().len(), archived.fold.gaps().len()), (2, 1));
    })
    .await;
}

/// The process writes the log's first snapshot on its way; that is behind so many commits that only the calls for
/// snapshots are swept over.
#[tokio::test(start_paused = true)]
async fn snapshot() {
    let begun = || async {
        let writer = WriterSpec::count(12, Millis::minutes(-30), Millis::minutes(2));
        let world = World::new(scenario(TableSpec::new(TABLE).writer(writer)));
        world.catch_up().await.unwrap();
        world
    };
    let long = begun().await;
    let mut committer = open(Arc::clone(&long.store) as Arc<dyn Store>, "before", long.time()).await.unwrap();
    while committer.fold().size() < 510 {
        let facts = vec![Fact::Heartbeat { polled_since: None }];
        committer.commit(Sealed { facts, ..Sealed::default() }).await.unwrap();
    }
    let prepare = || async {
        let world = begun().await;
        copy(&long.store, &world.store).await;
        world.pass(Duration::from_secs(180)).await;
        world
    };
    let of_snapshots = |call: &str| call.contains("/snapshots/");
    let check = |archived: &Archived| assert_eq!(archived.records(), 12);
    sweep_over(("snapshot", of_snapshots), Missing::Nothing, 10, prepare, check).await;
}

/// Brings one archive to where another, of the same beginning, stands.
async fn copy(from: &Memory, to: &Memory) {
    for entry in from.list("", None).await.unwrap() {
        let object = from.read(&entry.key).await.unwrap().unwrap();
        let seen = to.read(&entry.key).await.unwrap();
        let replaced = to.replace(&entry.key, object.bytes, seen.as_ref()).await.unwrap();
        assert!(matches!(replaced, Replaced::Done(_)));
    }
}
