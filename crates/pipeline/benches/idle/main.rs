//! What idle shards cost, and how soon a burst that ends their sleep is archived: `cargo bench -p sealog-pipeline --bench idle`.
//!
//! The whole pipeline on the simulator's engine, without HTTP, on paused time: two virtual hours take seconds, and every
//! figure is exact and the same each time. One billed unit is one `GetRecords` call, empty or not.

#![allow(clippy::print_stdout, reason = "figures on standard output are what this program is for")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark that cannot go on should stop"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sealog_batch::SealRule;
use sealog_chain::{OnGap, StartAt, Writer};
use sealog_pipeline::{Config, Identity, Progress, Run, Signals, Signing, TableConfig};
use sealog_record::{ShardId, StreamArn};
use sealog_simulation::clock::{Paused, ZERO_MS};
use sealog_simulation::service::Simulated;
use sealog_simulation::world::signer;
use sealog_simulator::{Engine, Millis, Scenario, TableSpec, WriterSpec};
use sealog_source::{
    Clock, IteratorStart, ServiceError, ShardIterator, StreamClient, StreamPage, TableStream,
};
use sealog_store::{Location, Memory};
use tokio_util::sync::CancellationToken;

const TABLE: &str = "quiet";
const SHARDS: u32 = 200;
const IDLE: Duration = Duration::from_secs(2 * 3600);
const BURST: u64 = 2_000;
const LATENCY: Duration = Duration::from_secs(60);
/// FS-53, issue 4: at rest, with `latency = "60s"`.
const CALLS_MAX: f64 = 60.0;

/// Calls by operation.
type Calls = Arc<Mutex<BTreeMap<&'static str, u64>>>;

/// Counts what is asked.
struct Counted(Simulated, Calls);

impl Counted {
    fn count(&self, operation: &'static str) {
        *self.1.lock().unwrap().entry(operation).or_default() += 1;
    }
}

#[async_trait]
impl StreamClient for Counted {
    async fn list_streams(&self, table: &str) -> Result<Vec<StreamArn>, ServiceError> {
        self.count("ListStreams");
        self.0.list_streams(table).await
    }

    async fn describe_stream(
        &self,
        stream: &StreamArn,
        after: Option<&ShardId>,
    ) -> Result<StreamPage, ServiceError> {
        self.count("DescribeStream");
        self.0.describe_stream(stream, after).await
    }

    async fn shard_iterator(
        &self,
        stream: &StreamArn,
        shard: &ShardId,
        start: IteratorStart,
    ) -> Result<ShardIterator, ServiceError> {
        self.count("GetShardIterator");
        self.0.shard_iterator(stream, shard, start).await
    }

    async fn get_records(&self, iterator: &ShardIterator) -> Result<Bytes, ServiceError> {
        self.count("GetRecords");
        self.0.get_records(iterator).await
    }

    async fn describe_table(&self, table: &str) -> Result<TableStream, ServiceError> {
        self.count("DescribeTable");
        self.0.describe_table(table).await
    }
}

fn config() -> Config {
    let table = TableConfig {
        name: TABLE.to_owned(),
        log: TABLE.to_owned(),
        require_view_type: None,
        start: StartAt::TrimHorizon,
        on_gap: OnGap::Halt,
        latency: LATENCY,
        filters: Vec::new(),
        columns: sealog_pipeline::Columns::default(),
    };
    Config {
        archive: Location::Directory(PathBuf::new()),
        signing: Signing::file(PathBuf::new()),
        heartbeat: Duration::from_secs(3600),
        seal: SealRule::default(),
        protection: sealog_pipeline::Protection::default(),
        memory_max: 64 << 20,
        filter_cache: None,
        redaction_secret: None,
        signals: Signals::default(),
        lake: None,
        tables: vec![table],
    }
}

/// Nothing for two hours, then a burst within one second that reaches every shard.
fn scenario() -> Scenario {
    let burst = Millis(i64::try_from(IDLE.as_millis()).unwrap());
    let writer = WriterSpec { items: BURST, ..WriterSpec::count(BURST, burst, Millis(burst.0 + 1_000)) };
    Scenario::new(1).table(
        TableSpec { created: Millis::minutes(-1), ..TableSpec::new(TABLE) }.shards(SHARDS).writer(writer),
    )
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    tokio::time::pause();
    let clock = Arc::new(Paused::new());
    let calls = Calls::default();
    let engine = Arc::new(Mutex::new(Engine::new(scenario(), ZERO_MS).unwrap()));
    let simulated = Simulated::new(engine, Arc::clone(&clock) as Arc<dyn Clock>);
    let identity = Identity {
        writer: Writer { id: "bench".to_owned(), build: "bench".to_owned() },
        signer: signer("bench", [7; 32]),
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        cancel: CancellationToken::new(),
    };
    let cancel = identity.cancel.clone();
    let store = Arc::new(Memory::default());
    let run = Run::new(config(), Counted(simulated, Arc::clone(&calls)), store, identity, false);
    let progress = Arc::clone(&run.progress()[0].1);
    let (results, ()) = tokio::join!(run.run(), async {
        idle(&clock, &calls).await;
        burst(&clock, &progress).await;
        cancel.cancel();
    });
    for table in results {
        table.result.unwrap();
    }
}

/// Prints what each of the two hours cost.
async fn idle(clock: &Paused, calls: &Calls) {
    println!("{SHARDS} idle shards, latency = \"{} s\", virtual time", LATENCY.as_secs());
    let mut before = BTreeMap::new();
    for hour in 1..=2 {
        clock.sleep(IDLE / 2).await;
        let now = calls.lock().unwrap().clone();
        let each: Vec<String> = now
            .iter()
            .map(|(operation, count)| {
                let calls = count - before.get(operation).copied().unwrap_or(0);
                format!("{operation} {calls} ({:.1} a shard)", calls as f64 / f64::from(SHARDS))
            })
            .collect();
        println!("hour {hour}: {}", each.join(", "));
        let reads = now["GetRecords"] - before.get("GetRecords").copied().unwrap_or(0);
        let rate = reads as f64 / f64::from(SHARDS);
        assert!(hour == 1 || rate <= CALLS_MAX, "{rate} calls per shard-hour at rest, more than {CALLS_MAX}");
        before = now;
    }
}

/// Prints how long after the burst its records were read and committed.
async fn burst(clock: &Paused, progress: &Progress) {
    const STEP: Duration = Duration::from_millis(100);
    let began = clock.now_ms();
    let (mut read, mut committed) = (Vec::new(), Vec::new());
    while committed.len() < usize::try_from(BURST).unwrap() {
        clock.sleep(STEP).await;
        let (totals, seconds) = (progress.totals(), (clock.now_ms() - began) as f64 / 1000.0);
        for (times, count) in [(&mut read, totals.read), (&mut committed, totals.committed)] {
            times.resize(usize::try_from(count).unwrap(), seconds);
        }
        assert!(seconds < 600.0, "{} of {BURST} records after ten minutes", committed.len());
    }
    println!("a burst of {BURST} records within 1 s, seconds from its beginning:");
    for (what, times) in [("read", &read), ("committed", &committed)] {
        let at = |share: usize| times[(times.len() - 1) * share / 100];
        println!(
            "  {what:<10} first {:.1}, middle {:.1}, 99 % {:.1}, last {:.1}",
            at(0),
            at(50),
            at(99),
            at(100)
        );
    }
}
