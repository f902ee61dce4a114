//! Every change of one item: what it changed, who made it, what filters said, where it is sealed.

use sealog_chain::StartAt;
use sealog_query::items::{Changed, Continuity, Period, Side, Unknown, Who};

use super::sealed::{BOTH, Record, Sealed, at, record};
use super::{history, image, key, keys_of, whole_history};

/// `difference path: old -> new` of each attribute.
fn said(changed: &Changed) -> Vec<String> {
    let Changed::Attributes { attributes, .. } = changed else { return vec![format!("{changed:?}")] };
    let json = |value: &Option<sealog_query::items::Value>| {
        value.as_ref().map_or("-".to_owned(), |it| it.to_json().to_string())
    };
    attributes
        .iter()
        .map(|it| format!("{} {}: {} -> {}", it.difference.as_str(), it.path, json(&it.old), json(&it.new)))
        .collect()
}

#[tokio::test]
async fn each_change_says_what_changed_and_where_it_is_sealed() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let (keys, one) = (keys_of("a"), image("a", "1"));
    let two = r#"{"id":{"S":"a"},"n":{"N":"1.0"},"m":{"M":{"l":{"L":[{"S":"x"},{"N":"12345678901234567890.5"}]}}},"s":{"SS":["p","q"]}}"#;
    let three = r#"{"s":{"SS":["q","r"]},"m":{"M":{"l":{"L":[{"S":"x"},{"N":"12345678901234567890.6"}]}}},"id":{"S":"a"},"n":{"S":"1"}}"#;
    let other = record(12, 2, &keys_of("b"), None, Some(&image("b", "7")));
    sealed
        .seal(
            5,
            &[record(11, 1, &keys, None, Some(&one)), other, record(13, 3, &keys, Some(&one), Some(two))],
        )
        .await;
    sealed.seal(9, &[record(14, 8, &keys, Some(two), Some(three))]).await;
    let ttl = Some(("Service", "dynamodb.amazonaws.com"));
    sealed.seal(12, &[Record { who: ttl, ..record(15, 11, &keys, Some(three), None) }]).await;
    let (changes, end) = whole_history(&sealed.asked().await, "a").await;

    assert_eq!(
        changes.iter().map(|it| (it.version, it.event.as_deref().unwrap())).collect::<Vec<_>>(),
        [(1, "INSERT"), (2, "MODIFY"), (3, "MODIFY"), (4, "REMOVE")]
    );
    assert_eq!(said(&changes[0].changed), [r#"added id: - -> {"S":"a"}"#, r#"added n: - -> {"N":"1"}"#,]);
    assert_eq!(
        said(&changes[1].changed),
        [
            r#"added m: - -> {"M":{"l":{"L":[{"S":"x"},{"N":"12345678901234567890.5"}]}}}"#,
            r#"added s: - -> {"SS":["p","q"]}"#,
        ]
    );
    assert_eq!(
        said(&changes[2].changed),
        [
            r#"changed m.l[1]: {"N":"12345678901234567890.5"} -> {"N":"12345678901234567890.6"}"#,
            r#"changed n: {"N":"1.0"} -> {"S":"1"}"#,
            r#"changed s: {"SS":["p","q"]} -> {"SS":["q","r"]}"#,
        ]
    );
    assert_eq!(said(&changes[3].changed).len(), 4);
    assert_eq!([&changes[2].who, &changes[3].who], [&Who::NotStated, &Who::TimeToLive]);
    let places: Vec<_> = changes.iter().map(|it| (it.proof.commit, it.proof.row)).collect();
    assert_eq!(places, [(1, 0), (1, 2), (2, 0), (3, 0)]);
    assert!(changes.iter().all(|it| it.proof.is_leaf_right && it.proof.is_signed));
    let continuity: Vec<_> = changes.iter().map(|it| it.continuity).collect();
    assert_eq!(continuity, [Continuity::Begins, Continuity::Joins, Continuity::Joins, Continuity::Joins]);
    assert_eq!((end.changes, end.shown, end.broken, end.dropped), (4, 4, 0, 0));
    assert!(end.gaps.is_empty() && end.beginning.unwrap().whole_stream);
}

#[tokio::test]
async fn a_period_leaves_out_changes_and_keeps_their_versions() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let images: Vec<String> = (0..6).map(|n| image("a", &n.to_string())).collect();
    let records: Vec<Record> = (1..6)
        .map(|n| {
            record(
                n,
                i64::try_from(n).unwrap(),
                &keys_of("a"),
                (n > 1).then(|| images[n as usize - 1].as_str()),
                Some(&images[n as usize]),
            )
        })
        .collect();
    sealed.seal(10, &records).await;
    let period = Period { from: Some(at(2)), to: Some(at(4)) };
    let (changes, end) = history(&sealed.asked().await, key("a"), period).await.unwrap();
    assert_eq!(changes.iter().map(|it| it.version).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!((end.changes, end.shown), (5, 3));
    assert_eq!(changes[0].continuity, Continuity::Joins);
}

#[tokio::test]
async fn order_is_that_of_sequence_numbers_and_not_of_times_or_texts() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let (one, two, three) = (image("a", "1"), image("a", "2"), image("a", "3"));
    let records = [
        record(9, 5, &keys_of("a"), None, Some(&one)),
        record(10, 5, &keys_of("a"), Some(&one), Some(&two)),
        record(100, 4, &keys_of("a"), Some(&two), Some(&three)),
    ];
    sealed.seal(10, &records).await;
    let (changes, _) = whole_history(&sealed.asked().await, "a").await;
    assert_eq!(changes.iter().map(|it| it.sequence.as_str()).collect::<Vec<_>>(), ["9", "10", "100"]);
}

#[tokio::test]
async fn what_filters_did_is_said_and_never_taken_for_the_truth_about_an_item() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let card = |text: &str| format!(r#"{{"id":{{"S":"a"}},"card":{text}}}"#);
    let hidden = card(r#"{"NULL":true}"#);
    let redactions = r#"[{"image":"old_image","path":["card"],"commitment":"aa"},{"image":"new_image","path":["card"],"commitment":"bb"}]"#;
    let records = [
        record(1, 1, &keys_of("a"), None, Some(&card(r#"{"S":"1"}"#))).dropped(),
        Record {
            verdict: "redact",
            redactions: Some(redactions),
            ..record(2, 2, &keys_of("a"), Some(&hidden), Some(&hidden))
        },
        Record {
            reason: Some("fault:trap"),
            tags: Some(r#"{"by":"x"}"#),
            ..record(3, 3, &keys_of("a"), Some(&card(r#"{"S":"2"}"#)), None)
        },
    ];
    sealed.seal(5, &records).await;
    let (changes, end) = whole_history(&sealed.asked().await, "a").await;
    assert_eq!(changes[0].changed, Changed::Unknown(Unknown::Dropped { reason: "test".to_owned() }));
    assert_eq!(said(&changes[1].changed), [r#"unknown card: {"redacted":"aa"} -> {"redacted":"bb"}"#]);
    assert_eq!(changes[1].verdict.redactions[1].side, Side::NewImage);
    assert!(changes[2].verdict.is_fault());
    assert_eq!(changes[2].verdict.tags["by"], "x");
    let continuity: Vec<_> = changes.iter().map(|it| it.continuity).collect();
    assert_eq!(continuity, [Continuity::Begins, Continuity::NotJudged, Continuity::NotJudged]);
    assert_eq!(end.dropped, 1);
}

#[tokio::test]
async fn a_change_that_does_not_begin_where_the_last_one_ended_is_called_broken() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let (one, two, three) = (image("a", "1"), image("a", "2"), image("a", "3"));
    sealed
        .seal(
            5,
            &[
                record(1, 1, &keys_of("a"), None, Some(&one)),
                record(2, 2, &keys_of("a"), Some(&two), Some(&three)),
            ],
        )
        .await;
    let (changes, end) = whole_history(&sealed.asked().await, "a").await;
    assert_eq!(changes[1].continuity, Continuity::Broken);
    assert_eq!(end.broken, 1);
}

#[tokio::test]
async fn other_view_types_give_what_they_show() {
    let (one, two) = (image("a", "1"), image("a", "2"));
    let records = |view: &'static str| {
        [
            record(1, 1, &keys_of("a"), None, Some(&one)),
            record(2, 2, &keys_of("a"), Some(&one), Some(&two)),
            record(3, 3, &keys_of("a"), Some(&two), None),
        ]
        .map(|record| record.seen_as(view))
    };
    let unknown = |view: &str| format!("{:?}", Changed::Unknown(Unknown::ViewType(view.to_owned())));
    let changed = [r#"changed n: {"N":"1"} -> {"N":"2"}"#.to_owned()];
    for (view, second) in [
        (BOTH, changed[0].clone()),
        ("NEW_IMAGE", changed[0].clone()),
        ("OLD_IMAGE", unknown("OLD_IMAGE")),
        ("KEYS_ONLY", unknown("KEYS_ONLY")),
    ] {
        let mut sealed = Sealed::begun(view, StartAt::TrimHorizon).await;
        sealed.seal(5, &records(view)).await;
        let (changes, _) = whole_history(&sealed.asked().await, "a").await;
        assert_eq!(said(&changes[1].changed), [second], "{view}");
        let inferred = matches!(changes[1].changed, Changed::Attributes { inferred: true, .. });
        assert_eq!(inferred, view == "NEW_IMAGE", "{view}");
        let removed = said(&changes[2].changed);
        let known =
            [r#"removed id: {"S":"a"} -> -"#, r#"removed n: {"N":"2"} -> -"#].map(str::to_owned).to_vec();
        assert_eq!(removed, if view == "KEYS_ONLY" { vec![unknown(view)] } else { known }, "{view}");
    }
}

#[tokio::test]
async fn evidence_gives_the_same_history_without_a_lake() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let (one, two) = (image("a", "1"), image("a", "2"));
    sealed.seal(5, &[record(1, 1, &keys_of("a"), None, Some(&one))]).await;
    sealed.seal(6, &[record(2, 2, &keys_of("a"), Some(&one), Some(&two))]).await;
    let from_evidence = whole_history(&sealed.ask(true).await, "a").await;
    assert_eq!(whole_history(&sealed.asked().await, "a").await, from_evidence);
}
