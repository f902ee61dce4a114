//! The reader against a scripted service, on paused time: every wait is exact and takes no time.

use std::collections::BTreeMap;

use sealog_record::SequenceNumber;

use super::fake::*;
use super::*;
use crate::{ServiceErrorKind, StreamStatus, SystemClock};

fn shard(records: &[u64], closed: bool) -> FakeShard {
    FakeShard { records: records.iter().map(|at| (*at, 100)).collect(), closed, ..FakeShard::default() }
}

fn child(parent: &'static str, records: &[u64]) -> FakeShard {
    FakeShard { parent: Some(parent), ..shard(records, false) }
}

fn until_caught_up() -> SourceOptions {
    SourceOptions { until_caught_up: true, on_gap: OnGap::RecordAndContinue, ..SourceOptions::default() }
}

/// What a run came to: the log of events in words, and the positions that they fold into.
struct Outcome {
    log: Vec<String>,
    positions: Positions,
    result: Result<(), SourceError>,
}

impl Outcome {
    fn records(&self) -> Vec<&str> {
        self.log.iter().filter_map(|line| line.strip_prefix("record ")).collect()
    }

    fn gaps(&self) -> Vec<&str> {
        self.log.iter().filter_map(|line| line.strip_prefix("gap ")).collect()
    }
}

/// A committer that commits each event at once and writes down what it saw.
struct Committer {
    log: Vec<String>,
    positions: Positions,
    committed: mpsc::Sender<CommittedShard>,
}

impl Committer {
    async fn take(&mut self, event: SourceEvent) {
        match event {
            SourceEvent::StreamOpened { stream, start, .. } => {
                self.log.push(format!("opened {} {start:?}", stream.label()));
            }
            SourceEvent::Resumed { .. } => {}
            SourceEvent::Discovered { stream, shard, parent, from } => {
                self.log.push(format!("found {shard} {from:?}"));
                let position = ShardPosition { parent, began: from, last: None, done: false };
                assert!(self.positions.insert((stream.clone(), shard.clone()), position).is_none());
                self.report(stream, shard).await;
            }
            SourceEvent::Page { stream, shard, page, first, closes, .. } => {
                let position = self.positions.get_mut(&(stream.clone(), shard.clone())).unwrap();
                for index in first..page.len() {
                    let number = page.sequence(index);
                    assert!(number > position.last, "{shard}: {number:?} again");
                    position.last = number;
                    self.log.push(format!("record {shard}/{}", number.unwrap()));
                }
                position.done |= closes;
                self.report(stream, shard).await;
            }
            SourceEvent::Gap(gap) => {
                let name = gap.shard.as_ref().map_or("-", |shard| shard.as_str());
                let text = |n: Option<SequenceNumber>| n.map_or("-".to_owned(), |n| n.to_string());
                let (after, first) = (text(gap.after), text(gap.first));
                self.log.push(format!(
                    "gap {} {name} {after} {first} {}",
                    gap.cause.as_str(),
                    gap.ends_shard
                ));
                if let Some(shard) = gap.shard.filter(|_| gap.ends_shard) {
                    let key = (gap.stream.clone(), shard.clone());
                    self.positions.get_mut(&key).unwrap().done = true;
                    self.report(gap.stream, shard).await;
                }
            }
            SourceEvent::CaughtUp => self.log.push("caught up".into()),
        }
    }

    async fn report(&self, stream: StreamLabel, shard: ShardId) {
        let position = self.positions[&(stream.clone(), shard.clone())].clone();
        let _gone = self.committed.send(CommittedShard { stream, shard, position }).await;
    }
}

/// Runs with small queues; after each event, `watch` may change the world or stop the run.
async fn run_watched(
    fake: &Fake,
    options: SourceOptions,
    positions: Positions,
    mut watch: impl FnMut(&[String], &CancellationToken),
) -> Outcome {
    let (events, mut taken) = mpsc::channel(1);
    let (committed, reports) = mpsc::channel(1);
    let cancel = CancellationToken::new();
    let clock = Arc::new(SystemClock);
    let source = Source::new(Arc::new(fake.clone()), clock, options, "t", positions.clone());
    let running = source.run(events, reports, ByteBudget::new(2 << 20), cancel.clone());
    let mut committer = Committer { log: Vec::new(), positions, committed };
    let committing = async {
        while let Some(event) = taken.recv().await {
            committer.take(event).await;
            watch(&committer.log, &cancel);
        }
    };
    let (result, ()) = tokio::join!(running, committing);
    Outcome { log: committer.log, positions: committer.positions, result }
}

async fn run(fake: &Fake, options: SourceOptions, positions: Positions) -> Outcome {
    run_watched(fake, options, positions, |_, _| {}).await
}

fn at(shard: &str, began: ReadFrom, last: Option<u64>) -> Positions {
    let position = ShardPosition { parent: None, began, last: last.map(number), done: false };
    BTreeMap::from([((arn("1").label(), id(shard)), position)])
}

#[tokio::test(start_paused = true)]
async fn fs_07_fs_09_parents_are_read_to_their_end_then_children_then_it_is_caught_up() {
    let grandchild = FakeShard { parent: Some("a"), ..shard(&[9, 10], false) };
    let fake = Fake::new([
        ("a", FakeShard { parent: Some("p"), ..shard(&[6, 7, 8], true) }),
        ("b", child("p", &[6])),
        ("c", grandchild),
        ("p", shard(&[1, 2, 3, 4], true)),
    ]);
    let outcome = run(&fake, until_caught_up(), Positions::new()).await;
    outcome.result.as_ref().unwrap();
    let order = |name: &str| outcome.records().iter().position(|r| *r == name).unwrap();
    assert_eq!(outcome.records().len(), 10);
    assert!(order("p/4") < order("a/6") && order("p/4") < order("b/6") && order("a/8") < order("c/9"));
    assert_eq!(outcome.log[0], "opened 1 TrimHorizon");
    assert_eq!(outcome.log.last().unwrap(), "caught up");
    let again = run(&fake, until_caught_up(), outcome.positions).await;
    assert_eq!(again.log, ["caught up"]);
}

#[tokio::test(start_paused = true)]
async fn fs_01_more_shards_than_a_page_holds_are_all_found_and_a_repeated_cursor_is_an_error() {
    let names: Vec<&'static str> =
        (0..250).map(|at| &*Box::leak(format!("s{at:03}").into_boxed_str())).collect();
    let fake = Fake::new(names.iter().map(|name| (*name, shard(&[1], false))));
    let outcome = run(&fake, until_caught_up(), Positions::new()).await;
    assert_eq!((outcome.records().len(), outcome.result.clone()), (250, Ok(())));
    fake.change(|world| world.repeat_cursor = true);
    let outcome = run(&fake, until_caught_up(), Positions::new()).await;
    assert!(matches!(outcome.result, Err(SourceError::RepeatedCursor { .. })), "{:?}", outcome.result);
}

#[tokio::test(start_paused = true)]
async fn fs_02_a_failed_page_of_a_listing_is_asked_again_and_nothing_is_missed() {
    let fake = Fake::new([("a", shard(&[1], false)), ("b", shard(&[1], false))]);
    fake.change(|world| {
        world.page_size = 1;
        world.list_faults.extend([ServiceErrorKind::Throttled, ServiceErrorKind::ServerFault]);
    });
    let outcome = run(&fake, until_caught_up(), Positions::new()).await;
    assert_eq!((outcome.records(), outcome.gaps().len()), (vec!["a/1", "b/1"], 0));
}

#[tokio::test(start_paused = true)]
async fn fs_08_a_child_that_is_listed_late_is_found_and_read() {
    let late = FakeShard { hidden: true, ..child("p", &[5]) };
    let fake = Fake::new([("c", late), ("p", shard(&[1], true))]);
    let mut options = until_caught_up();
    options.until_caught_up = false;
    let outcome = run_watched(&fake, options, Positions::new(), |log, cancel| {
        if log.last().is_some_and(|line| line == "record p/1") {
            fake.shard("c", |shard| shard.hidden = false);
        }
        if log.iter().any(|line| line == "record c/5") {
            cancel.cancel();
        }
    })
    .await;
    assert_eq!((outcome.records(), outcome.result.clone()), (vec!["p/1", "c/5"], Ok(())));
}

#[tokio::test(start_paused = true)]
async fn caught_up_is_said_only_after_a_listing_that_shows_nothing_new() {
    let fake =
        Fake::new([("a", shard(&[1], false)), ("z", FakeShard { hidden: true, ..shard(&[7], false) })]);
    fake.change(|world| world.reveal = Some(("a", 20, "z")));
    let outcome = run(&fake, until_caught_up(), Positions::new()).await;
    assert_eq!((outcome.records(), outcome.result.clone()), (vec!["a/1", "z/7"], Ok(())));
}

#[tokio::test(start_paused = true)]
async fn fs_48_records_delivered_again_are_not_sent_again() {
    let mut repeating = shard(&[1, 2, 3, 4], false);
    repeating.faults.extend([
        Fault::Body(
            r#"{"Records":[{"dynamodb":{"SequenceNumber":"1"}},{"dynamodb":{"SequenceNumber":"2"}}],"NextShardIterator":"1/a/1"}"#,
        ),
        Fault::Body(r#"{"Records":[{"dynamodb":{"SequenceNumber":"2"}}],"NextShardIterator":"1/a/1"}"#),
    ]);
    let outcome = run(&Fake::new([("a", repeating)]), until_caught_up(), Positions::new()).await;
    assert_eq!(outcome.records(), ["a/1", "a/2", "a/3", "a/4"]);
}

#[tokio::test(start_paused = true)]
async fn fs_13_fs_18_empty_pages_and_faults_lose_nothing_and_repeat_nothing() {
    let mut faulty = shard(&[1, 2, 3, 4, 5, 6, 7], false);
    faulty.faults.extend([
        Fault::Empty,
        Fault::Fail(ServiceErrorKind::Throttled),
        Fault::Fail(ServiceErrorKind::ExpiredIterator),
        Fault::Fail(ServiceErrorKind::Unreachable),
        Fault::Empty,
    ]);
    faulty.faults.extend(vec![Fault::Fail(ServiceErrorKind::ServerFault); 30]);
    let fake = Fake::new([("a", faulty)]);
    let outcome = run(&fake, until_caught_up(), Positions::new()).await;
    assert_eq!((outcome.records().len(), outcome.result.clone()), (7, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn fs_52_a_permission_that_is_taken_away_for_a_while_loses_nothing() {
    let mut denied = shard(&[1, 2, 3], false);
    denied.faults.push_back(Fault::Empty);
    denied.faults.extend(vec![Fault::Fail(ServiceErrorKind::Denied); 20]);
    denied.faults.push_back(Fault::Fail(ServiceErrorKind::NoCredentials));
    let fake = Fake::new([("a", denied)]);
    let outcome = run(&fake, until_caught_up(), Positions::new()).await;
    assert_eq!((outcome.records().len(), outcome.result.clone()), (3, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn fs_52_a_permission_that_was_never_there_is_said_at_once() {
    let mut denied = shard(&[1], false);
    denied.faults.push_back(Fault::Fail(ServiceErrorKind::Denied));
    let outcome = run(&Fake::new([("a", denied)]), until_caught_up(), Positions::new()).await;
    assert_eq!(outcome.result.unwrap_err().kind(), crate::SourceErrorKind::CallAPerson);
}

#[tokio::test(start_paused = true)]
async fn fs_14_an_expired_iterator_is_renewed_after_the_last_read_record_never_at_latest() {
    let mut expiring = shard(&[1, 2], false);
    expiring.faults.push_back(Fault::Fail(ServiceErrorKind::ExpiredIterator));
    let fake = Fake::new([("a", expiring)]);
    let options =
        SourceOptions { start: StartAt::Latest, latest_since_ms: Some(100_500), ..until_caught_up() };
    let outcome = run(&fake, options, Positions::new()).await;
    assert_eq!(outcome.records(), ["a/1", "a/2"]);
    let froms: Vec<_> = fake.0.lock().unwrap().iterators.iter().map(|(_, from)| *from).collect();
    assert_eq!(froms, [ReadFrom::Latest, ReadFrom::TrimHorizon]);
}

#[tokio::test(start_paused = true)]
async fn fs_24_fs_26_latest_skips_the_past_once_and_a_restart_skips_nothing_since() {
    let mut past = shard(&[1], false);
    past.records = vec![(1, 98), (2, 99)];
    let fake = Fake::new([("a", past)]);
    let options =
        SourceOptions { start: StartAt::Latest, latest_since_ms: Some(100_500), ..until_caught_up() };
    let first = run(&fake, options.clone(), Positions::new()).await;
    assert!(first.records().is_empty());
    assert_eq!(first.log[1], "found a Latest");
    fake.shard("a", |shard| shard.records.extend([(3, 100), (4, 99), (5, 101)]));
    let second = run(&fake, options, first.positions).await;
    assert_eq!(second.records(), ["a/3", "a/4", "a/5"]);
}

#[tokio::test(start_paused = true)]
async fn fs_16_trimmed_records_are_a_gap_from_to_and_the_rest_is_read() {
    let trimmed = FakeShard { trimmed: 4, ..shard(&[1, 2, 3, 4, 5, 6], false) };
    let fake = Fake::new([("a", trimmed)]);
    let outcome = run(&fake, until_caught_up(), at("a", ReadFrom::TrimHorizon, Some(2))).await;
    assert_eq!((outcome.gaps(), outcome.records()), (vec!["trimmed a 2 5 false"], vec!["a/5", "a/6"]));

    let halt = SourceOptions { on_gap: OnGap::Halt, ..until_caught_up() };
    let outcome = run(&fake, halt, at("a", ReadFrom::TrimHorizon, Some(2))).await;
    let error = outcome.result.unwrap_err();
    assert!(matches!(error, SourceError::GapHalted(_)) && outcome.log.is_empty(), "{error}");
    assert!(error.to_string().contains("on_gap"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn fs_16_a_closed_shard_that_is_trimmed_to_its_end_ends_with_a_gap_and_its_child_is_read() {
    let trimmed = FakeShard { trimmed: 4, ..shard(&[1, 2, 3, 4], true) };
    let fake = Fake::new([("a", trimmed), ("b", child("a", &[5]))]);
    let outcome = run(&fake, until_caught_up(), at("a", ReadFrom::TrimHorizon, Some(2))).await;
    assert_eq!((outcome.gaps(), outcome.records()), (vec!["trimmed a 2 - true"], vec!["b/5"]));
}

#[tokio::test(start_paused = true)]
async fn fs_15_fs_17_a_shard_that_is_gone_is_a_gap_only_when_the_listing_agrees() {
    let lost = FakeShard { gone: true, hidden: true, ..shard(&[1, 2], true) };
    let fake = Fake::new([("a", lost), ("b", child("a", &[5]))]);
    let outcome = run(&fake, until_caught_up(), at("a", ReadFrom::TrimHorizon, Some(1))).await;
    assert_eq!((outcome.gaps(), outcome.records()), (vec!["shard_vanished a 1 - true"], vec!["b/5"]));

    let mut flickering = shard(&[1, 2], false);
    flickering
        .faults
        .extend([Fault::Fail(ServiceErrorKind::NotFound), Fault::Fail(ServiceErrorKind::NotFound)]);
    let fake = Fake::new([("a", flickering)]);
    let outcome = run(&fake, until_caught_up(), Positions::new()).await;
    assert_eq!((outcome.gaps().len(), outcome.records()), (0, vec!["a/1", "a/2"]));
}

#[tokio::test(start_paused = true)]
async fn fs_32_a_new_stream_drains_the_old_one_and_records_the_blind_interval() {
    let fake = Fake::new([("a", shard(&[1, 2], true))]);
    fake.change(|world| {
        world.streams.get_mut("1").unwrap().status = StreamStatus::Disabled;
        let shards = BTreeMap::from([("n", shard(&[1], false))]);
        world.streams.insert("2", FakeStream { status: StreamStatus::Enabled, shards, gone: false });
    });
    let outcome = run(&fake, until_caught_up(), at("a", ReadFrom::TrimHorizon, Some(1))).await;
    let expected = [
        "record a/2",
        "gap stream_disabled - - - false",
        "opened 2 TrimHorizon",
        "found n TrimHorizon",
        "record n/1",
    ];
    assert_eq!(outcome.log[..5], expected);
}

#[tokio::test(start_paused = true)]
async fn fs_17_fs_50_a_stream_that_is_gone_is_a_gap_in_each_unfinished_shard() {
    let fake = Fake::new([("a", shard(&[1, 2], false))]);
    let options = SourceOptions { until_caught_up: false, ..until_caught_up() };
    let outcome = run_watched(&fake, options, Positions::new(), |log, cancel| {
        if log.iter().any(|line| line == "record a/2") {
            fake.change(|world| world.streams.get_mut("1").unwrap().gone = true);
        }
        if log.iter().any(|line| line.starts_with("gap")) {
            cancel.cancel();
        }
    })
    .await;
    assert_eq!(outcome.gaps(), ["stream_vanished a 2 - true"]);
}

#[tokio::test(start_paused = true)]
async fn malformed_and_unordered_pages_stop_with_shard_and_position_and_skip_nothing() {
    let mut broken = shard(&[1, 2], false);
    broken.faults.extend([Fault::Body("{\"Records\":[{}]}")]);
    let outcome = run(&Fake::new([("a", broken)]), until_caught_up(), Positions::new()).await;
    let error = outcome.result.unwrap_err();
    assert!(matches!(&error, SourceError::MalformedPage { shard, .. } if *shard == id("a")), "{error}");

    let mut unordered = shard(&[], false);
    unordered.faults.extend([Fault::Body(
        r#"{"Records":[{"dynamodb":{"SequenceNumber":"2"}},{"dynamodb":{"SequenceNumber":"2"}}]}"#,
    )]);
    let outcome = run(&Fake::new([("a", unordered)]), until_caught_up(), Positions::new()).await;
    assert!(matches!(outcome.result, Err(SourceError::OutOfOrder { .. })), "{:?}", outcome.result);
    assert!(outcome.log.iter().all(|line| !line.starts_with("record")));
}

#[tokio::test(start_paused = true)]
async fn a_start_without_stream_or_service_or_with_too_small_a_view_says_so_soon() {
    let nothing = Fake::new([]);
    nothing.change(|world| world.streams.clear());
    let error = run(&nothing, until_caught_up(), Positions::new()).await.result.unwrap_err();
    assert!(matches!(error, SourceError::TableWithoutStream { .. }), "{error}");

    let unreachable = Fake::new([]);
    unreachable.change(|world| world.list_faults.extend([ServiceErrorKind::Unreachable; 4]));
    let error = run(&unreachable, until_caught_up(), Positions::new()).await.result.unwrap_err();
    assert!(matches!(error, SourceError::Service { .. }), "{error}");

    let fake = Fake::new([("a", shard(&[1], false))]);
    let options =
        SourceOptions { require_view_type: Some(sealog_record::ViewType::OldImage), ..until_caught_up() };
    let outcome = run(&fake, options, Positions::new()).await;
    assert!(matches!(outcome.result, Err(SourceError::ViewType { .. })) && outcome.log.is_empty());
}

#[tokio::test(start_paused = true)]
async fn fs_53_an_idle_shard_is_asked_at_the_stated_latency_and_no_oftener() {
    let fake = Fake::new([("a", shard(&[], false))]);
    let options =
        SourceOptions { latency_max: Duration::from_secs(60), until_caught_up: false, ..until_caught_up() };
    let an_hour = run(&fake, options, Positions::new());
    assert!(tokio::time::timeout(Duration::from_secs(3600), an_hour).await.is_err());
    let calls = fake.0.lock().unwrap().calls["a"];
    assert!((60..=69).contains(&calls), "{calls}");
}

#[tokio::test(start_paused = true)]
async fn fs_51_a_stalled_store_stops_reading_at_the_budget() {
    let fake = Fake::new((0..8).map(|at| (["a", "b", "c", "d", "e", "f", "g", "h"][at], shard(&[1], false))));
    let (events, mut taken) = mpsc::channel(1000);
    let (_committed, reports) = mpsc::channel(1);
    let budget = ByteBudget::new(3 << 20);
    let source =
        Source::new(Arc::new(fake.clone()), Arc::new(SystemClock), until_caught_up(), "t", Positions::new());
    let mut running = Box::pin(source.run(events, reports, budget.clone(), CancellationToken::new()));
    let stalled = tokio::time::timeout(Duration::from_secs(1), &mut running).await;
    assert!(stalled.is_err());
    let mut held = Vec::new();
    while let Ok(event) = taken.try_recv() {
        if let SourceEvent::Page { permit, .. } = event {
            held.push(permit);
        }
    }
    let bytes: usize = held.iter().map(crate::BytePermit::bytes).sum();
    assert_eq!(held.len(), 8);
    assert!(bytes >= 8 * 1024 && budget.available() <= (3 << 20) - bytes, "{bytes}");
}
