//! What is lost is a gap, and nothing else is.

use super::*;

#[tokio::test(start_paused = true)]
async fn fs_14_an_expired_iterator_is_renewed_after_the_last_read_record_never_at_latest() {
    let mut expiring = shard(&[1, 2], false);
    expiring.faults.push_back(Fault::Fail(ServiceErrorKind::ExpiredIterator));
    let fake = Fake::new([("a", expiring)]);
    let options = SourceOptions { start: StartAt::Latest, ..until_caught_up() };
    let outcome = run(&fake, options, new()).await;
    assert_eq!(outcome.records(), ["a/1", "a/2"]);
    let froms: Vec<_> = fake.0.lock().unwrap().iterators.iter().map(|(_, from)| *from).collect();
    assert_eq!(froms, [IteratorStart::Latest, IteratorStart::TrimHorizon]);
}

#[tokio::test(start_paused = true)]
async fn fs_24_fs_26_latest_skips_the_past_once_and_a_restart_skips_nothing_since() {
    let mut past = shard(&[1], false);
    // Five minutes before the log was opened, and a second: clocks may differ by less.
    past.records = vec![(1, -202), (2, -201)];
    let fake = Fake::new([("a", past)]);
    let options = SourceOptions { start: StartAt::Latest, ..until_caught_up() };
    let first = run(&fake, options.clone(), new()).await;
    assert!(first.records().is_empty());
    assert_eq!(first.log[1], "found a Latest");
    fake.shard("a", |shard| shard.records.extend([(3, 100), (4, -201), (5, 101)]));
    let second = run(&fake, options, first.coverage).await;
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
    let outcome = run(&fake, until_caught_up(), new()).await;
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
        "closed 1 Disabled",
        "gap stream_disabled - - - false",
        "opened 2 TrimHorizon",
        "found n TrimHorizon",
        "record n/1",
    ];
    assert_eq!(outcome.log[..6], expected);
}

#[tokio::test(start_paused = true)]
async fn fs_17_fs_50_a_stream_that_is_gone_is_a_gap_in_each_unfinished_shard() {
    let fake = Fake::new([("a", shard(&[1, 2], false))]);
    let options = SourceOptions { until_caught_up: false, ..until_caught_up() };
    let outcome = run_watched(&fake, options, new(), |log, cancel| {
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

/// A log that has read the parent `p` to its end, an hour ago.
fn behind_a_parent() -> Coverage {
    let mut coverage = at("p", ReadFrom::TrimHorizon, Some(2));
    coverage.positions.values_mut().for_each(|position| position.done = true);
    coverage
}

#[tokio::test(start_paused = true)]
async fn fs_04_the_trimmed_beginning_of_a_child_that_was_seen_late_is_a_gap() {
    let late = FakeShard { trimmed: 4, starting: Some(3), ..child("p", &[3, 4, 5, 6]) };
    let fake = Fake::new([("c", late), ("p", shard(&[1, 2], true))]);
    let outcome = run(&fake, until_caught_up(), behind_a_parent()).await;
    assert_eq!((outcome.gaps(), outcome.records()), (vec!["trimmed c - 5 false"], vec!["c/5", "c/6"]));

    let whole = FakeShard { starting: Some(3), ..child("p", &[4, 5]) };
    let fake = Fake::new([("c", whole), ("p", shard(&[1, 2], true))]);
    let outcome = run(&fake, until_caught_up(), behind_a_parent()).await;
    assert_eq!((outcome.gaps().len(), outcome.records()), (0, vec!["c/4", "c/5"]));
}

#[tokio::test(start_paused = true)]
async fn fs_05_what_is_trimmed_where_the_log_begins_is_a_start_and_no_gap() {
    let old = FakeShard { trimmed: 2, starting: Some(1), ..shard(&[1, 2, 3], true) };
    let younger = FakeShard { starting: Some(4), ..child("p", &[4]) };
    let fake = Fake::new([("c", younger), ("p", old)]);
    let outcome = run(&fake, until_caught_up(), new()).await;
    assert_eq!((outcome.gaps().len(), outcome.records()), (0, vec!["p/3", "c/4"]));
}

/// A process that died before it had read anything, perhaps before it had named all shards, has lost nothing.
#[tokio::test(start_paused = true)]
async fn fs_05_a_start_that_broke_off_is_still_a_start() {
    let fake = Fake::new([
        ("a", FakeShard { trimmed: 1, starting: Some(1), ..shard(&[1, 2], false) }),
        ("b", FakeShard { trimmed: 1, starting: Some(1), ..child("gone", &[1, 2]) }),
    ]);
    let mut broken_off = at("a", ReadFrom::TrimHorizon, None);
    let lately = ZERO_MS - 60_000;
    broken_off.streams.values_mut().for_each(|stream| stream.opened_at_ms = lately);
    broken_off.positions.values_mut().for_each(|at| at.as_of = Some(Timestamp::from_millis(lately)));
    let outcome = run(&fake, until_caught_up(), broken_off).await;
    assert_eq!((outcome.gaps().len(), outcome.records()), (0, vec!["a/2", "b/2"]));

    let long_ago = at("a", ReadFrom::TrimHorizon, None);
    let outcome = run(&fake, until_caught_up(), long_ago).await;
    assert_eq!(outcome.gaps().len(), 3, "{:?}", outcome.gaps());
}

#[tokio::test(start_paused = true)]
async fn fs_16_a_trimmed_record_that_was_read_is_no_loss_while_the_next_is_there() {
    let trimmed = FakeShard { trimmed: 2, ..shard(&[1, 2, 3, 4], false) };
    let outcome =
        run(&Fake::new([("a", trimmed)]), until_caught_up(), at("a", ReadFrom::TrimHorizon, Some(2))).await;
    assert_eq!((outcome.gaps().len(), outcome.records()), (0, vec!["a/3", "a/4"]));

    let idle = FakeShard { trimmed: 2, ..shard(&[1, 2], false) };
    let outcome =
        run(&Fake::new([("a", idle)]), until_caught_up(), at("a", ReadFrom::TrimHorizon, Some(2))).await;
    assert_eq!((outcome.gaps().len(), outcome.result), (0, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn fs_16_what_goes_while_a_gap_is_on_its_way_is_another_gap() {
    let mut coverage = at("a", ReadFrom::TrimHorizon, Some(2));
    for position in coverage.positions.values_mut() {
        (position.last, position.resumes_at) = (None, Some(number(5)));
    }
    let as_named = FakeShard { trimmed: 4, ..shard(&[1, 2, 3, 4, 5, 6], false) };
    let outcome = run(&Fake::new([("a", as_named)]), until_caught_up(), coverage.clone()).await;
    assert_eq!((outcome.gaps().len(), outcome.records()), (0, vec!["a/5", "a/6"]));
    let gone = FakeShard { trimmed: 5, ..shard(&[1, 2, 3, 4, 5, 6], false) };
    let outcome = run(&Fake::new([("a", gone)]), until_caught_up(), coverage).await;
    assert_eq!((outcome.gaps(), outcome.records()), (vec!["trimmed a - 6 false"], vec!["a/6"]));
}

#[tokio::test(start_paused = true)]
async fn fs_31_a_position_older_than_a_day_is_noticed_before_reading_and_what_was_passed_over_is_a_gap() {
    let old = |silent, trimmed| {
        let fake = Fake::new([("a", FakeShard { silent, trimmed, ..shard(&[1, 2, 3, 4, 5], false) })]);
        let mut coverage = at("a", ReadFrom::TrimHorizon, Some(2));
        coverage.positions.values_mut().for_each(|position| {
            position.as_of = Some(Timestamp::from_millis(ZERO_MS - 25 * 3600 * 1000));
        });
        (fake, coverage)
    };
    // A service that gives what is left without saying that it is not all.
    let (fake, coverage) = old(true, 4);
    let outcome = run(&fake, until_caught_up(), coverage).await;
    assert_eq!((outcome.gaps(), outcome.records()), (vec!["trimmed a 2 5 false"], vec!["a/5"]));
    let (fake, coverage) = old(false, 1);
    let outcome = run(&fake, until_caught_up(), coverage).await;
    assert_eq!((outcome.gaps().len(), outcome.records()), (0, vec!["a/3", "a/4", "a/5"]));

    let (fake, coverage) = old(false, 1);
    fake.shard("a", |shard| shard.faults.extend(vec![Fault::Fail(ServiceErrorKind::Unreachable); 9]));
    let options = SourceOptions { until_caught_up: false, ..until_caught_up() };
    let (events, _taken) = mpsc::channel(10);
    let (_committed, reports) = mpsc::channel(1);
    let health: Arc<Health> = Arc::default();
    let source = Source::new(Arc::new(fake), TestClock::new(ZERO_MS), options, "t", coverage);
    let running =
        source.watched_by(health.clone()).run(events, reports, Limits::default(), CancellationToken::new());
    assert!(tokio::time::timeout(Duration::from_secs(2), running).await.is_err());
    let report = health.report(ZERO_MS);
    assert_eq!(report.shards[0].activity, ShardActivity::TooOld, "before anything could be read");
    assert!(report.complaints(0)[0].contains("24 hours"));
}

#[tokio::test(start_paused = true)]
async fn fs_50_a_stream_that_is_switched_off_is_drained_closed_once_and_never_read_again() {
    let fake = Fake::new([("a", shard(&[1, 2], true))]);
    fake.change(|world| world.streams.get_mut("1").unwrap().status = StreamStatus::Disabled);
    let outcome = run(&fake, until_caught_up(), new()).await;
    let log: Vec<_> = outcome.log.iter().map(String::as_str).collect();
    let expected = [
        "opened 1 TrimHorizon",
        "found a TrimHorizon",
        "record a/1",
        "record a/2",
        "closed 1 Disabled",
        "caught up",
    ];
    assert_eq!(log, expected);
    let again = run(&fake, until_caught_up(), outcome.coverage).await;
    assert_eq!(again.log, ["caught up"]);

    fake.change(|world| world.table = Some(TableStream::NoTable));
    let outcome = run(&fake, until_caught_up(), new()).await;
    assert!(outcome.log.contains(&"closed 1 TableDeleted".to_owned()), "{:?}", outcome.log);
}

#[tokio::test(start_paused = true)]
async fn fs_50_a_child_that_shows_up_after_the_stream_was_switched_off_is_still_read() {
    let late = FakeShard { hidden: true, ..shard(&[5], true) };
    let fake = Fake::new([("c", FakeShard { parent: Some("p"), ..late }), ("p", shard(&[1], true))]);
    fake.change(|world| world.streams.get_mut("1").unwrap().status = StreamStatus::Disabled);
    let shown = fake.clone();
    let options = SourceOptions { until_caught_up: false, ..until_caught_up() };
    let reading = run_watched(&fake, options, new(), |log, cancel| {
        if log.iter().any(|line| line.starts_with("closed")) {
            cancel.cancel();
        }
    });
    let showing = async move {
        pass(20).await;
        shown.shard("c", |shard| shard.hidden = false);
    };
    let (outcome, ()) = tokio::join!(reading, showing);
    assert_eq!(outcome.records(), ["p/1", "c/5"]);
}

#[tokio::test(start_paused = true)]
async fn fs_50_a_known_stream_that_is_not_listed_is_lost_only_when_it_is_not_found_either() {
    let fake = Fake::new([("a", shard(&[1, 2], true))]);
    fake.change(|world| {
        world.unlisted = true;
        world.streams.get_mut("1").unwrap().status = StreamStatus::Disabled;
    });
    let outcome = run(&fake, until_caught_up(), at("a", ReadFrom::TrimHorizon, Some(1))).await;
    assert_eq!((outcome.gaps().len(), outcome.records()), (0, vec!["a/2"]));
    fake.change(|world| world.streams.get_mut("1").unwrap().gone = true);
    let outcome = run(&fake, until_caught_up(), at("a", ReadFrom::TrimHorizon, Some(1))).await;
    let expected = [
        "gap stream_vanished a 1 - true",
        "gap stream_vanished - - - false",
        "closed 1 Vanished",
        "caught up",
    ];
    assert_eq!(outcome.log, expected);
}
