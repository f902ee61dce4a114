use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

fn id(text: &str) -> ShardId {
    text.parse().unwrap()
}

fn number(text: &str) -> SequenceNumber {
    text.parse().unwrap()
}

fn shard(name: &str, parent: Option<&str>, closed: bool) -> Shard {
    Shard { id: id(name), parent: parent.map(id), starting: None, ending: closed.then(|| number("9")) }
}

fn position(last: Option<&str>, done: bool) -> ShardPosition {
    let begun = ShardPosition::begun(None, ReadFrom::TrimHorizon);
    ShardPosition { last: last.map(number), done, ..begun }
}

fn names(starts: &[ShardStart]) -> Vec<&str> {
    starts.iter().map(|start| start.shard.as_str()).collect()
}

fn fresh() -> Lineage {
    Lineage::new(BTreeMap::new(), ReadFrom::TrimHorizon, Opened::Now)
}

#[test]
fn fs_03_a_child_waits_until_its_parent_is_committed_and_not_merely_read() {
    let mut lineage = fresh();
    lineage.observe(&[shard("c", Some("p"), false), shard("p", None, true)]);
    assert_eq!(names(&lineage.ready()), ["p"]);
    lineage.reader_stopped(&id("p"), &Stopped::AtEnd);
    lineage.committed(&id("p"), &position(Some("8"), false));
    assert!(lineage.ready().is_empty());
    lineage.committed(&id("p"), &position(Some("9"), true));
    assert_eq!(names(&lineage.ready()), ["c"]);
    assert!(lineage.ready().is_empty());
}

#[test]
fn fs_04_a_parent_that_lived_and_died_unseen_is_looked_for_and_then_a_gap() {
    let mut lineage = Lineage::new(
        BTreeMap::from([(id("g"), position(Some("5"), true))]),
        ReadFrom::Latest,
        Opened::Before,
    );
    let seen = lineage.observe(&[shard("c1", Some("p"), false), shard("c2", Some("p"), false)]);
    let found: Vec<_> = seen.discovered.iter().map(|d| (d.shard.as_str(), d.from)).collect();
    let horizon = ReadFrom::TrimHorizon;
    assert_eq!(found, [("c1", horizon), ("c2", horizon), ("p", horizon)]);
    assert_eq!(names(&lineage.ready()), ["p"]);
    lineage.reader_stopped(&id("p"), &Stopped::NotFound { read: None });
    let seen = lineage.observe(&[shard("c1", Some("p"), false), shard("c2", Some("p"), false)]);
    assert_eq!(seen.lost, [LostShard { shard: id("p"), after: None, cause: GapCause::ParentVanished }]);
    assert!(seen.discovered.is_empty() && lineage.ready().is_empty());
    lineage.committed(&id("p"), &position(None, true));
    assert_eq!(names(&lineage.ready()), ["c1", "c2"]);
}

#[test]
fn fs_05_a_lineage_older_than_the_log_is_a_start() {
    let mut lineage = fresh();
    let seen = lineage.observe(&[shard("c", Some("gone"), false)]);
    assert_eq!((seen.discovered.len(), seen.lost.len()), (1, 0));
    assert_eq!(names(&lineage.ready()), ["c"]);
}

#[test]
fn fs_06_a_parent_listed_open_beside_its_child_is_read_to_its_end_first() {
    let mut lineage = fresh();
    lineage.observe(&[shard("p", None, false), shard("c", Some("p"), false)]);
    assert_eq!(names(&lineage.ready()), ["p"]);
    lineage.committed(&id("p"), &position(None, true));
    assert_eq!(names(&lineage.ready()), ["c"]);
}

#[test]
fn fs_08_an_ended_shard_without_a_listed_child_asks_for_another_look() {
    let mut lineage = fresh();
    lineage.observe(&[shard("p", None, true)]);
    lineage.ready();
    assert!(!lineage.awaits_children());
    lineage.reader_stopped(&id("p"), &Stopped::AtEnd);
    assert!(lineage.awaits_children());
    lineage.observe(&[shard("p", None, true), shard("c", Some("p"), false)]);
    assert!(!lineage.awaits_children());
}

#[test]
fn fs_17_a_shard_not_found_but_listed_is_read_on_after_what_was_sent() {
    let mut lineage = fresh();
    lineage.observe(&[shard("s", None, false)]);
    lineage.ready();
    lineage.reader_stopped(&id("s"), &Stopped::NotFound { read: Some(number("7")) });
    lineage.committed(&id("s"), &position(Some("4"), false));
    assert!(lineage.ready().is_empty());
    assert!(lineage.observe(&[shard("s", None, false)]).lost.is_empty());
    assert_eq!(lineage.ready()[0].from, ReadFrom::After(number("7")));
    lineage.reader_stopped(&id("s"), &Stopped::NotFound { read: Some(number("7")) });
    let lost = LostShard { shard: id("s"), after: Some(number("7")), cause: GapCause::ShardVanished };
    assert_eq!(lineage.observe(&[]).lost, [lost]);
}

#[test]
fn a_position_that_is_not_listed_is_tried_before_it_is_given_up() {
    let mut lineage = Lineage::new(
        BTreeMap::from([(id("s"), position(Some("5"), false))]),
        ReadFrom::TrimHorizon,
        Opened::Before,
    );
    assert!(lineage.observe(&[]).lost.is_empty());
    assert_eq!(lineage.ready()[0].from, ReadFrom::After(number("5")));
}

#[test]
fn fs_24_latest_holds_for_the_first_listing_only_and_never_twice() {
    let mut lineage = Lineage::new(BTreeMap::new(), ReadFrom::Latest, Opened::Now);
    lineage.observe(&[shard("a", None, false)]);
    let start = lineage.ready().remove(0);
    assert_eq!((start.from, start.since_latest), (ReadFrom::Latest, true));
    let seen = lineage.observe(&[shard("a", None, false), shard("b", None, false)]);
    assert_eq!(seen.discovered[0].from, ReadFrom::TrimHorizon);
    lineage.reader_stopped(&id("a"), &Stopped::NotFound { read: None });
    lineage.observe(&[shard("a", None, false)]);
    let again = lineage.ready().remove(0);
    assert_eq!((again.from, again.since_latest), (ReadFrom::TrimHorizon, true));

    let began = ShardPosition { began: ReadFrom::Latest, ..position(None, false) };
    let mut restarted = Lineage::new(BTreeMap::from([(id("a"), began)]), ReadFrom::Latest, Opened::Lately);
    restarted.observe(&[shard("a", None, false)]);
    let start = restarted.ready().remove(0);
    assert_eq!((start.from, start.since_latest), (ReadFrom::TrimHorizon, true));
}

#[test]
fn fs_26_a_log_that_died_before_it_had_named_a_shard_does_not_begin_at_latest_again() {
    let mut restarted = Lineage::new(BTreeMap::new(), ReadFrom::Latest, Opened::Lately);
    let seen = restarted.observe(&[shard("a", None, false), shard("b", Some("a"), false)]);
    assert!(seen.discovered.iter().all(|found| found.from == ReadFrom::Latest));
    let start = restarted.ready().remove(0);
    assert_eq!((start.from, start.since_latest), (ReadFrom::TrimHorizon, true));
}

#[test]
fn a_listing_that_goes_in_a_ring_keeps_nobody_waiting_for_ever() {
    let mut lineage = fresh();
    lineage.observe(&[shard("a", Some("c"), true), shard("b", Some("a"), true), shard("c", Some("b"), true)]);
    let mut read = Vec::new();
    for _ in 0..3 {
        for start in lineage.ready() {
            lineage.committed(&start.shard, &position(Some("1"), true));
            read.push(start.shard);
        }
    }
    assert_eq!(read.len(), 3);
}

#[test]
fn fs_10_what_failed_and_what_comes_after_it_keeps_nobody_else_from_the_end() {
    let mut lineage = fresh();
    lineage.observe(&[shard("a", None, true), shard("b", Some("a"), false), shard("c", None, false)]);
    assert_eq!(names(&lineage.ready()), ["a", "c"]);
    lineage.reader_stopped(&id("a"), &Stopped::Failed);
    assert!(lineage.ready().is_empty(), "a child is not read past its parent");
    assert!(lineage.settled(|shard| *shard == id("c")) && !lineage.settled(|_| false));
    assert!(!lineage.all_done());
}

#[derive(Debug, Clone)]
struct Tree {
    /// Each shard's parent is an earlier one, or none.
    parents: Vec<Option<usize>>,
    /// The first listing shows this many; the rest appear one by one.
    listed: usize,
    choices: Vec<prop::sample::Index>,
}

fn tree() -> impl Strategy<Value = Tree> {
    let parent = prop::option::weighted(0.8, any::<prop::sample::Index>());
    let choices = prop::collection::vec(any::<prop::sample::Index>(), 200);
    (prop::collection::vec(parent, 1..25), any::<prop::sample::Index>(), choices).prop_map(
        |(parents, listed, choices)| {
            let listed = listed.index(parents.len()) + 1;
            let pick = |(at, parent): (usize, Option<prop::sample::Index>)| {
                parent.filter(|_| at > 0).map(|index| index.index(at))
            };
            Tree { parents: parents.into_iter().enumerate().map(pick).collect(), listed, choices }
        },
    )
}

proptest! {
    /// Whatever the tree, the order of the listing and of the commits: each shard is announced and started once, after
    /// its parent's end was committed, and all come to their end.
    #[test]
    fn fs_07_every_shard_is_read_once_and_after_its_parent(tree in tree()) {
        let mut choices = tree.choices.iter().cycle();
        let name = |at: usize| format!("s{at:02}");
        let (mut listed, mut lineage) = (tree.listed, fresh());
        let (mut under_way, mut done, mut announced) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
        for _ in 0..1000 {
            let mut listing: Vec<Shard> = (0..listed)
                .map(|at| shard(&name(at), tree.parents[at].map(name).as_deref(), at % 2 == 0))
                .collect();
            let middle = choices.next().unwrap().index(listing.len());
            listing.rotate_left(middle);
            let seen = lineage.observe(&listing);
            prop_assert!(seen.lost.is_empty());
            for new in seen.discovered {
                prop_assert!(announced.insert(new.shard));
            }
            for start in lineage.ready() {
                prop_assert!(start.parent.as_ref().is_none_or(|parent| done.contains(parent)));
                prop_assert!(!under_way.contains(&start.shard) && !done.contains(&start.shard));
                under_way.push(start.shard);
            }
            if under_way.is_empty() && listed == tree.parents.len() {
                break;
            }
            if !under_way.is_empty() {
                let ended = under_way.remove(choices.next().unwrap().index(under_way.len()));
                lineage.reader_stopped(&ended, &Stopped::AtEnd);
                lineage.committed(&ended, &position(None, true));
                done.insert(ended);
            }
            listed = (listed + 1).min(tree.parents.len());
        }
        prop_assert_eq!(done.len(), tree.parents.len());
        prop_assert!(lineage.all_done());
    }
}
