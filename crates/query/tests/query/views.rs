//! Every view gives what the archive holds.

use sealog_chain::{Decisions, Fact, FilterMode, FilterUse, sha256};
use sealog_record::{Gap, GapCause, Timestamp};

use crate::archive::{Archive, BEGIN_MS, Change, HOUR_MS, change, three_days};
use crate::ask::{asked, in_directory, over_lake, publish, sort};

#[tokio::test]
async fn changes_are_there_once_under_both_names_in_memory_and_in_a_directory() {
    let archive = three_days().await;
    publish(&archive.log()).await;
    sort(&archive.log(), &["2026-11-22"]).await;
    let (_folder, log) = in_directory(&archive.store).await;
    for session in [over_lake(&archive.log()).await, over_lake(&log).await] {
        assert_eq!(asked(&session, "SELECT count(*) FROM changes").await, ["180"]);
        let places =
            "SELECT count(DISTINCT commit_number * 1000 + row_index), count(new_amount) FROM orders_changes";
        assert_eq!(asked(&session, places).await, ["180,180"]);
        let days = "SELECT dt, count(*) FROM \"sealog\".\"orders_changes\" GROUP BY dt ORDER BY dt";
        assert_eq!(asked(&session, days).await.len(), 3);
        assert_eq!(asked(&session, "SELECT count(*) FROM AwsDataCatalog.sealog.changes").await, ["180"]);
    }
}

#[tokio::test]
async fn a_row_has_its_types_and_its_exact_amount() {
    let mut archive = Archive::begun().await;
    let amounts = ["0.1", "12345678901234567890123456789012345.67", "-1E-2"];
    let changes: Vec<Change> = amounts.iter().map(|amount| change(1, amount, BEGIN_MS)).collect();
    archive.commit(BEGIN_MS, &changes).await;
    publish(&archive.log()).await;
    let session = over_lake(&archive.log()).await;
    let rows = asked(
        &session,
        "SELECT new_amount, new_amount + 0.1, created_at, changed, tags_map, size_bytes, sk, length(leaf_hash) \
         FROM changes ORDER BY row_index",
    )
    .await;
    assert_eq!(rows[0], r#"0.10,0.20,2026-11-22T10:15:30Z,"[""amount""]","{""by"":""test""}",100,,32"#);
    assert!(
        rows[1].starts_with("12345678901234567890123456789012345.67,12345678901234567890123456789012345.77,")
    );
    assert!(rows[2].starts_with("-0.01,0.09,"));
    assert_eq!(
        asked(&session, "SELECT sum(new_amount) FROM changes").await,
        ["12345678901234567890123456789012345.76"]
    );
}

#[tokio::test]
async fn an_item_has_its_history_and_leaves_are_what_was_sealed() {
    let archive = three_days().await;
    publish(&archive.log()).await;
    sort(&archive.log(), &["2026-11-23"]).await;
    let session = over_lake(&archive.log()).await;
    let versions = asked(
        &session,
        "SELECT version, sequence_number FROM item_history WHERE pk = 'item-00007' ORDER BY version",
    )
    .await;
    assert!(versions.len() > 10);
    let numbers: Vec<u64> =
        versions.iter().map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    assert!(versions.last().unwrap().starts_with(&format!("{},", versions.len())));
    assert_eq!(asked(&session, "SELECT good, count(*) FROM leaf_check GROUP BY good").await, ["true,180"]);
}

#[tokio::test]
async fn deletions_gaps_and_decisions_are_counted() {
    let mut archive = Archive::begun().await;
    let removed = |user| Change { event_name: Some("REMOVE"), new: None, user, ..change(1, "1", BEGIN_MS) };
    let by_ttl = Some(["Service", "dynamodb.amazonaws.com"]);
    let filter = FilterUse {
        name: "large".to_owned(),
        component: sha256(b"c"),
        config: sha256(b"d"),
        world: "w".to_owned(),
        engine: "e".to_owned(),
        limits: "l".to_owned(),
        mode: FilterMode::Shadow,
        decisions: Decisions { keep: 2, drop: 1, ..Decisions::default() },
    };
    let gap = Gap {
        stream: "2026-11-22T00:00:00.000".parse().unwrap(),
        shard: Some("shardId-1".parse().unwrap()),
        after: None,
        first: Some("77".parse().unwrap()),
        cause: GapCause::Trimmed,
        ends_shard: false,
        noticed_at: Timestamp::from_millis(BEGIN_MS),
    };
    let changes = [removed(by_ttl), removed(None), change(1, "1", BEGIN_MS)];
    archive.commit_with(BEGIN_MS, &changes, vec![Fact::Gap(gap)], vec![filter.clone()]).await;
    archive.commit_with(BEGIN_MS + HOUR_MS, &changes, Vec::new(), vec![filter]).await;
    let log = archive.log();
    publish(&log).await;
    for session in [over_lake(&log).await, crate::ask::over_evidence(&log).await] {
        assert_eq!(asked(&session, "SELECT * FROM deletes_per_day").await, ["2026-11-22,4,2"]);
        let gaps =
            asked(&session, "SELECT commit_number, shard, first_sequence, cause, ends_shard, dt FROM gaps")
                .await;
        assert_eq!(gaps, ["1,shardId-1,77,trimmed,false,2026-11-22"]);
        let decisions =
            "SELECT filter_name, mode, first_commit, last_commit, kept, dropped FROM decisions_by_filter";
        assert_eq!(asked(&session, decisions).await, ["large,shadow,1,2,4,2"]);
        let commits =
            "SELECT commit_number, records, writer FROM commits WHERE kind = 'commit' ORDER BY commit_number";
        assert_eq!(asked(&session, commits).await, ["0,0,w", "1,3,w", "2,3,w"]);
    }
}

#[tokio::test]
async fn days_tell_what_is_sorted() {
    let archive = three_days().await;
    publish(&archive.log()).await;
    sort(&archive.log(), &["2026-11-22"]).await;
    let session = over_lake(&archive.log()).await;
    let days = asked(&session, "SELECT day, dt, valid, through_commit, row_count FROM days").await;
    assert_eq!(days.len(), 1);
    assert!(days[0].starts_with("2026-11-22,2026-11-22,true,9,"), "{days:?}");
}

#[tokio::test]
async fn a_stream_of_keys_only_gives_rows_without_images() {
    let mut archive = Archive::begun().await;
    let keys_only = Change { old: None, new: None, view_type: Some("KEYS_ONLY"), ..change(7, "1", BEGIN_MS) };
    archive.commit(BEGIN_MS, &[keys_only]).await;
    publish(&archive.log()).await;
    let session = over_lake(&archive.log()).await;
    let rows =
        asked(&session, "SELECT pk, old_image, new_amount, changed, stream_view_type FROM changes").await;
    assert_eq!(rows, ["item-00007,,,,KEYS_ONLY"]);
    assert_eq!(asked(&session, "SELECT good FROM leaf_check").await, ["true"]);
}

#[tokio::test]
async fn a_log_without_rows_has_empty_views() {
    let archive = Archive::begun().await;
    publish(&archive.log()).await;
    for session in [over_lake(&archive.log()).await, crate::ask::over_evidence(&archive.log()).await] {
        for view in [
            "changes",
            "item_history",
            "deletes_per_day",
            "gaps",
            "decisions_by_filter",
            "leaf_check",
            "days",
        ] {
            assert_eq!(asked(&session, &format!("SELECT * FROM {view}")).await.len(), 0, "{view}");
        }
        assert_eq!(asked(&session, "SELECT kind, name, dt FROM commits").await.len(), 2);
    }
}
