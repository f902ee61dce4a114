//! The lake's tables as a reader of our own needs them: columns, and which files hold them.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use sealog_chain::Commit;
use sealog_store::Log;

use crate::columns::Columns;
use crate::error::LakeError;
use crate::names::{COMMITS, DAYS, date_of};
use crate::schema::{Tier, schema};
use crate::{commit_rows, marker};

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

/// What a commit says, as rows of [`Table::Commits`] but for values that did not fit their column; `stored` are its bytes.
///
/// # Errors
/// [`LakeError::Encode`].
pub fn commit_lines(commit: &Commit, stored: &[u8]) -> Result<RecordBatch, LakeError> {
    commit_rows::lines(commit, stored, &Columns::default(), &Vec::new())
}
