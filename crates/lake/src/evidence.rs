//! Rows of evidence as lake files have them, without a lake: what publishing would write, in memory.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use bytes::Bytes;
use sealog_batch::EvidenceReader;
use sealog_chain::Commit;
use sealog_record::Timestamp;

use crate::columns::Columns;
use crate::error::LakeError;
use crate::row::{LATE_MAX_DAYS, LakeRow, date, day_of};
use crate::rows::Rows;

/// Rows are given when so many bytes of text have come together, or so many rows.
const GIVEN_BYTES: usize = 4 << 20;
const GIVEN_ROWS: usize = 1024;

/// The date that rows stand under, `2026-11-22`: where lake files have a folder, rows in memory have a last column.
const DATE: &str = "dt";

/// How many dates the rows of one commit can stand under.
pub const POSSIBLE_DAYS: usize = 8;

/// The dates that rows of a commit can stand under, oldest first.
pub fn possible_dates(committed_at: Timestamp) -> impl Iterator<Item = String> {
    let last = day_of(committed_at);
    (last - LATE_MAX_DAYS..=last).map(date)
}

/// Gives the rows of `commit`, in order; `objects` are its evidence as named. Columns: those of
/// [`crate::change_schema`], then `dt`. Ends early, without an error, once `each` breaks off.
///
/// # Errors
/// [`LakeError::Unreadable`], [`LakeError::Encode`]; rows before it were given.
pub fn evidence_rows(
    commit: &Commit,
    objects: &[Bytes],
    columns: &Columns,
    each: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
) -> Result<(), LakeError> {
    let mut gathered = Gathered { rows: Rows::new(columns, None), dates: Vec::new(), each, over: false };
    let mut row_index = 0;
    let named = commit.batch.iter().flat_map(|batch| &batch.objects);
    for (object, bytes) in named.zip(objects) {
        if gathered.over {
            break;
        }
        let unreadable = |source| LakeError::Unreadable { key: object.key.clone(), source };
        let reader = EvidenceReader::open(bytes.clone()).map_err(unreadable)?;
        let mut outcome = Ok(());
        reader
            .for_each(|_, evidence, leaf_hash| {
                if outcome.is_ok() && !gathered.over {
                    outcome = gathered.push(&LakeRow {
                        evidence: *evidence,
                        leaf_hash,
                        commit_number: i64::try_from(commit.number).unwrap_or(i64::MAX),
                        row_index,
                        committed_at: commit.committed_at.as_millis(),
                    });
                    row_index += 1;
                }
            })
            .map_err(unreadable)?;
        outcome?;
    }
    gathered.give()
}

struct Gathered<'a> {
    rows: Rows,
    /// Of each row.
    dates: Vec<String>,
    each: &'a mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
    over: bool,
}

impl Gathered<'_> {
    fn push(&mut self, row: &LakeRow<'_>) -> Result<(), LakeError> {
        self.rows.push(row)?;
        self.dates.push(date(row.day()));
        if self.rows.bytes() >= GIVEN_BYTES || self.rows.len() >= GIVEN_ROWS {
            self.give()?;
        }
        Ok(())
    }

    fn give(&mut self) -> Result<(), LakeError> {
        if self.over || self.dates.is_empty() {
            return Ok(());
        }
        let batch = self.rows.take()?;
        let mut fields: Vec<Arc<Field>> = batch.schema().fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(DATE, DataType::Utf8, false)));
        let mut arrays: Vec<ArrayRef> = batch.columns().to_vec();
        arrays.push(Arc::new(StringArray::from(std::mem::take(&mut self.dates))));
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?;
        self.over = (self.each)(batch).is_break();
        Ok(())
    }
}
