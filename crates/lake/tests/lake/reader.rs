//! Reads the lake as anybody could: which rows, once each.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Decimal128Type, Int64Type};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sealog_lake::{ViewFile, view};
use sealog_store::Log;

/// One row as the view shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) date: String,
    pub(crate) pk: String,
    pub(crate) sequence: u64,
    /// In hundredths.
    pub(crate) new_amount: Option<i128>,
    pub(crate) changed: Vec<String>,
}

pub(crate) fn batches(bytes: Bytes) -> Vec<RecordBatch> {
    ParquetRecordBatchReaderBuilder::try_new(bytes).unwrap().build().unwrap().map(Result::unwrap).collect()
}

/// All rows by (commit, row); a row that is there twice is a failure.
pub(crate) async fn rows(log: &Log) -> BTreeMap<(i64, i64), Row> {
    let mut rows = BTreeMap::new();
    for day in view(log).await.unwrap() {
        for ViewFile { key, bytes, commit_number } in day.sorted.iter().chain(&day.fresh) {
            let object = log.store().read(key).await.unwrap().unwrap_or_else(|| panic!("{key} is not there"));
            assert_eq!(
                (object.bytes.len() as u64, commit_number.is_some()),
                (*bytes, key.contains("/fresh/"))
            );
            for batch in batches(object.bytes) {
                take(&mut rows, &batch, &day.date, key);
            }
        }
    }
    rows
}

fn take(rows: &mut BTreeMap<(i64, i64), Row>, batch: &RecordBatch, date: &str, key: &str) {
    let integers = |name: &str| batch.column_by_name(name).unwrap().as_primitive::<Int64Type>().clone();
    let texts = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
    let amounts =
        batch.column_by_name("new_amount").map(|column| column.as_primitive::<Decimal128Type>().clone());
    let changed = batch.column_by_name("changed").unwrap().as_list::<i32>().clone();
    for index in 0..batch.num_rows() {
        let place = (integers("commit_number").value(index), integers("row_index").value(index));
        let names = changed.value(index);
        let row = Row {
            date: date.to_owned(),
            pk: texts("pk").value(index).to_owned(),
            sequence: texts("sequence_number").value(index).parse().unwrap(),
            new_amount: amounts.as_ref().filter(|it| !it.is_null(index)).map(|it| it.value(index)),
            changed: names.as_string::<i32>().iter().flatten().map(str::to_owned).collect(),
        };
        assert!(rows.insert(place, row).is_none(), "{place:?} is there twice, in {key} too");
    }
}

/// How many rows there are of commits up to `through`, and that none is missing among them.
pub(crate) fn assert_whole(rows: &BTreeMap<(i64, i64), Row>, through: i64, rows_per_commit: i64) {
    for commit in 1..=through {
        for index in 0..rows_per_commit {
            assert!(rows.contains_key(&(commit, index)), "row {index} of commit {commit} is missing");
        }
    }
}
