//! What the gatherer makes of events.

use std::sync::Arc;

use sealog_batch::SealRule;
use sealog_chain::{Fact, Fold, SegmentFrom};
use sealog_pipeline::{Gatherer, Sealed};
use sealog_source::{Clock, SourceEvent};
use sealog_store::{Memory, Store};

use crate::events::{end, found, gap, number, opened, page, page_from, shard};
use sealog_simulation::clock::Paused;
use sealog_simulation::oracle::{self, Archived};
use sealog_simulation::world::{TABLE, key, open};

const NOTHING_IS_DUE: SealRule =
    SealRule { rows_max: 1_000_000, bytes_max: usize::MAX, age_max_ms: 1_000_000 };

/// Gathers events at one instant; what is left at the end is sealed too.
fn gather(rule: SealRule, events: impl IntoIterator<Item = SourceEvent>) -> Vec<Sealed> {
    let mut gatherer = Gatherer::new(&Fold::default(), rule);
    let mut sealed: Vec<Sealed> =
        events.into_iter().flat_map(|event| gatherer.take(event, 0).unwrap()).collect();
    sealed.extend(gatherer.seal().unwrap());
    sealed
}

/// Commits them to a new log and reads it back.
async fn committed(sealed: &[Sealed]) -> Archived {
    let store = Arc::new(Memory::default());
    let clock: Arc<dyn Clock> = Arc::new(Paused::new());
    let mut committer = open(Arc::clone(&store) as Arc<dyn Store>, "w", clock).await.unwrap();
    for sealed in sealed {
        committer.commit(sealed.clone()).await.unwrap();
    }
    let archived = oracle::read(&store, TABLE, &key()).await;
    assert_eq!(archived.commits.len(), sealed.len(), "nothing was taken for known already");
    archived
}

/// Shard, first row's predecessor, last row, rows, closed.
type Told<'a> = (&'a str, Option<u64>, Option<u64>, u64, bool);

fn told(sealed: &Sealed) -> Vec<Told<'_>> {
    let plain = |number: Option<sealog_record::SequenceNumber>| number.map(|n| n.as_str().parse().unwrap());
    sealed
        .segments
        .iter()
        .map(|s| (s.shard.as_str(), plain(s.after), plain(s.last), s.rows, s.closed))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn pages_of_one_shard_are_one_segment_until_another_comes_between() {
    let events = [
        opened(),
        found("a", None),
        found("b", None),
        page("a", &[1, 2]).await,
        page("a", &[5]).await,
        page("b", &[3]).await,
        page("a", &[6, 7]).await,
        page("b", &[4]).await,
    ];
    let [sealed] = &gather(NOTHING_IS_DUE, events)[..] else { panic!("one batch") };
    let expected = [
        ("a", None, None, 0, false),
        ("b", None, None, 0, false),
        ("a", None, Some(5), 3, false),
        ("b", None, Some(3), 1, false),
        ("a", Some(5), Some(7), 2, false),
        ("b", Some(3), Some(4), 1, false),
    ];
    assert_eq!(told(sealed), expected);
    let archived = committed(std::slice::from_ref(sealed)).await;
    assert_eq!((archived.numbers("a"), archived.numbers("b")), (vec![1, 2, 5, 6, 7], vec![3, 4]));
}

#[tokio::test(start_paused = true)]
async fn a_shard_ends_with_the_segment_that_holds_its_last_record() {
    let events = [
        opened(),
        page("a", &[1]).await,
        end("a", &[2]).await,
        found("a1", Some("a")),
        found("a2", Some("a")),
    ];
    let sealed = gather(NOTHING_IS_DUE, events);
    let expected =
        [("a", None, Some(2), 2, true), ("a1", None, None, 0, false), ("a2", None, None, 0, false)];
    assert_eq!(told(&sealed[0]), expected);
    assert_eq!(sealed[0].segments[1].parent, Some(shard("a")));
    committed(&sealed).await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_last_page_ends_the_shard_in_a_segment_without_rows() {
    let first = gather(NOTHING_IS_DUE, [opened(), page("a", &[1]).await]);
    let log = committed(&first).await;
    let mut gatherer = Gatherer::new(&log.fold, NOTHING_IS_DUE);
    assert!(gatherer.take(end("a", &[]).await, 0).unwrap().is_empty());
    let sealed = gatherer.seal().unwrap().unwrap();
    assert_eq!(told(&sealed), [("a", Some(1), None, 0, true)]);
    assert!(sealed.object.is_none());
    committed(&[first, vec![sealed]].concat()).await;
}

#[tokio::test(start_paused = true)]
async fn a_gap_seals_what_came_before_it_and_reading_goes_on_behind_it() {
    let events = [opened(), page("a", &[1, 2]).await, gap("a", Some(2), Some(7)), page("a", &[7, 8]).await];
    let sealed = gather(NOTHING_IS_DUE, events);
    assert_eq!(told(&sealed[0]), [("a", None, Some(2), 2, false)]);
    assert_eq!(told(&sealed[1]), [("a", None, Some(8), 2, false)]);
    assert_eq!(sealed[1].segments[0].from, SegmentFrom::TrimHorizon);
    assert!(matches!(sealed[1].facts[..], [Fact::Gap(_)]));
    assert_eq!(committed(&sealed).await.numbers("a"), [1, 2, 7, 8]);
}

#[tokio::test(start_paused = true)]
async fn records_that_were_sent_before_are_not_taken_again() {
    let events = [
        opened(),
        page("a", &[1, 2]).await,
        page_from("a", &[1, 2, 3], 2, false).await,
        page_from("a", &[2, 3], 2, false).await,
    ];
    let sealed = gather(NOTHING_IS_DUE, events);
    assert_eq!(told(&sealed[0]), [("a", None, Some(3), 3, false)]);
    committed(&sealed).await;

    let nothing_new = gather(NOTHING_IS_DUE, [page_from("a", &[1, 2], 2, false).await]);
    assert!(nothing_new.is_empty());
}

#[tokio::test(start_paused = true)]
async fn each_bound_alone_seals() {
    let rows = SealRule { rows_max: 3, ..NOTHING_IS_DUE };
    let pages = [opened(), page("a", &[1, 2]).await, page("a", &[3, 4]).await, page("a", &[5]).await];
    let batches: Vec<u64> = gather(rows, pages).iter().map(Sealed::rows).collect();
    assert_eq!(batches, [4, 1], "a page is never divided");

    let bytes = SealRule { bytes_max: 1, ..NOTHING_IS_DUE };
    let batches = gather(bytes, [opened(), page("a", &[1]).await, page("a", &[2]).await]);
    assert_eq!(batches.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn rows_wait_for_their_age_and_news_hardly_at_all() {
    let rule = SealRule { age_max_ms: 5_000, ..NOTHING_IS_DUE };
    let mut gatherer = Gatherer::new(&Fold::default(), rule);
    assert_eq!(gatherer.due_in_ms(0), None);
    assert!(gatherer.take(opened(), 1_000).unwrap().is_empty());
    assert_eq!(gatherer.due_in_ms(1_150), Some(50));
    assert!(gatherer.take(page("a", &[1]).await, 1_100).unwrap().is_empty());
    assert_eq!(gatherer.due_in_ms(1_150), Some(4_850), "the age counts from the first news");
    assert!(!gatherer.is_due(5_999));
    assert!(gatherer.is_due(6_000));
    let sealed = gatherer.take(page("a", &[2]).await, 6_000).unwrap();
    assert_eq!(sealed[0].rows(), 2, "what makes it due is in it");
    assert_eq!(gatherer.due_in_ms(9_000), None);
}

#[tokio::test(start_paused = true)]
async fn a_batch_has_a_hundred_segments_at_most() {
    let ids: Vec<String> = (0..250).map(|n| format!("shard-{n:03}")).collect();
    let events = std::iter::once(opened()).chain(ids.iter().map(|id| found(id, None)));
    let sealed = gather(NOTHING_IS_DUE, events);
    let segments: Vec<usize> = sealed.iter().map(|sealed| sealed.segments.len()).collect();
    assert_eq!(segments, [100, 100, 50]);
    assert_eq!(committed(&sealed).await.fold.positions().len(), 250);
}

/// The longest ids that are accepted, made of characters that JSON writes as two, the longest numbers, and as many facts as
/// fit before them: a commit that is too large could never be written, and its table would stand still for good.
#[tokio::test(start_paused = true)]
async fn the_longest_ids_fit_into_a_commit() {
    let id = |n: usize| format!("{n:03}{}", "\"".repeat(125));
    let long = 10_u64.pow(18);
    let mut events = vec![opened()];
    events.extend((0..150).map(|n| found(&id(n), Some(&id(n + 500)))));
    for n in 0..150 {
        events.push(page(&id(n), &[long]).await);
    }
    let first = gather(NOTHING_IS_DUE, events);
    let mut events: Vec<SourceEvent> = (0..60).map(|n| gap(&id(n), Some(long), Some(long + 5))).collect();
    for n in 0..150 {
        events.push(page(&id(n), &[long + 5]).await);
    }
    let log = committed(&first).await;
    let mut gatherer = Gatherer::new(&log.fold, NOTHING_IS_DUE);
    let mut second: Vec<Sealed> =
        events.into_iter().flat_map(|event| gatherer.take(event, 0).unwrap()).collect();
    second.extend(gatherer.seal().unwrap());
    let archived = committed(&[first, second].concat()).await;
    assert_eq!(archived.records(), 300);
    assert_eq!(archived.fold.gaps().len(), 60);
}

#[tokio::test(start_paused = true)]
async fn a_batch_goes_on_where_the_log_stands() {
    let first = gather(NOTHING_IS_DUE, [opened(), page("a", &[1, 2]).await]);
    let log = committed(&first).await;
    let mut gatherer = Gatherer::new(&log.fold, NOTHING_IS_DUE);
    gatherer.take(page("a", &[3]).await, 0).unwrap();
    let sealed = gatherer.seal().unwrap().unwrap();
    assert_eq!(sealed.segments[0].after, Some(number(2)));
    assert_eq!(committed(&[first, vec![sealed]].concat()).await.numbers("a"), [1, 2, 3]);
}
