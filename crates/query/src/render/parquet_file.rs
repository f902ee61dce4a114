//! Parquet.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;

use super::RenderError;

pub(super) struct ParquetFile<W: Write + Send> {
    writer: ArrowWriter<W>,
}

fn failed(error: ParquetError) -> RenderError {
    RenderError::Encode(error.to_string())
}

impl<W: Write + Send> ParquetFile<W> {
    pub(super) fn new(schema: SchemaRef, out: W) -> Result<Self, RenderError> {
        let properties = WriterProperties::builder()
            .set_created_by("sealog".to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .build();
        Ok(Self { writer: ArrowWriter::try_new(out, schema, Some(properties)).map_err(failed)? })
    }

    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<(), RenderError> {
        self.writer.write(rows).map_err(failed)
    }

    pub(super) fn finish(self) -> Result<W, RenderError> {
        self.writer.into_inner().map_err(failed)
    }
}
