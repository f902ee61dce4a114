//! A table at an instant, and at two.

use sealog_chain::StartAt;
use sealog_query::items::{ItemDifference, Shortfall, Side, Snapshot, State, Unknown};

use super::sealed::{BOTH, Record, Sealed, at, record};
use super::{Asked, as_of, diff, image, key, keys_of};

/// `id: state` of each item.
async fn said(asked: &Asked, seconds: i64) -> Vec<String> {
    let (items, _) = as_of(asked, at(seconds), None).await.unwrap();
    let one = |state: &State| match state {
        State::Present { item, .. } => item["n"].to_json()["N"].as_str().unwrap_or("?").to_owned(),
        State::Exists(why) | State::Unknown(why) => format!("{} {}", state.as_str(), why.as_str()),
        State::Removed | State::NotYet => state.as_str().to_owned(),
    };
    let id = |item: &sealog_query::items::Item| item["id"].to_json()["S"].as_str().unwrap().to_owned();
    items.iter().map(|item| format!("{}: {}", id(&item.keys), one(&item.state.state))).collect()
}

fn images() -> [String; 3] {
    ["1", "2", "3"].map(|n| image("a", n))
}

#[tokio::test]
async fn items_come_change_and_go() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let [one, two, _] = images();
    let b = image("b", "5");
    let records = [
        record(1, 10, &keys_of("a"), None, Some(&one)),
        record(2, 20, &keys_of("b"), Some(&image("b", "4")), Some(&b)),
        record(3, 30, &keys_of("a"), Some(&one), Some(&two)),
        record(4, 40, &keys_of("a"), Some(&two), None),
    ];
    sealed.seal(50, &records).await;
    sealed.heartbeat(60).await;
    let asked = sealed.asked().await;
    assert_eq!(said(&asked, 5).await, ["b: 4"]);
    assert_eq!(said(&asked, 10).await, ["a: 1", "b: 4"]);
    assert_eq!(said(&asked, 25).await, ["a: 1", "b: 5"]);
    assert_eq!(said(&asked, 35).await, ["a: 2", "b: 5"]);
    assert_eq!(said(&asked, 45).await, ["b: 5"]);
    let (items, complete) = as_of(&asked, at(5), Some(key("b"))).await.unwrap();
    let basis = items[0].state.basis.as_ref().unwrap();
    assert_eq!((basis.commit, basis.row, basis.side), (1, 1, Side::OldImage));
    assert!(complete.is_complete(), "{complete:?}");
    for (seconds, state) in [(5, State::NotYet), (45, State::Removed)] {
        let (items, _) = as_of(&asked, at(seconds), Some(key("a"))).await.unwrap();
        assert_eq!(items[0].state.state, state);
    }
    let mut first = Snapshot::open(&asked.0, &asked.1, at(25), None).await.unwrap().at_most(1);
    assert!(first.next().await.unwrap().is_some() && first.next().await.unwrap().is_none());
    let cut = first.end().await.unwrap();
    assert_eq!((cut.items, cut.is_cut), (1, true));
    let (items, complete) = as_of(&asked, at(30), None).await.unwrap();
    assert_eq!((complete.items, complete.same_second, complete.is_cut), (2, 1, false));
    assert!(items[0].state.same_second && !items[1].state.same_second);
}

#[tokio::test]
async fn where_a_change_does_not_show_the_item_its_neighbour_may() {
    let [one, two, three] = images();
    let changes = || {
        [
            record(1, 10, &keys_of("a"), None, Some(&one)),
            record(2, 20, &keys_of("a"), Some(&one), Some(&two)),
            record(3, 30, &keys_of("a"), Some(&two), Some(&three)),
            record(4, 40, &keys_of("a"), Some(&three), None),
        ]
    };
    for (view, expected) in [
        (BOTH, ["1", "2", "3"]),
        ("NEW_IMAGE", ["1", "2", "3"]),
        ("OLD_IMAGE", ["1", "2", "3"]),
        ("KEYS_ONLY", ["exists view_type"; 3]),
    ] {
        let mut sealed = Sealed::begun(view, StartAt::TrimHorizon).await;
        sealed.seal(50, &changes().map(|record| record.seen_as(view))).await;
        sealed.heartbeat(60).await;
        let asked = sealed.asked().await;
        for (seconds, value) in [15, 25, 35].into_iter().zip(expected) {
            assert_eq!(said(&asked, seconds).await, [format!("a: {value}")], "{view} {seconds}");
        }
        assert_eq!(said(&asked, 5).await, Vec::<String>::new(), "{view}");
        assert_eq!(said(&asked, 45).await, Vec::<String>::new(), "{view}");
        let (_, complete) = as_of(&asked, at(25), None).await.unwrap();
        assert_eq!(complete.is_complete(), view != "KEYS_ONLY", "{view}");
    }
}

#[tokio::test]
async fn the_last_change_that_shows_nothing_leaves_the_item_unknown() {
    let [one, two, _] = images();
    for (view, dropped, why) in [
        ("OLD_IMAGE", false, Unknown::ViewType("OLD_IMAGE".to_owned())),
        (BOTH, true, Unknown::Dropped { reason: "test".to_owned() }),
    ] {
        let mut sealed = Sealed::begun(view, StartAt::TrimHorizon).await;
        let last = record(2, 20, &keys_of("a"), Some(&one), Some(&two)).seen_as(view);
        let last = if dropped { last.dropped() } else { last };
        sealed.seal(50, &[record(1, 10, &keys_of("a"), None, Some(&one)).seen_as(view), last]).await;
        sealed.heartbeat(60).await;
        let (items, complete) = as_of(&sealed.asked().await, at(30), None).await.unwrap();
        assert_eq!(items[0].state.state, State::Exists(why.clone()));
        assert_eq!(complete.shortfalls, [Shortfall::Items { why, items: 1 }]);
    }
}

#[tokio::test]
async fn redacted_values_are_named_and_count() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let hidden = r#"{"id":{"S":"a"},"n":{"NULL":true}}"#;
    let redactions = Some(r#"[{"image":"new_image","path":["n"],"commitment":"bb"}]"#);
    let records =
        [Record { verdict: "redact", redactions, ..record(1, 10, &keys_of("a"), None, Some(hidden)) }];
    sealed.seal(50, &records).await;
    sealed.heartbeat(60).await;
    let (items, complete) = as_of(&sealed.asked().await, at(30), None).await.unwrap();
    let State::Present { item, redacted } = &items[0].state.state else { panic!("{items:?}") };
    assert_eq!(redacted[0].to_string(), "n");
    assert_eq!(item["n"].to_json()["redacted"], "bb");
    assert_eq!(complete.shortfalls, [Shortfall::Redacted(1)]);
}

#[tokio::test]
async fn two_instants_differ_by_what_came_went_and_changed() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let (a, b) = ([image("a", "1"), image("a", "2")], image("b", "1"));
    let records = [
        record(1, 10, &keys_of("a"), None, Some(&a[0])),
        record(2, 11, &keys_of("b"), None, Some(&b)),
        record(3, 12, &keys_of("still"), None, Some(&image("still", "1"))),
        record(4, 20, &keys_of("a"), Some(&a[0]), Some(&a[1])),
        record(5, 21, &keys_of("new"), None, Some(&image("new", "1"))),
        record(6, 22, &keys_of("flash"), None, Some(&image("flash", "1"))),
        record(7, 23, &keys_of("flash"), Some(&image("flash", "1")), None),
        record(8, 24, &keys_of("b"), Some(&b), None),
        record(9, 30, &keys_of("a"), Some(&a[1]), Some(&a[0])),
    ];
    sealed.seal(50, &records).await;
    sealed.heartbeat(60).await;
    let asked = sealed.asked().await;
    let said = |items: &[sealog_query::items::ItemComparison]| -> Vec<String> {
        items
            .iter()
            .map(|it| {
                format!(
                    "{} {} {}",
                    it.keys["id"].to_json()["S"].as_str().unwrap(),
                    it.difference.as_str(),
                    it.changes
                )
            })
            .collect()
    };
    let (items, complete) = diff(&asked, (at(15), at(25)), None).await.unwrap();
    assert_eq!(said(&items), ["a modified 1", "b removed 1", "flash changed_back 2", "new added 1"]);
    assert!(matches!(&items[0].difference, ItemDifference::Modified(it) if it[0].path.to_string() == "n"));
    assert!(complete.is_complete(), "{complete:?}");
    let (items, _) = diff(&asked, (at(15), at(35)), Some(key("a"))).await.unwrap();
    assert_eq!(said(&items), ["a changed_back 2"]);
    assert_eq!(said(&diff(&asked, (at(40), at(50)), None).await.unwrap().0), Vec::<String>::new());
    assert!(diff(&asked, (at(2), at(1)), None).await.is_err());
}

#[tokio::test]
async fn keys_that_do_not_tell_items_apart_are_found() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    sealed.columns = sealog_lake::Columns::declared(&["a".to_owned()], std::iter::empty()).unwrap();
    let keys = |b: &str| serde_json::json!({ "a": { "S": "x" }, "b": { "S": b } }).to_string();
    sealed
        .seal(
            5,
            &[
                record(1, 1, &keys("1"), None, Some(&keys("1"))),
                record(2, 2, &keys("2"), None, Some(&keys("2"))),
            ],
        )
        .await;
    let refused = as_of(&sealed.asked().await, at(9), None).await.unwrap_err().to_string();
    assert!(refused.contains("lake rebuild"), "{refused}");
}
