//! How answers look.

use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sealog_query::{Format, TABLE_ROWS_MAX};

use crate::archive::{Archive, BEGIN_MS, change};
use crate::ask::{asked, formed, over_lake, publish};

async fn text(format: Format, sql: &str) -> String {
    let mut archive = Archive::begun().await;
    archive.commit(BEGIN_MS, &[change(1, "12.5", BEGIN_MS)]).await;
    publish(&archive.log()).await;
    String::from_utf8(formed(&over_lake(&archive.log()).await, format, sql).await.unwrap()).unwrap()
}

const ONE: &str = "SELECT pk, sk, new_amount, created_at, size_bytes, changed, tags_map, substr(encode(leaf_hash, 'hex'), 1, 0) AS empty, \
                   true AS yes, X'00FF' AS bytes, 'a\"b' AS quoted FROM changes";

#[tokio::test]
async fn json_is_exact_and_one_object_a_line() {
    assert_eq!(
        text(Format::Json, ONE).await,
        concat!(
            r#"{"pk":"item-00001","sk":null,"new_amount":"12.50","created_at":"2026-11-22T10:15:30Z","size_bytes":100,"#,
            r#""changed":["amount"],"tags_map":{"by":"test"},"empty":"","yes":true,"bytes":"00ff","quoted":"a\"b"}"#,
            "\n"
        )
    );
}

#[tokio::test]
async fn csv_tells_null_from_empty() {
    assert_eq!(
        text(Format::Csv, ONE).await,
        "pk,sk,new_amount,created_at,size_bytes,changed,tags_map,empty,yes,bytes,quoted\n\
         item-00001,,12.50,2026-11-22T10:15:30Z,100,\"[\"\"amount\"\"]\",\"{\"\"by\"\":\"\"test\"\"}\",\"\",true,00ff,\"a\"\"b\"\n"
    );
}

#[tokio::test]
async fn a_table_is_aligned_and_lets_no_command_through_to_a_terminal() {
    let sql = "SELECT 'a' AS name, 5 AS number UNION ALL SELECT chr(27) || '[31m', 1234 UNION ALL SELECT NULL, 7 ORDER BY 2";
    assert_eq!(
        text(Format::Table, sql).await,
        "name       | number\n-----------+-------\na          |      5\nNULL       |      7\n\\u{1b}[31m |   1234\n"
    );
    let long = text(Format::Table, "SELECT repeat('x', 500) AS x").await;
    assert!(long.ends_with(&format!("{}…\n", "x".repeat(200))));
    let many = text(Format::Table, "SELECT * FROM generate_series(1, 3000)").await;
    assert_eq!(many.lines().count(), TABLE_ROWS_MAX + 2);
}

#[tokio::test]
async fn parquet_has_the_types_of_the_answer() {
    let mut archive = Archive::begun().await;
    archive.commit(BEGIN_MS, &[change(1, "12.5", BEGIN_MS)]).await;
    publish(&archive.log()).await;
    let session = over_lake(&archive.log()).await;
    let bytes = formed(&session, Format::Parquet, "SELECT * FROM changes").await.unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes)).unwrap();
    let types =
        reader.schema().fields().iter().map(|field| format!("{} {}", field.name(), field.data_type()));
    let types: Vec<String> = types.collect();
    for expected in [
        "pk Utf8",
        "new_amount Decimal128(38, 2)",
        "created_at Timestamp(ms, \"UTC\")",
        "leaf_hash Binary",
        "dt Utf8",
    ] {
        assert!(types.iter().any(|found| found == expected), "{expected} in {types:?}");
    }
    assert_eq!(reader.build().unwrap().map(|rows| rows.unwrap().num_rows()).sum::<usize>(), 1);
    assert_eq!(asked(&session, "SELECT count(*) FROM changes").await, ["1"]);
}
