//! `lake/log`: what a commit says, flattened for SQL. One row a thing: the commit itself, its objects, segments, filters
//! and facts, and the typed columns that did not fit. `kind` tells which; what a kind does not have is NULL.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanBuilder, Int64Builder, RecordBatch, StringBuilder, TimestampMillisecondBuilder,
};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use sealog_chain::{Batch, Commit, Decisions, Fact, FilterMode, FilterUse, SegmentFrom, sha256};

use crate::columns::Columns;
use crate::error::LakeError;
use crate::rows::Misfits;
use crate::schema::instant;

/// Columns by type; their order is the file's.
const TEXTS: [&str; 17] = [
    "kind",
    "name",
    "commit_sha256",
    "previous_sha256",
    "writer",
    "records_root",
    "object_key",
    "stream",
    "shard",
    "parent",
    "began",
    "after_sequence",
    "last_sequence",
    "first_sequence",
    "cause",
    "mode",
    "detail",
];
const INTEGERS: [&str; 8] =
    ["commit_number", "records", "bytes", "kept", "dropped", "redacted", "faults", "misfits"];
const FLAGS: [&str; 1] = ["closed"];
const INSTANTS: [&str; 2] = ["committed_at", "noticed_at"];

/// Name and SQL type of each column, in the file's order.
pub(crate) fn columns() -> impl Iterator<Item = (&'static str, &'static str)> {
    let of = |names: &'static [&'static str], kind| names.iter().map(move |name| (*name, kind));
    of(&TEXTS, "string")
        .chain(of(&INTEGERS, "bigint"))
        .chain(of(&FLAGS, "boolean"))
        .chain(of(&INSTANTS, "timestamp"))
}

pub(crate) fn schema() -> SchemaRef {
    let field = |(name, kind): (&str, &str)| {
        let kind = match kind {
            "bigint" => DataType::Int64,
            "boolean" => DataType::Boolean,
            "timestamp" => instant(),
            _ => DataType::Utf8,
        };
        Field::new(name, kind, true)
    };
    Arc::new(Schema::new(columns().map(field).collect::<Vec<_>>()))
}

/// One row: its cells by column.
#[derive(Debug, Default, Clone)]
struct Row {
    texts: BTreeMap<&'static str, String>,
    integers: BTreeMap<&'static str, i64>,
    closed: Option<bool>,
    noticed_at: Option<i64>,
}

impl Row {
    fn of(kind: &str) -> Self {
        Self::default().text("kind", kind)
    }

    fn text(mut self, name: &'static str, text: impl ToString) -> Self {
        self.texts.insert(name, text.to_string());
        self
    }

    fn maybe(self, name: &'static str, text: Option<impl ToString>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    fn integer(mut self, name: &'static str, value: u64) -> Self {
        self.integers.insert(name, i64::try_from(value).unwrap_or(i64::MAX));
        self
    }

    fn decisions(self, decisions: Decisions) -> Self {
        self.integer("kept", decisions.keep)
            .integer("dropped", decisions.drop)
            .integer("redacted", decisions.redact)
            .integer("faults", decisions.fault)
    }
}

/// Renders a commit; `stored` are its bytes.
pub(crate) fn render(
    commit: &Commit,
    stored: &[u8],
    declared: &Columns,
    misfits: &Misfits,
) -> Result<Bytes, LakeError> {
    let options = ArrowWriterOptions::new().with_properties(properties()).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema(), options)?;
    writer.write(&lines(commit, stored, declared, misfits)?)?;
    Ok(Bytes::from(writer.into_inner()?))
}

/// The same as rows in memory.
pub(crate) fn lines(
    commit: &Commit,
    stored: &[u8],
    declared: &Columns,
    misfits: &Misfits,
) -> Result<RecordBatch, LakeError> {
    let mut rows = vec![whole(commit, stored)];
    if let Some(batch) = &commit.batch {
        rows.extend(of_batch(batch));
    }
    rows.extend(commit.facts.iter().map(of_fact));
    let misfit = declared.typed().iter().zip(misfits).filter(|(_, misfits)| **misfits > 0);
    rows.extend(misfit.map(|(column, misfits)| {
        Row::of("column").text("name", &column.name).integer("misfits", *misfits).text("detail", column.kind)
    }));
    gathered(&rows, commit)
}

fn whole(commit: &Commit, stored: &[u8]) -> Row {
    let row = Row::of("commit")
        .text("commit_sha256", sha256(stored))
        .maybe("previous_sha256", commit.previous.as_ref().map(|previous| previous.sha256))
        .text("writer", &commit.writer.id);
    match &commit.batch {
        Some(batch) => row
            .integer("records", batch.records)
            .text("records_root", batch.records_root)
            .decisions(batch.decisions),
        None => row.integer("records", 0),
    }
}

fn of_batch(batch: &Batch) -> Vec<Row> {
    let objects = batch.objects.iter().map(|object| {
        Row::of("object")
            .text("object_key", &object.key)
            .integer("bytes", object.bytes)
            .integer("records", object.rows)
    });
    let segments = batch.segments.iter().map(|segment| {
        let began = match segment.from {
            SegmentFrom::TrimHorizon => "trim_horizon",
            SegmentFrom::Latest => "latest",
            SegmentFrom::After => "after",
        };
        let row = Row::of("segment")
            .text("stream", &segment.stream)
            .text("shard", &segment.shard)
            .maybe("parent", segment.parent.as_ref())
            .text("began", began)
            .maybe("after_sequence", segment.after.as_ref())
            .maybe("last_sequence", segment.last.as_ref())
            .integer("records", segment.rows);
        Row { closed: Some(segment.closed), ..row }
    });
    let filters = batch.filters.iter().map(|filter| of_filter("filter", filter).decisions(filter.decisions));
    objects.chain(segments).chain(filters).collect()
}

fn of_filter(kind: &str, filter: &FilterUse) -> Row {
    let mode = match filter.mode {
        FilterMode::Enforce => "enforce",
        FilterMode::Shadow => "shadow",
        FilterMode::Bypassed => "bypassed",
    };
    Row::of(kind).text("name", &filter.name).text("mode", mode).text("detail", filter.component)
}

/// A gap has its columns, every other fact its JSON.
fn of_fact(fact: &Fact) -> Row {
    let json = serde_json::to_value(fact).unwrap_or_default();
    let name = json.get("kind").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned();
    let Fact::Gap(gap) = fact else {
        return Row::of("fact").text("name", name).text("detail", json);
    };
    let cause = json.get("cause").and_then(serde_json::Value::as_str).map(str::to_owned);
    let row = Row::of("gap")
        .text("name", name)
        .text("stream", &gap.stream)
        .maybe("shard", gap.shard.as_ref())
        .maybe("after_sequence", gap.after.as_ref())
        .maybe("first_sequence", gap.first.as_ref())
        .maybe("cause", cause)
        .text("detail", &json);
    Row { closed: Some(gap.ends_shard), noticed_at: Some(gap.noticed_at.as_millis()), ..row }
}

fn gathered(rows: &[Row], commit: &Commit) -> Result<RecordBatch, LakeError> {
    let mut arrays: Vec<ArrayRef> = Vec::new();
    for name in TEXTS {
        let mut builder = StringBuilder::new();
        rows.iter().for_each(|row| builder.append_option(row.texts.get(name)));
        arrays.push(Arc::new(builder.finish()));
    }
    let number = i64::try_from(commit.number).unwrap_or(i64::MAX);
    for name in INTEGERS {
        let mut builder = Int64Builder::new();
        let of =
            |row: &Row| if name == "commit_number" { Some(number) } else { row.integers.get(name).copied() };
        rows.iter().for_each(|row| builder.append_option(of(row)));
        arrays.push(Arc::new(builder.finish()));
    }
    let mut closed = BooleanBuilder::new();
    rows.iter().for_each(|row| closed.append_option(row.closed));
    arrays.push(Arc::new(closed.finish()));
    for name in INSTANTS {
        let mut builder = TimestampMillisecondBuilder::new().with_timezone("UTC");
        let committed_at = Some(commit.committed_at.as_millis());
        let of = |row: &Row| if name == "committed_at" { committed_at } else { row.noticed_at };
        rows.iter().for_each(|row| builder.append_option(of(row)));
        arrays.push(Arc::new(builder.finish()));
    }
    Ok(RecordBatch::try_new(schema(), arrays)?)
}

fn properties() -> WriterProperties {
    WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by("sealog".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1).unwrap_or_default()))
        .set_statistics_enabled(EnabledStatistics::None)
        .set_offset_index_disabled(true)
        .build()
}
