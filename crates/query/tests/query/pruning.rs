//! What a question does not need is not read.

use sealog_chain::sha256;
use sealog_lake::view;
use sealog_query::Reading;
use sealog_store::Log;

use crate::archive::{Archive, BEGIN_MS, Change, HOUR_MS, change};
use crate::ask::{asked, over_lake, publish, sort};

const ITEMS: u64 = 1_500;
const ROUNDS: i64 = 8;

/// Images that do not compress away.
fn noisy(item: u64, round: i64) -> Change {
    let plain = change(item, &format!("{round}.5"), BEGIN_MS + round);
    let noise: String =
        (0..6).map(|part| sha256(format!("{item} {round} {part}").as_bytes()).to_string()).collect();
    let image = |text: Option<String>| text.map(|text| text.replace(&"x".repeat(40), &noise));
    Change { old: image(plain.old.clone()), new: image(plain.new.clone()), ..plain }
}

/// Many items that change often, on one sorted day.
async fn one_day() -> Archive {
    let mut archive = Archive::begun().await;
    for round in 0..ROUNDS {
        let changes: Vec<Change> = (0..ITEMS).map(|item| noisy(item, round)).collect();
        archive.commit(BEGIN_MS + round * 60_000, &changes).await;
    }
    publish(&archive.log()).await;
    sort(&archive.log(), &[]).await;
    archive
}

/// Rows of the answer, and what was read for it.
async fn read(log: &Log, question: &str) -> (usize, Reading) {
    let session = over_lake(log).await;
    let before = session.reading();
    let rows = asked(&session, question).await.len();
    let after = session.reading();
    let reading = Reading {
        opened: after.opened - before.opened,
        bytes: after.bytes - before.bytes,
        requests: after.requests - before.requests,
        ..after
    };
    (rows, reading)
}

#[tokio::test]
async fn of_a_sorted_day_an_items_history_is_a_small_part() {
    let archive = one_day().await;
    let log = archive.log();
    let (rows, whole) = read(&log, "SELECT * FROM changes").await;
    assert_eq!(rows as u64, ITEMS * ROUNDS as u64);
    assert!(whole.bytes > 4_000_000 && whole.bytes <= whole.bytes_of * 11 / 10, "{whole:?}");

    for question in [
        "SELECT * FROM changes WHERE pk = 'item-00777'",
        "SELECT * FROM item_history WHERE pk = 'item-00777'",
        "SELECT * FROM changes WHERE pk = 'item-00777' AND dt = '2026-11-22'",
    ] {
        let (rows, one) = read(&log, question).await;
        assert_eq!(rows as i64, ROUNDS, "{question}");
        assert!(one.bytes * 6 < whole.bytes_of, "{question}: {one:?}");
        assert!(one.requests <= 12, "{question}: {one:?}");
    }

    let (rows, none) = read(&log, "SELECT * FROM changes WHERE pk = 'item-00777x'").await;
    assert_eq!(rows, 0);
    assert!(none.bytes * 20 < whole.bytes_of && none.requests <= 4, "{none:?}");

    let (_, keys) = read(&log, "SELECT pk, count(*) FROM changes GROUP BY pk").await;
    assert!(keys.bytes * 20 < whole.bytes_of, "images are not read: {keys:?}");

    let (rows, few) =
        read(&log, "SELECT new_image FROM changes WHERE commit_number = 3 AND row_index = 1").await;
    assert_eq!(rows, 1);
    assert!(few.bytes * 6 < whole.bytes_of, "images are read of rows that match: {few:?}");
}

#[tokio::test]
async fn days_and_commits_that_cannot_answer_are_not_opened() {
    let mut archive = Archive::begun().await;
    for day in 0..20 {
        let at = BEGIN_MS + day * 24 * HOUR_MS;
        archive.commit(at, &[change(1, "1", at), change(2, "2", at)]).await;
    }
    let log = archive.log();
    publish(&log).await;
    let days = view(&log).await.unwrap();
    assert_eq!(days.len(), 20);
    for (question, rows, opened) in [
        ("SELECT * FROM changes WHERE dt = '2026-11-25'", 2, 1),
        ("SELECT * FROM changes WHERE dt BETWEEN '2026-11-25' AND '2026-11-27'", 6, 3),
        ("SELECT * FROM changes WHERE dt IN ('2026-11-25', '2026-12-01')", 4, 2),
        ("SELECT * FROM changes WHERE CAST(dt AS date) >= date '2026-12-10'", 4, 2),
        ("SELECT * FROM changes WHERE substr(dt, 1, 7) = '2026-12'", 22, 11),
        ("SELECT * FROM changes WHERE commit_number = 5", 2, 1),
        ("SELECT * FROM changes WHERE dt = '2026-11-25' AND commit_number = 5", 0, 0),
        ("SELECT * FROM changes WHERE dt = '2030-01-01'", 0, 0),
        ("SELECT * FROM deletes_per_day WHERE dt = '2026-11-25'", 0, 1),
        ("SELECT * FROM commits WHERE dt = '2026-11-25' AND kind = 'commit'", 1, 1),
        ("SELECT * FROM changes", 40, 20),
    ] {
        let (found, reading) = read(&log, question).await;
        assert_eq!((found, reading.opened), (rows, opened), "{question}: {reading:?}");
    }
}
