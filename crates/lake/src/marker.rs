//! `lake/days/dt=<date>/marker.parquet`: which files hold a day's sorted rows. Its replacement is the moment at which a compaction
//! becomes visible. Parquet, so that an engine reads it as a table: one row a file of the valid generation, one row a
//! generation before it that queries may still read.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef, TimestampMillisecondType};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::{ArrowReaderOptions, ParquetRecordBatchReaderBuilder};
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::file::properties::WriterProperties;

use crate::error::LakeError;
use crate::names::{DAYS, SORTED};
use crate::read::{Flaw, contained};
use crate::schema::instant;

/// Name and SQL type of each column, in the file's order.
pub(crate) const COLUMNS: [(&str, &str); 10] = [
    ("day", "string"),
    ("gen", "string"),
    ("through_commit", "bigint"),
    ("valid", "boolean"),
    ("made_at", "timestamp"),
    ("superseded_at", "timestamp"),
    ("file", "string"),
    ("sha256", "string"),
    ("bytes", "bigint"),
    ("row_count", "bigint"),
];

/// What holds a day's sorted rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Marker {
    /// `2026-11-22`
    pub(crate) date: String,
    pub(crate) valid: Generation,
    pub(crate) files: Vec<SortedFile>,
    /// Generations before it, with the instant in milliseconds at which each was superseded.
    pub(crate) superseded: Vec<(Generation, i64)>,
}

/// One rewriting of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Generation {
    /// `<20-digit commit>-<seconds and writer in hexadecimal digits>`
    pub(crate) name: String,
    /// It holds the day's rows of all commits up to this one.
    pub(crate) through_commit: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub(crate) made_at: i64,
}

/// One file of a generation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SortedFile {
    /// Name within `lake/sorted/dt=<date>/`.
    pub(crate) name: String,
    pub(crate) sha256: String,
    pub(crate) bytes: i64,
    pub(crate) rows: i64,
}

/// Name of a day's marker.
pub(crate) fn marker_key(date: &str) -> String {
    format!("{DAYS}dt={date}/marker.parquet")
}

/// Name of a sorted file, or of all of a day's with an empty `name`.
pub(crate) fn sorted_key(date: &str, name: &str) -> String {
    format!("{SORTED}dt={date}/{name}")
}

pub(crate) fn schema() -> SchemaRef {
    let field = |(name, kind): &(&str, &str)| {
        let kind = match *kind {
            "bigint" => DataType::Int64,
            "boolean" => DataType::Boolean,
            "timestamp" => instant(),
            _ => DataType::Utf8,
        };
        Field::new(*name, kind, true)
    };
    Arc::new(Schema::new(COLUMNS.iter().map(field).collect::<Vec<_>>()))
}

type Line<'a> = (&'a Generation, Option<&'a SortedFile>, Option<i64>);

impl Marker {
    pub(crate) fn render(&self) -> Result<Bytes, LakeError> {
        let files = self.files.iter().map(|file| (&self.valid, Some(file), None));
        let old = self.superseded.iter().map(|(generation, at)| (generation, None, Some(*at)));
        let lines: Vec<Line<'_>> = files.chain(old).collect();
        let texts = |of: fn(&Line<'_>) -> Option<String>| -> ArrayRef {
            Arc::new(lines.iter().map(of).collect::<StringArray>())
        };
        let integers = |of: fn(&Line<'_>) -> Option<i64>| -> ArrayRef {
            Arc::new(lines.iter().map(of).collect::<Int64Array>())
        };
        let instants = |of: fn(&Line<'_>) -> Option<i64>| -> ArrayRef {
            Arc::new(lines.iter().map(of).collect::<TimestampMillisecondArray>().with_timezone("UTC"))
        };
        let days = lines.iter().map(|_| Some(self.date.as_str())).collect::<StringArray>();
        let columns: Vec<ArrayRef> = vec![
            Arc::new(days),
            texts(|(generation, _, _)| Some(generation.name.clone())),
            integers(|(generation, _, _)| Some(generation.through_commit)),
            Arc::new(lines.iter().map(|(_, _, at)| Some(at.is_none())).collect::<BooleanArray>()),
            instants(|(generation, _, _)| Some(generation.made_at)),
            instants(|(_, _, at)| *at),
            texts(|(_, file, _)| file.map(|file| file.name.clone())),
            texts(|(_, file, _)| file.map(|file| file.sha256.clone())),
            integers(|(_, file, _)| file.map(|file| file.bytes)),
            integers(|(_, file, _)| file.map(|file| file.rows)),
        ];
        let properties = WriterProperties::builder().set_created_by("sealog".to_owned()).build();
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema(), options)?;
        writer.write(&RecordBatch::try_new(schema(), columns)?)?;
        Ok(Bytes::from(writer.into_inner()?))
    }

    pub(crate) fn parse(date: &str, bytes: &Bytes) -> Result<Self, LakeError> {
        let lines = contained(|| lines(bytes));
        lines
            .and_then(|lines| Self::of(date, lines))
            .map_err(|what| LakeError::Broken { key: marker_key(date), what })
    }

    fn of(date: &str, lines: Vec<Read>) -> Result<Self, Flaw> {
        let mut marker: Option<Self> = None;
        let mut superseded = Vec::new();
        for line in lines {
            if line.date != date {
                return Err(format!("it speaks of {}", line.date));
            }
            match (line.file, line.superseded_at) {
                (None, Some(at)) => superseded.push((line.generation, at)),
                (Some(file), None) => {
                    let marker = marker.get_or_insert_with(|| Self {
                        date: date.to_owned(),
                        valid: line.generation.clone(),
                        files: Vec::new(),
                        superseded: Vec::new(),
                    });
                    if marker.valid != line.generation {
                        return Err("it names two valid generations".to_owned());
                    }
                    marker.files.push(file);
                }
                _ => return Err("a row is neither a file nor a superseded generation".to_owned()),
            }
        }
        let marker = marker.ok_or("it names no valid generation")?;
        Ok(Self { superseded, ..marker })
    }
}

struct Read {
    date: String,
    generation: Generation,
    superseded_at: Option<i64>,
    file: Option<SortedFile>,
}

fn lines(bytes: &Bytes) -> Result<Vec<Read>, Flaw> {
    let wrong = |error: &dyn std::fmt::Display| format!("not readable as a day's marker: {error}");
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let builder = ParquetRecordBatchReaderBuilder::try_new_with_options(bytes.clone(), options)
        .map_err(|error| wrong(&error))?;
    let mut read = Vec::new();
    for batch in builder.build().map_err(|error| wrong(&error))? {
        let batch = batch.map_err(|error| wrong(&error))?;
        for index in 0..batch.num_rows() {
            read.push(line(&batch, index).ok_or_else(|| wrong(&"a column is missing"))?);
        }
    }
    Ok(read)
}

fn line(batch: &RecordBatch, index: usize) -> Option<Read> {
    let text = |name: &str| {
        let column = batch.column_by_name(name)?.as_string_opt::<i32>()?;
        (!column.is_null(index)).then(|| column.value(index).to_owned())
    };
    let integer = |name: &str| {
        let column = batch.column_by_name(name)?.as_primitive_opt::<Int64Type>()?;
        (!column.is_null(index)).then(|| column.value(index))
    };
    let at = |name: &str| {
        let column = batch.column_by_name(name)?.as_primitive_opt::<TimestampMillisecondType>()?;
        (!column.is_null(index)).then(|| column.value(index))
    };
    let file = || {
        Some(SortedFile {
            name: text("file")?,
            sha256: text("sha256")?,
            bytes: integer("bytes")?,
            rows: integer("row_count")?,
        })
    };
    Some(Read {
        date: text("day")?,
        generation: Generation {
            name: text("gen")?,
            through_commit: integer("through_commit")?,
            made_at: at("made_at")?,
        },
        superseded_at: at("superseded_at"),
        file: file(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_survives_its_file_and_damage_is_named() {
        let generation =
            |n: i64| Generation { name: format!("{n:020}-0000"), through_commit: n, made_at: 1_000 * n };
        let file = |n: i64| SortedFile { name: format!("f{n}"), sha256: "00".repeat(32), bytes: n, rows: 7 };
        let marker = Marker {
            date: "2026-11-22".to_owned(),
            valid: generation(9),
            files: vec![file(1), file(2)],
            superseded: vec![(generation(3), 9_000), (generation(1), 3_000)],
        };
        let bytes = marker.render().unwrap();
        assert_eq!(bytes, marker.render().unwrap());
        assert_eq!(Marker::parse("2026-11-22", &bytes).unwrap(), marker);
        assert!(Marker::parse("2026-11-23", &bytes).unwrap_err().to_string().contains("speaks of"));
        assert!(Marker::parse("2026-11-22", &Bytes::from_static(b"PAR1")).is_err());
        let none = Marker { files: Vec::new(), ..marker };
        assert!(
            Marker::parse("2026-11-22", &none.render().unwrap())
                .unwrap_err()
                .to_string()
                .contains("no valid")
        );
    }
}
