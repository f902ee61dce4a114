//! Sorted rows to files of a size.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};

use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;

use super::sort::{Merge, Spill};
use crate::columns::Columns;
use crate::entry::Entry;
use crate::error::LakeError;
use crate::rows::Rows;
use crate::schema::{self, Tier};

/// Rows are encoded when so many bytes of text have come together.
const ENCODE_BYTES: usize = 4 << 20;
/// Bytes of rows between two pauses.
const STEP_BYTES: usize = 8 << 20;

/// Takes sorted rows and cuts them into files.
pub(super) struct SortedWriter {
    merge: Merge,
    rows: Rows,
    columns: Columns,
    spill: Spill,
    file_bytes: usize,
    open: Option<Open>,
    done: Vec<Written>,
}

struct Open {
    writer: ArrowWriter<File>,
    rows: i64,
}

/// A finished file.
pub(super) struct Written {
    pub(super) file: File,
    pub(super) rows: i64,
}

impl Written {
    /// Its bytes.
    pub(super) fn bytes(&mut self, spill: &Spill) -> Result<Bytes, LakeError> {
        let mut read = || {
            let length = self.file.seek(SeekFrom::End(0))?;
            let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
            self.file.seek(SeekFrom::Start(0))?;
            self.file.read_to_end(&mut bytes)?;
            Ok(bytes.into())
        };
        read().map_err(|error| spill.failed(error))
    }
}

impl SortedWriter {
    pub(super) fn new(
        merge: Merge,
        columns: &Columns,
        generation: &str,
        spill: Spill,
        file_bytes: usize,
    ) -> Self {
        let rows = Rows::new(columns, Some(generation));
        Self { merge, rows, columns: columns.clone(), spill, file_bytes, open: None, done: Vec::new() }
    }

    /// Writes some of the rows; gives how many bytes of text that were, and whether all rows are written.
    pub(super) fn advance(&mut self) -> Result<(u64, bool), LakeError> {
        let mut bytes = 0;
        while bytes < STEP_BYTES {
            let Some(entry) = self.merge.next().transpose()? else {
                self.encode()?;
                self.close()?;
                return Ok((bytes as u64, true));
            };
            bytes += entry.bytes();
            self.push(&entry)?;
        }
        Ok((bytes as u64, false))
    }

    fn push(&mut self, entry: &Entry) -> Result<(), LakeError> {
        let row = entry.row();
        self.rows
            .push(&row.ok_or_else(|| LakeError::Encode("a row changed in a temporary file".to_owned()))?)?;
        if self.rows.bytes() >= ENCODE_BYTES {
            self.encode()?;
        }
        Ok(())
    }

    fn encode(&mut self) -> Result<(), LakeError> {
        if self.rows.len() == 0 {
            return Ok(());
        }
        let batch = self.rows.take()?;
        let open = match &mut self.open {
            Some(open) => open,
            empty => {
                let options = ArrowWriterOptions::new()
                    .with_properties(schema::properties(&self.columns, Tier::Sorted))
                    .with_skip_arrow_metadata(true);
                let writer = ArrowWriter::try_new_with_options(self.spill.file()?, batch.schema(), options)?;
                empty.insert(Open { writer, rows: 0 })
            }
        };
        open.writer.write(&batch)?;
        open.rows += i64::try_from(batch.num_rows()).unwrap_or(0);
        if open.writer.bytes_written() + open.writer.in_progress_size() >= self.file_bytes {
            self.close()?;
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), LakeError> {
        if let Some(Open { writer, rows }) = self.open.take() {
            self.done.push(Written { file: writer.into_inner()?, rows });
        }
        Ok(())
    }

    /// The files, once all rows are written.
    pub(super) fn into_files(self) -> Vec<Written> {
        self.done
    }
}
