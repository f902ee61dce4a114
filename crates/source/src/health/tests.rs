use super::*;

const HOUR_MS: i64 = 3600 * 1000;
const NOW_MS: i64 = 1_795_342_530_000;

fn stream() -> StreamLabel {
    "2026-11-22T00:00:00.000".parse().unwrap()
}

fn id(text: &str) -> ShardId {
    text.parse().unwrap()
}

fn number(text: &str) -> SequenceNumber {
    text.parse().unwrap()
}

fn page(asked_ms: i64, last: Option<(&str, i64)>, caught_up: bool) -> PageRead {
    PageRead { asked_ms, last: last.map(|(text, at_ms)| (number(text), Some(at_ms))), caught_up }
}

fn position(last: &str, done: bool) -> ShardPosition {
    let begun = ShardPosition::begun(None, sealog_record::ReadFrom::TrimHorizon);
    ShardPosition { last: Some(number(last)), done, ..begun }
}

fn watched(through_ms: i64) -> Health {
    let health = Health::default();
    health.known(&stream(), &id("a"), through_ms);
    health
}

#[test]
fn fs_49_the_loss_clock_counts_what_is_not_committed_and_every_shard_that_nobody_reads() {
    let health = watched(NOW_MS - 10 * HOUR_MS);
    let loss_clock = |at_ms| health.report(at_ms).loss_clock_ms().unwrap();
    assert_eq!(loss_clock(NOW_MS), 14 * HOUR_MS);
    health
        .shard(&stream(), &id("a"), |shard| shard.page(&page(NOW_MS, Some(("5", NOW_MS - HOUR_MS)), false)));
    assert_eq!(loss_clock(NOW_MS), 14 * HOUR_MS, "read, and not yet archived");
    health.committed(&stream(), &id("a"), &position("5", false));
    assert_eq!(loss_clock(NOW_MS), 23 * HOUR_MS);
    assert_eq!(loss_clock(NOW_MS + HOUR_MS), 22 * HOUR_MS, "it runs");

    health.known(&stream(), &id("b"), NOW_MS - 20 * HOUR_MS);
    assert_eq!(loss_clock(NOW_MS), 4 * HOUR_MS, "a shard that waits counts like any other");
    health.committed(&stream(), &id("b"), &position("1", true));
    assert_eq!(loss_clock(NOW_MS), 23 * HOUR_MS, "and no more once it has ended");
}

#[test]
fn fs_49_an_empty_page_winds_the_clock_up_only_when_there_was_nothing_more() {
    let health = watched(NOW_MS - 10 * HOUR_MS);
    let lag = || health.report(NOW_MS).lag_ms().unwrap();
    let told = |page: PageRead| health.shard(&stream(), &id("a"), |shard| shard.page(&page));
    told(page(NOW_MS, None, false));
    assert_eq!(lag(), 10 * HOUR_MS);
    told(page(NOW_MS - 2, Some(("7", NOW_MS - HOUR_MS)), false));
    told(page(NOW_MS - 1, None, true));
    assert_eq!(lag(), 10 * HOUR_MS, "what was read before is still on its way");
    health.committed(&stream(), &id("a"), &position("7", false));
    told(page(NOW_MS - 1, None, true));
    assert_eq!(lag(), 1);
}

#[test]
fn fs_23_a_service_whose_clock_is_ahead_makes_no_negative_lag() {
    let health = watched(NOW_MS - HOUR_MS);
    health
        .shard(&stream(), &id("a"), |shard| shard.page(&page(NOW_MS, Some(("1", NOW_MS + HOUR_MS)), false)));
    health.committed(&stream(), &id("a"), &position("1", false));
    let report = health.report(NOW_MS);
    assert_eq!((report.lag_ms(), report.loss_clock_ms()), (Some(0), Some(RETENTION_MS)));
}

#[test]
fn fs_41_a_shard_that_nobody_can_read_is_complained_of() {
    let health = watched(NOW_MS - 23 * HOUR_MS);
    let complaints = |min_ms| health.report(NOW_MS).complaints(min_ms);
    assert_eq!(complaints(HOUR_MS / 2), [] as [&str; 0]);
    assert!(complaints(6 * HOUR_MS)[0].contains("60 minutes"), "{:?}", complaints(6 * HOUR_MS));
    health.shard(&stream(), &id("a"), |shard| shard.is(ShardActivity::InTrouble("cut JSON".to_owned())));
    assert!(complaints(0)[0].contains("cut JSON"));
    assert!(health.raise(Alarm::StreamOff) && !health.raise(Alarm::StreamOff));
    assert_eq!(complaints(0).len(), 2);
    health.settle(AlarmKind::StreamOff);
    health.forget(&stream());
    assert_eq!((complaints(0).len(), health.report(NOW_MS).loss_clock_ms()), (0, None));
}

#[test]
fn a_heartbeat_may_say_since_when_all_was_polled_only_when_all_was() {
    let health = watched(NOW_MS);
    assert_eq!(health.polled_since_ms(), None);
    health.shard(&stream(), &id("a"), |shard| shard.page(&page(NOW_MS + 5, None, false)));
    assert_eq!(health.polled_since_ms(), Some(NOW_MS + 5));
    health.known(&stream(), &id("b"), NOW_MS);
    assert_eq!(health.polled_since_ms(), None);
    health.shard(&stream(), &id("b"), |shard| shard.page(&page(NOW_MS + 3, None, true)));
    assert_eq!(health.polled_since_ms(), Some(NOW_MS + 3));
}
