//! SQL as it is written for Athena's views.

use crate::archive::{Archive, BEGIN_MS, Change, change};
use crate::ask::{asked, over_lake, publish};

#[tokio::test]
async fn functions_mean_what_they_mean_to_trino() {
    let mut archive = Archive::begun().await;
    archive.commit(BEGIN_MS, &[change(1, "12.5", BEGIN_MS)]).await;
    publish(&archive.log()).await;
    let session = over_lake(&archive.log()).await;
    for (expression, value) in [
        ("json_extract_scalar(new_image, '$.amount.N')", "12.5"),
        ("json_extract_scalar(new_image, '$[\"amount\"][\"N\"]')", "12.5"),
        ("json_extract_scalar(new_image, '$.amount')", ""),
        ("json_extract_scalar(new_image, '$.nothing.N')", ""),
        ("json_extract(new_image, '$.amount')", "\"{\"\"N\"\":\"\"12.5\"\"}\""),
        ("CAST(json_extract_scalar(new_image, '$.amount.N') AS decimal(38,2)) - old_amount", "12.50"),
        ("element_at(tags_map, 'by')", "test"),
        ("tags_map['by']", "test"),
        ("element_at(tags_map, 'nobody')", ""),
        ("element_at(changed, 1)", "amount"),
        ("changed[1]", "amount"),
        ("contains(changed, 'amount')", "true"),
        ("contains(changed, 'note')", "false"),
        ("cardinality(changed)", "1"),
        ("cardinality(tags_map)", "1"),
        ("year(created_at)", "2026"),
        ("month(created_at)", "11"),
        ("day(created_at)", "22"),
        ("hour(created_at)", "10"),
        ("minute(created_at)", "15"),
        ("day_of_week(created_at)", "7"),
        ("day_of_year(created_at)", "326"),
        ("extract(hour FROM created_at)", "10"),
        ("hour(at_timezone(created_at, 'Asia/Tokyo'))", "19"),
        ("hour(created_at AT TIME ZONE 'Asia/Tokyo')", "19"),
        ("at_timezone(created_at, 'Asia/Tokyo') = created_at", "true"),
        ("date_diff('hour', created_at, timestamp '2026-11-23 11:00:00')", "24"),
        ("date_diff('millisecond', timestamp '1970-01-01 00:00:00', created_at)", "1795342530000"),
        ("date_diff('day', date '2026-11-01', date '2026-11-22')", "21"),
        ("date_add('month', 3, created_at)", "2027-02-22T10:15:30Z"),
        ("created_at + interval '1' day", "2026-11-23T10:15:30Z"),
        ("date_trunc('day', created_at)", "2026-11-22T00:00:00Z"),
        ("date_format(created_at, '%Y-%m-%d %H:%i:%s')", "2026-11-22 10:15:30"),
        ("date_format(created_at, '%W %e %M %Y, %k h')", "\"Sunday 22 November 2026, 10 h\""),
        ("abs(old_amount - new_amount)", "12.50"),
        ("regexp_replace('a1b22', '[0-9]+', '#')", "a#b#"),
        ("CAST(created_at AS date)", "2026-11-22"),
        ("date(created_at)", "2026-11-22"),
        ("from_iso8601_timestamp('2026-11-22T11:15:30+01:00') = created_at", "true"),
        ("created_at >= timestamp '2026-11-22 10:15:30'", "true"),
        ("created_at < timestamp '2026-11-22 10:15:30.001'", "true"),
        (
            "created_at BETWEEN from_iso8601_timestamp('2026-11-22T10:00:00Z') AND from_iso8601_timestamp('2026-11-22T11:00:00Z')",
            "true",
        ),
        ("length(to_utf8('äb'))", "3"),
        ("length('äb')", "2"),
        ("to_hex(to_utf8('az'))", "617A"),
        ("from_utf8(from_hex('617a'))", "az"),
        ("to_hex(to_big_endian_32(258))", "00000102"),
        ("lpad(sequence_number, 6, '0')", "001000"),
        ("regexp_like(pk, '^item-[0-9]+$')", "true"),
        ("coalesce(sk, 'none')", "none"),
        ("try_cast('x' AS integer)", ""),
        ("split_part(pk, '-', 2)", "00001"),
        ("strpos(pk, '-')", "5"),
        ("to_hex(sha256(to_utf8('')))", "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
    ] {
        assert_eq!(
            asked(&session, &format!("SELECT {expression} FROM changes")).await,
            [value],
            "{expression}"
        );
    }
}

/// Questions that auditors ask, in the words of Athena.
#[tokio::test]
async fn questions_written_for_athena_run_unchanged() {
    let mut archive = Archive::begun().await;
    let mut changes: Vec<Change> =
        (0..10).map(|n| change(n, &format!("{n}000.10"), BEGIN_MS + 1000 * n as i64)).collect();
    changes[3].event_name = Some("REMOVE");
    changes[3].new = None;
    archive.commit(BEGIN_MS + 20_000, &changes).await;
    publish(&archive.log()).await;
    let session = over_lake(&archive.log()).await;
    for (question, answer) in [
        (
            r#"SELECT "pk", "new_amount" - "old_amount" AS "delta" FROM "sealog"."orders_changes"
               WHERE "dt" >= '2026-11-01' AND "new_amount" - "old_amount" > decimal '8000' ORDER BY "delta" DESC"#,
            vec!["item-00009,9000.10", "item-00008,8000.10"],
        ),
        (
            r#"SELECT count_if("event_name" = 'REMOVE'), count_if(contains("changed", 'amount')) FROM orders_changes"#,
            vec!["1,10"],
        ),
        (
            "SELECT count(*) FILTER (WHERE event_name = 'REMOVE') AS removed, approx_distinct(pk) FROM orders_changes",
            vec!["1,10"],
        ),
        (
            "SELECT name, count(*) FROM (SELECT *, unnest(changed) AS name FROM orders_changes) GROUP BY name ORDER BY 2, 1",
            vec!["id,1", "note,1", "amount,10"],
        ),
        (
            "WITH last AS (SELECT pk, new_image, row_number() OVER (PARTITION BY pk ORDER BY lpad(sequence_number, 40, '0') DESC) AS n \
             FROM orders_changes) SELECT count(*) FROM last WHERE n = 1 AND new_image IS NOT NULL",
            vec!["9"],
        ),
        (
            "SELECT hour(created_at), count(*) FROM orders_changes WHERE day_of_week(created_at) IN (6, 7) GROUP BY hour(created_at)",
            vec!["10,10"],
        ),
        ("SELECT dt, deletes, by_ttl FROM orders_deletes_per_day", vec!["2026-11-22,1,0"]),
        ("SELECT count(*) FROM orders_leaf_check WHERE NOT good", vec!["0"]),
        (
            "SELECT sum(count_if) OVER () FROM (SELECT count_if(true) AS count_if FROM orders_changes)",
            vec!["10"],
        ),
    ] {
        assert_eq!(asked(&session, question).await, answer, "{question}");
    }
}
