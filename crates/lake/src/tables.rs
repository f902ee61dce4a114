//! The lake's tables as a reader of our own needs them: columns, and which files hold them.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use sealog_chain::Commit;
use sealog_store::Log;

use crate::columns::Columns;
use crate::error::LakeError;
use crate::names::{COMMITS, DAYS, date_of};
use crate::row::{date, day_of};
use crate::schema::{Tier, schema};
use crate::{commit_rows, marker};

/// The date that rows stand under, `2026-11-22`: where lake files have a folder, rows in memory have a last column.
pub const DATE: &str = "dt";

/// A table of which every file counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// The commits, flattened: one row a thing.
    Commits,
    /// The markers of sorted days: one row a file of the valid generation, and one each generation before it.
    Days,
}

/// A file and the date under which its rows stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatedFile {
    /// `2026-11-22`
    pub date: String,
    /// Its name in the store.
    pub key: String,
    /// Its size in bytes.
    pub bytes: u64,
}

impl Table {
    /// Columns of its files.
    #[must_use]
    pub fn schema(self) -> SchemaRef {
        match self {
            Self::Commits => commit_rows::schema(),
            Self::Days => marker::schema(),
        }
    }
}

/// Columns of a change as lake files have them: without the date, which is in a file's name, and without the generation.
#[must_use]
pub fn change_schema(columns: &Columns) -> SchemaRef {
    schema(columns, Tier::Fresh)
}

/// Columns of rows in memory: those of files, then the date.
#[must_use]
pub fn dated_schema(in_files: &Schema) -> SchemaRef {
    let date = Arc::new(Field::new(DATE, DataType::Utf8, false));
    Arc::new(Schema::new(in_files.fields().iter().cloned().chain([date]).collect::<Vec<_>>()))
}

/// Rows with their dates.
pub(crate) fn dated(rows: &RecordBatch, dates: Vec<String>) -> Result<RecordBatch, LakeError> {
    let mut columns: Vec<ArrayRef> = rows.columns().to_vec();
    columns.push(Arc::new(StringArray::from(dates)));
    Ok(RecordBatch::try_new(dated_schema(&rows.schema()), columns)?)
}

/// All files of a table, in order of name.
///
/// # Errors
/// [`LakeError::Store`].
pub async fn dated_files(log: &Log, table: Table) -> Result<Vec<DatedFile>, LakeError> {
    let folder = match table {
        Table::Commits => COMMITS,
        Table::Days => DAYS,
    };
    let listed = log.store().list(&log.key(folder), None).await?;
    let dated = listed.into_iter().filter_map(|entry| {
        let date = date_of(&entry.key)?.to_owned();
        Some(DatedFile { date, key: entry.key, bytes: entry.bytes })
    });
    Ok(dated.collect())
}

/// What a commit says, as rows of [`Table::Commits`] with their date, but for values that did not fit their column; `stored`
/// are its bytes.
///
/// # Errors
/// [`LakeError::Encode`].
pub fn commit_lines(commit: &Commit, stored: &[u8]) -> Result<RecordBatch, LakeError> {
    let lines = commit_rows::lines(commit, stored, &Columns::default(), &Vec::new())?;
    dated(&lines, vec![date(day_of(commit.committed_at)); lines.num_rows()])
}
