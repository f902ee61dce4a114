//! The simulator's truth as rows: what an archive has to hold, computed once for each record.

use std::collections::BTreeMap;

use bytes::Bytes;
use sealog_record::{Decision, EvidenceRow, SequenceNumber, ShardId, StreamLabel, encode_leaf};
use sealog_simulator::{Engine, TruthRecord};
use sealog_source::Page;

use crate::oracle::{Place, Row};

/// Everything that the service ever offered, by table.
#[derive(Debug, Default)]
pub struct Ledger {
    tables: BTreeMap<String, BTreeMap<Place, Shard>>,
    /// Whether the service takes a place behind a trimmed record if the next one is still there.
    pub accepts_after_trimmed: bool,
    /// The instant (ms) that it tells of.
    pub now_ms: i64,
}

/// A shard as it was offered.
#[derive(Debug, Default)]
pub struct Shard {
    /// The shard that it came from.
    pub parent: Option<ShardId>,
    /// From this instant (ms) on the service did not find it.
    pub readable_until_ms: i64,
    /// Its records.
    pub records: BTreeMap<SequenceNumber, Offered>,
}

/// A record as it was offered.
pub struct Offered {
    /// The row that it has to become.
    pub row: Row,
    /// The item's key, even where the record cannot be read.
    pub item: Bytes,
    /// When it was written, in milliseconds.
    pub at_ms: i64,
    /// From this instant (ms) on the service did not give it out.
    pub readable_until_ms: i64,
}

/// The row itself is other people's data, and long.
impl std::fmt::Debug for Offered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = |ms: i64| ms.saturating_sub(crate::clock::ZERO_MS) / 1000;
        let item = String::from_utf8_lossy(&self.item);
        write!(
            f,
            "{item} written at {} s, readable until {} s",
            seconds(self.at_ms),
            seconds(self.readable_until_ms)
        )
    }
}

impl Ledger {
    /// Takes in what is new.
    pub fn learn(&mut self, engine: &Engine) {
        self.accepts_after_trimmed = engine.scenario().accept_after_trimmed;
        self.now_ms = engine.now_ms();
        for found in engine.shards() {
            let table = self.tables.entry(found.stream.table().table_name().to_owned()).or_default();
            let shard = table.entry((found.stream.label(), found.shard.clone())).or_default();
            shard.parent = found.parent.cloned();
            shard.readable_until_ms = found.readable_until_ms;
        }
        for record in engine.truth() {
            let label = record.stream.label();
            let table = self.tables.get_mut(record.stream.table().table_name()).unwrap();
            let shard = table.get_mut(&(label.clone(), record.shard.clone())).unwrap();
            let number = record.sequence_number().parse().unwrap();
            let offered = shard.records.entry(number).or_insert_with(|| offered(&record, &label));
            offered.readable_until_ms = record.readable_until_ms;
        }
    }

    /// The shards of a table.
    #[must_use]
    pub fn table(&self, name: &str) -> &BTreeMap<Place, Shard> {
        static NONE: BTreeMap<Place, Shard> = BTreeMap::new();
        self.tables.get(name).unwrap_or(&NONE)
    }
}

fn offered(record: &TruthRecord<'_>, label: &StreamLabel) -> Offered {
    let body = [b"{\"Records\":[", &record.json[..], b"]}"].concat();
    let page = Page::parse(Bytes::from(body)).unwrap();
    let read = page.record(0).unwrap();
    let decision = if read.unreadable { Decision::UNREADABLE } else { Decision::KEEP };
    let evidence = EvidenceRow {
        stream_label: label.as_str(),
        shard_id: record.shard.as_str(),
        change: read.change,
        decision,
    };
    let mut leaf = Vec::new();
    encode_leaf(&evidence, &mut leaf);
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    // Of an unreadable record the whole is kept, and nothing is taken out of it.
    let image = |bytes: Option<&[u8]>| bytes.filter(|_| !read.unreadable).map(text);
    let row = Row {
        number: record.sequence_number().parse().unwrap(),
        keys: image(Some(record.keys())),
        old_image: image(record.old_image()),
        new_image: image(record.new_image()),
        leaf,
    };
    Offered {
        row,
        item: Bytes::copy_from_slice(record.keys()),
        at_ms: record.at_ms,
        readable_until_ms: record.readable_until_ms,
    }
}
