//! `sealog history`, `as-of` and `diff` as a shell sees them: what is printed, exit codes, odd keys.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../../query/tests/query/items/sealed.rs"]
#[allow(dead_code, reason = "the tests of `query` use all of it")]
mod sealed;

use std::process::Command;

use sealed::{BOTH, Record, Sealed, record, trimmed};
use sealog_chain::StartAt;
use sealog_store::{Directory, Store as _};
use serde_json::{Value, json};

const KEYS: &str = r#"{"id":{"S":"it's, a \u001b[31mkey"}}"#;
const KEY: &str = "it's, a \u{1b}[31mkey";

fn image(n: &str, tags: &str) -> String {
    let mut image: Value = serde_json::from_str(KEYS).unwrap();
    image["n"] = json!({ "N": n });
    image["tags"] = json!({ "SS": tags.split(' ').collect::<Vec<_>>() });
    image.to_string()
}

/// One item that comes, changes behind a gap, is seen by a filter and goes; with its lake.
async fn prepared() -> (tempfile::TempDir, String) {
    let mut sealed = Sealed::begun(BOTH, StartAt::TrimHorizon).await;
    let (one, two) = (image("1", "a b"), image("2.50", "b c"));
    sealed
        .seal(11, &[record(1, 10, KEYS, None, Some(&one)), record(2, 20, KEYS, Some(&one), Some(&two))])
        .await;
    let ttl = Some(("Service", "dynamodb.amazonaws.com"));
    let removed = Record { who: ttl, ..record(9, 40, KEYS, Some(&two), None) };
    sealed.commit(50, vec![trimmed("shard-a", Some(2), Some(9), 45)], &[removed.dropped()], &[]).await;
    sealed.heartbeat(60).await;
    sealed.publish().await;
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::create(&folder.path().join("archive")).await.unwrap();
    for entry in sealed.store.list("", None).await.unwrap() {
        let bytes = sealed.store.read(&entry.key).await.unwrap().unwrap().bytes;
        directory.create(&entry.key, bytes).await.unwrap();
    }
    let path = folder.path().join("archive").display().to_string();
    (folder, path)
}

fn sealog(archive: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_sealog"))
        .args(arguments)
        .args(["--archive", archive])
        .env("NO_COLOR", "1")
        .env_remove("SEALOG_ARCHIVE")
        .env_remove("SEALOG_CONFIG")
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn assert_all(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[tokio::test]
async fn a_history_is_told_in_words_and_for_programs() {
    let (_folder, archive) = prepared().await;
    let (code, said, _) = sealog(&archive, &["history", "orders", "--key", KEY]);
    assert_eq!(code, Some(0), "{said}");
    assert_all(
        &said,
        &[
            "version 1  2026-11-22T10:15:40.000Z  INSERT",
            "~ n     1 -> 2.50",
            r#"~ tags  +{"c"} -{"a"}"#,
            "gap, declared in commit 2",
            "time to live",
            "dropped (test)",
            "sealog prove 2/0",
            "leaf hash is the row's, under the signed head",
            "3 changes; the log reads since 2026-11-22T10:00:00.000Z",
        ],
    );
    assert!(!said.contains('\u{1b}'), "a key must not reach the terminal as it is");
    let period = ["--from", "2026-11-22T10:15:50Z", "--to", "2026-11-22T11:16:00+01:00", "--format", "json"];
    let (_, said, _) = sealog(&archive, &[&["history", "orders", "--key", KEYS], &period[..]].concat());
    let told = lines(&said);
    assert_eq!(told.len(), 3, "{said}");
    assert_eq!(told[1]["change"]["version"], 2);
    assert_eq!(
        told[1]["change"]["attributes"][0],
        json!({ "path": ["n"], "difference": "changed", "old": { "N": "1" }, "new": { "N": "2.50" } })
    );
    assert_eq!((&told[2]["end"]["changes"], &told[2]["end"]["shown"]), (&json!(3), &json!(1)));
}

#[tokio::test]
async fn a_table_at_an_instant_ends_with_its_verdict() {
    let (_folder, archive) = prepared().await;
    let (code, said, read) =
        sealog(&archive, &["as-of", "orders", "--at", "2026-11-22T10:15:45Z", "--explain"]);
    assert_eq!(code, Some(0), "{said}");
    assert_all(&said, &["n     1\n", "(sealog prove 1/0)", "COMPLETE orders at 2026-11-22T10:15:45.000Z"]);
    assert_all(&read, &["1 row in"]);
    // Between the last change before it and the instant lies a gap.
    let (code, said, _) =
        sealog(&archive, &["as-of", "orders", "--at", "2026-11-22T10:16:00Z", "--format", "json"]);
    assert_eq!(code, Some(3), "{said}");
    let told = lines(&said);
    assert_eq!(told[1]["item"]["item"]["n"], json!({ "N": "2.50" }));
    assert_eq!(told[1]["item"]["gaps"], json!([2]));
    let completeness = &told[2]["completeness"];
    assert_eq!(completeness["verdict"], "incomplete");
    assert_eq!(completeness["shortfalls"][0]["kind"], "gap");
    assert_eq!(completeness["shortfalls"][1], json!({ "kind": "doubtful", "items": 1 }));
}

#[tokio::test]
async fn two_instants_are_compared() {
    let (_folder, archive) = prepared().await;
    let asked = ["diff", "orders", "--from", "2026-11-22T10:15:45Z", "--to"];
    let (code, said, _) = sealog(&archive, &[&asked[..], &["2026-11-22T10:15:52Z"]].concat());
    assert_eq!(code, Some(3), "{said}");
    assert_all(&said, &["modified, 1 change", "~ n     1 -> 2.50", "INCOMPLETE"]);
    let (_, said, _) = sealog(&archive, &[&asked[..], &["2026-11-23", "--format", "json"]].concat());
    assert_eq!(lines(&said)[1]["item"]["difference"], "removed");
    let (code, _, wrong) = sealog(&archive, &[&asked[..], &["2026-11-21"]].concat());
    assert_eq!(code, Some(2));
    assert_all(&wrong, &["exchange the two instants"]);
}

#[tokio::test]
async fn what_is_wrong_is_said_with_what_is_right() {
    let (_folder, archive) = prepared().await;
    for (asked, hint) in [
        (vec!["history", "orders", "--key", "nobody"], "is of the item nobody"),
        (vec!["as-of", "orders", "--at", "2026-11-23", "--key", "nobody"], "is of the item nobody"),
        (vec!["history", "orders", "--key", r#"{"id":"a"}"#], "DynamoDB JSON"),
        (vec!["history", "other", "--key", "a"], "no log other"),
        (vec!["as-of", "orders", "--at", "2026-11-22T10:15:30"], "with a zone"),
        (vec!["as-of", "orders", "--at", "noon"], "write a date"),
    ] {
        let (code, said, wrong) = sealog(&archive, &asked);
        assert_eq!((code, said.as_str()), (Some(2), ""), "{wrong}");
        assert_all(&wrong, &[hint]);
    }
}
