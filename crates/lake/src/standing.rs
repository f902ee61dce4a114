//! How far a lake is, told from its own files.

use std::collections::BTreeMap;

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use sealog_record::Timestamp;
use sealog_store::Log;

use crate::error::LakeError;
use crate::names::COMMITS;

/// How far a lake is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// Commits of the log.
    pub commits: u64,
    /// Newest one whose rows are in the lake.
    pub published: Option<u64>,
    /// Values that did not fit, by typed column, over all published commits.
    pub misfits: BTreeMap<String, u64>,
}

/// How far a lake reaches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reach {
    /// Commits of the log.
    pub commits: u64,
    /// Newest one whose rows are in the lake.
    pub published: Option<u64>,
}

impl Reach {
    /// Commits that are not in the lake yet.
    #[must_use]
    pub fn behind(&self) -> u64 {
        self.commits.saturating_sub(self.published.map_or(0, |newest| newest + 1))
    }
}

/// Looks how far a lake reaches, by names alone.
///
/// # Errors
/// [`LakeError`].
pub async fn reach(log: &Log, now: Timestamp) -> Result<Reach, LakeError> {
    let published = crate::published(log, now).await?;
    let numbers = log.listed(published).await?.into_iter().map(|(number, _)| number);
    Ok(Reach { commits: numbers.max().or(published).map_or(0, |newest| newest + 1), published })
}

/// Reads how far a lake is. Every flattened commit is read for the misfits: they are small.
///
/// # Errors
/// [`LakeError`].
pub async fn standing(log: &Log, now: Timestamp) -> Result<Standing, LakeError> {
    let Reach { commits, published } = reach(log, now).await?;
    let mut standing = Standing { commits, published, ..Standing::default() };
    for entry in log.store().list(&log.key(COMMITS), None).await? {
        let Some(object) = log.store().read(&entry.key).await? else { continue };
        for (column, misfits) in misfits(object.bytes).map_err(|what| broken(&entry.key, &what))? {
            *standing.misfits.entry(column).or_default() += misfits;
        }
    }
    Ok(standing)
}

fn broken(key: &str, what: &dyn std::fmt::Display) -> LakeError {
    LakeError::Broken { key: key.to_owned(), what: what.to_string() }
}

fn misfits(bytes: Bytes) -> Result<Vec<(String, u64)>, parquet::errors::ParquetError> {
    let mut found = Vec::new();
    for batch in ParquetRecordBatchReaderBuilder::try_new(bytes)?.build()? {
        let batch = batch?;
        let text =
            |name: &str| batch.column_by_name(name).and_then(|column| column.as_string_opt::<i32>().cloned());
        let counts =
            batch.column_by_name("misfits").and_then(|column| column.as_primitive_opt::<Int64Type>());
        let (Some(names), Some(counts)) = (text("name"), counts) else { continue };
        for (name, count) in names.iter().zip(counts).filter_map(|(name, count)| name.zip(count)) {
            found.push((name.to_owned(), u64::try_from(count).unwrap_or(0)));
        }
    }
    Ok(found)
}
