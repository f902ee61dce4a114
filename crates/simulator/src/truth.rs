//! The truth ledger: every record that was ever offered, byte for byte.

use std::io::{self, Write};

use sealog_record::{ShardId, StreamArn};
use serde_json::{Map, Value, json};

use crate::world::{Record, TableState};

/// One record as it was offered. Trimmed records stay here.
#[derive(Debug, Clone, Copy)]
pub struct TruthRecord<'a> {
    /// The stream it was written to.
    pub stream: &'a StreamArn,
    /// The shard.
    pub shard: &'a ShardId,
    /// The record as GetRecords gives it.
    pub json: &'a bytes::Bytes,
    /// When it was written, in milliseconds.
    pub at_ms: i64,
    record: &'a Record,
}

impl<'a> TruthRecord<'a> {
    /// The sequence number's digits.
    #[must_use]
    pub fn sequence_number(&self) -> String {
        self.record.sequence.to_string()
    }

    /// `Keys`, exactly as sent.
    #[must_use]
    pub fn keys(&self) -> &'a [u8] {
        self.record.keys()
    }

    /// `OldImage`, exactly as sent.
    #[must_use]
    pub fn old_image(&self) -> Option<&'a [u8]> {
        self.record.old_image()
    }

    /// `NewImage`, exactly as sent.
    #[must_use]
    pub fn new_image(&self) -> Option<&'a [u8]> {
        self.record.new_image()
    }
}

/// How much a line of the export tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TruthDetail {
    /// Stream, shard, sequence number, and the CRC-32 of the record's bytes.
    Numbers,
    /// Also the record, its keys and images: JSON texts **inside JSON strings**, so that any parser gives the exact bytes.
    Full,
}

/// By table, stream, shard (order of birth), and sequence number.
pub(crate) fn records(tables: &[TableState]) -> impl Iterator<Item = TruthRecord<'_>> {
    tables.iter().flat_map(|table| &table.streams).flat_map(|stream| {
        stream.shards.iter().flat_map(move |shard| {
            shard.records.iter().map(move |record| TruthRecord {
                stream: &stream.arn,
                shard: &shard.id,
                json: &record.json,
                at_ms: record.at_ms,
                record,
            })
        })
    })
}

/// Writes one line of JSON a record.
pub(crate) fn write_ndjson(
    tables: &[TableState],
    detail: TruthDetail,
    out: &mut impl Write,
) -> io::Result<()> {
    for record in records(tables) {
        let mut line = Map::new();
        let mut put = |name: &str, value: Value| line.insert(name.to_owned(), value);
        put("stream_arn", json!(record.stream));
        put("stream_label", json!(record.stream.label()));
        put("shard_id", json!(record.shard));
        put("sequence_number", json!(record.sequence_number()));
        put("at_ms", json!(record.at_ms));
        put("record_crc32", json!(crc32fast::hash(record.json)));
        if detail == TruthDetail::Full {
            put("record", text(record.json));
            put("keys", text(record.keys()));
            put("old_image", record.old_image().map_or(Value::Null, text));
            put("new_image", record.new_image().map_or(Value::Null, text));
        }
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}

/// Records are rendered from `String`s, so this is lossless.
fn text(bytes: &[u8]) -> Value {
    String::from_utf8_lossy(bytes).into_owned().into()
}
