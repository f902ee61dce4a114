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
    /// From this instant (ms) on nobody can read it any more: it is trimmed, or its shard is gone or was hidden all along.
    pub readable_until_ms: i64,
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

/// One shard as it was offered, with or without records.
#[derive(Debug, Clone, Copy)]
pub struct TruthShard<'a> {
    /// The stream it belongs to.
    pub stream: &'a StreamArn,
    /// The shard.
    pub shard: &'a ShardId,
    /// The shard it came from.
    pub parent: Option<&'a ShardId>,
    /// From this instant (ms) on nobody finds it any more; [`i64::MAX`] while that is not settled.
    pub readable_until_ms: i64,
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
pub(crate) fn records(tables: &[TableState], retention_ms: i64) -> impl Iterator<Item = TruthRecord<'_>> {
    let streams = tables.iter().flat_map(|table| table.streams.iter().map(move |stream| (table, stream)));
    streams.flat_map(move |(table, stream)| {
        stream.shards.iter().enumerate().flat_map(move |(place, shard)| {
            let hidden = table.hides(place);
            shard.records.iter().enumerate().map(move |(index, record)| TruthRecord {
                stream: &stream.arn,
                shard: &shard.id,
                json: &record.json,
                at_ms: record.at_ms,
                readable_until_ms: if hidden {
                    i64::MIN
                } else {
                    shard.readable_until_ms(index, retention_ms)
                },
                record,
            })
        })
    })
}

/// By table, stream, and order of birth.
pub(crate) fn shards(tables: &[TableState], retention_ms: i64) -> impl Iterator<Item = TruthShard<'_>> {
    let streams = tables.iter().flat_map(|table| table.streams.iter().map(move |stream| (table, stream)));
    streams.flat_map(move |(table, stream)| {
        stream.shards.iter().enumerate().map(move |(place, shard)| TruthShard {
            stream: &stream.arn,
            shard: &shard.id,
            parent: shard.parent.and_then(|parent| stream.shards.get(parent)).map(|parent| &parent.id),
            readable_until_ms: if table.hides(place) { i64::MIN } else { shard.found_until_ms(retention_ms) },
        })
    })
}

/// Writes one line of JSON a record.
pub(crate) fn write_ndjson<'a>(
    records: impl Iterator<Item = TruthRecord<'a>>,
    detail: TruthDetail,
    out: &mut impl Write,
) -> io::Result<()> {
    for record in records {
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
