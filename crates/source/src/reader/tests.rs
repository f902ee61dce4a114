//! The reader against a scripted service, on paused time: every wait is exact and takes no time.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

use sealog_record::{ReadFrom, SequenceNumber, ShardId, ShardPosition, StartAt};

use super::fake::*;
use super::*;
use crate::{
    Alarm, HealthReport, IteratorStart, KnownStream, Positions, ServiceErrorKind, ShardActivity,
    StreamStatus, TableStream,
};

mod loss;
mod running;

/// Paused time, beginning at second 100: where the records of [`shard`] lie.
#[derive(Debug)]
struct TestClock {
    zero: tokio::time::Instant,
    zero_ms: i64,
}

impl TestClock {
    fn new(zero_ms: i64) -> Arc<Self> {
        Arc::new(Self { zero: tokio::time::Instant::now(), zero_ms })
    }
}

impl Clock for TestClock {
    fn now_ms(&self) -> i64 {
        self.zero_ms + i64::try_from(self.zero.elapsed().as_millis()).unwrap()
    }

    #[expect(clippy::disallowed_methods, reason = "paused time: this is the clock")]
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}

const ZERO_MS: i64 = 100_000;

/// Lets so many seconds pass.
#[expect(clippy::disallowed_methods, reason = "paused time: this is the clock")]
async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}

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
    coverage: Coverage,
    result: Result<(), SourceError>,
    health: HealthReport,
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
    coverage: Coverage,
    committed: mpsc::Sender<CommittedShard>,
}

impl Committer {
    async fn take(&mut self, event: SourceEvent) {
        match event {
            SourceEvent::StreamOpened { stream, start, at_ms, .. } => {
                self.log.push(format!("opened {} {start:?}", stream.label()));
                let known = KnownStream { arn: stream.clone(), start, opened_at_ms: at_ms, closed: false };
                assert!(self.coverage.streams.insert(stream.label(), known).is_none());
            }
            SourceEvent::StreamClosed { stream, cause, .. } => {
                self.log.push(format!("closed {stream} {cause:?}"));
                let known = self.coverage.streams.get_mut(&stream).unwrap();
                assert!(!std::mem::replace(&mut known.closed, true), "{stream} is closed once");
                let mut own = self.coverage.positions.iter().filter(|((of, _), _)| *of == stream);
                assert!(own.all(|(_, position)| position.done), "{stream} is closed when all of it is");
            }
            SourceEvent::Resumed { .. } => {}
            SourceEvent::Discovered { stream, shard, parent, from } => {
                self.log.push(format!("found {shard} {from:?}"));
                let position = ShardPosition::begun(parent, from);
                assert!(self.coverage.positions.insert((stream.clone(), shard.clone()), position).is_none());
                self.report(stream, shard).await;
            }
            SourceEvent::Page { stream, shard, page, first, closes, .. } => {
                let position = self.coverage.positions.get_mut(&(stream.clone(), shard.clone())).unwrap();
                for index in first..page.len() {
                    let number = page.sequence(index);
                    assert!(number > position.last, "{shard}: {number:?} again");
                    position.extend(number.unwrap());
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
                if let Some(shard) = gap.shard.clone() {
                    let key = (gap.stream.clone(), shard.clone());
                    self.coverage.positions.get_mut(&key).unwrap().skip(&gap);
                    self.report(gap.stream, shard).await;
                }
            }
            SourceEvent::CaughtUp => self.log.push("caught up".into()),
        }
    }

    async fn report(&self, stream: StreamLabel, shard: ShardId) {
        let position = self.coverage.positions[&(stream.clone(), shard.clone())].clone();
        let _gone = self.committed.send(CommittedShard { stream, shard, position }).await;
    }
}

/// Runs with small queues; after each event, `watch` may change the world or stop the run.
async fn run_at(
    zero_ms: i64,
    (fake, options): (&Fake, SourceOptions),
    coverage: Coverage,
    mut watch: impl FnMut(&[String], &CancellationToken),
) -> Outcome {
    let (events, mut taken) = mpsc::channel(1);
    let (committed, reports) = mpsc::channel(1);
    let cancel = CancellationToken::new();
    let clock = TestClock::new(zero_ms);
    let health: Arc<Health> = Arc::default();
    let source = Source::new(Arc::new(fake.clone()), clock.clone(), options, "t", coverage.clone());
    let limits = Limits { bytes: ByteBudget::new(2 << 20), ..Limits::default() };
    let running = source.watched_by(health.clone()).run(events, reports, limits, cancel.clone());
    let mut committer = Committer { log: Vec::new(), coverage, committed };
    let committing = async {
        while let Some(event) = taken.recv().await {
            committer.take(event).await;
            watch(&committer.log, &cancel);
        }
    };
    let (result, ()) = tokio::join!(running, committing);
    let health = health.report(clock.now_ms());
    Outcome { log: committer.log, coverage: committer.coverage, result, health }
}

async fn run_watched(
    fake: &Fake,
    options: SourceOptions,
    coverage: Coverage,
    watch: impl FnMut(&[String], &CancellationToken),
) -> Outcome {
    run_at(ZERO_MS, (fake, options), coverage, watch).await
}

async fn run(fake: &Fake, options: SourceOptions, coverage: Coverage) -> Outcome {
    run_watched(fake, options, coverage, |_, _| {}).await
}

fn new() -> Coverage {
    Coverage::default()
}

/// A log that opened stream 1 a day before, and has stood there in one shard for an hour.
fn at(shard: &str, began: ReadFrom, last: Option<u64>) -> Coverage {
    let as_of = Some(Timestamp::from_millis(ZERO_MS - 3600 * 1000));
    let position = ShardPosition { last: last.map(number), as_of, ..ShardPosition::begun(None, began) };
    let opened_at_ms = ZERO_MS - 24 * 3600 * 1000;
    let known = KnownStream { arn: arn("1"), start: StartAt::TrimHorizon, opened_at_ms, closed: false };
    Coverage {
        streams: BTreeMap::from([(arn("1").label(), known)]),
        positions: Positions::from([((arn("1").label(), id(shard)), position)]),
    }
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
    let outcome = run(&fake, until_caught_up(), new()).await;
    outcome.result.as_ref().unwrap();
    let order = |name: &str| outcome.records().iter().position(|r| *r == name).unwrap();
    assert_eq!(outcome.records().len(), 10);
    assert!(order("p/4") < order("a/6") && order("p/4") < order("b/6") && order("a/8") < order("c/9"));
    assert_eq!(outcome.log[0], "opened 1 TrimHorizon");
    assert_eq!(outcome.log.last().unwrap(), "caught up");
    let again = run(&fake, until_caught_up(), outcome.coverage).await;
    assert_eq!(again.log, ["caught up"]);
}

#[tokio::test(start_paused = true)]
async fn fs_01_more_shards_than_a_page_holds_are_all_found_and_a_repeated_cursor_is_an_error() {
    let names: Vec<&'static str> =
        (0..250).map(|at| &*Box::leak(format!("s{at:03}").into_boxed_str())).collect();
    let fake = Fake::new(names.iter().map(|name| (*name, shard(&[1], false))));
    let outcome = run(&fake, until_caught_up(), new()).await;
    assert_eq!((outcome.records().len(), outcome.result.clone()), (250, Ok(())));
    fake.change(|world| world.repeat_cursor = true);
    let outcome = run(&fake, until_caught_up(), new()).await;
    assert!(matches!(outcome.result, Err(SourceError::RepeatedCursor { .. })), "{:?}", outcome.result);
}

#[tokio::test(start_paused = true)]
async fn fs_02_a_failed_page_of_a_listing_is_asked_again_and_nothing_is_missed() {
    let fake = Fake::new([("a", shard(&[1], false)), ("b", shard(&[1], false))]);
    fake.change(|world| {
        world.page_size = 1;
        world.list_faults.extend([ServiceErrorKind::Throttled, ServiceErrorKind::ServerFault]);
    });
    let outcome = run(&fake, until_caught_up(), new()).await;
    assert_eq!((outcome.records(), outcome.gaps().len()), (vec!["a/1", "b/1"], 0));
}

#[tokio::test(start_paused = true)]
async fn fs_08_a_child_that_is_listed_late_is_found_and_read() {
    let late = FakeShard { hidden: true, ..child("p", &[5]) };
    let fake = Fake::new([("c", late), ("p", shard(&[1], true))]);
    let mut options = until_caught_up();
    options.until_caught_up = false;
    let outcome = run_watched(&fake, options, new(), |log, cancel| {
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
    let outcome = run(&fake, until_caught_up(), new()).await;
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
    let outcome = run(&Fake::new([("a", repeating)]), until_caught_up(), new()).await;
    assert_eq!(outcome.records(), ["a/1", "a/2", "a/3", "a/4"]);
}
