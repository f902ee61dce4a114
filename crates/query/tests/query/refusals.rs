//! What is refused, and what is said then.

use sealog_query::{QueryError, Session, SessionOptions};
use sealog_store::Log;

use crate::archive::three_days;
use crate::ask::{asked, lines, now, over_lake, publish};

async fn refused(session: &Session, sql: &str) -> String {
    match lines(session, sql).await {
        Err(QueryError::Question(said)) => said,
        other => panic!("{sql}: {other:?}"),
    }
}

#[tokio::test]
async fn nothing_but_queries_is_accepted() {
    let archive = three_days().await;
    publish(&archive.log()).await;
    let session = over_lake(&archive.log()).await;
    let before = archive.lake().await;
    for hostile in [
        "COPY changes TO '/tmp/sealog-query-was-here.parquet'",
        "COPY (SELECT * FROM changes) TO 's3://elsewhere/x.csv'",
        "CREATE EXTERNAL TABLE t STORED AS PARQUET LOCATION '/etc'",
        "CREATE TABLE t AS SELECT * FROM changes",
        "CREATE VIEW v AS SELECT 1",
        "CREATE SCHEMA s",
        "INSERT INTO changes SELECT * FROM changes",
        "UPDATE changes SET pk = 'x'",
        "DELETE FROM changes",
        "DROP TABLE changes",
        "DROP VIEW item_history",
        "SET datafusion.execution.batch_size = 1",
        "PREPARE p AS SELECT 1",
        "BEGIN",
        "SELECT 1; DROP TABLE changes",
        "EXPLAIN ANALYZE DROP TABLE changes",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "",
        ";",
        "SELEC 1",
    ] {
        let said = refused(&session, hostile).await;
        assert!(
            !said.is_empty() && !said.contains("backtrace") && said.lines().count() == 1,
            "{hostile}: {said}"
        );
    }
    assert!(!std::path::Path::new("/tmp/sealog-query-was-here.parquet").exists());
    assert_eq!(archive.lake().await, before);
    assert_eq!(asked(&session, "SELECT count(*) FROM changes").await, ["180"]);
}

#[tokio::test]
async fn plans_and_tables_can_be_shown() {
    let archive = three_days().await;
    publish(&archive.log()).await;
    let session = over_lake(&archive.log()).await;
    assert!(!asked(&session, "EXPLAIN SELECT * FROM changes WHERE pk = 'x'").await.is_empty());
    let tables = asked(&session, "SHOW TABLES").await.join("\n");
    assert!(tables.contains("orders_changes") && tables.contains("item_history"), "{tables}");
    assert!(asked(&session, "DESCRIBE changes").await.iter().any(|line| line.starts_with("new_amount,")));
}

#[tokio::test]
async fn wrong_names_are_answered_with_right_ones() {
    let archive = three_days().await;
    publish(&archive.log()).await;
    let session = over_lake(&archive.log()).await;
    let said = refused(&session, "SELECT new_amont FROM changes").await;
    assert!(said.contains("new_amont") && said.contains("new_amount"), "{said}");
    let said = refused(&session, "SELECT * FROM chnages").await;
    assert!(
        said.contains("chnages") && said.contains("orders_changes") && said.contains("item_history"),
        "{said}"
    );
    let said = refused(&session, "SELECT format_datetime(created_at, 'yyyy') FROM changes").await;
    assert!(said.contains("format_datetime") && said.contains("write date_format"), "{said}");
    let said = refused(&session, "SELECT max_by(pk, created_at) FROM changes").await;
    assert!(said.contains("last_value(x ORDER BY y)"), "{said}");
    let said = refused(&session, "SELECT n FROM changes CROSS JOIN UNNEST(changed) AS t(n)").await;
    assert!(
        said.contains("UNNEST(changed)") && said.contains("SELECT *, unnest(changed) AS element"),
        "{said}"
    );
    let said = refused(&session, "SELECT json_extract_scalar(new_image, 'amount') FROM changes").await;
    assert!(said.contains("$.name"), "{said}");
}

#[tokio::test]
async fn of_several_logs_each_has_its_name() {
    let archive = three_days().await;
    publish(&archive.log()).await;
    let logs = [archive.log(), Log::new(archive.log().store().clone(), "nobody")];
    let error = Session::open(&logs, &SessionOptions::at(now())).await.err().unwrap();
    assert!(matches!(error, QueryError::NoLog(_)));
    for entry in sealog_store::Store::list(archive.store.as_ref(), "orders/", None).await.unwrap() {
        use sealog_store::Store as _;
        let bytes = archive.store.read(&entry.key).await.unwrap().unwrap().bytes;
        archive.store.create(&entry.key.replacen("orders/", "Order.Lines/", 1), bytes).await.unwrap();
    }
    let logs = [archive.log(), Log::new(archive.log().store().clone(), "Order.Lines")];
    let session = Session::open(&logs, &SessionOptions::at(now())).await.unwrap();
    let both = "SELECT (SELECT count(*) FROM orders_changes) AS a, (SELECT count(*) FROM order_lines_item_history) AS b";
    assert_eq!(asked(&session, both).await, ["180,180"]);
    assert!(refused(&session, "SELECT * FROM changes").await.contains("order_lines_changes"));
}
