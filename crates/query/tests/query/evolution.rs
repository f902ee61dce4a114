//! Columns that come later, and columns that become another type.

use sealog_lake::{Columns, Publisher};

use crate::archive::{columns, three_days};
use crate::ask::{asked, lines, now, over_evidence, over_lake, publish_by};

fn declared(attributes: &[(&str, &str)]) -> Columns {
    Columns::declared(&[], attributes.iter().copied()).unwrap()
}

#[tokio::test]
async fn columns_that_were_declared_later_are_null_before() {
    let archive = three_days().await;
    let log = archive.log();
    let mut first = Publisher::resume(log.clone(), Columns::default(), now()).await.unwrap();
    for _ in 0..5 {
        first.step().await.unwrap().unwrap();
    }
    publish_by(&log, columns()).await;
    let session = over_lake(&log).await;
    let counts = "SELECT commit_number >= 5, count(*), count(new_amount), count(old_note) FROM changes GROUP BY 1 ORDER BY 1";
    assert_eq!(asked(&session, counts).await, ["false,80,0,0", "true,100,100,100"]);
    let some = "SELECT count(*) FROM changes WHERE new_amount > 3";
    let from_columns = asked(&session, some).await;
    let from_text = "SELECT count(*) FROM changes WHERE commit_number >= 5 \
                     AND CAST(json_extract_scalar(new_image, '$.amount.N') AS decimal(38,2)) > 3";
    assert_eq!(asked(&session, from_text).await, from_columns);
    // Evidence has them for all rows.
    assert_eq!(asked(&over_evidence(&log).await, "SELECT count(new_amount) FROM changes").await, ["180"]);
}

#[tokio::test]
async fn a_column_that_became_another_type_is_not_guessed() {
    let archive = three_days().await;
    let log = archive.log();
    let mut first =
        Publisher::resume(log.clone(), declared(&[("amount", "decimal(38,4)")]), now()).await.unwrap();
    for _ in 0..5 {
        first.step().await.unwrap().unwrap();
    }
    publish_by(&log, columns()).await;
    let session = over_lake(&log).await;
    let error = lines(&session, "SELECT sum(new_amount) FROM changes").await.unwrap_err().to_string();
    for part in ["new_amount", "Decimal128(38, 4)", "sealog lake rebuild", "--evidence"] {
        assert!(error.contains(part), "{error}");
    }
    // Who does not ask for it is not troubled.
    assert_eq!(asked(&session, "SELECT count(*), count(pk) FROM changes").await, ["180,180"]);
    assert_eq!(asked(&over_evidence(&log).await, "SELECT count(new_amount) FROM changes").await, ["180"]);
}
