//! A lake file back to rows. Only what is given is read; what is derived from it is derived again.

use std::sync::Arc;

use arrow::array::{
    Array, AsArray, BinaryArray, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::{Int64Type, TimestampMillisecondType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use parquet::file::reader::ChunkReader;
use sealog_record::{ChangeRecord, Decision, EvidenceRow};

use crate::columns::Columns;
use crate::row::LakeRow;
use crate::schema::{COLUMNS_KEY, given};

/// What is wrong with a file, for people.
pub(crate) type Flaw = String;

/// A lake file that was opened, to read the columns that are given.
pub(crate) struct LakeFile {
    reader: ParquetRecordBatchReader,
}

/// A lake file of which all columns are read.
pub(crate) struct WholeFile {
    reader: ParquetRecordBatchReader,
    columns: Columns,
}

fn flaw(error: impl std::fmt::Display) -> Flaw {
    format!("not readable as a lake file: {error}")
}

/// The Parquet library asserts some of what a footer claims; such a panic ends here.
pub(crate) fn contained<T>(read: impl FnOnce() -> Result<T, Flaw>) -> Result<T, Flaw> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(flaw("the reader gave up")))
}

/// Footer and options; refuses a file that lacks a column which is given.
fn opened<R: ChunkReader + 'static>(
    bytes: R,
) -> Result<(ParquetRecordBatchReaderBuilder<R>, Option<Columns>), Flaw> {
    let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
    let metadata = ArrowReaderMetadata::load(&bytes, options).map_err(flaw)?;
    for field in given() {
        match metadata.schema().field_with_name(field.name()) {
            Ok(found) if found.data_type() == field.data_type() => {}
            Ok(found) => return Err(flaw(format!("column {} is {}", field.name(), found.data_type()))),
            Err(_) => return Err(flaw(format!("column {} is missing", field.name()))),
        }
    }
    let stated = metadata.metadata().file_metadata().key_value_metadata();
    let stated = stated.and_then(|all| all.iter().find(|it| it.key == COLUMNS_KEY));
    let columns = stated.and_then(|it| it.value.as_deref()).and_then(Columns::from_json);
    Ok((ParquetRecordBatchReaderBuilder::new_with_metadata(bytes, metadata), columns))
}

impl WholeFile {
    /// Opens a file; one that does not state by which declaration it was made is refused.
    pub(crate) fn open<R: ChunkReader + 'static>(bytes: R) -> Result<Self, Flaw> {
        contained(|| {
            let (builder, columns) = opened(bytes)?;
            let columns = columns.ok_or_else(|| flaw("it does not state its typed columns"))?;
            let reader = builder.with_batch_size(1024).build().map_err(flaw)?;
            Ok(Self { reader, columns })
        })
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The next rows, as they were read and as they are given.
    pub(crate) fn next(&mut self) -> Result<Option<(RecordBatch, Given)>, Flaw> {
        contained(|| match self.reader.next() {
            None => Ok(None),
            Some(batch) => {
                let batch = batch.map_err(flaw)?;
                let given = Given::of(&batch)?;
                Ok(Some((batch, given)))
            }
        })
    }
}

impl LakeFile {
    /// Opens a file to read the columns that are given.
    pub(crate) fn open<R: ChunkReader + 'static>(bytes: R, rows_at_once: usize) -> Result<Self, Flaw> {
        contained(|| {
            let (builder, _) = opened(bytes)?;
            let names = given().iter().map(|field| field.name().as_str());
            let mask = ProjectionMask::columns(builder.parquet_schema(), names);
            let reader = builder.with_projection(mask).with_batch_size(rows_at_once).build().map_err(flaw)?;
            Ok(Self { reader })
        })
    }

    /// The next rows; `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Given>, Flaw> {
        contained(|| match self.reader.next() {
            None => Ok(None),
            Some(batch) => Given::of(&batch.map_err(flaw)?).map(Some),
        })
    }
}

/// Some rows of a file.
pub(crate) struct Given {
    rows: usize,
    texts: Vec<StringArray>,
    created_at: TimestampMillisecondArray,
    committed_at: TimestampMillisecondArray,
    size_bytes: Int64Array,
    commit_number: Int64Array,
    row_index: Int64Array,
    leaf_hash: BinaryArray,
}

impl Given {
    fn of(batch: &RecordBatch) -> Result<Self, Flaw> {
        let missing = |name: &str| flaw(format!("column {name} is of another type than announced"));
        let column = |name: &str| batch.column_by_name(name).map(Arc::clone).ok_or_else(|| missing(name));
        let integers =
            |name| column(name)?.as_primitive_opt::<Int64Type>().cloned().ok_or_else(|| missing(name));
        let instants = |name| {
            column(name)?.as_primitive_opt::<TimestampMillisecondType>().cloned().ok_or_else(|| missing(name))
        };
        let texts = given().iter().filter(|field| *field.data_type() == arrow::datatypes::DataType::Utf8);
        let texts = texts
            .map(|field| {
                column(field.name())?.as_string_opt::<i32>().cloned().ok_or_else(|| missing(field.name()))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            texts,
            created_at: instants("created_at")?,
            committed_at: instants("committed_at")?,
            size_bytes: integers("size_bytes")?,
            commit_number: integers("commit_number")?,
            row_index: integers("row_index")?,
            leaf_hash: column("leaf_hash")?
                .as_binary_opt::<i32>()
                .cloned()
                .ok_or_else(|| missing("leaf_hash"))?,
            rows: batch.num_rows(),
        })
    }

    /// How many.
    pub(crate) fn len(&self) -> usize {
        self.rows
    }

    /// One of them.
    pub(crate) fn row(&self, index: usize) -> LakeRow<'_> {
        let text = |place: usize| {
            let column = self.texts.get(place)?;
            (!column.is_null(index)).then(|| column.value(index))
        };
        let required = |place| text(place).unwrap_or_default();
        let present = |column: &Int64Array| (!column.is_null(index)).then(|| column.value(index));
        let change = ChangeRecord {
            sequence_number: required(2),
            event_id: text(3),
            event_name: text(4),
            event_version: text(5),
            event_source: text(6),
            aws_region: text(7),
            created_at: (!self.created_at.is_null(index)).then(|| self.created_at.value(index)),
            size_bytes: present(&self.size_bytes),
            stream_view_type: text(8),
            user_identity_type: text(9),
            user_identity_principal_id: text(10),
            keys: text(11),
            old_image: text(12),
            new_image: text(13),
            extra: text(14),
        };
        let decision = Decision {
            verdict: required(15),
            reason: text(16),
            tags: text(17),
            redactions: text(18),
            filter: text(19),
        };
        LakeRow {
            evidence: EvidenceRow { stream_label: required(0), shard_id: required(1), change, decision },
            leaf_hash: self.leaf_hash.value(index),
            commit_number: self.commit_number.value(index),
            row_index: self.row_index.value(index),
            committed_at: self.committed_at.value(index),
        }
    }
}
