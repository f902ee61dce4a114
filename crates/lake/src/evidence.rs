//! Rows of evidence as lake files have them, without a lake: what publishing would write, in memory.

use std::ops::ControlFlow;

use arrow::array::RecordBatch;
use bytes::Bytes;
use sealog_chain::Commit;
use sealog_record::Timestamp;

use crate::columns::Columns;
use crate::committed::each_row;
use crate::error::LakeError;
use crate::row::{LATE_MAX_DAYS, LakeRow, date, day_of};
use crate::rows::Rows;
use crate::tables::dated;

/// Rows are given when so many bytes of text have come together, or so many rows.
const GIVEN_BYTES: usize = 4 << 20;
const GIVEN_ROWS: usize = 1024;

/// The dates that rows of a commit can stand under, oldest first; the last one is the commit's own.
pub fn possible_dates(committed_at: Timestamp) -> impl DoubleEndedIterator<Item = String> {
    let last = day_of(committed_at);
    (last - LATE_MAX_DAYS..=last).map(date)
}

/// Gives the rows of `commit`, in order; `objects` are its evidence as named. Columns: those of
/// [`crate::change_schema`], then `dt`. Ends early, without an error, once `each` breaks off; gives what it said last.
///
/// # Errors
/// [`LakeError::Unreadable`], [`LakeError::Encode`]; rows before it were given.
pub fn evidence_rows(
    commit: &Commit,
    objects: &[Bytes],
    columns: &Columns,
    each: &mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, LakeError> {
    let mut gathered =
        Gathered { rows: Rows::new(columns, None), dates: Vec::new(), each, flow: ControlFlow::Continue(()) };
    each_row(commit, objects, |row| gathered.push(row))?;
    gathered.give()?;
    Ok(gathered.flow)
}

struct Gathered<'a> {
    rows: Rows,
    /// Of each row.
    dates: Vec<String>,
    each: &'a mut dyn FnMut(RecordBatch) -> ControlFlow<()>,
    flow: ControlFlow<()>,
}

impl Gathered<'_> {
    fn push(&mut self, row: &LakeRow<'_>) -> Result<ControlFlow<()>, LakeError> {
        self.rows.push(row)?;
        self.dates.push(date(row.day()));
        if self.rows.bytes() >= GIVEN_BYTES || self.rows.len() >= GIVEN_ROWS {
            self.give()?;
        }
        Ok(self.flow)
    }

    fn give(&mut self) -> Result<(), LakeError> {
        if self.flow.is_continue() && !self.dates.is_empty() {
            let dates = std::mem::take(&mut self.dates);
            self.flow = (self.each)(dated(&self.rows.take()?, dates)?);
        }
        Ok(())
    }
}
