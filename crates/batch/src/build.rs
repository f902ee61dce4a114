//! Rows to Parquet, page by page.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, Int64Builder, RecordBatch, StringArray, StringBuilder,
    TimestampMillisecondBuilder,
};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::errors::ParquetError;
use sealog_record::EvidenceRow;

use crate::{BatchError, schema};

/// Rows being gathered. Consumed by [`BatchBuilder::seal`]: a sealed batch takes no more.
///
/// Call [`BatchBuilder::end_page`] after each page of the service, while its bytes are still in the cache: that encodes
/// the rows, and the page can be dropped.
pub struct BatchBuilder {
    writer: ArrowWriter<Vec<u8>>,
    page: Columns,
    rows: usize,
    bytes: usize,
}

/// A closed batch: Parquet bytes that never change again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedBatch {
    /// The object to store.
    pub bytes: Bytes,
    /// Rows in it.
    pub rows: usize,
}

impl BatchBuilder {
    /// An empty batch.
    ///
    /// # Errors
    /// [`BatchError::Encode`] when the Parquet library refuses the schema.
    pub fn new() -> Result<Self, BatchError> {
        let options =
            ArrowWriterOptions::new().with_properties(schema::properties()).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), schema::schema(), options)
            .map_err(BatchError::Encode)?;
        Ok(Self { writer, page: Columns::default(), rows: 0, bytes: 0 })
    }

    /// Adds the next row with its leaf hash.
    pub fn push(&mut self, row: &EvidenceRow<'_>, leaf_hash: &[u8; 32]) {
        self.bytes += self.page.push(row, leaf_hash);
        self.rows += 1;
    }

    /// Encodes the rows pushed since the last call.
    ///
    /// # Errors
    /// [`BatchError::Encode`].
    pub fn end_page(&mut self) -> Result<(), BatchError> {
        if self.page.rows == 0 {
            return Ok(());
        }
        let batch = self.page.finish().map_err(|error| BatchError::Encode(ParquetError::from(error)))?;
        self.writer.write(&batch).map_err(BatchError::Encode)
    }

    /// Rows so far.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of the rows so far, before compression.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Closes the batch.
    ///
    /// # Errors
    /// [`BatchError::Encode`].
    pub fn seal(mut self) -> Result<SealedBatch, BatchError> {
        self.end_page()?;
        let bytes = self.writer.into_inner().map_err(BatchError::Encode)?;
        Ok(SealedBatch { bytes: Bytes::from(bytes), rows: self.rows })
    }
}

/// One builder a column; text columns in schema order without the integers and the hash.
struct Columns {
    texts: [StringBuilder; 20],
    created_at: TimestampMillisecondBuilder,
    size_bytes: Int64Builder,
    leaf_hash: BinaryBuilder,
    rows: usize,
}

impl Default for Columns {
    fn default() -> Self {
        Self {
            texts: std::array::from_fn(|_| StringBuilder::new()),
            created_at: TimestampMillisecondBuilder::new().with_timezone("UTC"),
            size_bytes: Int64Builder::new(),
            leaf_hash: BinaryBuilder::new(),
            rows: 0,
        }
    }
}

impl Columns {
    fn push(&mut self, row: &EvidenceRow<'_>, leaf_hash: &[u8; 32]) -> usize {
        let mut bytes = 0;
        for (builder, text) in self.texts.iter_mut().zip(texts(row)) {
            bytes += text.map_or(0, str::len);
            builder.append_option(text);
        }
        self.created_at.append_option(row.change.created_at);
        self.size_bytes.append_option(row.change.size_bytes);
        self.leaf_hash.append_value(leaf_hash);
        self.rows += 1;
        bytes
    }

    fn finish(&mut self) -> Result<RecordBatch, arrow::error::ArrowError> {
        let rows = self.rows;
        let mut columns: Vec<ArrayRef> =
            self.texts.iter_mut().map(|builder| Arc::new(finish_text(builder, rows)) as ArrayRef).collect();
        columns.insert(schema::CREATED_AT, Arc::new(self.created_at.finish()));
        columns.insert(schema::SIZE_BYTES, Arc::new(self.size_bytes.finish()));
        columns.insert(schema::LEAF_HASH, Arc::new(self.leaf_hash.finish()));
        self.rows = 0;
        RecordBatch::try_new(schema::schema(), columns)
    }
}

/// The next page is most likely of the same size: growing to it step by step would copy its bytes once more.
fn finish_text(builder: &mut StringBuilder, rows: usize) -> StringArray {
    let next = StringBuilder::with_capacity(rows, builder.values_slice().len());
    std::mem::replace(builder, next).finish()
}

fn texts<'a>(row: &EvidenceRow<'a>) -> [Option<&'a str>; 20] {
    let EvidenceRow { stream_label, shard_id, change, decision } = *row;
    [
        Some(stream_label),
        Some(shard_id),
        Some(change.sequence_number),
        change.event_id,
        change.event_name,
        change.event_version,
        change.event_source,
        change.aws_region,
        change.stream_view_type,
        change.user_identity_type,
        change.user_identity_principal_id,
        change.keys,
        change.old_image,
        change.new_image,
        change.extra,
        Some(decision.verdict),
        decision.reason,
        decision.tags,
        decision.redactions,
        decision.filter,
    ]
}
