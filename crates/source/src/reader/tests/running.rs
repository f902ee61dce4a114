//! Faults, budgets, idle shards, alarms.

use super::*;

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
    let outcome = run(&fake, until_caught_up(), new()).await;
    assert_eq!((outcome.records().len(), outcome.result.clone()), (7, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn fs_52_a_permission_that_is_taken_away_for_a_while_loses_nothing() {
    let mut denied = shard(&[1, 2, 3], false);
    denied.faults.push_back(Fault::Empty);
    denied.faults.extend(vec![Fault::Fail(ServiceErrorKind::Denied); 20]);
    denied.faults.push_back(Fault::Fail(ServiceErrorKind::NoCredentials));
    let fake = Fake::new([("a", denied)]);
    let outcome = run(&fake, until_caught_up(), new()).await;
    assert_eq!((outcome.records().len(), outcome.result.clone()), (3, Ok(())));
}

#[tokio::test(start_paused = true)]
async fn fs_52_a_permission_that_was_never_there_is_said_at_once() {
    let mut denied = shard(&[1], false);
    denied.faults.push_back(Fault::Fail(ServiceErrorKind::Denied));
    let outcome = run(&Fake::new([("a", denied)]), until_caught_up(), new()).await;
    assert_eq!(outcome.result.unwrap_err().kind(), crate::SourceErrorKind::CallAPerson);
}

#[tokio::test(start_paused = true)]
async fn pages_that_stay_malformed_or_unordered_end_with_shard_and_position_and_skip_nothing() {
    let mut broken = shard(&[1, 2], false);
    broken.faults.extend(vec![Fault::Body("{\"Records\":[{}]}"); 10]);
    let outcome = run(&Fake::new([("a", broken)]), until_caught_up(), new()).await;
    let error = outcome.result.unwrap_err();
    assert!(matches!(&error, SourceError::MalformedPage { shard, .. } if *shard == id("a")), "{error}");

    let mut unordered = shard(&[], false);
    unordered.faults.extend(vec![
        Fault::Body(
            r#"{"Records":[{"dynamodb":{"SequenceNumber":"2"}},{"dynamodb":{"SequenceNumber":"2"}}]}"#,
        );
        10
    ]);
    let outcome = run(&Fake::new([("a", unordered)]), until_caught_up(), new()).await;
    assert!(matches!(outcome.result, Err(SourceError::OutOfOrder { .. })), "{:?}", outcome.result);
    assert!(outcome.log.iter().all(|line| !line.starts_with("record")));
}

#[tokio::test(start_paused = true)]
async fn a_start_without_stream_or_service_or_with_too_small_a_view_says_so_soon() {
    let nothing = Fake::new([]);
    nothing.change(|world| world.streams.clear());
    let error = run(&nothing, until_caught_up(), new()).await.result.unwrap_err();
    assert!(matches!(error, SourceError::TableWithoutStream { .. }), "{error}");

    let unreachable = Fake::new([]);
    unreachable.change(|world| world.list_faults.extend([ServiceErrorKind::Unreachable; 4]));
    let error = run(&unreachable, until_caught_up(), new()).await.result.unwrap_err();
    assert!(matches!(error, SourceError::Service { .. }), "{error}");

    let fake = Fake::new([("a", shard(&[1], false))]);
    let options =
        SourceOptions { require_view_type: Some(sealog_record::ViewType::OldImage), ..until_caught_up() };
    let outcome = run(&fake, options, new()).await;
    assert!(matches!(outcome.result, Err(SourceError::ViewType { .. })) && outcome.log.is_empty());
}

#[tokio::test(start_paused = true)]
async fn fs_53_an_idle_shard_is_asked_at_the_stated_latency_and_no_oftener() {
    let fake = Fake::new([("a", shard(&[], false))]);
    let options =
        SourceOptions { latency_max: Duration::from_secs(60), until_caught_up: false, ..until_caught_up() };
    let mut hours = Box::pin(run(&fake, options, new()));
    let mut calls = Vec::new();
    for _ in 0..4 {
        assert!(tokio::time::timeout(Duration::from_secs(3600), &mut hours).await.is_err());
        calls.push(fake.0.lock().unwrap().calls["a"]);
    }
    assert!(calls[0] <= 90, "it looks around first: {calls:?}");
    assert!(calls.windows(2).all(|hour| (59..=60).contains(&(hour[1] - hour[0]))), "at rest: {calls:?}");
}

#[tokio::test(start_paused = true)]
async fn fs_49_a_shard_that_was_at_its_end_is_soon_there_again_behind_a_record() {
    let fake = Fake::new([("a", shard(&[1], false))]);
    let (writing, options) = (fake.clone(), SourceOptions { until_caught_up: false, ..until_caught_up() });
    let stopping = std::sync::Mutex::new(None);
    let reading = run_watched(&fake, options, new(), |_, cancel| {
        stopping.lock().unwrap().get_or_insert_with(|| cancel.clone());
    });
    let write = async {
        pass(4000).await;
        writing.shard("a", |shard| shard.records.push((2, 100)));
        pass(40).await;
        stopping.lock().unwrap().take().unwrap().cancel();
    };
    let (outcome, ()) = tokio::join!(reading, write);
    assert_eq!(outcome.records().len(), 2);
    let lag_ms = outcome.health.lag_ms().unwrap();
    assert!(lag_ms <= 15_000, "it looks {lag_ms} ms behind");
}

#[tokio::test(start_paused = true)]
async fn fs_51_a_stalled_store_stops_reading_at_the_budget() {
    let fake = Fake::new((0..8).map(|at| (["a", "b", "c", "d", "e", "f", "g", "h"][at], shard(&[1], false))));
    let (events, mut taken) = mpsc::channel(1000);
    let (_committed, reports) = mpsc::channel(1);
    let budget = ByteBudget::new(3 << 20);
    let limits = Limits { bytes: budget.clone(), ..Limits::default() };
    let source = Source::new(Arc::new(fake.clone()), TestClock::new(ZERO_MS), until_caught_up(), "t", new());
    let mut running = Box::pin(source.run(events, reports, limits, CancellationToken::new()));
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

#[tokio::test(start_paused = true)]
async fn fs_10_a_shard_that_cannot_be_read_stops_no_other_and_is_skipped_by_nobody() {
    let names: Vec<&'static str> =
        (0..200).map(|at| &*Box::leak(format!("s{at:03}").into_boxed_str())).collect();
    let fake = Fake::new(names.iter().map(|name| (*name, shard(&[1, 2], false))));
    fake.shard("s077", |shard| {
        shard.faults.push_back(Fault::Empty);
        shard.faults.extend(vec![Fault::Body(r#"{"Records":[{"dynamodb":{}}]}"#); 50]);
    });
    let options = SourceOptions { until_caught_up: false, ..until_caught_up() };
    let health: Arc<Health> = Arc::default();
    let (events, mut taken) = mpsc::channel(1000);
    let (_committed, reports) = mpsc::channel(1000);
    let source = Source::new(Arc::new(fake.clone()), TestClock::new(ZERO_MS), options, "t", new());
    let running =
        source.watched_by(health.clone()).run(events, reports, Limits::default(), CancellationToken::new());
    assert!(tokio::time::timeout(Duration::from_secs(100), running).await.is_err());
    let mut pages = 0;
    while let Ok(event) = taken.try_recv() {
        pages += usize::from(matches!(event, SourceEvent::Page { .. }));
    }
    assert_eq!(pages, 199);
    let report = health.report(ZERO_MS);
    let troubled: Vec<_> =
        report.shards.iter().filter(|shard| matches!(shard.activity, ShardActivity::InTrouble(_))).collect();
    assert_eq!((troubled.len(), troubled[0].shard.as_str()), (1, "s077"));

    let patient = run(&fake, SourceOptions { until_caught_up: true, ..until_caught_up() }, new()).await;
    assert_eq!(patient.records().len(), 398, "a run that is to end reads all others first");
    assert!(matches!(patient.result, Err(SourceError::MalformedPage { shard, .. }) if shard == id("s077")));
}

#[tokio::test(start_paused = true)]
async fn fs_10_a_reply_that_was_damaged_once_is_asked_for_again() {
    let mut damaged = shard(&[1, 2], true);
    damaged.faults.extend([Fault::Body("{\"Records\":[{}]}"), Fault::Body("rubbish")]);
    let outcome = run(&Fake::new([("a", damaged), ("b", child("a", &[3]))]), until_caught_up(), new()).await;
    assert_eq!((outcome.records(), outcome.result.clone()), (vec!["a/1", "a/2", "b/3"], Ok(())));
}

#[tokio::test(start_paused = true)]
async fn fs_01_a_listing_that_goes_in_circles_for_a_while_stops_no_reader() {
    let fake = Fake::new([("a", shard(&[1], false))]);
    let meddling = fake.clone();
    let options =
        SourceOptions { until_caught_up: false, latency_max: Duration::from_secs(1), ..until_caught_up() };
    let reading = run_watched(&fake, options, new(), |log, cancel| {
        if log.iter().any(|line| line == "record a/2") {
            cancel.cancel();
        }
    });
    let meddle = async move {
        pass(5).await;
        meddling.change(|world| world.repeat_cursor = true);
        pass(1000).await;
        meddling.shard("a", |shard| shard.records.push((2, 100)));
    };
    let (outcome, ()) = tokio::join!(reading, meddle);
    assert_eq!((outcome.records(), outcome.result.clone()), (vec!["a/1", "a/2"], Ok(())));
    assert!(matches!(outcome.health.alarms[..], [Alarm::Listing(_)]));
}

#[tokio::test(start_paused = true)]
async fn fs_53_data_wakes_an_idle_shard_within_the_latency_and_resets_the_interval() {
    let fake = Fake::new([("a", shard(&[1], false))]);
    let writing = fake.clone();
    let latency_max = Duration::from_secs(60);
    let options = SourceOptions { latency_max, until_caught_up: false, ..until_caught_up() };
    let mut seen = Vec::new();
    let reading = run_watched(&fake, options, new(), |log, cancel| {
        seen.push((log.last().unwrap().clone(), tokio::time::Instant::now()));
        if log.last().unwrap() == "record a/3" {
            cancel.cancel();
        }
    });
    let write = async move {
        pass(4000).await;
        writing.shard("a", |shard| shard.records.push((2, 100)));
        let at = tokio::time::Instant::now();
        pass(61).await;
        writing.shard("a", |shard| shard.records.push((3, 100)));
        (at, tokio::time::Instant::now())
    };
    let (_, (second, third)) = tokio::join!(reading, write);
    let at = |record: &str| seen.iter().find(|(line, _)| line == record).unwrap().1;
    assert!(at("record a/2") - second <= latency_max);
    assert!(
        at("record a/3") - third <= Duration::from_secs(30),
        "it was awake: {:?}",
        at("record a/3") - third
    );
}

#[tokio::test(start_paused = true)]
async fn fs_06_fs_53_a_closed_shard_is_followed_through_empty_pages_without_a_pause() {
    let mut sparse = shard(&[1, 2], true);
    sparse.faults.extend(vec![Fault::Empty; 90]);
    let fake = Fake::new([("a", sparse)]);
    let began = tokio::time::Instant::now();
    let outcome = run(&fake, until_caught_up(), new()).await;
    assert_eq!(outcome.records().len(), 2);
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn drift_of_the_table_sounds_an_alarm_and_changes_nothing_else() {
    let fake = Fake::new([("a", shard(&[1], false))]);
    fake.change(|world| world.table = Some(TableStream::On(sealog_record::ViewType::KeysOnly)));
    let required = Some(sealog_record::ViewType::NewImage);
    let options = SourceOptions { require_view_type: required, until_caught_up: false, ..until_caught_up() };
    let (meddling, health) = (fake.clone(), Arc::<Health>::default());
    let (events, _taken) = mpsc::channel(100);
    let (_committed, reports) = mpsc::channel(100);
    let cancel = CancellationToken::new();
    let source = Source::new(Arc::new(fake), TestClock::new(ZERO_MS), options, "t", new());
    let reading = source.watched_by(health.clone()).run(events, reports, Limits::default(), cancel.clone());
    let meddle = async {
        let mut seen = Vec::new();
        for found in
            [TableStream::Off, TableStream::NoTable, TableStream::On(sealog_record::ViewType::NewImage)]
        {
            pass(301).await;
            seen.push(health.report(ZERO_MS).alarms);
            meddling.change(|world| world.table = Some(found));
        }
        pass(301).await;
        seen.push(health.report(ZERO_MS).alarms);
        cancel.cancel();
        seen
    };
    let (result, seen) = tokio::join!(reading, meddle);
    assert_eq!(result, Ok(()));
    assert!(matches!(seen[0][..], [Alarm::ViewType { .. }]), "{seen:?}");
    assert_eq!(seen[1][..], [Alarm::StreamOff]);
    assert_eq!(seen[2][..], [Alarm::NoTable]);
    assert!(seen[3].is_empty());
}

#[tokio::test(start_paused = true)]
async fn who_may_not_describe_the_table_reads_it_all_the_same() {
    let fake = Fake::new([("a", shard(&[1], false))]);
    let outcome = run(&fake, until_caught_up(), new()).await;
    assert_eq!((outcome.records().len(), outcome.result), (1, Ok(())));
    assert!(fake.0.lock().unwrap().table_asked > 0);
}

#[tokio::test(start_paused = true)]
async fn fs_12_records_beside_an_absent_iterator_are_delivered_and_the_shard_ends_with_them() {
    let outcome = run(&Fake::new([("a", shard(&[1, 2], true))]), until_caught_up(), new()).await;
    assert_eq!(outcome.records(), ["a/1", "a/2"]);
    let calls = fake_calls(&shard(&[1, 2], true)).await;
    assert_eq!(calls, 1, "both came with the one page, which had no iterator beside it");
    assert!(outcome.coverage.positions.values().all(|position| position.done));
}

async fn fake_calls(only: &FakeShard) -> u32 {
    let fake = Fake::new([("a", only.clone())]);
    run(&fake, until_caught_up(), new()).await.result.unwrap();
    fake.0.lock().unwrap().calls["a"]
}

#[tokio::test(start_paused = true)]
async fn fs_48_a_service_that_repeats_itself_for_ever_is_caught_up_all_the_same() {
    let mut repeating = shard(&[1, 2], false);
    let again = r#"{"Records":[{"dynamodb":{"SequenceNumber":"2"}}],"NextShardIterator":"1/a/2"}"#;
    repeating.faults.push_back(Fault::Empty);
    let fake = Fake::new([("a", repeating)]);
    let mut repeated = 0;
    fake.shard("a", |shard| shard.faults.extend(std::iter::repeat_n(Fault::Body(again), 10_000)));
    let outcome = run(&fake, until_caught_up(), at("a", ReadFrom::TrimHorizon, Some(1))).await;
    fake.shard("a", |shard| repeated = 10_000 - shard.faults.len());
    assert_eq!((outcome.records(), outcome.result.clone()), (vec!["a/2"], Ok(())));
    assert!(repeated < 100, "asked {repeated} times");
}
