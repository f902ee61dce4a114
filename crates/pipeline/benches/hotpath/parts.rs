//! What is measured.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sealog_batch::{BatchBuilder, SealRule};
use sealog_chain::{OnGap, StartAt, Tree, Writer, record_leaf};
use sealog_pipeline::{Config, Identity, Run, Signals, Signing, TableConfig};
use sealog_record::{Decision, EvidenceRow};
use sealog_simulation::world::signer;
use sealog_source::{Page, SystemClock};
use sealog_store::{Directory, Location};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::orders;
use crate::service::Bodied;

const RECORDS: usize = 60_000;
const PAGE_RECORDS: usize = 1_000;
const ROWS: usize = 10_000;
const STREAM: &str = "2026-11-22T00:00:00.000";
const SHARD: &str = "shardId-00000001795342530000-0a1b2c3d";

/// Replies to `GetRecords`, made once from a fixed seed.
pub(crate) struct Bodies {
    pub(crate) bodies: Vec<Bytes>,
    pub(crate) records: usize,
    pub(crate) bytes: usize,
    images: usize,
}

impl Bodies {
    pub(crate) fn generate() -> Self {
        let (records, images) = orders::records(RECORDS);
        let pages = records.chunks(PAGE_RECORDS);
        let last = pages.len() - 1;
        let bodies: Vec<Bytes> = pages.enumerate().map(|(place, page)| body(page, place, last)).collect();
        let bytes = bodies.iter().map(Bytes::len).sum();
        Self { records: records.len(), bodies, bytes, images }
    }

    pub(crate) fn describe(&self) -> String {
        format!(
            "{} records of {} bytes on the wire, {} of them images, in {} pages; {ROWS} rows a batch",
            self.records,
            self.bytes / self.records,
            self.images / self.records,
            self.bodies.len(),
        )
    }
}

/// The iterator of a page is the place of the next one; the last has none, so that its shard ends.
fn body(records: &[Bytes], place: usize, last: usize) -> Bytes {
    let mut body = b"{".to_vec();
    if place < last {
        body.extend_from_slice(format!("\"NextShardIterator\":\"{}\",", place + 1).as_bytes());
    }
    body.extend_from_slice(b"\"Records\":[");
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        body.extend_from_slice(record);
    }
    body.extend_from_slice(b"]}");
    body.into()
}

/// What a part is given; made outside the measured time.
pub(crate) enum Prepared {
    Bodies(Vec<Bytes>),
    Pages(Vec<Page>),
    Archive(Vec<Bytes>, tempfile::TempDir),
}

/// One measured part.
pub(crate) struct Part {
    pub(crate) name: &'static str,
    prepare: fn(&Bodies) -> Prepared,
    run: fn(Prepared) -> u64,
    result: Option<u64>,
    note: Option<fn(u64) -> String>,
}

impl Part {
    pub(crate) fn prepare(&self, bodies: &Bodies) -> Prepared {
        (self.prepare)(bodies)
    }

    pub(crate) fn run(&mut self, prepared: Prepared) {
        self.result = Some(std::hint::black_box((self.run)(prepared)));
    }

    pub(crate) fn note(&self) -> Option<String> {
        Some((self.note?)(self.result?))
    }
}

pub(crate) fn all() -> Vec<Part> {
    let part = |name, prepare, run| Part { name, prepare, run, result: None, note: None };
    vec![
        part("reference: serde_json RawValue, page to records", just_bodies, raw_value),
        part("reference: SHA-256 over the bodies", just_bodies, plain_sha256),
        part("(a) parse page to rows", just_bodies, parse),
        Part {
            note: Some(|bytes| format!("(b) wrote {} bytes of Parquet a record", bytes / RECORDS as u64)),
            ..part("(b) rows to Parquet", parsed, parquet)
        },
        part("(c) leaf hashes and root", parsed, leaves),
        Part {
            note: Some(|records| {
                format!("(d) committed {records} records; archive in {}", archives().display())
            }),
            ..part("(d) end to end: bodies to signed commits in a directory", archive, end_to_end)
        },
    ]
}

fn just_bodies(bodies: &Bodies) -> Prepared {
    Prepared::Bodies(bodies.bodies.clone())
}

fn parsed(bodies: &Bodies) -> Prepared {
    Prepared::Pages(bodies.bodies.iter().map(|body| Page::parse(body.clone()).unwrap()).collect())
}

fn archive(bodies: &Bodies) -> Prepared {
    Prepared::Archive(bodies.bodies.clone(), tempfile::tempdir_in(archives()).unwrap())
}

/// In memory where there is such a place, so that no disk is measured.
fn archives() -> PathBuf {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() }
}

fn bodies(prepared: Prepared) -> Vec<Bytes> {
    match prepared {
        Prepared::Bodies(bodies) => bodies,
        Prepared::Pages(_) | Prepared::Archive(..) => Vec::new(),
    }
}

fn pages(prepared: Prepared) -> Vec<Page> {
    match prepared {
        Prepared::Pages(pages) => pages,
        Prepared::Bodies(_) | Prepared::Archive(..) => Vec::new(),
    }
}

/// Only what a reader cannot do without: the number and the raw members.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawPage<'a> {
    #[serde(borrow)]
    records: Vec<RawRecord<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRecord<'a> {
    #[serde(rename = "eventID", borrow)]
    event_id: &'a str,
    event_name: &'a str,
    event_version: &'a str,
    event_source: &'a str,
    aws_region: &'a str,
    dynamodb: RawChange<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RawChange<'a> {
    approximate_creation_date_time: i64,
    #[serde(borrow)]
    keys: &'a RawValue,
    #[serde(borrow)]
    old_image: Option<&'a RawValue>,
    #[serde(borrow)]
    new_image: Option<&'a RawValue>,
    sequence_number: &'a str,
    size_bytes: i64,
    stream_view_type: &'a str,
}

fn raw_value(prepared: Prepared) -> u64 {
    let len = |value: Option<&RawValue>| value.map_or(0, |value| value.get().len());
    let mut seen = 0;
    for body in bodies(prepared) {
        let text = std::str::from_utf8(&body).unwrap();
        let page: RawPage<'_> = serde_json::from_str(text).unwrap();
        for RawRecord { event_id, event_name, event_version, event_source, aws_region, dynamodb } in
            &page.records
        {
            let texts =
                [*event_id, event_name, event_version, event_source, aws_region, dynamodb.stream_view_type];
            let texts: usize = texts.iter().map(|text| text.len()).sum();
            let raw = len(Some(dynamodb.keys)) + len(dynamodb.old_image) + len(dynamodb.new_image);
            seen += texts + raw + dynamodb.sequence_number.len();
            seen += usize::from(dynamodb.size_bytes > 0)
                + usize::from(dynamodb.approximate_creation_date_time > 0);
        }
    }
    seen as u64
}

fn plain_sha256(prepared: Prepared) -> u64 {
    bodies(prepared).iter().map(|body| u64::from(sealog_chain::sha256(body).0[0])).sum()
}

fn rows(page: &Page) -> impl Iterator<Item = EvidenceRow<'_>> {
    page.records().map(|record| EvidenceRow {
        stream_label: STREAM,
        shard_id: SHARD,
        change: record.change,
        decision: Decision::KEEP,
    })
}

fn parse(prepared: Prepared) -> u64 {
    let mut seen = 0;
    for body in bodies(prepared) {
        let page = Page::parse(body).unwrap();
        seen += rows(&page).map(|row| row.change.new_image.map_or(0, str::len)).sum::<usize>();
    }
    seen as u64
}

fn parquet(prepared: Prepared) -> u64 {
    // Hashes do not compress; what they are makes no difference here.
    let leaf = |number: usize| sealog_chain::sha256(&number.to_be_bytes()).0;
    let leaves: Vec<[u8; 32]> = (0..PAGE_RECORDS).map(leaf).collect();
    let (mut builder, mut bytes) = (BatchBuilder::new().unwrap(), 0);
    for page in pages(prepared) {
        for (row, leaf) in rows(&page).zip(&leaves) {
            builder.push(&row, leaf);
        }
        builder.end_page().unwrap();
        if builder.rows() >= ROWS {
            let full = std::mem::replace(&mut builder, BatchBuilder::new().unwrap());
            bytes += full.seal().unwrap().bytes.len();
        }
    }
    bytes as u64
}

fn leaves(prepared: Prepared) -> u64 {
    let (mut scratch, mut tree) = (Vec::new(), Tree::default());
    for page in pages(prepared) {
        for row in rows(&page) {
            tree.push(record_leaf(&row, &mut scratch));
        }
    }
    u64::from(tree.root().0[0])
}

fn config(archive: &Path) -> Config {
    let table = TableConfig {
        name: "volume".to_owned(),
        log: "volume".to_owned(),
        require_view_type: None,
        start: StartAt::TrimHorizon,
        on_gap: OnGap::Halt,
        latency: Duration::from_secs(10),
        filters: Vec::new(),
        columns: sealog_pipeline::Columns::default(),
    };
    Config {
        archive: Location::Directory(archive.to_owned()),
        signing: Signing::file(PathBuf::new()),
        heartbeat: Duration::from_secs(3600),
        seal: SealRule { rows_max: ROWS, ..SealRule::default() },
        protection: sealog_pipeline::Protection::default(),
        memory_max: 64 << 20,
        filter_cache: None,
        redaction_secret: None,
        signals: Signals::default(),
        lake: None,
        tables: vec![table],
    }
}

/// The whole pipeline as `sealog run` has it, reader included, on one thread; files are written by tokio's file threads.
fn end_to_end(prepared: Prepared) -> u64 {
    let Prepared::Archive(bodies, folder) = prepared else { return 0 };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(Directory::create(folder.path()).await.unwrap());
        let identity = Identity {
            writer: Writer { id: "bench".to_owned(), build: "bench".to_owned() },
            signer: signer("bench", [7; 32]),
            clock: Arc::new(SystemClock),
            cancel: Default::default(),
        };
        let run = Run::new(config(folder.path()), Bodied(bodies), store, identity, true);
        let progress = run.progress();
        for table in run.run().await {
            table.result.unwrap();
        }
        progress[0].1.totals().committed
    })
}
