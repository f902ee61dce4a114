//! What questions read, and so what Athena would bill: by the byte, ten megabytes at least.

use futures_util::TryStreamExt as _;
use sealog_query::{Session, SessionOptions};
use sealog_store::Log;

use super::{cpu_time, ledger, now, since};

/// Dollars for a terabyte read, in most regions.
const DOLLARS_PER_BYTE: f64 = 5.0 / 1e12;
const BILLED_MIN: u64 = 10_000_000;

/// Reads, CPU time and price of usual questions.
pub(crate) async fn cost(log: &Log, rows: u64) {
    let (pk, sk) = ledger::key(7);
    let questions = [
        ("history of an item", format!("SELECT * FROM changes WHERE pk = '{pk}' AND sk = '{sk}'")),
        (
            "history of an item, one day",
            format!("SELECT * FROM changes WHERE pk = '{pk}' AND sk = '{sk}' AND dt = '2026-11-23'"),
        ),
        ("changes of a day, counted", "SELECT count(*) FROM changes WHERE dt = '2026-11-23'".to_owned()),
        ("changes per event and day", "SELECT dt, event_name, count(*) FROM changes GROUP BY 1, 2".to_owned()),
        (
            "amounts raised above a threshold",
            "SELECT pk, sk, old_amount, new_amount FROM changes WHERE new_amount > 19990 AND old_amount <= 19990"
                .to_owned(),
        ),
        (
            "the same from the images' text",
            "SELECT count(*) FROM changes WHERE CAST(json_extract_scalar(new_image, '$.amount.N') AS decimal(38,2)) > 19990"
                .to_owned(),
        ),
        (
            "changes outside business hours",
            "SELECT count(*) FROM changes WHERE hour(created_at) < 7 OR hour(created_at) >= 19".to_owned(),
        ),
        ("every leaf hash recomputed", "SELECT good, count(*) FROM leaf_check GROUP BY good".to_owned()),
    ];
    println!("{:<34} {:>10} {:>9} {:>12}   Athena, a query", "question", "MB read", "of all", "CPU seconds");
    for (name, sql) in questions {
        let began = cpu_time();
        let session = Session::open(std::slice::from_ref(log), &SessionOptions::at(now())).await.unwrap();
        let mut answer = session.sql(&sql).await.unwrap();
        while answer.try_next().await.unwrap().is_some() {}
        let read = session.reading();
        println!(
            "{name:<34} {:>10.2} {:>8.2}% {:>12.2}   ${:.5}",
            read.bytes as f64 / 1e6,
            100.0 * read.bytes as f64 / read.bytes_of as f64,
            since(began),
            read.bytes.max(BILLED_MIN) as f64 * DOLLARS_PER_BYTE,
        );
    }
    println!(
        "({rows} rows; Athena reads whole column chunks where pages are read here, so it may bill more for an item)"
    );
}
