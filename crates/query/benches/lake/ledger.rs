//! Writes the archive that is asked: a shop's orders, drawn from a seed. Its commits and evidence are as a writer's, but
//! neither signed nor read from a stream.

use bytes::Bytes;
use sealog_batch::BatchBuilder;
use sealog_chain::{
    Batch, BatchObject, Commit, Decisions, FORMAT, Fact, Hash, Previous, SCHEMA, Segment, SegmentFrom, Tree,
    Writer, commit_key, evidence_key, record_leaf, sha256,
};
use sealog_record::{ChangeRecord, Decision, EvidenceRow, Timestamp};
use sealog_store::{Created, Log};

/// 2026-11-22T00:00:00.000Z
pub(crate) const BEGIN_MS: i64 = 1_795_305_600_000;
pub(crate) const DAY_MS: i64 = 86_400_000;
const LABEL: &str = "2026-11-21T23:00:00.000";
const SHARD: &str = "shardId-00000001795305600000-0a1b2c3d";
/// Changes of an item, in the mean.
const CHANGES_OF_AN_ITEM: u64 = 20;
/// Rows of a row group, as a page of the service gives them.
const ROWS_OF_A_PAGE: u64 = 1_000;

/// How much is drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) days: u64,
    pub(crate) commits_of_a_day: u64,
    pub(crate) rows_of_a_commit: u64,
}

impl Size {
    pub(crate) fn rows(self) -> u64 {
        self.days * self.commits_of_a_day * self.rows_of_a_commit
    }

    fn items(self) -> u64 {
        (self.rows() / CHANGES_OF_AN_ITEM).max(1)
    }
}

/// The same numbers from the same seed, everywhere (splitmix64).
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed(self.0)
    }
}

fn mixed(number: u64) -> u64 {
    let first = (number ^ (number >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let second = (first ^ (first >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    second ^ (second >> 31)
}

/// Partition key and sort key of an item.
pub(crate) fn key(item: u64) -> (String, String) {
    (format!("customer#{:08}", mixed(item / 4) % 100_000_000), format!("order#{item:010}"))
}

/// An item as version `version` of it is; about 700 bytes.
fn image(item: u64, version: u64) -> String {
    let (pk, sk) = key(item);
    let state = mixed(item.wrapping_mul(31).wrapping_add(version));
    let status = ["PLACED", "PAID", "PACKED", "SENT", "DELIVERED", "RETURNED"]
        .get((version % 6) as usize)
        .copied()
        .unwrap_or_default();
    format!(
        r#"{{"pk":{{"S":"{pk}"}},"sk":{{"S":"{sk}"}},"status":{{"S":"{status}"}},"amount":{{"N":"{}.{:02}"}},"currency":{{"S":"EUR"}},"version":{{"N":"{version}"}},"customer":{{"M":{{"tenant":{{"S":"tenant-{}"}},"name":{{"S":"Alexandra Example {}"}},"mail":{{"S":"alexandra.{}@example.com"}}}}}},"lines":{{"L":[{{"M":{{"sku":{{"S":"SKU-{:06}"}},"quantity":{{"N":"{}"}},"price":{{"N":"{}.99"}}}}}},{{"M":{{"sku":{{"S":"SKU-{:06}"}},"quantity":{{"N":"1"}},"price":{{"N":"19.99"}}}}}}]}},"labels":{{"SS":["gift","express"]}},"note":{{"S":"please leave it with the neighbours if nobody opens"}},"updated_at":{{"N":"{}"}}}}"#,
        state % 20_000,
        state >> 20 & 63,
        item % 7,
        item % 9_973,
        item % 99_991,
        item % 1_013,
        1 + state % 4,
        state % 89,
        item % 7_919,
        1_795_305_600 + version * 977,
    )
}

/// The archive while it is written.
struct Archive<'a> {
    log: &'a Log,
    size: Size,
    versions: Vec<u16>,
    draw: Draw,
    next: u64,
    previous: Option<Hash>,
    sequence: u64,
}

/// Writes an archive; gives the bytes of its evidence and, of each item, how often it changed.
pub(crate) async fn write(log: &Log, size: Size, seed: u64) -> (u64, Vec<u16>) {
    let items = usize::try_from(size.items()).unwrap();
    let mut archive = Archive {
        log,
        size,
        versions: vec![0; items],
        draw: Draw(seed),
        next: 0,
        previous: None,
        sequence: 1_000_000_000_000,
    };
    archive.commit(BEGIN_MS, vec![Fact::CaptureStarted {}], None).await;
    let mut bytes = 0;
    for day in 0..size.days {
        for place in 0..size.commits_of_a_day {
            let step = DAY_MS / size.commits_of_a_day as i64;
            let from = BEGIN_MS + day as i64 * DAY_MS + place as i64 * step;
            let batch = archive.batch(from, step).await;
            bytes += batch.objects.iter().map(|object| object.bytes).sum::<u64>();
            archive.commit(from + step - 1, Vec::new(), Some(batch)).await;
        }
    }
    (bytes, archive.versions)
}

impl Archive<'_> {
    async fn commit(&mut self, committed_at: i64, facts: Vec<Fact>, batch: Option<Batch>) {
        let commit = Commit {
            format: FORMAT.to_owned(),
            origin: "sealog/arn:aws:dynamodb:eu-west-1:123456789012:table/orders".to_owned(),
            number: self.next,
            previous: self.previous.map(|sha256| Previous { sha256, version_id: None }),
            committed_at: Timestamp::from_millis(committed_at),
            writer: Writer { id: "w".to_owned(), build: "bench".to_owned() },
            batch,
            facts,
        };
        let bytes = Bytes::from(commit.render().unwrap());
        self.previous = Some(sha256(&bytes));
        self.put(&commit_key(self.next), bytes).await;
        self.next += 1;
    }

    async fn batch(&mut self, from: i64, step: i64) -> Batch {
        let (mut builder, mut tree, mut scratch) =
            (BatchBuilder::new().unwrap(), Tree::default(), Vec::new());
        let (first, rows) = (self.sequence + 1, self.size.rows_of_a_commit);
        for place in 0..rows {
            self.sequence += 1;
            let created_at = from + step * place as i64 / rows as i64 / 1000 * 1000;
            self.row(created_at, &mut builder, &mut tree, &mut scratch);
            if (place + 1).is_multiple_of(ROWS_OF_A_PAGE) {
                builder.end_page().unwrap();
            }
        }
        let bytes = builder.seal().unwrap().bytes;
        let hash = sha256(&bytes);
        let object = BatchObject {
            key: evidence_key(&hash),
            schema: SCHEMA.to_owned(),
            bytes: bytes.len() as u64,
            sha256: hash,
            rows,
        };
        self.put(&object.key, bytes).await;
        let number = |number: u64| Some(number.to_string().parse().unwrap());
        let begins = self.next == 1;
        let segment = Segment {
            stream: LABEL.parse().unwrap(),
            shard: SHARD.parse().unwrap(),
            parent: None,
            from: if begins { SegmentFrom::TrimHorizon } else { SegmentFrom::After },
            after: if begins { None } else { number(first - 1) },
            last: number(self.sequence),
            rows,
            closed: false,
        };
        Batch {
            records: rows,
            records_root: tree.root(),
            objects: vec![object],
            segments: vec![segment],
            decisions: Decisions { keep: rows, ..Decisions::default() },
            filters: Vec::new(),
        }
    }

    /// The next change, of an item that is drawn.
    fn row(&mut self, created_at: i64, builder: &mut BatchBuilder, tree: &mut Tree, scratch: &mut Vec<u8>) {
        let item = self.draw.next() % self.size.items();
        let version = &mut self.versions[usize::try_from(item).unwrap()];
        let old = (*version > 0).then(|| image(item, u64::from(*version)));
        *version += 1;
        let new = image(item, u64::from(*version));
        let (pk, sk) = key(item);
        let keys = format!(r#"{{"pk":{{"S":"{pk}"}},"sk":{{"S":"{sk}"}}}}"#);
        let (sequence, event) = (self.sequence.to_string(), format!("{:032x}", mixed(self.sequence)));
        let size = keys.len() + old.as_ref().map_or(0, String::len) + new.len();
        let row = EvidenceRow {
            stream_label: LABEL,
            shard_id: SHARD,
            change: ChangeRecord {
                sequence_number: &sequence,
                event_id: Some(&event),
                event_name: Some(if old.is_none() { "INSERT" } else { "MODIFY" }),
                event_version: Some("1.1"),
                event_source: Some("aws:dynamodb"),
                aws_region: Some("eu-west-1"),
                created_at: Some(created_at),
                size_bytes: i64::try_from(size / 2).ok(),
                stream_view_type: Some("NEW_AND_OLD_IMAGES"),
                keys: Some(&keys),
                old_image: old.as_deref(),
                new_image: Some(&new),
                ..ChangeRecord::default()
            },
            decision: Decision::KEEP,
        };
        let leaf = record_leaf(&row, scratch);
        tree.push(leaf);
        builder.push(&row, &leaf.0);
    }

    async fn put(&self, name: &str, bytes: Bytes) {
        let created = self.log.store().create(&self.log.key(name), bytes).await.unwrap();
        assert!(matches!(created, Created::New { .. }), "{name}");
    }
}
