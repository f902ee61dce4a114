//! Filters in the pipeline: what they say has its effect, nothing is lost by what they do, and the log says who judged.
//!
//! The oracle knows what each guest does about each record; what these tests add is what commits and facts say.

use std::sync::Arc;
use std::time::Duration;

use sealog_chain::{Commit, Decisions, Fact, FilterMode, Hash};
use sealog_filter::{FilterDigest, Mode, OnFault};
use sealog_pipeline::{FilterConfig, PipelineError, Remedy};
use sealog_simulator::{Happening, Millis, PagesSpec, Scenario, Shape, TableSpec, WriterSpec};
use sealog_store::Store;

use sealog_simulation::guests::{BRITTLE, HOSTILE, OTHER, SILENT, SOUND, filter, guest};
use sealog_simulation::law::Missing;
use sealog_simulation::oracle::Archived;
use sealog_simulation::world::{TABLE, World, identity, key, only};

use crate::sweep::sweep;

/// So many changes of two hours before now, in short pages; some cannot be read.
fn scenario(count: u64) -> Scenario {
    let writer = WriterSpec {
        shape: Shape::AllTypes,
        unreadable: 0.03,
        ..WriterSpec::count(count, Millis::hours(-2), Millis::minutes(-1))
    };
    let table = TableSpec {
        created: Millis::hours(-3),
        pages: PagesSpec { records_max: 7, ..PagesSpec::default() },
        ..TableSpec::new(TABLE)
    };
    let quick = Millis(0);
    let split = Happening::Split { shard: 0, listed_after: quick, closes_after: quick };
    Scenario::new(11).table(table.writer(writer).event(Millis::hours(-1), split))
}

async fn archived(world: &World) -> Archived {
    world.catch_up().await.unwrap();
    world.assert_archived(Missing::Nothing).await
}

/// Facts about filters, as number of the commit, what, and name.
fn facts(archived: &Archived) -> Vec<(u64, &'static str, &str)> {
    let all =
        archived.commits.iter().flat_map(|commit| commit.facts.iter().map(|fact| (commit.number, fact)));
    let told = all.filter_map(|(number, fact)| {
        if let Fact::FilterPinned { filter, .. } = fact {
            Some((number, "pinned", filter.name.as_str()))
        } else if let Fact::FilterRemoved { name, .. } = fact {
            Some((number, "removed", name.as_str()))
        } else if let Fact::FilterBypassed { name, .. } = fact {
            Some((number, "bypassed", name.as_str()))
        } else {
            None
        }
    });
    told.collect()
}

/// Facts of one life: what, and name.
type News<'a> = Vec<(&'a str, &'a str)>;

/// What a filter decided in all commits in which it had this mode.
fn decided(archived: &Archived, name: &str, mode: FilterMode) -> Decisions {
    let batches = archived.commits.iter().filter_map(|commit| commit.batch.as_ref());
    let uses = batches.flat_map(|batch| &batch.filters);
    let mut sum = Decisions::default();
    uses.filter(|used| (used.name.as_str(), used.mode) == (name, mode))
        .for_each(|used| sum.add(&used.decisions));
    sum
}

fn rows_of(commit: &Commit) -> u64 {
    commit.batch.as_ref().map_or(0, |batch| batch.records)
}

/// The verifier, which shares no code with the writer.
async fn assert_intact(world: &World) {
    let archived = world.assert_archived(Missing::Nothing).await;
    let options = sealog_verify::VerifyOptions {
        now: archived.fold.committed_at().unwrap(),
        key: Some(key()),
        ..sealog_verify::VerifyOptions::default()
    };
    let store = Arc::clone(&world.store) as Arc<dyn Store>;
    let report = sealog_verify::verify(store, "memory", &options, &sealog_verify::Progress::default()).await;
    assert_eq!(report.outcome, sealog_verify::Outcome::Intact, "{:?}", report.logs);
}

#[tokio::test(start_paused = true)]
async fn kept_rows_and_tombstones_are_the_stream() {
    let world = World::new(scenario(200)).judged_by(&[
        filter("sound", SOUND, Mode::Enforce),
        filter("other", OTHER, Mode::Enforce),
        filter("watch", HOSTILE, Mode::Shadow),
    ]);
    let archived = archived(&world).await;
    assert_eq!(archived.records(), world.engine.lock().unwrap().truth().count());
    let sums = archived.commits.iter().filter_map(|commit| commit.batch.as_ref()).fold(
        Decisions::default(),
        |mut sum, batch| {
            sum.add(&batch.decisions);
            sum
        },
    );
    assert!(sums.drop > 20 && sums.redact > 20 && sums.keep > 50 && sums.fault > 0, "{sums:?}");
    let [sound, other] = ["sound", "other"].map(|name| decided(&archived, name, FilterMode::Enforce));
    assert_eq!(sound.drop + other.drop, sums.drop);
    assert_eq!(sound.sum().unwrap(), archived.records() as u64 - sums.fault, "all but the unreadable");
    assert_eq!(other.sum().unwrap(), sound.sum().unwrap() - sound.drop);
    assert_intact(&world).await;
}

#[tokio::test(start_paused = true)]
async fn two_runs_seal_the_same_bytes() {
    let filters = [filter("sound", SOUND, Mode::Enforce), filter("brittle", BRITTLE, Mode::Enforce)];
    let mut objects = Vec::new();
    for _ in 0..2 {
        let archived = archived(&World::new(scenario(120)).judged_by(&filters)).await;
        let batches = archived.commits.into_iter().filter_map(|commit| commit.batch);
        let sealed: Vec<Hash> = batches.map(|batch| batch.records_root).collect();
        assert!(sealed.len() > 5);
        objects.push(sealed);
    }
    assert_eq!(objects[0], objects[1]);
}

#[tokio::test(start_paused = true)]
async fn what_is_only_counted_changes_no_row() {
    let plain = archived(&World::new(scenario(120))).await;
    let world = World::new(scenario(120)).judged_by(&[filter("watch", SOUND, Mode::Shadow)]);
    let watched = archived(&world).await;
    let leaves = |archived: &Archived| archived.rows.clone();
    assert_eq!(leaves(&plain), leaves(&watched));
    let shadow = decided(&watched, "watch", FilterMode::Shadow);
    assert!(shadow.drop > 10 && shadow.redact > 5, "{shadow:?}");
    assert_intact(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_fails_on_and_on_is_set_aside_and_everything_is_kept() {
    let world = World::new(scenario(300))
        .judged_by(&[filter("brittle", BRITTLE, Mode::Enforce), filter("other", OTHER, Mode::Enforce)]);
    let process = world.process(Arc::clone(&world.store) as Arc<dyn Store>, "w");
    let progress = process.progress().remove(0).1;
    only(process.run().await).unwrap();
    let archived = world.assert_archived(Missing::Nothing).await;
    let [(0, "pinned", "brittle"), (0, "pinned", "other"), (aside, "bypassed", "brittle")] =
        facts(&archived)[..]
    else {
        panic!("{:?}", facts(&archived))
    };
    let modes = |commit: &Commit| -> Vec<FilterMode> {
        commit.batch.iter().flat_map(|batch| &batch.filters).map(|used| used.mode).collect()
    };
    for commit in archived.commits.iter().filter(|commit| rows_of(commit) > 0) {
        let first = if commit.number < aside { FilterMode::Enforce } else { FilterMode::Bypassed };
        assert_eq!(modes(commit), [first, FilterMode::Enforce], "commit {}", commit.number);
    }
    let failed = decided(&archived, "brittle", FilterMode::Enforce);
    assert_eq!(failed.fault, 20);
    assert!(archived.records() as u64 > failed.sum().unwrap() + 50, "much came after it");
    assert_eq!(decided(&archived, "brittle", FilterMode::Bypassed), Decisions::default());
    let totals = progress.filters().totals();
    assert!(totals[0].bypassed && !totals[1].bypassed, "{totals:?}");
    assert_eq!(totals[0].decisions, failed);
    assert!(totals[1].alerts > 0);
    let alarms = progress.health().report(0).alarms;
    assert!(format!("{alarms:?}").contains("brittle"), "{alarms:?}");
    assert_intact(&world).await;

    // The next start tries it again, and says so.
    world.pass(Duration::from_secs(60)).await;
    world.catch_up().await.unwrap();
    let archived = world.assert_archived(Missing::Nothing).await;
    assert!(matches!(facts(&archived)[3..], [(_, "pinned", "brittle")]), "{:?}", facts(&archived));
}

#[tokio::test(start_paused = true)]
async fn what_changes_about_filters_is_a_fact_and_a_restart_is_none() {
    let writer = WriterSpec::count(400, Millis::minutes(-50), Millis::hours(6));
    let table = TableSpec { created: Millis::hours(-1), ..TableSpec::new(TABLE) }.writer(writer);
    let mut world = World::new(Scenario::new(4).table(table));
    let told = FilterConfig { config: serde_json::json!({"x": 1}), ..filter("f", SOUND, Mode::Shadow) };
    let roomy = {
        let mut roomy = told.clone();
        roomy.limits.memory_max = Some(64 << 20);
        roomy
    };
    let lives: Vec<(Vec<FilterConfig>, News<'_>)> = vec![
        (vec![], vec![]),
        (vec![filter("f", SOUND, Mode::Shadow)], vec![("pinned", "f")]),
        (vec![filter("f", SOUND, Mode::Shadow)], vec![]),
        (vec![told.clone()], vec![("pinned", "f")]),
        (vec![roomy.clone()], vec![("pinned", "f")]),
        (vec![FilterConfig { mode: Mode::Enforce, ..roomy.clone() }], vec![("pinned", "f")]),
        (
            vec![filter("f", OTHER, Mode::Enforce), filter("g", SILENT, Mode::Enforce)],
            vec![("pinned", "f"), ("pinned", "g")],
        ),
        (vec![filter("g", SILENT, Mode::Enforce)], vec![("removed", "f")]),
        (vec![], vec![("removed", "g")]),
    ];
    let mut known = 0;
    for (filters, expected) in lives {
        world = world.judged_by(&filters);
        world.pass(Duration::from_secs(2_000)).await;
        let archived = archived(&world).await;
        let all = facts(&archived);
        let news: News<'_> = all[known..].iter().map(|(_, what, name)| (*what, *name)).collect();
        assert_eq!(news, expected);
        known = all.len();
        let newest = archived.commits.iter().rev().find(|commit| rows_of(commit) > 0).unwrap();
        let names: Vec<_> =
            newest.batch.iter().flat_map(|b| &b.filters).map(|used| used.name.clone()).collect();
        let wanted: Vec<_> = filters.iter().filter_map(|filter| filter.name.clone()).collect();
        assert_eq!(names, wanted);
    }
    assert_intact(&world).await;
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_is_to_halt_stops_its_table_before_the_record_and_no_other() {
    let halting = FilterConfig { on_fault: OnFault::Halt, ..filter("brittle", BRITTLE, Mode::Enforce) };
    let mut world = World::new(scenario(100)).judged_by(&[halting]);
    let error = world.catch_up().await.unwrap_err();
    let PipelineError::FilterHalted(halted) = &error else { panic!("{error}") };
    assert!(error.to_string().contains("brittle") && error.to_string().contains(&halted.sequence), "{error}");
    assert_eq!((error.remedy(), error.may_pass()), (Remedy::CallAPerson, false));
    let archived = world.assert_archived(Missing::NotYetRead).await;
    let failed = halted.sequence.parse().unwrap();
    let is_there = |rows: &Vec<sealog_simulation::oracle::Row>| rows.iter().any(|row| row.number == failed);
    assert!(!archived.rows.values().any(is_there));
    assert!(matches!(archived.commits.last().unwrap().facts[..], [Fact::CaptureStopped { .. }]));
    // A person lets it keep and flag what it fails at: nothing was lost.
    world = world.judged_by(&[filter("brittle", BRITTLE, Mode::Enforce)]);
    assert!(self::archived(&world).await.records() >= 100);
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_cannot_be_loaded_stops_the_start_and_is_named() {
    let good = filter("g", SOUND, Mode::Enforce);
    let missing = FilterConfig { component: "/nowhere.wasm".into(), ..good.clone() };
    let other = FilterConfig { sha256: Some(FilterDigest([7; 32])), ..good.clone() };
    let nothing = guest(SILENT).file.with_extension("txt");
    std::fs::write(&nothing, "no component").unwrap();
    let rubbish = FilterConfig { component: nothing, sha256: None, mode: Mode::Shadow, ..good.clone() };
    for wrong in [missing, other, rubbish] {
        let world = World::new(scenario(10)).judged_by(&[filter("first", SILENT, Mode::Shadow), wrong]);
        let error = world.catch_up().await.unwrap_err();
        assert!(matches!(error, PipelineError::Filter { .. }), "{error}");
        assert!(error.to_string().contains("filter \"g\""), "{error}");
        assert_eq!(error.remedy(), Remedy::Configure);
        assert!(world.store.list("", None).await.unwrap().is_empty(), "nothing was begun");
    }
    let mut world = World::new(scenario(10)).judged_by(&[good]);
    world.config.redaction_secret = None;
    let error = world.catch_up().await.unwrap_err();
    assert!(error.to_string().contains("--redaction"), "{error}");
}

/// Two processes with the same filters, side by side: whoever loses a race keeps counts that fit what is left of its rows.
#[tokio::test(start_paused = true)]
async fn two_writers_with_the_same_filters_state_them_once() {
    let world = World::new(scenario(250)).judged_by(&[
        filter("sound", SOUND, Mode::Enforce),
        filter("watch", HOSTILE, Mode::Shadow),
        filter("brittle", BRITTLE, Mode::Enforce),
    ]);
    let run = |name: &'static str| {
        let store = Arc::clone(&world.store) as Arc<dyn Store>;
        let mut config = world.config.clone();
        // Batches of other sizes, so that a lost race leaves a part.
        config.seal.rows_max = if name == "a" { 10 } else { 23 };
        let process =
            sealog_pipeline::Run::new(config, world.client(), store, identity(name, world.time()), true);
        process.with_workshop(sealog_simulation::guests::workshop()).run()
    };
    let (a, b) = tokio::join!(run("a"), run("b"));
    only(a).unwrap();
    only(b).unwrap();
    let archived = world.assert_archived(Missing::Nothing).await;
    let pins =
        facts(&archived).into_iter().filter(|(_, what, name)| (*what, *name) == ("pinned", "sound")).count();
    assert_eq!(pins, 1, "{:?}", facts(&archived));
    assert_intact(&world).await;
}

#[tokio::test(start_paused = true)]
async fn with_filters() {
    let prepare = || async {
        World::new(scenario(60))
            .judged_by(&[filter("brittle", BRITTLE, Mode::Enforce), filter("watch", OTHER, Mode::Shadow)])
    };
    sweep("filters", Missing::Nothing, 15, prepare, |archived| {
        assert!(archived.records() >= 50, "{}", archived.records());
        assert_eq!(facts(archived).iter().filter(|(_, what, _)| *what == "pinned").count(), 2);
    })
    .await;
}

/// A process that dies around the bypass: the next one tries the filter again, and says so.
#[tokio::test(start_paused = true)]
async fn with_a_filter_that_is_set_aside() {
    let prepare = || async {
        let mut world = World::new(scenario(90)).judged_by(&[filter("hostile", HOSTILE, Mode::Enforce)]);
        world.config.seal.rows_max = 40;
        world
    };
    sweep("a filter set aside", Missing::Nothing, 10, prepare, |archived| {
        assert!(facts(archived).iter().any(|(_, what, _)| *what == "bypassed"));
    })
    .await;
}
