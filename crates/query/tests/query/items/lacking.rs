//! What an archive lacks is said where it matters, and nowhere else.

use sealog_chain::{Fact, StartAt};
use sealog_query::items::{Continuity, Shortfall, SignedHead, Unread};
use sealog_record::{Gap, GapCause, StreamEnd, ViewType};
use sealog_store::Store as _;

use super::sealed::{BOTH, LABEL, Record, Sealed, at, opened, record, trimmed};
use super::{as_of, image, key, keys_of, whole_history};

const LATER: &str = "2026-11-22T11:00:00.000";

fn kinds(shortfalls: &[Shortfall]) -> Vec<&'static str> {
    shortfalls
        .iter()
        .map(|it| match it {
            Shortfall::BeginsLater => "begins_later",
            Shortfall::Unread(_) => "unread",
            Shortfall::Gap(_) => "gap",
            Shortfall::Behind(_) => "behind",
            Shortfall::Unreadable(_) => "unreadable",
            Shortfall::Items { .. } => "items",
            Shortfall::Doubtful(_) => "doubtful",
            Shortfall::Redacted(_) => "redacted",
        })
        .collect()
}

/// `a` in one shard with a gap between its two changes, `b` in another shard.
async fn with_gap() -> Sealed {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let b = Record { shard: "shard-b", ..record(1, 10, &keys_of("b"), None, Some(&image("b", "1"))) };
    sealed.seal(15, &[record(5, 10, &keys_of("a"), None, Some(&image("a", "1"))), b]).await;
    let later = record(9, 30, &keys_of("a"), Some(&image("a", "3")), Some(&image("a", "4")));
    sealed.commit(40, vec![trimmed("shard-a", Some(5), Some(9), 35)], &[later], &[]).await;
    sealed.heartbeat(60).await;
    sealed
}

#[tokio::test]
async fn a_gap_stands_between_the_changes_that_it_may_hide_others_of() {
    let asked = with_gap().await.asked().await;
    let (changes, end) = whole_history(&asked, "a").await;
    assert_eq!(changes[1].gaps.len(), 1);
    assert_eq!(changes[1].continuity, Continuity::NotJudged, "the gap explains it");
    let gap = &changes[1].gaps[0];
    assert_eq!(
        (gap.commit, gap.from, gap.until),
        (2, Some(at(10)), sealog_record::Timestamp::from_millis(at(30).as_millis() + 999))
    );
    assert!(changes[0].gaps.is_empty() && end.gaps.is_empty());
    let (changes, end) = whole_history(&asked, "b").await;
    assert!(changes[0].gaps.is_empty() && end.gaps.is_empty(), "an item of another shard");
}

#[tokio::test]
async fn a_gap_makes_doubtful_what_it_may_have_changed() {
    let asked = with_gap().await.asked().await;
    let (items, complete) = as_of(&asked, at(20), None).await.unwrap();
    assert_eq!(items.iter().map(|it| it.state.gaps.len()).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(kinds(&complete.shortfalls), ["gap", "doubtful"]);
    let (items, complete) = as_of(&asked, at(5), None).await.unwrap();
    assert!(items.is_empty());
    assert!(complete.is_complete(), "{complete:?}");
    let (items, _) = as_of(&asked, at(50), None).await.unwrap();
    assert!(items.iter().all(|it| it.state.gaps.is_empty()));
}

#[tokio::test]
async fn shards_that_come_from_others_carry_their_items_on() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    sealed.parents = [("shard-a1", "shard-a"), ("shard-a2", "shard-a")].into();
    sealed
        .commit(15, Vec::new(), &[record(5, 10, &keys_of("a"), None, Some(&image("a", "1")))], &["shard-a"])
        .await;
    let child = |shard, sequence, id: &str, old: Option<&str>, new: &str| Record {
        shard,
        ..record(sequence, 20, &keys_of(id), old, Some(new))
    };
    let (one, two) = (image("a", "1"), image("a", "2"));
    let records =
        [child("shard-a1", 20, "a", Some(&one), &two), child("shard-a2", 20, "c", None, &image("c", "1"))];
    sealed.seal(25, &records).await;
    let later = child("shard-a2", 40, "c", Some(&image("c", "2")), &image("c", "3"));
    sealed.commit(45, vec![trimmed("shard-a2", Some(20), Some(40), 44)], &[later], &[]).await;
    let asked = sealed.asked().await;
    let (changes, end) = whole_history(&asked, "a").await;
    assert_eq!(changes[1].continuity, Continuity::Joins);
    assert!(end.gaps.is_empty(), "the gap lies in the other child");
    assert_eq!(whole_history(&asked, "c").await.0[1].gaps.len(), 1);
}

#[tokio::test]
async fn what_may_still_be_on_its_way_is_said() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let b = Record { shard: "shard-b", ..record(1, 50, &keys_of("b"), None, Some(&image("b", "1"))) };
    sealed.seal(55, &[record(5, 10, &keys_of("a"), None, Some(&image("a", "1"))), b]).await;
    let asked = sealed.asked().await;
    let unread = |shortfalls: &[Shortfall]| match shortfalls {
        [] => 0,
        [Shortfall::Unread(Unread::Shards { shards, .. })] => *shards,
        other => panic!("{other:?}"),
    };
    for (seconds, shards) in [(5, 0), (10, 1), (30, 1), (50, 2), (100, 2)] {
        let (_, complete) = as_of(&asked, at(seconds), None).await.unwrap();
        assert_eq!(unread(&complete.shortfalls), shards, "{seconds}");
    }
    let (_, complete) = as_of(&asked, at(5), Some(key("a"))).await.unwrap();
    assert!(complete.is_complete(), "a later change of it is known");
    sealed.heartbeat(120).await;
    let asked = sealed.asked().await;
    assert!(as_of(&asked, at(100), None).await.unwrap().1.is_complete());
    assert_eq!(kinds(&as_of(&asked, at(121), None).await.unwrap().1.shortfalls), ["unread"]);
}

#[tokio::test]
async fn where_a_log_begins_is_said() {
    for (start, whole) in [(StartAt::TrimHorizon, true), (StartAt::Latest, false)] {
        let mut sealed = Sealed::begun(BOTH, start).await;
        sealed
            .seal(15, &[record(5, 10, &keys_of("a"), Some(&image("a", "0")), Some(&image("a", "1")))])
            .await;
        sealed.heartbeat(60).await;
        let asked = sealed.asked().await;
        let beginning = asked.1.beginning().unwrap();
        assert_eq!((beginning.start, beginning.whole_stream), (start, whole));
        let before = beginning.since.as_millis() - 1000;
        let (items, complete) =
            as_of(&asked, sealog_record::Timestamp::from_millis(before), None).await.unwrap();
        assert_eq!((items.len(), kinds(&complete.shortfalls)), (1, vec!["begins_later"]));
        assert!(as_of(&asked, beginning.since, None).await.unwrap().1.is_complete());
        assert_eq!(whole_history(&asked, "a").await.0[0].continuity, Continuity::BeginsEarlier);
    }
}

#[tokio::test]
async fn between_two_streams_anything_may_have_happened() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    sealed
        .commit(15, Vec::new(), &[record(50, 10, &keys_of("a"), None, Some(&image("a", "1")))], &["shard-a"])
        .await;
    let closed =
        Fact::StreamClosed { stream: LABEL.parse().unwrap(), cause: StreamEnd::Disabled, at: at(100) };
    sealed.commit(100, vec![closed], &[], &[]).await;
    let ended = as_of(&sealed.asked().await, at(200), None).await.unwrap().1;
    assert!(
        matches!(
            &ended.shortfalls[..],
            [Shortfall::Unread(Unread::StreamEnded { cause: StreamEnd::Disabled, .. })]
        ),
        "{ended:?}"
    );
    let off = Fact::Gap(Gap {
        stream: LATER.parse().unwrap(),
        shard: None,
        after: None,
        first: None,
        cause: GapCause::StreamDisabled,
        ends_shard: false,
        noticed_at: at(3000),
    });
    let opened = opened(LATER, ViewType::NewAndOldImages, StartAt::TrimHorizon, 3000);
    // A later stream counts anew.
    let later = Record {
        stream: LATER,
        shard: "shard-z",
        ..record(7, 2900, &keys_of("a"), Some(&image("a", "5")), None)
    };
    sealed.commit(3001, vec![off, opened], &[later], &[]).await;
    sealed.heartbeat(3100).await;
    let asked = sealed.asked().await;
    let (changes, _) = whole_history(&asked, "a").await;
    assert_eq!(changes.iter().map(|it| it.sequence.as_str()).collect::<Vec<_>>(), ["50", "7"]);
    assert_eq!((changes[1].gaps.len(), changes[1].continuity), (1, Continuity::NotJudged));
    // The stream was switched on at 11:00, 2,670 seconds after the beginning.
    assert_eq!((changes[1].gaps[0].from, changes[1].gaps[0].until), (Some(at(10)), at(2670)));
    let (_, complete) = as_of(&asked, at(200), None).await.unwrap();
    assert_eq!(kinds(&complete.shortfalls), ["gap", "doubtful"]);
    assert!(as_of(&asked, at(9), None).await.unwrap().1.is_complete());
}

#[tokio::test]
async fn records_that_could_not_be_read_and_commits_that_are_not_published_are_counted() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let unreadable =
        Record { keys: None, event: None, reason: Some("fault:unreadable"), ..record(6, 0, "", None, None) };
    sealed.seal(15, &[record(5, 10, &keys_of("a"), None, Some(&image("a", "1"))), unreadable]).await;
    sealed.heartbeat(60).await;
    sealed.publish().await;
    sealed.heartbeat(70).await;
    sealed.heartbeat(80).await;
    let asked = sealed.ask(false).await;
    let (items, complete) = as_of(&asked, at(20), None).await.unwrap();
    assert_eq!(items.len(), 1);
    assert_eq!(complete.shortfalls, [Shortfall::Behind(2), Shortfall::Unreadable(1)]);
    let (_, end) = whole_history(&asked, "a").await;
    assert_eq!((end.behind, end.unreadable), (2, 1));
    let asked = sealed.ask(true).await;
    assert_eq!(as_of(&asked, at(20), None).await.unwrap().1.shortfalls, [Shortfall::Unreadable(1)]);
}

#[tokio::test]
async fn a_leaf_that_is_not_the_rows_and_a_head_that_nobody_signed_are_seen() {
    let mut sealed = with_gap().await;
    let row = record(12, 61, &keys_of("a"), Some(&image("a", "4")), None);
    sealed.seal(62, &[Record { honest: false, ..row }]).await;
    sealed.publish().await;
    // Another head: the signature is of the one that was there.
    let log = sealed.log();
    let checkpoint = log.read("checkpoint").await.unwrap().unwrap();
    let text = String::from_utf8(checkpoint.bytes.to_vec()).unwrap();
    let other = text.replacen("\n5\n", "\n4\n", 1);
    assert_ne!(other, text);
    sealed.store.replace("orders/checkpoint", other.into(), Some(&checkpoint)).await.unwrap();
    let (changes, end) = whole_history(&sealed.ask(false).await, "a").await;
    assert!(changes.iter().all(|it| !it.proof.is_signed));
    assert_eq!(changes.iter().map(|it| it.proof.is_leaf_right).collect::<Vec<_>>(), [true, true, false]);
    assert!(matches!(end.signed, SignedHead::Nothing { .. }));
}

#[tokio::test]
async fn an_answer_knows_nothing_of_what_was_committed_after_its_facts() {
    let mut sealed = with_gap().await;
    let (_, facts) = sealed.asked().await;
    let later = record(30, 70, &keys_of("a"), Some(&image("a", "8")), None);
    sealed.commit(75, vec![trimmed("shard-a", Some(9), Some(30), 74)], &[later], &[]).await;
    sealed.publish().await;
    let (session, _) = sealed.ask(false).await;
    let (changes, end) = whole_history(&(session, facts), "a").await;
    assert_eq!((changes.len(), end.broken), (2, 0));
}
