//! NDJSON.

use std::io::Write;

use arrow::array::RecordBatch;

use super::RenderError;
use super::cell::{columns, quote};

pub(super) struct Json<W> {
    out: W,
}

impl<W: Write> Json<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out }
    }

    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<(), RenderError> {
        let schema = rows.schema();
        let mut names = Vec::new();
        for field in schema.fields() {
            let mut name = String::new();
            quote(field.name(), &mut name)?;
            names.push(name);
        }
        let columns = columns(rows)?;
        let mut line = String::new();
        for row in 0..rows.num_rows() {
            line.clear();
            for (place, (name, column)) in names.iter().zip(&columns).enumerate() {
                line.push(if place == 0 { '{' } else { ',' });
                line.push_str(name);
                line.push(':');
                column.json(row, &mut line)?;
            }
            line.push_str(if columns.is_empty() { "{}\n" } else { "}\n" });
            self.out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> W {
        self.out
    }
}
