//! Parquet back to rows.

use arrow::array::{
    Array, AsArray, BinaryArray, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::{Field, Int64Type, TimestampMillisecondType};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use parquet::basic::Compression;
use parquet::errors::ParquetError;
use parquet::file::metadata::RowGroupMetaData;
use sealog_record::{ChangeRecord, Decision, EvidenceRow};

use crate::{BatchError, schema, structure};

const ROWS_AT_ONCE: usize = 1024;

/// An evidence object that was opened and has the right columns.
pub struct EvidenceReader {
    bytes: Bytes,
    metadata: ArrowReaderMetadata,
    rows_max: usize,
}

impl EvidenceReader {
    /// Opens an object. Reads only its footer.
    ///
    /// # Errors
    /// [`BatchError::Decode`] when it is no Parquet, [`BatchError::Schema`] when its columns are not those of format 1.
    pub fn open(bytes: Bytes) -> Result<Self, BatchError> {
        contained(|| Self::open_trusting(bytes))?
    }

    fn open_trusting(bytes: Bytes) -> Result<Self, BatchError> {
        let rows_max = structure::check(&bytes).map_err(unfit)?;
        // An embedded Arrow schema could re-interpret columns; what the Parquet schema says is what counts.
        let options = ArrowReaderOptions::new().with_skip_arrow_metadata(true);
        let metadata = ArrowReaderMetadata::load(&bytes, options).map_err(BatchError::Decode)?;
        // Which other codecs the library knows depends on who else uses it in this program.
        let groups = metadata.metadata().row_groups().iter();
        if !groups.flat_map(RowGroupMetaData::columns).all(|column| is_ours(column.compression())) {
            return Err(unfit("a column is compressed with something other than ZSTD"));
        }
        let expected = schema::schema();
        let found = metadata.schema();
        for place in 0..expected.fields().len().max(found.fields().len()) {
            let (expected, found) = (expected.fields().get(place), found.fields().get(place));
            if !matches!((expected, found), (Some(expected), Some(found)) if same_column(expected, found)) {
                let show = |field: Option<&std::sync::Arc<Field>>| {
                    field.map_or("nothing".to_owned(), |field| {
                        format!("{} {}", field.name(), field.data_type())
                    })
                };
                return Err(BatchError::Schema {
                    place: place + 1,
                    expected: show(expected),
                    found: show(found),
                });
            }
        }
        Ok(Self { bytes, metadata, rows_max })
    }

    /// Rows that the footer claims.
    #[must_use]
    pub fn rows(&self) -> u64 {
        u64::try_from(self.metadata.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// Calls `each` with every row in order, its number from 0, and its stored leaf hash.
    ///
    /// # Errors
    /// [`BatchError::Decode`] when a page cannot be decoded; rows before it were delivered.
    pub fn for_each(self, each: impl FnMut(usize, &EvidenceRow<'_>, &[u8])) -> Result<(), BatchError> {
        contained(|| self.for_each_trusting(each))?
    }

    fn for_each_trusting(
        self,
        mut each: impl FnMut(usize, &EvidenceRow<'_>, &[u8]),
    ) -> Result<(), BatchError> {
        let reader = ParquetRecordBatchReaderBuilder::new_with_metadata(self.bytes, self.metadata)
            .with_batch_size(ROWS_AT_ONCE)
            .build()
            .map_err(BatchError::Decode)?;
        let mut start = 0;
        for batch in reader {
            let batch = batch.map_err(|error| BatchError::Decode(ParquetError::from(error)))?;
            if start + batch.num_rows() > self.rows_max {
                return Err(unfit("it has more rows than it claims"));
            }
            let rows = Rows::new(&batch).ok_or_else(|| {
                BatchError::Decode(ParquetError::General("columns are not of the announced types".to_owned()))
            })?;
            for index in 0..batch.num_rows() {
                each(start + index, &rows.row(index), rows.leaf_hash.value(index));
            }
            start += batch.num_rows();
        }
        Ok(())
    }
}

/// The Parquet library asserts some of what a footer claims (a negative offset, for one) instead of returning an error.
/// Evidence may be hostile, so such a panic ends here and becomes what it means: bytes that are no readable Parquet.
fn contained<T>(read: impl FnOnce() -> T) -> Result<T, BatchError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read)).map_err(|cause| {
        let said = cause.downcast_ref::<String>().cloned();
        let said = said.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        BatchError::Decode(ParquetError::General(said.unwrap_or_else(|| "the reader gave up".to_owned())))
    })
}

fn unfit(flaw: &'static str) -> BatchError {
    BatchError::Decode(ParquetError::General(flaw.to_owned()))
}

const fn is_ours(codec: Compression) -> bool {
    matches!(codec, Compression::UNCOMPRESSED | Compression::ZSTD(_))
}

fn same_column(expected: &Field, found: &Field) -> bool {
    (expected.name(), expected.data_type(), expected.is_nullable())
        == (found.name(), found.data_type(), found.is_nullable())
}

/// The columns of one batch of rows.
struct Rows<'a> {
    texts: Vec<&'a StringArray>,
    created_at: &'a TimestampMillisecondArray,
    size_bytes: &'a Int64Array,
    leaf_hash: &'a BinaryArray,
}

impl<'a> Rows<'a> {
    fn new(batch: &'a RecordBatch) -> Option<Self> {
        let columns = batch.columns();
        Some(Self {
            texts: columns.iter().filter_map(|column| column.as_string_opt::<i32>()).collect(),
            created_at: columns.get(schema::CREATED_AT)?.as_primitive_opt::<TimestampMillisecondType>()?,
            size_bytes: columns.get(schema::SIZE_BYTES)?.as_primitive_opt::<Int64Type>()?,
            leaf_hash: columns.get(schema::LEAF_HASH)?.as_binary_opt::<i32>()?,
        })
        .filter(|rows| rows.texts.len() == 20)
    }

    /// `place` counts text columns only.
    fn text(&self, place: usize, index: usize) -> Option<&'a str> {
        let column = self.texts.get(place)?;
        (!column.is_null(index)).then(|| column.value(index))
    }

    fn row(&self, index: usize) -> EvidenceRow<'a> {
        let text = |place| self.text(place, index);
        let required = |place| text(place).unwrap_or_default();
        EvidenceRow {
            stream_label: required(0),
            shard_id: required(1),
            change: ChangeRecord {
                sequence_number: required(2),
                event_id: text(3),
                event_name: text(4),
                event_version: text(5),
                event_source: text(6),
                aws_region: text(7),
                created_at: (!self.created_at.is_null(index)).then(|| self.created_at.value(index)),
                size_bytes: (!self.size_bytes.is_null(index)).then(|| self.size_bytes.value(index)),
                stream_view_type: text(8),
                user_identity_type: text(9),
                user_identity_principal_id: text(10),
                keys: text(11),
                old_image: text(12),
                new_image: text(13),
                extra: text(14),
            },
            decision: Decision {
                verdict: required(15),
                reason: text(16),
                tags: text(17),
                redactions: text(18),
                filter: text(19),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BatchBuilder, SealedBatch};
    use proptest::prelude::*;

    type Texts = Vec<Option<String>>;

    fn row(texts: &Texts, created_at: Option<i64>, size_bytes: Option<i64>) -> EvidenceRow<'_> {
        let text = |n: usize| texts[n].as_deref();
        EvidenceRow {
            stream_label: "label",
            shard_id: "shard",
            change: ChangeRecord {
                sequence_number: "7",
                event_id: text(0),
                created_at,
                size_bytes,
                user_identity_type: text(1),
                keys: text(2),
                old_image: text(3),
                new_image: text(4),
                extra: text(5),
                ..ChangeRecord::default()
            },
            decision: Decision {
                verdict: "keep",
                reason: text(6),
                tags: text(7),
                redactions: None,
                filter: text(0),
            },
        }
    }

    fn sealed(rows: &[(Texts, Option<i64>, Option<i64>)], page: usize) -> SealedBatch {
        let mut builder = BatchBuilder::new().unwrap();
        for (number, (texts, created_at, size)) in rows.iter().enumerate() {
            builder.push(&row(texts, *created_at, *size), &[u8::try_from(number % 256).unwrap(); 32]);
            if number % page == page - 1 {
                builder.end_page().unwrap();
            }
        }
        builder.seal().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn rows_come_back_as_they_went_in_and_bytes_are_the_same_each_time(
            rows in proptest::collection::vec(
                (proptest::collection::vec(any::<Option<String>>(), 8), any::<Option<i64>>(), any::<Option<i64>>()), 1..40),
            page in 1_usize..20,
        ) {
            let batch = sealed(&rows, page);
            prop_assert_eq!(&batch, &sealed(&rows, page));
            let reader = EvidenceReader::open(batch.bytes).unwrap();
            prop_assert_eq!(reader.rows(), rows.len() as u64);
            let mut seen = 0;
            reader.for_each(|number, read, leaf| {
                let (texts, created_at, size) = &rows[number];
                assert_eq!(*read, row(texts, *created_at, *size));
                assert_eq!(leaf, [u8::try_from(number % 256).unwrap(); 32]);
                seen += 1;
            }).unwrap();
            prop_assert_eq!(seen, rows.len());
        }

        #[test]
        fn damaged_bytes_give_an_error_or_rows_but_no_panic(place in any::<prop::sample::Index>(), bit in 0_u8..8) {
            let rows = vec![(vec![Some("x".repeat(50)); 8], Some(1), None); 20];
            let mut bytes = sealed(&rows, 7).bytes.to_vec();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            if let Ok(reader) = EvidenceReader::open(Bytes::from(bytes)) {
                let _ignored = reader.for_each(|_, _, _| ());
            }
        }
    }

    #[test]
    fn a_foreign_schema_is_named() {
        let schema = std::sync::Arc::new(arrow::datatypes::Schema::new(vec![Field::new(
            "stream_label",
            arrow::datatypes::DataType::Int64,
            false,
        )]));
        let writer = parquet::arrow::ArrowWriter::try_new(Vec::new(), schema, None).unwrap();
        let error = EvidenceReader::open(Bytes::from(writer.into_inner().unwrap())).err().unwrap();
        assert_eq!(error.to_string(), "column 1 should be stream_label Utf8, found stream_label Int64");
    }
}
