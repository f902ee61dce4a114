//! A service, an archive in memory, and processes that run, die and start again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sealog_batch::SealRule;
use sealog_chain::{Checkpoint, OnGap, Policies, SignedCheckpoint, SigningKey, StartAt, VerifierKey, Writer};
use sealog_pipeline::{
    Committer, Config, Identity, PipelineError, Protection, Run, Signer, TableConfig, TableResult, Totals,
};
use sealog_simulator::{Engine, Scenario};
use sealog_source::Clock;
use sealog_store::{Location, Log, Memory, Store};
use tokio_util::sync::CancellationToken;

use super::clock::{Paused, ZERO_MS};
use super::oracle::{self, Archived};
use super::service::Simulated;
use super::store::Faulty;
use super::truth::{Missing, assert_is_truth};

/// Name of the table and of its log.
pub(crate) const TABLE: &str = "orders";

struct Key(SigningKey);

#[async_trait]
impl Signer for Key {
    fn verifier(&self) -> &VerifierKey {
        self.0.verifier()
    }

    async fn sign(&self, checkpoint: Checkpoint) -> Result<SignedCheckpoint, PipelineError> {
        Ok(checkpoint.sign(&[&self.0]))
    }
}

/// The key that signs the logs of all tests.
pub(crate) fn key() -> VerifierKey {
    SigningKey::from_seed("test", [7; 32]).unwrap().verifier().clone()
}

/// Who a process is.
pub(crate) fn identity(writer: &str, clock: Arc<dyn Clock>) -> Identity {
    Identity {
        writer: Writer { id: writer.to_owned(), build: "test".to_owned() },
        signer: Arc::new(Key(SigningKey::from_seed("test", [7; 32]).unwrap())),
        clock,
        cancel: CancellationToken::new(),
    }
}

pub(crate) fn policies() -> Policies {
    Policies { heartbeat_seconds: 3600, retention: None, on_gap: OnGap::RecordAndContinue }
}

/// Opens the log of [`TABLE`] for writing.
pub(crate) async fn open(
    store: Arc<dyn Store>,
    writer: &str,
    clock: Arc<dyn Clock>,
) -> Result<Committer, PipelineError> {
    Committer::open(Log::new(store, TABLE), policies(), identity(writer, clock), Arc::default()).await
}

/// Everything outside of a process.
pub(crate) struct World {
    pub(crate) engine: Arc<Mutex<Engine>>,
    pub(crate) clock: Arc<Paused>,
    pub(crate) store: Arc<Memory>,
    pub(crate) config: Config,
}

impl World {
    /// Batches of ten rows, so that a small scenario has many commits.
    pub(crate) fn new(scenario: Scenario) -> Self {
        let table = TableConfig {
            name: TABLE.to_owned(),
            log: TABLE.to_owned(),
            require_view_type: None,
            start: StartAt::TrimHorizon,
            on_gap: OnGap::RecordAndContinue,
            latency: Duration::from_secs(10),
        };
        let config = Config {
            archive: Location::Directory(PathBuf::new()),
            key_file: PathBuf::new(),
            heartbeat: Duration::from_secs(3600),
            seal: SealRule { rows_max: 10, ..SealRule::default() },
            protection: Protection::default(),
            memory_max: 64 << 20,
            tables: vec![table],
        };
        let engine = Engine::new(scenario, ZERO_MS).unwrap();
        Self {
            engine: Arc::new(Mutex::new(engine)),
            clock: Arc::new(Paused::new()),
            store: Arc::default(),
            config,
        }
    }

    pub(crate) fn client(&self) -> Simulated {
        Simulated { engine: Arc::clone(&self.engine), clock: Arc::clone(&self.clock) as Arc<dyn Clock> }
    }

    /// A process that ends when it has caught up.
    pub(crate) fn process(&self, store: Arc<dyn Store>, writer: &str) -> Run<Simulated> {
        let identity = identity(writer, Arc::clone(&self.clock) as Arc<dyn Clock>);
        Run::new(self.config.clone(), self.client(), store, identity, true)
    }

    /// Runs a process to its end on the sound store.
    pub(crate) async fn catch_up(&self) -> Result<(), PipelineError> {
        let store = Arc::clone(&self.store) as Arc<dyn Store>;
        only(self.process(store, "sound").run().await)
    }

    /// Runs a process on a store that fails; how it ended (`None`: it died), and what it had counted.
    pub(crate) async fn run_on(&self, store: &Arc<Faulty>) -> (Option<Result<(), PipelineError>>, Totals) {
        let process = self.process(Arc::clone(store) as Arc<dyn Store>, "faulty");
        let progress = process.progress()[0].1.clone();
        let ended = tokio::select! {
            biased;
            () = store.crashed() => None,
            results = process.run() => Some(only(results)),
        };
        // What died is gone before anything else happens.
        tokio::task::yield_now().await;
        (ended, progress.totals())
    }

    /// Lets scenario time pass.
    pub(crate) async fn pass(&self, time: Duration) {
        self.clock.sleep(time).await;
    }

    /// Reads the archive, and compares it with the truth.
    pub(crate) async fn assert_archived(&self, missing: Missing) -> Archived {
        let archived = oracle::read(&self.store, TABLE, &key()).await;
        let mut engine = self.engine.lock().unwrap();
        let now_ms = self.clock.now_ms();
        engine.advance(now_ms);
        assert_is_truth(&archived, &engine, missing);
        archived
    }
}

/// The result of the one table.
pub(crate) fn only(results: Vec<TableResult>) -> Result<(), PipelineError> {
    let [result] = <[TableResult; 1]>::try_from(results).unwrap();
    result.result
}
