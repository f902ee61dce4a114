//! From a scripted service to an archive that is compared with what the service offered, byte for byte.

use std::sync::Arc;
use std::time::Duration;

use sealog_chain::OnGap;
use sealog_pipeline::PipelineError;
use sealog_simulator::{
    CreatedAt, FaultEffect, FaultSpec, Happening, Millis, OperationName, PagesSpec, Scenario, Shape,
    ShardEnd, TableSpec, WriterSpec,
};
use sealog_source::SourceError;
use sealog_store::Store;

use sealog_simulation::Rng;
use sealog_simulation::law::Missing;
use sealog_simulation::oracle::Archived;
use sealog_simulation::world::{TABLE, World, only};

const QUICK: Millis = Millis(0);

/// A table of three hours with a split, rolls, late listings, short pages and odd items.
fn table(count: u64) -> TableSpec {
    let writer = |shape: Shape| WriterSpec {
        shape,
        removes: 0.2,
        ttl: 0.5,
        unreadable: 0.02,
        ..WriterSpec::count(count, Millis::hours(-3), Millis::minutes(-1))
    };
    TableSpec {
        created: Millis::hours(-4),
        unknown_members: true,
        created_at: CreatedAt::Exponent,
        pages: PagesSpec {
            records_max: 7,
            empty_after_data: 2,
            end: ShardEnd::AfterRecords,
            ..PagesSpec::default()
        },
        ..TableSpec::new(TABLE)
    }
    .shards(2)
    .writer(writer(Shape::AllTypes))
    .writer(writer(Shape::OddJson))
    .event(Millis::hours(-2), Happening::Split { shard: 0, listed_after: QUICK, closes_after: QUICK })
    .event(
        Millis::hours(-1),
        Happening::Roll { shard: 1, listed_after: QUICK, closes_after: Millis::minutes(2) },
    )
    .event(
        Millis::minutes(-10),
        Happening::Roll { shard: 2, listed_after: Millis::seconds(601), closes_after: QUICK },
    )
}

fn fault(operation: OperationName, does: FaultEffect) -> FaultSpec {
    FaultSpec::new(Some(operation), does)
}

fn error(code: &str) -> FaultEffect {
    FaultEffect::Error { code: code.to_owned(), message: None, status: None }
}

/// Everything that passes by itself.
fn passing(scenario: Scenario) -> Scenario {
    use OperationName::{DescribeStream, GetRecords, GetShardIterator, ListStreams};
    let often = |spec: FaultSpec, every: u64| FaultSpec { every: Some(every), times: Some(40), ..spec };
    scenario
        .fault(often(fault(GetRecords, error("ThrottlingException")), 5))
        .fault(often(fault(GetRecords, FaultEffect::Duplicate { records: 3 }), 4))
        .fault(often(fault(GetRecords, FaultEffect::EmptyPage), 7))
        .fault(often(fault(GetRecords, error("ExpiredIteratorException")), 9))
        .fault(often(fault(GetRecords, FaultEffect::Reset), 11))
        .fault(often(fault(GetRecords, FaultEffect::WrongCrc32), 13))
        .fault(often(fault(GetRecords, FaultEffect::Truncate { bytes: 50 }), 17))
        .fault(often(fault(GetRecords, FaultEffect::Latency(Millis(700))), 6))
        .fault(fault(GetShardIterator, error("InternalServerError")).calls(1, 2))
        .fault(fault(DescribeStream, error("LimitExceededException")).calls(1, 2))
        .fault(fault(ListStreams, FaultEffect::Html503).calls(0, 1))
}

async fn archived(world: &World) -> Archived {
    world.catch_up().await.unwrap();
    world.assert_archived(Missing::Nothing).await
}

#[tokio::test(start_paused = true)]
async fn everything_that_was_offered_is_archived_byte_for_byte() {
    let world = World::new(Scenario::new(1).table(table(150)));
    let archived = archived(&world).await;
    assert_eq!(archived.records(), world.engine.lock().unwrap().truth().count());
    assert!(archived.records() > 250, "removals of absent items leave no record, the others do");
    assert!(archived.fold.positions().len() >= 5);
    let faults: u64 =
        archived.commits.iter().filter_map(|c| c.batch.as_ref()).map(|batch| batch.decisions.fault).sum();
    assert!(faults > 0, "unreadable records are kept and counted");
}

#[tokio::test(start_paused = true)]
async fn what_passes_by_itself_costs_nothing() {
    for seed in 0..5 {
        let world = World::new(passing(Scenario::new(seed).table(table(100))));
        archived(&world).await;
    }
}

#[tokio::test(start_paused = true)]
async fn real_limits_slow_reading_down_and_no_more() {
    let scenario = Scenario {
        get_records_per_second: Some(5),
        describe_stream_per_second: Some(1),
        iterator_lifetime: Millis::seconds(2),
        ..Scenario::new(3)
    };
    let world = World::new(scenario.table(table(60)));
    archived(&world).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_written_meanwhile_comes_with_the_next_start() {
    let table = TableSpec { created: Millis::hours(-1), ..TableSpec::new(TABLE) }
        .writer(WriterSpec::count(300, Millis::minutes(-50), Millis::hours(6)))
        .event(Millis::hours(2), Happening::Split { shard: 0, listed_after: QUICK, closes_after: QUICK });
    let world = World::new(Scenario::new(1).table(table));
    let mut before = 0;
    for _ in 0..8 {
        let archived = archived(&world).await;
        assert!(archived.records() > before);
        before = archived.records();
        world.pass(Duration::from_secs(3_000)).await;
    }
    assert_eq!(archived(&world).await.records(), 300);
}

/// A shard that was read in part is trimmed, another one splits and is gone before its rest is read.
fn lossy() -> World {
    let table = TableSpec { created: Millis::hours(-2), ..TableSpec::new(TABLE) }
        .shards(3)
        .writer(WriterSpec::count(300, Millis::hours(-2), Millis::hours(3)))
        .event(Millis::hours(1), Happening::Trim { shard: 0, keep: 5 })
        .event(Millis::hours(1), Happening::Split { shard: 1, listed_after: QUICK, closes_after: QUICK })
        .event(Millis::minutes(90), Happening::Vanish { shard: 1 });
    World::new(Scenario::new(2).table(table))
}

#[tokio::test(start_paused = true)]
async fn what_is_lost_is_declared_and_nothing_else_is_missing() {
    let world = lossy();
    world.catch_up().await.unwrap();
    world.assert_archived(Missing::Nothing).await;
    world.pass(Duration::from_secs(4 * 3600)).await;
    world.catch_up().await.unwrap();
    let archived = world.assert_archived(Missing::Declared).await;
    assert!(archived.fold.gaps().len() >= 2, "{:?}", archived.fold.gaps());
}

#[tokio::test(start_paused = true)]
async fn with_halt_a_loss_stops_the_table_and_nothing_behind_it_is_archived() {
    let mut world = lossy();
    world.config.tables[0].on_gap = OnGap::Halt;
    world.catch_up().await.unwrap();
    world.pass(Duration::from_secs(4 * 3600)).await;
    let error = world.catch_up().await.unwrap_err();
    assert!(matches!(error, PipelineError::Source(SourceError::GapHalted(_))), "{error}");
    let log = sealog_simulation::oracle::read(&world.store, TABLE, &sealog_simulation::world::key()).await;
    assert_eq!(log.fold.gaps(), []);
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_switched_off_and_on_is_two_streams_with_a_declared_pause() {
    let table = TableSpec { created: Millis::hours(-2), ..TableSpec::new(TABLE) }
        .writer(WriterSpec::count(200, Millis::hours(-2), Millis::hours(4)))
        .event(Millis::hours(1), Happening::Disable)
        .event(
            Millis::hours(2),
            Happening::Enable { view_type: sealog_record::ViewType::NewImage, shards: 2 },
        );
    let world = World::new(Scenario::new(4).table(table));
    world.catch_up().await.unwrap();
    world.pass(Duration::from_secs(5 * 3600)).await;
    world.catch_up().await.unwrap();
    let archived = world.assert_archived(Missing::Nothing).await;
    assert_eq!((archived.fold.streams().len(), archived.fold.gaps().len()), (2, 1));
}

/// Dies at a drawn moment, again and again, until one life is long enough.
async fn lives(world: &World, rng: &mut Rng) -> usize {
    for life in 0.. {
        let store = Arc::clone(&world.store) as Arc<dyn Store>;
        // Each life is allowed more, or a short one could never end.
        let allowed = Duration::from_millis(rng.below(500 * (life + 1) * (life + 1)));
        let ended = tokio::select! {
            biased;
            ended = world.process(store, "mortal").run() => Some(ended),
            () = world.pass(allowed) => None,
        };
        tokio::task::yield_now().await;
        if let Some(ended) = ended {
            only(ended).unwrap();
            return usize::try_from(life).unwrap();
        }
    }
    0
}

#[tokio::test(start_paused = true)]
async fn deaths_at_any_moment_lose_and_double_nothing() {
    let mut deaths = 0;
    for seed in 0..25 {
        let scenario = Scenario::new(seed).table(table(60));
        let world = World::new(if seed % 2 == 0 { scenario } else { passing(scenario) });
        deaths += lives(&world, &mut Rng(seed)).await;
        world.assert_archived(Missing::Nothing).await;
    }
    assert!(deaths > 50, "{deaths} deaths in 25 lives");
}

#[tokio::test(start_paused = true)]
async fn deaths_among_losses_hide_none() {
    for seed in 0..15 {
        let world = lossy();
        world.catch_up().await.unwrap();
        world.pass(Duration::from_secs(4 * 3600)).await;
        lives(&world, &mut Rng(seed)).await;
        world.assert_archived(Missing::Declared).await;
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_archive() {
    let make = || async {
        let world = World::new(passing(Scenario::new(9).table(table(60))));
        world.catch_up().await.unwrap();
        archived(&world).await.fold.tree().root()
    };
    assert_eq!(make().await, make().await);
}

/// The clock of a machine may be set back between two starts; a log's dates never are.
#[tokio::test(start_paused = true)]
async fn a_clock_that_went_back_is_stated() {
    let world = World::new(Scenario::new(1).table(table(20)));
    world.catch_up().await.unwrap();
    world.clock.shift(-1_000_000);
    world.catch_up().await.unwrap();
    let archived = world.assert_archived(Missing::Nothing).await;
    let stated = |fact: &sealog_chain::Fact| matches!(fact, sealog_chain::Fact::ClockWentBack { .. });
    assert!(archived.commits.iter().flat_map(|commit| &commit.facts).any(stated));
}

#[tokio::test(start_paused = true)]
async fn fs_34_fs_38_a_stop_commits_what_was_read_and_the_next_process_goes_on_at_once() {
    let world = World::new(Scenario::new(3).table(table(150)));
    let (run, cancel) = world.until_stopped("first");
    let progress = run.progress()[0].1.clone();
    let stop = async {
        while progress.totals().read < 40 {
            world.pass(Duration::from_millis(1)).await;
        }
        cancel.cancel();
    };
    let (ended, ()) = tokio::join!(run.run(), stop);
    only(ended).unwrap();
    let totals = progress.totals();
    assert_eq!(totals.committed, totals.read, "what was read is committed");
    let stopped_ms = sealog_source::Clock::now_ms(&*world.clock);
    archived(&world).await;
    let waited_ms = sealog_source::Clock::now_ms(&*world.clock) - stopped_ms;
    assert!(waited_ms < 60_000, "nobody had to wait for the one that stopped: {waited_ms} ms");
}

#[tokio::test(start_paused = true)]
async fn fs_54_a_table_that_cannot_be_read_stops_no_other() {
    let mut world = World::new(Scenario::new(3).table(table(60)));
    let broken = sealog_pipeline::TableConfig {
        name: "nowhere".to_owned(),
        log: "nowhere".to_owned(),
        ..world.config.tables[0].clone()
    };
    world.config.tables.insert(0, broken);
    let store = Arc::clone(&world.store) as Arc<dyn Store>;
    let results = world.process(store, "both").run().await;
    let failed: Vec<_> =
        results.iter().filter(|table| table.result.is_err()).map(|table| table.table.as_str()).collect();
    assert_eq!((results.len(), failed), (2, vec!["nowhere"]));
    world.assert_archived(Missing::Nothing).await;
}

/// The beginning of a child is trimmed before anybody has looked at it (FS-04).
#[tokio::test(start_paused = true)]
async fn fs_04_what_was_trimmed_of_a_shard_that_is_seen_late_is_declared() {
    let table = TableSpec { created: Millis::hours(-2), ..TableSpec::new(TABLE) }
        .writer(WriterSpec::count(300, Millis::hours(-2), Millis::hours(3)))
        .event(Millis::hours(1), Happening::Split { shard: 0, listed_after: QUICK, closes_after: QUICK })
        .event(Millis::hours(2), Happening::Trim { shard: 1, keep: 2 });
    let world = World::new(Scenario::new(2).table(table));
    archived(&world).await;
    world.pass(Duration::from_secs(4 * 3600)).await;
    world.catch_up().await.unwrap();
    let archived = world.assert_archived(Missing::Declared).await;
    assert_eq!(archived.fold.gaps().len(), 1, "{:?}", archived.fold.gaps());
}
