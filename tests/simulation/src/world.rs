//! A service, an archive in memory, and processes that run, die and start again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sealog_batch::SealRule;
use sealog_chain::{OnGap, Policies, SigningKey, StartAt, VerifierKey, Writer};
use sealog_pipeline::{
    Committer, Config, FilterConfig, Identity, PipelineError, Protection, Run, Signals, Signer, Signing,
    TableConfig, TableResult, Totals,
};
use sealog_simulator::{Engine, Scenario};
use sealog_source::Clock;
use sealog_store::{Location, Log, Memory, Store};
use tokio_util::sync::CancellationToken;

use crate::clock::{Paused, ZERO_MS};
use crate::guests;
use crate::law::{Missing, assert_is_truth};
use crate::ledger::Ledger;
use crate::oracle::{self, Archived, Head};
use crate::process::{OwnClock, Process};
use crate::service::Simulated;
use crate::store::Faulty;

/// Name of the table and of its log, where there is one.
pub const TABLE: &str = "orders";

struct Key(SigningKey);

#[async_trait]
impl Signer for Key {
    fn verifier(&self) -> &VerifierKey {
        self.0.verifier()
    }

    async fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, PipelineError> {
        Ok(self.0.sign(message).to_vec())
    }
}

/// A key in memory; signing is as dear as with one from a file.
#[must_use]
pub fn signer(name: &str, seed: [u8; 32]) -> Arc<dyn Signer> {
    Arc::new(Key(SigningKey::from_seed(name, seed).unwrap()))
}

fn test_signer() -> Arc<dyn Signer> {
    signer("test", [7; 32])
}

/// The key that signs the logs of all tests.
#[must_use]
pub fn key() -> VerifierKey {
    test_signer().verifier().clone()
}

/// Who a process is.
pub fn identity(writer: &str, clock: Arc<dyn Clock>) -> Identity {
    Identity {
        writer: Writer { id: writer.to_owned(), build: "test".to_owned() },
        signer: test_signer(),
        clock,
        cancel: CancellationToken::new(),
    }
}

/// The rules of the logs of all tests.
#[must_use]
pub fn policies() -> Policies {
    Policies { heartbeat_seconds: 3600, retention: None, on_gap: OnGap::RecordAndContinue }
}

/// Opens the log of [`TABLE`] for writing.
///
/// # Errors
/// As [`Committer::open`].
pub async fn open(
    store: Arc<dyn Store>,
    writer: &str,
    clock: Arc<dyn Clock>,
) -> Result<Committer, PipelineError> {
    Committer::open(Log::new(store, TABLE), policies(), identity(writer, clock), Arc::default()).await
}

/// A table from its oldest record, its gaps recorded.
#[must_use]
pub fn table(name: &str) -> TableConfig {
    TableConfig {
        name: name.to_owned(),
        log: name.to_owned(),
        require_view_type: None,
        start: StartAt::TrimHorizon,
        on_gap: OnGap::RecordAndContinue,
        latency: Duration::from_secs(10),
        filters: Vec::new(),
        columns: sealog_pipeline::Columns::default(),
    }
}

/// Batches of ten rows, so that a small scenario has many commits.
#[must_use]
pub fn config(tables: Vec<TableConfig>) -> Config {
    Config {
        archive: Location::Directory(PathBuf::new()),
        signing: Signing::file(PathBuf::new()),
        heartbeat: Duration::from_secs(3600),
        seal: SealRule { rows_max: 10, ..SealRule::default() },
        protection: Protection::default(),
        memory_max: 64 << 20,
        filter_cache: None,
        redaction_secret: None,
        signals: Signals::default(),
        lake: None,
        tables,
    }
}

/// Lets these filters judge each table.
pub fn judge_by(config: &mut Config, filters: &[FilterConfig]) {
    config.redaction_secret = Some(guests::secret());
    for table in &mut config.tables {
        table.filters = filters.to_vec();
    }
}

fn judging(run: Run<Simulated>) -> Run<Simulated> {
    run.with_workshop(guests::workshop())
}

/// Everything outside of a process.
pub struct World {
    /// The service.
    pub engine: Arc<Mutex<Engine>>,
    /// What time it is.
    pub clock: Arc<Paused>,
    /// The archive.
    pub store: Arc<Memory>,
    /// What processes are told when they start.
    pub config: Config,
    ledger: Mutex<Ledger>,
}

impl World {
    /// A world with the one table [`TABLE`].
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        Self::with(scenario, config(vec![table(TABLE)]))
    }

    /// A world whose processes are configured like this.
    #[must_use]
    pub fn with(scenario: Scenario, config: Config) -> Self {
        let engine = Engine::new(scenario, ZERO_MS).unwrap();
        Self {
            engine: Arc::new(Mutex::new(engine)),
            clock: Arc::new(Paused::new()),
            store: Arc::default(),
            config,
            ledger: Mutex::default(),
        }
    }

    /// The same, and these filters judge each table.
    #[must_use]
    pub fn judged_by(mut self, filters: &[FilterConfig]) -> Self {
        judge_by(&mut self.config, filters);
        self
    }

    /// The world's clock.
    #[must_use]
    pub fn time(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// A client that nothing happens to.
    #[must_use]
    pub fn client(&self) -> Simulated {
        Simulated::new(Arc::clone(&self.engine), self.time())
    }

    /// A process that ends when it has caught up.
    pub fn process(&self, store: Arc<dyn Store>, writer: &str) -> Run<Simulated> {
        judging(Run::new(self.config.clone(), self.client(), store, identity(writer, self.time()), true))
    }

    /// A process that can be paused, stopped by its token, and killed.
    pub fn start(
        &self,
        process: &Arc<Process>,
        config: Config,
        store: Arc<dyn Store>,
        until_caught_up: bool,
    ) -> (Run<Simulated>, CancellationToken) {
        let identity = identity(process.name(), Arc::new(OwnClock(Arc::clone(process))));
        let cancel = identity.cancel.clone();
        let client = self.client().of(Arc::clone(process));
        (judging(Run::new(config, client, store, identity, until_caught_up)), cancel)
    }

    /// A process on the sound store that goes on until its token stops it.
    #[must_use]
    pub fn until_stopped(&self, writer: &str) -> (Run<Simulated>, CancellationToken) {
        let identity = identity(writer, self.time());
        let cancel = identity.cancel.clone();
        let store = Arc::clone(&self.store) as Arc<dyn Store>;
        (judging(Run::new(self.config.clone(), self.client(), store, identity, false)), cancel)
    }

    /// Runs a process to its end on the sound store.
    ///
    /// # Errors
    /// As it ended.
    pub async fn catch_up(&self) -> Result<(), PipelineError> {
        let store = Arc::clone(&self.store) as Arc<dyn Store>;
        only(self.process(store, "sound").run().await)
    }

    /// Runs a process on a store that fails; how it ended (`None`: it died), and what it had counted.
    pub async fn run_on(&self, store: &Arc<Faulty>) -> (Option<Result<(), PipelineError>>, Totals) {
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
    pub async fn pass(&self, time: Duration) {
        self.clock.sleep(time).await;
    }

    /// Reads the archive of [`TABLE`], and compares it with the truth.
    pub async fn assert_archived(&self, missing: Missing) -> Archived {
        self.assert_log(TABLE, Head::Covered, missing).await
    }

    /// Reads the archive of a table, and compares it with the truth.
    pub async fn assert_log(&self, table: &str, head: Head, missing: Missing) -> Archived {
        let archived = oracle::read_to(head, &self.store, table, &key()).await;
        let mut engine = self.engine.lock().unwrap();
        engine.advance(self.clock.now_ms());
        let mut ledger = self.ledger.lock().unwrap();
        ledger.learn(&engine);
        assert_is_truth(&archived, &ledger, table, missing);
        archived
    }
}

/// The result of the one table.
///
/// # Errors
/// As it ended.
pub fn only(results: Vec<TableResult>) -> Result<(), PipelineError> {
    let [result] = <[TableResult; 1]>::try_from(results).unwrap();
    result.result
}
