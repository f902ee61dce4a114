//! Rows to a lake file.

use std::sync::Arc;

use arrow::array::{
    ArrayRef, BinaryBuilder, BooleanBuilder, Decimal128Builder, Int64Builder, ListBuilder, MapBuilder,
    MapFieldNames, RecordBatch, StringBuilder, TimestampMillisecondBuilder,
};
use arrow::datatypes::{DataType, Field, SchemaRef};
use arrow::error::ArrowError;
use sealog_record::EvidenceRow;

use crate::cell::Cell;
use crate::columns::{Columns, Kind};
use crate::row::{Derived, LakeRow};
use crate::schema::{self, Tier};

/// How many present values of each typed column did not fit, old and new together; in the order of the declaration.
pub(crate) type Misfits = Vec<u64>;

/// Rows being gathered into one record batch.
pub(crate) struct Rows {
    columns: Columns,
    schema: SchemaRef,
    /// The generation that they are written into; `None` in fresh files.
    generation: Option<String>,
    texts: [StringBuilder; 20],
    created_at: TimestampMillisecondBuilder,
    size_bytes: Int64Builder,
    leaf_hash: BinaryBuilder,
    commit_number: Int64Builder,
    row_index: Int64Builder,
    committed_at: TimestampMillisecondBuilder,
    keys: [StringBuilder; 2],
    changed: ListBuilder<StringBuilder>,
    tags: MapBuilder<StringBuilder, StringBuilder>,
    generations: StringBuilder,
    typed: Vec<[TypedBuilder; 2]>,
    misfits: Misfits,
    rows: usize,
    bytes: usize,
}

enum TypedBuilder {
    Decimal(Decimal128Builder),
    Text(StringBuilder),
    Boolean(BooleanBuilder),
    Timestamp(TimestampMillisecondBuilder),
}

fn instants() -> TimestampMillisecondBuilder {
    TimestampMillisecondBuilder::new().with_timezone("UTC")
}

impl Rows {
    pub(crate) fn new(columns: &Columns, generation: Option<&str>) -> Self {
        let tier = if generation.is_some() { Tier::Sorted } else { Tier::Fresh };
        let names =
            MapFieldNames { entry: "key_value".to_owned(), key: "key".to_owned(), value: "value".to_owned() };
        let element = Field::new("element", DataType::Utf8, false);
        Self {
            schema: schema::schema(columns, tier),
            generation: generation.map(str::to_owned),
            texts: std::array::from_fn(|_| StringBuilder::new()),
            created_at: instants(),
            size_bytes: Int64Builder::new(),
            leaf_hash: BinaryBuilder::new(),
            commit_number: Int64Builder::new(),
            row_index: Int64Builder::new(),
            committed_at: instants(),
            keys: std::array::from_fn(|_| StringBuilder::new()),
            changed: ListBuilder::new(StringBuilder::new()).with_field(element),
            tags: MapBuilder::new(Some(names), StringBuilder::new(), StringBuilder::new()),
            generations: StringBuilder::new(),
            typed: columns
                .typed()
                .iter()
                .map(|column| [0, 1].map(|_| TypedBuilder::new(column.kind)))
                .collect(),
            misfits: vec![0; columns.typed().len()],
            columns: columns.clone(),
            rows: 0,
            bytes: 0,
        }
    }

    /// The schema of what it gives.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    /// Rows since the last [`Self::take`].
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// Bytes of their texts.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What did not fit, over all rows so far.
    pub(crate) fn misfits(&self) -> &Misfits {
        &self.misfits
    }

    pub(crate) fn push(&mut self, row: &LakeRow<'_>) -> Result<(), ArrowError> {
        for (builder, text) in self.texts.iter_mut().zip(texts(&row.evidence)) {
            self.bytes += text.map_or(0, str::len);
            builder.append_option(text);
        }
        self.created_at.append_option(row.evidence.change.created_at);
        self.size_bytes.append_option(row.evidence.change.size_bytes);
        self.leaf_hash.append_value(row.leaf_hash);
        self.commit_number.append_value(row.commit_number);
        self.row_index.append_value(row.row_index);
        self.committed_at.append_value(row.committed_at);
        if let Some(generation) = &self.generation {
            self.generations.append_value(generation);
        }
        self.rows += 1;
        let derived = row.derive(&self.columns);
        self.push_derived(derived)
    }

    fn push_derived(&mut self, derived: Derived<'_>) -> Result<(), ArrowError> {
        let Derived { pk, sk, changed, tags, cells } = derived;
        for (builder, text) in self.keys.iter_mut().zip([pk, sk]) {
            builder.append_option(text);
        }
        match changed {
            Some(names) => {
                names.iter().for_each(|name| self.changed.values().append_value(name));
                self.changed.append(true);
            }
            None => self.changed.append(false),
        }
        let is_tagged = tags.is_some();
        for (name, value) in tags.into_iter().flatten() {
            self.tags.keys().append_value(name);
            self.tags.values().append_value(value);
        }
        self.tags.append(is_tagged)?;
        for ((builders, misfits), cells) in self.typed.iter_mut().zip(&mut self.misfits).zip(cells) {
            for (builder, cell) in builders.iter_mut().zip(cells) {
                *misfits += u64::from(cell == Cell::Misfit);
                builder.append(cell);
            }
        }
        Ok(())
    }

    /// The rows pushed since the last call.
    pub(crate) fn take(&mut self) -> Result<RecordBatch, ArrowError> {
        let text = |builder: &mut StringBuilder| Arc::new(builder.finish()) as ArrayRef;
        let (before, after) = self.texts.split_at_mut(8);
        let mut columns: Vec<ArrayRef> = before.iter_mut().map(text).collect();
        columns.push(Arc::new(self.created_at.finish()));
        columns.push(Arc::new(self.size_bytes.finish()));
        columns.extend(after.iter_mut().map(text));
        columns.push(Arc::new(self.leaf_hash.finish()));
        columns.push(Arc::new(self.commit_number.finish()));
        columns.push(Arc::new(self.row_index.finish()));
        columns.push(Arc::new(self.committed_at.finish()));
        columns.extend(self.keys.iter_mut().map(text));
        columns.push(Arc::new(self.changed.finish()));
        columns.push(Arc::new(self.tags.finish()));
        if self.generation.is_some() {
            columns.push(text(&mut self.generations));
        }
        for [old, new] in &mut self.typed {
            columns.extend([old.finish(), new.finish()]);
        }
        (self.rows, self.bytes) = (0, 0);
        RecordBatch::try_new(self.schema(), columns)
    }
}

impl TypedBuilder {
    fn new(kind: Kind) -> Self {
        match kind {
            Kind::Decimal { .. } => {
                Self::Decimal(Decimal128Builder::new().with_data_type(schema::data_type(kind)))
            }
            Kind::Text => Self::Text(StringBuilder::new()),
            Kind::Boolean => Self::Boolean(BooleanBuilder::new()),
            Kind::Timestamp { .. } => Self::Timestamp(instants()),
        }
    }

    fn append(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            (Self::Decimal(builder), Cell::Decimal(value)) => builder.append_value(value),
            (Self::Text(builder), Cell::Text(text)) => builder.append_value(text),
            (Self::Boolean(builder), Cell::Boolean(value)) => builder.append_value(value),
            (Self::Timestamp(builder), Cell::Timestamp(value)) => builder.append_value(value),
            // A cell is made for its column's type: anything else is none.
            (Self::Decimal(builder), _) => builder.append_null(),
            (Self::Text(builder), _) => builder.append_null(),
            (Self::Boolean(builder), _) => builder.append_null(),
            (Self::Timestamp(builder), _) => builder.append_null(),
        }
    }

    fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Decimal(builder) => Arc::new(builder.finish()),
            Self::Text(builder) => Arc::new(builder.finish()),
            Self::Boolean(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
        }
    }
}

/// Text columns in the order of the schema.
fn texts<'a>(row: &EvidenceRow<'a>) -> [Option<&'a str>; 20] {
    let EvidenceRow { stream_label, shard_id, change, decision } = *row;
    [
        Some(stream_label),
        Some(shard_id),
        Some(change.sequence_number),
        change.event_id,
        change.event_name,
        change.event_version,
        change.event_source,
        change.aws_region,
        change.stream_view_type,
        change.user_identity_type,
        change.user_identity_principal_id,
        change.keys,
        change.old_image,
        change.new_image,
        change.extra,
        Some(decision.verdict),
        decision.reason,
        decision.tags,
        decision.redactions,
        decision.filter,
    ]
}
