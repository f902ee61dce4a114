//! Rows of evidence that own their texts, and the Parquet objects made of them.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use sealog_batch::BatchBuilder;
use sealog_chain::{Hash, record_leaf};
use sealog_record::{ChangeRecord, Decision, EvidenceRow};

/// Label of the stream that most rows come from.
pub const STREAM: &str = "2026-11-22T00:00:00.000";

/// One row; members as in [`ChangeRecord`] and [`Decision`].
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "the columns of FORMAT.md, section 4")]
pub struct Row {
    pub stream: String,
    pub shard: String,
    pub sequence: String,
    pub event_id: Option<String>,
    pub event_name: Option<String>,
    pub event_version: Option<String>,
    pub event_source: Option<String>,
    pub aws_region: Option<String>,
    pub created_at: Option<i64>,
    pub size_bytes: Option<i64>,
    pub view_type: Option<String>,
    pub user_type: Option<String>,
    pub user_principal: Option<String>,
    pub keys: Option<String>,
    pub old_image: Option<String>,
    pub new_image: Option<String>,
    pub extra: Option<String>,
    pub verdict: String,
    pub reason: Option<String>,
    pub tags: Option<String>,
    pub redactions: Option<String>,
    pub filter: Option<String>,
    /// Stored instead of the row's own leaf.
    pub forged_leaf: Option<[u8; 32]>,
}

/// Sequence number of 21 digits, the fewest that the service sends.
#[must_use]
pub fn sequence(number: u64) -> String {
    format!("1{number:020}")
}

/// An update of account `number`, as the service would send it.
#[must_use]
pub fn row(shard: &str, number: u64) -> Row {
    let text = |text: &str| Some(text.to_owned());
    let image =
        |balance: u64| Some(format!(r#"{{"account":{{"S":"a-{number}"}},"balance":{{"N":"{balance}"}}}}"#));
    Row {
        stream: STREAM.to_owned(),
        shard: shard.to_owned(),
        sequence: sequence(number),
        event_id: Some(format!("event-{number}")),
        event_name: text("MODIFY"),
        event_version: text("1.1"),
        event_source: text("aws:dynamodb"),
        aws_region: text("eu-west-1"),
        created_at: Some(1_795_341_600_000),
        size_bytes: Some(58),
        view_type: text("NEW_AND_OLD_IMAGES"),
        keys: Some(format!(r#"{{"account":{{"S":"a-{number}"}}}}"#)),
        old_image: image(number),
        new_image: image(number + 1),
        verdict: "keep".to_owned(),
        ..Row::default()
    }
}

/// Rows `numbers` of a shard.
#[must_use]
pub fn rows(shard: &str, numbers: impl IntoIterator<Item = u64>) -> Vec<Row> {
    numbers.into_iter().map(|number| row(shard, number)).collect()
}

impl Row {
    fn as_evidence(&self) -> EvidenceRow<'_> {
        EvidenceRow {
            stream_label: &self.stream,
            shard_id: &self.shard,
            change: ChangeRecord {
                sequence_number: &self.sequence,
                event_id: self.event_id.as_deref(),
                event_name: self.event_name.as_deref(),
                event_version: self.event_version.as_deref(),
                event_source: self.event_source.as_deref(),
                aws_region: self.aws_region.as_deref(),
                created_at: self.created_at,
                size_bytes: self.size_bytes,
                stream_view_type: self.view_type.as_deref(),
                user_identity_type: self.user_type.as_deref(),
                user_identity_principal_id: self.user_principal.as_deref(),
                keys: self.keys.as_deref(),
                old_image: self.old_image.as_deref(),
                new_image: self.new_image.as_deref(),
                extra: self.extra.as_deref(),
            },
            decision: Decision {
                verdict: &self.verdict,
                reason: self.reason.as_deref(),
                tags: self.tags.as_deref(),
                redactions: self.redactions.as_deref(),
                filter: self.filter.as_deref(),
            },
        }
    }

    /// The row's record leaf, whatever is stored beside it.
    #[must_use]
    pub fn leaf(&self) -> Hash {
        record_leaf(&self.as_evidence(), &mut Vec::new())
    }
}

/// The rows as an evidence object.
#[must_use]
pub fn parquet(rows: &[Row]) -> Vec<u8> {
    let mut builder = BatchBuilder::new().unwrap();
    for row in rows {
        builder.push(&row.as_evidence(), &row.forged_leaf.unwrap_or(row.leaf().0));
    }
    builder.seal().unwrap().bytes.to_vec()
}

/// The rows as Parquet that lacks all columns but the sequence number.
#[must_use]
pub fn parquet_of_another_schema(rows: &[Row]) -> Vec<u8> {
    let cells: ArrayRef = Arc::new(StringArray::from_iter_values(rows.iter().map(|row| &row.sequence)));
    let batch = RecordBatch::try_from_iter([("sequence_number", cells)]).unwrap();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}
