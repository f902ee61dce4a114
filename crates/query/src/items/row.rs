//! Rows of an answer of the engine, one at a time.

use arrow::array::{Array as _, ArrayRef, AsArray as _, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use futures_util::TryStreamExt as _;
use sealog_record::{ChangeRecord, Decision, EvidenceRow, SequenceNumber, ShardId, StreamLabel, Timestamp};

use super::value::{Item, parse};
use crate::error::QueryError;

/// Columns that a row is made of, in any order; one that was not asked for reads as NULL.
const TEXTS: [&str; 22] = [
    "stream_label",
    "shard_id",
    "sequence_number",
    "event_id",
    "event_name",
    "event_version",
    "event_source",
    "aws_region",
    "stream_view_type",
    "user_identity_type",
    "user_identity_principal_id",
    "keys",
    "old_image",
    "new_image",
    "extra",
    "verdict",
    "reason",
    "tags",
    "redactions",
    "filter",
    "pk",
    "sk",
];
const INTEGERS: [&str; 5] = ["created_at", "size_bytes", "commit_number", "row_index", "committed_at"];

/// Order of one item's changes. Texts of sequence numbers are filled up to equal length, so that they order as numbers.
pub(crate) const IN_ORDER: &str = "stream_label, lpad(sequence_number, 40, '0')";

/// One row, with the columns that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    texts: [Option<String>; TEXTS.len()],
    integers: [Option<i64>; INTEGERS.len()],
    pub(crate) leaf_hash: Vec<u8>,
}

/// Where a change lies among those of its item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) stream: StreamLabel,
    pub(crate) shard: ShardId,
    pub(crate) sequence: SequenceNumber,
}

impl Row {
    fn text(&self, place: usize) -> Option<&str> {
        self.texts.get(place).and_then(Option::as_deref)
    }

    fn integer(&self, place: usize) -> Option<i64> {
        self.integers.get(place).copied().flatten()
    }

    /// As evidence has it.
    pub(crate) fn evidence(&self) -> EvidenceRow<'_> {
        EvidenceRow {
            stream_label: self.text(0).unwrap_or_default(),
            shard_id: self.text(1).unwrap_or_default(),
            change: ChangeRecord {
                sequence_number: self.text(2).unwrap_or_default(),
                event_id: self.text(3),
                event_name: self.text(4),
                event_version: self.text(5),
                event_source: self.text(6),
                aws_region: self.text(7),
                created_at: self.integer(0),
                size_bytes: self.integer(1),
                stream_view_type: self.text(8),
                user_identity_type: self.text(9),
                user_identity_principal_id: self.text(10),
                keys: self.text(11),
                old_image: self.text(12),
                new_image: self.text(13),
                extra: self.text(14),
            },
            decision: Decision {
                verdict: self.text(15).unwrap_or_default(),
                reason: self.text(16),
                tags: self.text(17),
                redactions: self.text(18),
                filter: self.text(19),
            },
        }
    }

    /// Key texts of the lake: equal for all rows of an item.
    pub(crate) fn group(&self) -> (Option<&str>, Option<&str>) {
        (self.text(20), self.text(21))
    }

    /// The key attributes; `None` where the record could not be read.
    pub(crate) fn keys(&self) -> Option<Item> {
        self.text(11).and_then(parse)
    }

    pub(crate) fn commit(&self) -> u64 {
        self.integer(2).and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
    }

    pub(crate) fn row(&self) -> u64 {
        self.integer(3).and_then(|number| u64::try_from(number).ok()).unwrap_or_default()
    }

    pub(crate) fn committed_at(&self) -> Timestamp {
        Timestamp::from_millis(self.integer(4).unwrap_or_default())
    }

    /// When the change was made, to the second; a change that does not say so was made before its commit at the latest.
    pub(crate) fn at(&self) -> Timestamp {
        self.integer(0).map_or_else(|| self.committed_at(), Timestamp::from_millis)
    }

    /// # Errors
    /// [`QueryError::Failed`] where stream, shard or number are none.
    pub(crate) fn spot(&self) -> Result<Spot, QueryError> {
        let broken = |error: sealog_record::MalformedText| {
            let (commit, row) = (self.commit(), self.row());
            QueryError::Failed(format!("row {row} of commit {commit}: {error}; run `sealog verify`"))
        };
        Ok(Spot {
            stream: self.text(0).unwrap_or_default().parse().map_err(broken)?,
            shard: self.text(1).unwrap_or_default().parse().map_err(broken)?,
            sequence: self.text(2).unwrap_or_default().parse().map_err(broken)?,
        })
    }
}

/// The rows of an answer. Memory: one record batch of the engine.
pub(crate) struct Rows {
    stream: SendableRecordBatchStream,
    batch: Option<Decoded>,
}

impl Rows {
    pub(crate) fn new(stream: SendableRecordBatchStream) -> Self {
        Self { stream, batch: None }
    }

    /// The next row; `None` at the end.
    ///
    /// # Errors
    /// [`QueryError`], as the engine has it.
    pub(crate) async fn next(&mut self) -> Result<Option<Row>, QueryError> {
        loop {
            if let Some(row) = self.batch.as_mut().and_then(Decoded::next) {
                return Ok(Some(row));
            }
            let Some(batch) = self.stream.try_next().await? else { return Ok(None) };
            self.batch = Some(Decoded::of(&batch)?);
        }
    }
}

/// Shows every row of an answer.
pub(crate) async fn each(
    stream: SendableRecordBatchStream,
    mut show: impl FnMut(Row) -> Result<(), QueryError>,
) -> Result<(), QueryError> {
    let mut rows = Rows::new(stream);
    while let Some(row) = rows.next().await? {
        show(row)?;
    }
    Ok(())
}

/// The one number of an answer that is a count.
pub(crate) async fn count(mut stream: SendableRecordBatchStream) -> Result<u64, QueryError> {
    let mut counted = 0;
    while let Some(batch) = stream.try_next().await? {
        let numbers =
            batch.columns().first().and_then(|column| column.as_primitive_opt::<Int64Type>().cloned());
        counted += numbers.iter().flat_map(|numbers| numbers.iter().flatten()).sum::<i64>();
    }
    Ok(u64::try_from(counted).unwrap_or(0))
}

/// A record batch by columns of known types.
struct Decoded {
    texts: Vec<Option<StringArray>>,
    integers: Vec<Option<Int64Array>>,
    leaf_hash: Option<BinaryArray>,
    next: usize,
    rows: usize,
}

impl Decoded {
    fn of(batch: &RecordBatch) -> Result<Self, QueryError> {
        let column = |name: &str, kind: &DataType| -> Result<Option<ArrayRef>, QueryError> {
            let cast = batch.column_by_name(name).map(|column| cast(column, kind)).transpose();
            Ok(cast.map_err(DataFusionError::from)?)
        };
        let text = |name: &&str| {
            Ok(column(name, &DataType::Utf8)?.and_then(|it| it.as_string_opt::<i32>().cloned()))
        };
        let integer = |name: &&str| {
            let found = column(name, &DataType::Int64)?;
            Ok(found.and_then(|it| it.as_primitive_opt::<Int64Type>().cloned()))
        };
        Ok(Self {
            texts: TEXTS.iter().map(text).collect::<Result<_, QueryError>>()?,
            integers: INTEGERS.iter().map(integer).collect::<Result<_, QueryError>>()?,
            leaf_hash: column("leaf_hash", &DataType::Binary)?
                .and_then(|it| it.as_binary_opt::<i32>().cloned()),
            next: 0,
            rows: batch.num_rows(),
        })
    }

    fn next(&mut self) -> Option<Row> {
        let index = self.next;
        if index >= self.rows {
            return None;
        }
        self.next += 1;
        let text = |place: usize| {
            let column = self.texts.get(place)?.as_ref()?;
            (!column.is_null(index)).then(|| column.value(index).to_owned())
        };
        let integer = |place: usize| {
            let column = self.integers.get(place)?.as_ref()?;
            (!column.is_null(index)).then(|| column.value(index))
        };
        Some(Row {
            texts: std::array::from_fn(text),
            integers: std::array::from_fn(integer),
            leaf_hash: self.leaf_hash.as_ref().map(|it| it.value(index).to_vec()).unwrap_or_default(),
        })
    }
}
