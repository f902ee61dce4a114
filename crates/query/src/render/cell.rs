//! One value as text or JSON.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::DataType;
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, FormatOptions};

/// How values of a type stand in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// As they are: integers, booleans.
    Bare,
    /// As they are unless they are no numbers.
    Float,
    /// In quotes: text, instants, decimals, bytes.
    Text,
    /// Lists, maps and structs.
    Nested,
}

impl Shape {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "Arrow has dozens of types; as text each can be shown"
    )]
    pub(super) fn of(kind: &DataType) -> Self {
        match kind {
            DataType::Boolean => Self::Bare,
            kind if kind.is_integer() => Self::Bare,
            DataType::Float16 | DataType::Float32 | DataType::Float64 => Self::Float,
            kind if kind.is_nested() => Self::Nested,
            _ => Self::Text,
        }
    }
}

/// A column of some rows.
pub(super) struct Column<'a> {
    array: &'a ArrayRef,
    pub(super) shape: Shape,
    text: ArrayFormatter<'a>,
}

/// The columns of some rows.
pub(super) fn columns(rows: &RecordBatch) -> Result<Vec<Column<'_>>, ArrowError> {
    rows.columns().iter().map(Column::of).collect()
}

impl<'a> Column<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self, ArrowError> {
        const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_display_error(false);
        Ok(Self {
            array,
            shape: Shape::of(array.data_type()),
            text: ArrayFormatter::try_new(array.as_ref(), &OPTIONS)?,
        })
    }

    /// The text of a value, nested ones as JSON; false: it is NULL, and nothing was written.
    pub(super) fn text(&self, row: usize, out: &mut String) -> Result<bool, ArrowError> {
        if self.array.is_null(row) {
            return Ok(false);
        }
        if self.shape == Shape::Nested {
            self.json(row, out)?;
        } else {
            self.text.value(row).write(out)?;
        }
        Ok(true)
    }

    /// A value as JSON.
    pub(super) fn json(&self, row: usize, out: &mut String) -> Result<(), ArrowError> {
        if self.array.is_null(row) {
            out.push_str("null");
            return Ok(());
        }
        match self.shape {
            Shape::Bare => self.text.value(row).write(out)?,
            Shape::Float => {
                let text = self.text.value(row).try_to_string()?;
                let is_number = serde_json::from_str::<serde_json::Number>(&text).is_ok();
                if is_number { out.push_str(&text) } else { quote(&text, out)? }
            }
            Shape::Text => quote(&self.text.value(row).try_to_string()?, out)?,
            Shape::Nested => nested(self.array, row, out)?,
        }
        Ok(())
    }
}

/// A JSON string.
pub(super) fn quote(text: &str, out: &mut String) -> Result<(), ArrowError> {
    out.push_str(&serde_json::to_string(text).map_err(|error| ArrowError::JsonError(error.to_string()))?);
    Ok(())
}

fn nested(array: &ArrayRef, row: usize, out: &mut String) -> Result<(), ArrowError> {
    if let Some(list) = array.as_list_opt::<i32>() {
        return elements(&list.value(row), out);
    }
    if let Some(list) = array.as_list_opt::<i64>() {
        return elements(&list.value(row), out);
    }
    if let Some(list) = array.as_fixed_size_list_opt() {
        return elements(&list.value(row), out);
    }
    if let Some(map) = array.as_map_opt() {
        let entries = map.value(row);
        let (Some(keys), Some(values)) = (entries.columns().first(), entries.columns().get(1)) else {
            return Err(ArrowError::SchemaError("a map without keys and values".to_owned()));
        };
        let (keys, values) = (Column::of(keys)?, Column::of(values)?);
        return members(entries.len(), out, |place, out| {
            let mut key = String::new();
            keys.text(place, &mut key)?;
            quote(&key, out)?;
            out.push(':');
            values.json(place, out)
        });
    }
    if let Some(parts) = array.as_struct_opt() {
        let names = parts.column_names();
        return members(names.len(), out, |place, out| {
            if let (Some(name), Some(part)) = (names.get(place), parts.columns().get(place)) {
                quote(name, out)?;
                out.push(':');
                Column::of(part)?.json(row, out)?;
            }
            Ok(())
        });
    }
    Err(ArrowError::NotYetImplemented(format!(
        "values of type {} cannot be shown; CAST them",
        array.data_type()
    )))
}

fn elements(array: &ArrayRef, out: &mut String) -> Result<(), ArrowError> {
    let column = Column::of(array)?;
    out.push('[');
    for row in 0..array.len() {
        if row > 0 {
            out.push(',');
        }
        column.json(row, out)?;
    }
    out.push(']');
    Ok(())
}

fn members(
    count: usize,
    out: &mut String,
    mut each: impl FnMut(usize, &mut String) -> Result<(), ArrowError>,
) -> Result<(), ArrowError> {
    out.push('{');
    for place in 0..count {
        if place > 0 {
            out.push(',');
        }
        each(place, out)?;
    }
    out.push('}');
    Ok(())
}
