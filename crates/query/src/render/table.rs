//! A table for people.

use std::io::Write;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;

use super::RenderError;
use super::cell::{Shape, columns};

/// Rows of a table at most: they are aligned together.
pub const TABLE_ROWS_MAX: usize = 1_000;
/// Characters of a cell at most; images have thousands.
const CELL_MAX: usize = 200;

pub(super) struct Table<W> {
    out: W,
    names: Vec<String>,
    /// Whether a column is aligned to the right.
    numeric: Vec<bool>,
    rows: Vec<Vec<String>>,
}

impl<W: Write> Table<W> {
    pub(super) fn new(schema: &SchemaRef, out: W) -> Self {
        let fields = schema.fields();
        let numeric = fields.iter().map(|field| {
            let kind = field.data_type();
            matches!(Shape::of(kind), Shape::Bare | Shape::Float) || kind.is_numeric()
        });
        Self {
            out,
            names: fields.iter().map(|field| shown(field.name())).collect(),
            numeric: numeric.collect(),
            rows: Vec::new(),
        }
    }

    pub(super) fn write(&mut self, rows: &RecordBatch) -> Result<(), RenderError> {
        let columns = columns(rows)?;
        let left = TABLE_ROWS_MAX.saturating_sub(self.rows.len());
        for row in 0..rows.num_rows().min(left) {
            let mut cells = Vec::with_capacity(columns.len());
            for column in &columns {
                let mut text = String::new();
                cells.push(if column.text(row, &mut text)? { shown(&text) } else { "NULL".to_owned() });
            }
            self.rows.push(cells);
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<W, RenderError> {
        let width = |place: usize| {
            let cells = self.rows.iter().filter_map(|cells| cells.get(place));
            cells.chain(self.names.get(place)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..self.names.len()).map(width).collect();
        let line = |cells: &[String]| {
            let aligned = cells.iter().zip(&widths).zip(&self.numeric).map(|((cell, width), numeric)| {
                if *numeric { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            });
            aligned.collect::<Vec<_>>().join(" | ").trim_end().to_owned()
        };
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
        let mut lines = vec![line(&self.names), rule.join("-+-")];
        lines.extend(self.rows.iter().map(|cells| line(cells)));
        for line in lines {
            writeln!(self.out, "{line}")?;
        }
        Ok(self.out)
    }
}

/// Cut to a length, and without what a terminal would take for a command: what is in an archive came from anywhere.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    for (place, c) in text.chars().enumerate() {
        if place == CELL_MAX {
            shown.push('…');
            break;
        }
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}
