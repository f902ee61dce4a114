//! CSV as in RFC 4180, but for lines, which end as Unix has them.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::RenderError;
use super::cell::columns;

pub(super) struct Csv<W> {
    out: W,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(schema: &SchemaRef, mut out: W) -> Result<Self, RenderError> {
        let names: Vec<String> = schema.fields().iter().map(|field| quoted(field.name())).collect();
        writeln!(out, "{}", names.join(","))?;
        Ok(Self { out })
    }

    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<(), RenderError> {
        let columns = columns(rows)?;
        let (mut line, mut cell) = (String::new(), String::new());
        for row in 0..rows.num_rows() {
            line.clear();
            for (place, column) in columns.iter().enumerate() {
                if place > 0 {
                    line.push(',');
                }
                cell.clear();
                if column.text(row, &mut cell)? {
                    line.push_str(&quoted(&cell));
                }
            }
            line.push('\n');
            self.out.write_all(line.as_bytes())?;
        }
        Ok(())
    }

    pub(super) fn finish(self) -> W {
        self.out
    }
}

/// An empty text is quoted, so that it is not taken for NULL.
fn quoted(text: &str) -> String {
    if text.is_empty() || text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}
