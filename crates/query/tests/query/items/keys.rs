//! Items are found by keys of every type and by the oddest texts, and nothing in a key becomes SQL.

use sealog_chain::StartAt;
use sealog_lake::Columns;
use sealog_query::QueryError;
use sealog_query::items::{ItemKey, Period};

use super::sealed::{BOTH, Record, Sealed, at, record};
use super::{as_of, history, key, whole_history};
use crate::ask::sort;

fn string(text: &str) -> String {
    serde_json::json!({ "id": { "S": text } }).to_string()
}

fn made(sequence: u64, keys: &str) -> Record {
    record(sequence, 1, keys, None, Some(keys))
}

#[tokio::test]
async fn every_odd_text_finds_its_item_and_no_other() {
    let long = "k".repeat(2048);
    let odd = [
        "a,b",
        "a/b",
        "it's",
        "''",
        "\"",
        "\\",
        "line\nbreak\ttab",
        "é\u{1f600}\u{0}x",
        "' OR 1=1 --",
        "%",
        "{",
        " ",
        &long,
        "x'; DROP TABLE changes; --",
        "$1",
        "?",
        "NULL",
        "7",
    ];
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let records: Vec<Record> = (1..).zip(odd).map(|(sequence, text)| made(sequence, &string(text))).collect();
    sealed.seal(5, &records).await;
    let asked = sealed.asked().await;
    for (sequence, text) in (1..).zip(odd) {
        let (changes, _) = history(&asked, key(text), Period::default()).await.unwrap();
        assert_eq!(changes.len(), 1, "{text:?}");
        assert_eq!(changes[0].sequence, u64::to_string(&sequence), "{text:?}");
        let (items, _) = as_of(&asked, at(9), Some(key(&string(text)))).await.unwrap();
        assert_eq!(items.len(), 1, "{text:?}");
    }
}

#[tokio::test]
async fn numbers_are_found_by_value_and_binary_by_its_base64() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let keys = [r#"{"id":{"N":"7"}}"#, r#"{"id":{"N":"1.250E+3"}}"#, r#"{"id":{"N":"-0.5"}}"#];
    let records: Vec<Record> = (1..).zip(keys).map(|(sequence, keys)| made(sequence, keys)).collect();
    sealed.seal(5, &records).await;
    let asked = sealed.asked().await;
    for (text, sequence) in
        [("7", "1"), ("7.0", "1"), ("0.7e1", "1"), ("1250", "2"), ("1.25E3", "2"), ("-.50", "3")]
    {
        assert_eq!(whole_history(&asked, text).await.0[0].sequence, sequence, "{text}");
    }
    assert!(matches!(history(&asked, key("7.01"), Period::default()).await, Err(QueryError::Nothing(_))));
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    sealed.seal(5, &[made(1, r#"{"id":{"B":"AAEC/w=="}}"#)]).await;
    assert_eq!(whole_history(&sealed.asked().await, "AAEC/w==").await.0.len(), 1);
}

#[tokio::test]
async fn two_key_attributes_are_given_in_any_way() {
    for declared in [vec![], vec!["customer".to_owned(), "at".to_owned()]] {
        let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
        sealed.columns = Columns::declared(&declared, std::iter::empty()).unwrap();
        let keys = |customer: &str, at: &str| {
            serde_json::json!({ "customer": { "S": customer }, "at": { "N": at } }).to_string()
        };
        let all = [keys("c", "7"), keys("c", "8"), keys("c,7", "7"), keys("d", "7")];
        let records: Vec<Record> = (1..).zip(&all).map(|(sequence, keys)| made(sequence, keys)).collect();
        sealed.seal(5, &records).await;
        let asked = sealed.asked().await;
        let two = |pk: &str, sk: &str| ItemKey::parse(pk, Some(sk)).unwrap();
        for (key, sequence) in [
            (key("c,7"), "1"),
            (key("c,8.0"), "2"),
            (two("c,7", "7"), "3"),
            (key("c,7,7"), "3"),
            (two("d", "7.0"), "4"),
            (key(r#"{"at":{"N":"7"},"customer":{"S":"d"}}"#), "4"),
        ] {
            let (changes, _) = history(&asked, key.clone(), Period::default()).await.unwrap();
            assert_eq!((changes.len(), changes[0].sequence.as_str()), (1, sequence), "{key}");
        }
    }
}

#[tokio::test]
async fn a_key_that_may_be_of_two_items_is_refused_with_what_to_write() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let keys = |a: &str, b: &str| serde_json::json!({ "a": { "S": a }, "b": { "S": b } }).to_string();
    sealed.seal(5, &[made(1, &keys("x", "y,z")), made(2, &keys("x,y", "z"))]).await;
    let asked = sealed.asked().await;
    let refused = history(&asked, key("x,y,z"), Period::default()).await.unwrap_err();
    assert!(matches!(&refused, QueryError::Question(said) if said.contains(&keys("x", "y,z"))), "{refused}");
    assert!(as_of(&asked, at(9), Some(key("x,y,z"))).await.is_err());
}

#[tokio::test]
async fn what_is_not_there_is_said_with_what_was_looked_through() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let keys = serde_json::json!({ "a": { "S": "x" }, "b": { "S": "y" } }).to_string();
    sealed.seal(5, &[made(1, &keys)]).await;
    let asked = sealed.asked().await;
    for (wanted, hints) in
        [("nobody", vec!["1 records", "2 commits", "orders"]), ("x", vec!["--sort-key", keys.as_str()])]
    {
        let refused = history(&asked, key(wanted), Period::default()).await.unwrap_err();
        assert!(matches!(refused, QueryError::Nothing(_)), "{refused}");
        for hint in hints {
            assert!(refused.to_string().contains(hint), "{refused}");
        }
        assert!(matches!(as_of(&asked, at(9), Some(key(wanted))).await, Err(QueryError::Nothing(_))));
    }
}

#[tokio::test]
async fn of_a_sorted_day_only_what_may_hold_the_item_is_read() {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let keys = |n: u64| string(&format!("item-{n:05}"));
    // What does not compress, so that pages of images are large.
    let filler = |n: u64| {
        (0..12)
            .map(|part| sealog_chain::sha256(&[n.to_be_bytes(), u64::to_be_bytes(part)].concat()).to_string())
            .collect::<String>()
    };
    let records: Vec<Record> = (1..=8000)
        .map(|n| Record {
            new: Some(
                serde_json::json!({ "id": { "S": format!("item-{n:05}") }, "x": { "S": filler(n) } })
                    .to_string(),
            ),
            ..made(n, &keys(n))
        })
        .collect();
    for some in records.chunks(2000) {
        sealed.seal(5, some).await;
    }
    sealed.publish().await;
    sort(&sealed.log(), &[]).await;
    for wanted in [key("item-04321"), key(&keys(4321))] {
        let asked = sealed.ask(false).await;
        let before = asked.0.reading();
        let (changes, _) = history(&asked, wanted.clone(), Period::default()).await.unwrap();
        assert_eq!(changes.len(), 1);
        let read = asked.0.reading().bytes - before.bytes;
        assert!(read * 3 < before.bytes_of, "{wanted}: {read} bytes of {}", before.bytes_of);
        let (items, _) = as_of(&asked, at(9), Some(wanted)).await.unwrap();
        assert_eq!(items.len(), 1);
    }
}
