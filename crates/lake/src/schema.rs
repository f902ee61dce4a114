//! The columns of lake files, and how each is encoded.
//!
//! First those of evidence, so that a leaf can be recomputed from any lake row; then the place; then what is derived; the
//! typed columns last, so that adding one moves no other. Readers go by name.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, Fields, Schema, SchemaRef, TimeUnit};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterVersion};
use parquet::schema::types::ColumnPath;

use crate::columns::{Columns, Kind};

/// Member of a file's metadata: the declaration by which its derived columns were made.
pub(crate) const COLUMNS_KEY: &str = "sealog.columns";

/// Which files these are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tier {
    /// One commit's rows of one day, in row order: written soon.
    Fresh,
    /// A day's rows, sorted: written to be read.
    Sorted,
}

const TEXTS_BEFORE_TIME: [(&str, bool); 8] = [
    ("stream_label", false),
    ("shard_id", false),
    ("sequence_number", false),
    ("event_id", true),
    ("event_name", true),
    ("event_version", true),
    ("event_source", true),
    ("aws_region", true),
];
const TEXTS_AFTER_SIZE: [(&str, bool); 12] = [
    ("stream_view_type", true),
    ("user_identity_type", true),
    ("user_identity_principal_id", true),
    ("keys", true),
    ("old_image", true),
    ("new_image", true),
    ("extra", true),
    ("verdict", false),
    ("reason", true),
    ("tags", true),
    ("redactions", true),
    ("filter", true),
];
/// Few different values: a dictionary.
const FEW: [&str; 17] = [
    "stream_label",
    "shard_id",
    "event_name",
    "event_version",
    "event_source",
    "aws_region",
    "stream_view_type",
    "user_identity_type",
    "user_identity_principal_id",
    "verdict",
    "reason",
    "tags",
    "filter",
    "commit_number",
    "committed_at",
    "gen",
    "tags_map.key_value.key",
];
/// What questions prune by.
const PRUNED: [&str; 6] = ["pk", "sk", "sequence_number", "created_at", "commit_number", "gen"];
const IMAGES: [&str; 3] = ["keys", "old_image", "new_image"];

pub(crate) fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

fn list_of_text() -> DataType {
    DataType::List(Arc::new(Field::new("element", DataType::Utf8, false)))
}

/// Names of a map's parts as the Parquet specification has them.
pub(crate) fn map_of_text() -> (Arc<Field>, Fields) {
    let parts = Fields::from(vec![
        Field::new("key", DataType::Utf8, false),
        Field::new("value", DataType::Utf8, true),
    ]);
    (Arc::new(Field::new("key_value", DataType::Struct(parts.clone()), false)), parts)
}

/// The type of a typed column.
pub(crate) fn data_type(kind: Kind) -> DataType {
    match kind {
        Kind::Decimal { precision, scale } => {
            DataType::Decimal128(precision, i8::try_from(scale).unwrap_or(i8::MAX))
        }
        Kind::Text => DataType::Utf8,
        Kind::Boolean => DataType::Boolean,
        Kind::Timestamp { .. } => instant(),
    }
}

static EVIDENCE: LazyLock<Vec<Field>> = LazyLock::new(|| {
    let text = |(name, nullable): &(&str, bool)| Field::new(*name, DataType::Utf8, *nullable);
    let mut fields: Vec<Field> = TEXTS_BEFORE_TIME.iter().map(text).collect();
    fields.push(Field::new("created_at", instant(), true));
    fields.push(Field::new("size_bytes", DataType::Int64, true));
    fields.extend(TEXTS_AFTER_SIZE.iter().map(text));
    fields.push(Field::new("leaf_hash", DataType::Binary, false));
    fields.push(Field::new("commit_number", DataType::Int64, false));
    fields.push(Field::new("row_index", DataType::Int64, false));
    fields.push(Field::new("committed_at", instant(), false));
    fields
});

/// The columns that are not derived from images: those of evidence, and the place.
pub(crate) fn given() -> &'static [Field] {
    &EVIDENCE
}

/// All columns of a file.
pub(crate) fn schema(columns: &Columns, tier: Tier) -> SchemaRef {
    let mut fields = given().to_vec();
    fields.push(Field::new("pk", DataType::Utf8, true));
    fields.push(Field::new("sk", DataType::Utf8, true));
    fields.push(Field::new("changed", list_of_text(), true));
    fields.push(Field::new("tags_map", DataType::Map(map_of_text().0, false), true));
    if tier == Tier::Sorted {
        fields.push(Field::new("gen", DataType::Utf8, false));
    }
    for column in columns.typed() {
        for side in ["old", "new"] {
            fields.push(Field::new(format!("{side}_{}", column.name), data_type(column.kind), true));
        }
    }
    Arc::new(Schema::new(fields))
}

/// Settings of the Parquet writer; part of what makes the bytes reproducible.
pub(crate) fn properties(columns: &Columns, tier: Tier) -> WriterProperties {
    let level = if tier == Tier::Fresh { 1 } else { 3 };
    let stated = KeyValue::new(COLUMNS_KEY.to_owned(), columns.to_json());
    let mut builder = WriterProperties::builder()
        .set_writer_version(WriterVersion::PARQUET_1_0)
        .set_created_by("sealog".to_owned())
        .set_key_value_metadata(Some(vec![stated]))
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(level).unwrap_or_default()))
        .set_data_page_size_limit(1024 * 1024)
        .set_statistics_enabled(EnabledStatistics::None)
        .set_dictionary_enabled(false);
    builder = match tier {
        Tier::Fresh => builder.set_max_row_group_row_count(None).set_offset_index_disabled(true),
        // Small pages: an item's history is a few rows of many.
        Tier::Sorted => builder
            .set_max_row_group_row_count(Some(SORTED_GROUP_ROWS))
            .set_data_page_row_count_limit(SORTED_PAGE_ROWS)
            .set_write_batch_size(SORTED_PAGE_ROWS)
            .set_column_bloom_filter_enabled(ColumnPath::from("pk"), true)
            .set_column_bloom_filter_max_ndv(ColumnPath::from("pk"), BLOOM_VALUES),
    };
    let statistics = if tier == Tier::Fresh { EnabledStatistics::Chunk } else { EnabledStatistics::Page };
    for name in FEW {
        builder = builder.set_column_dictionary_enabled(path(name), true);
    }
    for name in PRUNED {
        builder = builder.set_column_statistics_enabled(path(name), statistics);
    }
    for name in IMAGES {
        builder = builder.set_column_encoding(path(name), Encoding::PLAIN);
    }
    builder
        .set_column_encoding(path("sequence_number"), Encoding::DELTA_BYTE_ARRAY)
        .set_column_encoding(path("created_at"), Encoding::DELTA_BINARY_PACKED)
        .set_column_encoding(path("size_bytes"), Encoding::DELTA_BINARY_PACKED)
        .set_column_encoding(path("row_index"), Encoding::DELTA_BINARY_PACKED)
        .set_column_encoding(path("leaf_hash"), Encoding::PLAIN)
        .set_column_compression(path("leaf_hash"), Compression::UNCOMPRESSED)
        .build()
}

/// Rows of a row group of a sorted file.
pub(crate) const SORTED_GROUP_ROWS: usize = 100_000;
const SORTED_PAGE_ROWS: usize = 1_024;
const BLOOM_VALUES: u64 = 50_000;

fn path(name: &str) -> ColumnPath {
    ColumnPath::new(name.split('.').map(str::to_owned).collect())
}
