//! Against an oracle that replays the records: a table at any instant, and any two instants.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sealog_chain::StartAt;
use sealog_query::items::{Item, ItemComparison, ItemDifference, State, item_to_json};
use serde_json::{Value, json};

use super::sealed::{BOTH, Record, Sealed, at, record};
use super::{as_of, diff, keys_of};
use crate::ask::sort;

/// What is done to one of a few items, and how many seconds later than the change before.
#[derive(Debug, Clone)]
struct Step {
    item: u8,
    /// `None`: it is removed.
    value: Option<u8>,
    pause: i64,
}

type Table = BTreeMap<u8, u8>;

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0_u8..4, prop::option::weighted(0.75, 0_u8..3), 0_i64..3);
    prop::collection::vec(step.prop_map(|(item, value, pause)| Step { item, value, pause }), 1..25)
}

fn image(item: u8, value: u8) -> String {
    json!({ "id": { "S": item.to_string() }, "n": { "N": value.to_string() }, "l": { "L": [{ "S": "x" }] } })
        .to_string()
}

/// The records that a stream has of these steps, and the table after each second. Some items are there from the beginning.
fn played(steps: &[Step], mut table: Table) -> (Vec<Record>, BTreeMap<i64, Table>, i64) {
    let (mut records, mut seconds) = (Vec::new(), 1);
    let mut after = BTreeMap::from([(0, table.clone())]);
    for (sequence, step) in (1..).zip(steps) {
        seconds += step.pause;
        let old = table.get(&step.item).map(|value| image(step.item, *value));
        let new = step.value.map(|value| image(step.item, value));
        match step.value {
            Some(value) => drop(table.insert(step.item, value)),
            None => drop(table.remove(&step.item)),
        }
        // Removing what is not there, or writing it as it is, is no change.
        if old != new {
            let keys = keys_of(&step.item.to_string());
            records.push(record(sequence, seconds, &keys, old.as_deref(), new.as_deref()));
        }
        after.insert(seconds, table.clone());
    }
    (records, after, seconds)
}

/// The oracle: the table behind all changes up to a second. Items that never change are in no log.
fn replayed(after: &BTreeMap<i64, Table>, seconds: i64, records: &[Record]) -> BTreeMap<String, Value> {
    let table = after.range(..=seconds).next_back().unwrap().1;
    let known =
        |item: &u8| records.iter().any(|it| it.keys.as_deref() == Some(keys_of(&item.to_string()).as_str()));
    let pair =
        |(item, value): (&u8, &u8)| (item.to_string(), serde_json::from_str(&image(*item, *value)).unwrap());
    table.iter().filter(|(item, _)| known(item)).map(pair).collect()
}

fn id(keys: &Item) -> String {
    keys["id"].to_json()["S"].as_str().unwrap().to_owned()
}

/// Items are as the replay has them; all of them where both images are seen, and where not, those that are claimed to be known.
async fn check_state(asked: &super::Asked, seconds: i64, expected: &BTreeMap<String, Value>, view: &str) {
    let (items, complete) = as_of(asked, at(seconds), None).await.unwrap();
    let mut found = BTreeMap::new();
    for it in &items {
        let id = id(&it.keys);
        if let State::Present { item, .. } = &it.state.state {
            found.insert(id, item_to_json(item));
        } else {
            let is_known_to_be = matches!(it.state.state, State::Exists(_)) && expected.contains_key(&id);
            assert!(view != BOTH && is_known_to_be, "{it:?}");
        }
    }
    if view == BOTH {
        assert!(complete.is_complete(), "{complete:?}");
        assert_eq!(&found, expected);
    } else {
        assert_eq!(items.len(), expected.len(), "{items:?}");
        assert!(found.iter().all(|(id, item)| expected.get(id) == Some(item)), "{found:?}");
    }
}

/// How a log comes to be.
#[derive(Debug, Clone)]
struct Way {
    /// Records of a commit.
    batch: usize,
    view: &'static str,
    /// Whether its lake is compacted.
    sorted: bool,
}

fn ways() -> impl Strategy<Value = Way> {
    let view = prop::sample::select(vec![BOTH, BOTH, "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"]);
    (1_usize..8, view, any::<bool>()).prop_map(|(batch, view, sorted)| Way { batch, view, sorted })
}

async fn sealed(records: &[Record], last: i64, way: &Way) -> super::Asked {
    let mut sealed = Sealed::begun(way.view, StartAt::TrimHorizon).await;
    let seen: Vec<Record> = records.iter().cloned().map(|record| record.seen_as(way.view)).collect();
    for batch in seen.chunks(way.batch) {
        sealed.seal(last, batch).await;
    }
    sealed.heartbeat(last + 100).await;
    sealed.publish().await;
    if way.sorted {
        sort(&sealed.log(), &[]).await;
    }
    sealed.ask(false).await
}

async fn check(steps: Vec<Step>, begins: Table, instants: (i64, i64), way: Way) {
    let (records, after, last) = played(&steps, begins);
    let asked = sealed(&records, last, &way).await;
    let (from, to) = (instants.0.min(instants.1), instants.0.max(instants.1));
    let (first, second) = (replayed(&after, from, &records), replayed(&after, to, &records));
    check_state(&asked, from, &first, way.view).await;
    check_state(&asked, to, &second, way.view).await;
    let (items, _) = diff(&asked, (at(from), at(to)), None).await.unwrap();
    let mut differing = BTreeSet::new();
    for item in &items {
        let id = id(&item.keys);
        assert_eq!(item.changes, changes(&records, &id, from, to), "{id}");
        if differs(item, first.get(&id), second.get(&id), way.view) {
            differing.insert(id);
        }
    }
    let mut expected = first.keys().chain(second.keys()).filter(|id| first.get(*id) != second.get(*id));
    assert!(expected.all(|id| differing.contains(id)), "{differing:?} of {first:?} and {second:?}");
}

/// How often an item was changed after one second, up to another.
fn changes(records: &[Record], id: &str, from: i64, to: i64) -> u64 {
    let of = records.iter().filter(|it| it.keys.as_deref() == Some(keys_of(id).as_str()));
    of.filter(|it| from < it.seconds && it.seconds <= to).count() as u64
}

/// Whether an item is said to differ, or not known not to; what is said has to be so.
fn differs(item: &ItemComparison, old: Option<&Value>, new: Option<&Value>, view: &str) -> bool {
    match (&item.difference, old, new) {
        (ItemDifference::Added, None, Some(_)) | (ItemDifference::Removed, Some(_), None) => true,
        (ItemDifference::Modified(attributes), Some(old), Some(new)) => {
            assert_eq!(attributes.len(), 1, "{attributes:?}");
            assert_eq!(attributes[0].old.as_ref().unwrap().to_json(), old["n"]);
            assert_eq!(attributes[0].new.as_ref().unwrap().to_json(), new["n"]);
            true
        }
        (ItemDifference::ChangedBack, old, new) => {
            assert_eq!(old, new, "{item:?}");
            false
        }
        (ItemDifference::Unknown, ..) if view != BOTH => true,
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_table_is_as_its_replay_has_it(
        steps in steps(),
        begins in prop::collection::btree_map(0_u8..4, 0_u8..3, 0..4),
        instants in (0_i64..40, 0_i64..40),
        way in ways(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(check(steps, begins, instants, way));
    }
}
