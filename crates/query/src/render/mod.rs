//! Answers as text or Parquet: streaming, exact, and the same on every machine.

mod cell;
mod csv;
mod json;
mod parquet_file;
mod table;

use std::io::{self, Write};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use crate::error::QueryError;

pub use table::TABLE_ROWS_MAX;

/// How an answer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people: aligned, at most [`TABLE_ROWS_MAX`] rows, long cells cut.
    Table,
    /// One JSON object a row and line: instants in RFC 3339, decimals as text, bytes in hexadecimal digits.
    Json,
    /// RFC 4180 with a line of names; NULL is nothing, an empty text is `""`, lists and maps are JSON.
    Csv,
    /// A Parquet file with the types of the answer.
    Parquet,
}

/// An answer being written.
pub struct Rendering<W: Write + Send>(Kind<W>);

enum Kind<W: Write + Send> {
    Table(table::Table<W>),
    Json(json::Json<W>),
    Csv(csv::Csv<W>),
    Parquet(Box<parquet_file::ParquetFile<W>>),
}

/// Why an answer could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// Where it goes did not take it.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// It has no such form.
    #[error("{0}")]
    Encode(String),
}

impl From<arrow::error::ArrowError> for RenderError {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Encode(error.to_string())
    }
}

impl From<RenderError> for QueryError {
    fn from(error: RenderError) -> Self {
        Self::Failed(error.to_string())
    }
}

impl<W: Write + Send> Rendering<W> {
    /// Begins an answer with these columns.
    ///
    /// # Errors
    /// [`RenderError`].
    pub fn new(format: Format, schema: SchemaRef, out: W) -> Result<Self, RenderError> {
        Ok(Self(match format {
            Format::Table => Kind::Table(table::Table::new(&schema, out)),
            Format::Json => Kind::Json(json::Json::new(out)),
            Format::Csv => Kind::Csv(csv::Csv::new(&schema, out)?),
            Format::Parquet => Kind::Parquet(Box::new(parquet_file::ParquetFile::new(schema, out)?)),
        }))
    }

    /// Writes some rows.
    ///
    /// # Errors
    /// [`RenderError`].
    pub fn write(&mut self, rows: &RecordBatch) -> Result<(), RenderError> {
        match &mut self.0 {
            Kind::Table(table) => table.write(rows),
            Kind::Json(json) => json.write(rows),
            Kind::Csv(csv) => csv.write(rows),
            Kind::Parquet(file) => file.write(rows),
        }
    }

    /// Writes what is left, and gives back where it went.
    ///
    /// # Errors
    /// [`RenderError`].
    pub fn finish(self) -> Result<W, RenderError> {
        let mut out = match self.0 {
            Kind::Table(table) => table.finish()?,
            Kind::Json(json) => json.finish(),
            Kind::Csv(csv) => csv.finish(),
            Kind::Parquet(file) => file.finish()?,
        };
        out.flush()?;
        Ok(out)
    }
}
