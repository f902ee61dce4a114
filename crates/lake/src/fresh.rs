//! `lake/fresh`: the rows of one commit, day by day, in row order. A pure function of the commit and the declared columns, so
//! that any process may write it, again and again, with the same bytes.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use sealog_chain::Commit;

use crate::columns::Columns;
use crate::committed::each_row;
use crate::error::LakeError;
use crate::row::LakeRow;
use crate::rows::{Misfits, Rows};
use crate::schema::{self, Tier};

/// Rows are encoded when so many bytes of text have come together.
const ENCODE_BYTES: usize = 4 << 20;

/// What a commit gives.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fresh {
    /// For each day a file.
    pub(crate) files: BTreeMap<i64, Bytes>,
    /// Over all of them.
    pub(crate) misfits: Misfits,
}

/// Renders the rows of `commit`; `objects` are its evidence, in order, as named.
pub(crate) fn render(commit: &Commit, objects: &[Bytes], columns: &Columns) -> Result<Fresh, LakeError> {
    let mut days = Days { columns, files: BTreeMap::new() };
    each_row(commit, objects, |row| days.push(row).map(ControlFlow::Continue))?;
    days.finish()
}

struct Days<'a> {
    columns: &'a Columns,
    files: BTreeMap<i64, File>,
}

impl Days<'_> {
    fn push(&mut self, row: &LakeRow<'_>) -> Result<(), LakeError> {
        let day = row.day();
        if let Some(file) = self.files.get_mut(&day) {
            return file.push(row);
        }
        let mut file = File::new(self.columns)?;
        file.push(row)?;
        self.files.insert(day, file);
        Ok(())
    }

    fn finish(self) -> Result<Fresh, LakeError> {
        let mut fresh = Fresh { files: BTreeMap::new(), misfits: vec![0; self.columns.typed().len()] };
        for (day, file) in self.files {
            let (bytes, misfits) = file.finish()?;
            fresh.files.insert(day, bytes);
            for (sum, more) in fresh.misfits.iter_mut().zip(misfits) {
                *sum += more;
            }
        }
        Ok(fresh)
    }
}

struct File {
    rows: Rows,
    writer: ArrowWriter<Vec<u8>>,
}

impl File {
    fn new(columns: &Columns) -> Result<Self, LakeError> {
        let rows = Rows::new(columns, None);
        let options = ArrowWriterOptions::new()
            .with_properties(schema::properties(columns, Tier::Fresh))
            .with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Vec::new(), rows.schema(), options)?;
        Ok(Self { rows, writer })
    }

    fn push(&mut self, row: &LakeRow<'_>) -> Result<(), LakeError> {
        self.rows.push(row)?;
        if self.rows.bytes() >= ENCODE_BYTES {
            self.writer.write(&self.rows.take()?)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(Bytes, Misfits), LakeError> {
        if self.rows.len() > 0 {
            self.writer.write(&self.rows.take()?)?;
        }
        Ok((Bytes::from(self.writer.into_inner()?), self.rows.misfits().clone()))
    }
}
