//! Many tables in one process: side by side, each with its own log, one failing without stopping the others.

use std::sync::Arc;
use std::time::Duration;

use sealog_source::{Alarm, ByteBudget, Limits, StreamClient};
use sealog_store::Store;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::compact::Compaction;
use crate::lake;
use crate::table::{self, Shared};
use crate::{Config, Identity, PipelineError, Progress, TableConfig, Workshop};

const RESTART_FIRST: Duration = Duration::from_secs(1);
const RESTART_MAX_MS: i64 = 5 * 60 * 1000;

/// A run that is configured and not yet started.
pub struct Run<C> {
    shared: Shared<C>,
    progress: Vec<Arc<Progress>>,
}

/// How one table ended.
#[derive(Debug)]
pub struct TableResult {
    /// The table.
    pub table: String,
    /// Why it stopped; `Ok` after a signal or when it had caught up.
    pub result: Result<(), PipelineError>,
}

impl<C: StreamClient> Run<C> {
    /// Archives the tables of `config` from `client` into `store`. With `until_caught_up` it ends when every shard is
    /// read to its present end, else when `identity.cancel` is cancelled.
    #[must_use]
    pub fn new(
        config: Config,
        client: C,
        store: Arc<dyn Store>,
        identity: Identity,
        until_caught_up: bool,
    ) -> Self {
        let progress = config.tables.iter().map(|_| Arc::default()).collect();
        let limits = Limits { bytes: ByteBudget::new(config.memory_max), ..Limits::default() };
        let client = Arc::new(client);
        Self {
            shared: Shared { client, store, identity, limits, config, until_caught_up, workshop: None },
            progress,
        }
    }

    /// Where the filters of the configuration are loaded; without it, by [`Workshop::open`] without a compiler of its own.
    #[must_use]
    pub fn with_workshop(mut self, workshop: Workshop) -> Self {
        self.shared.workshop = Some(workshop);
        self
    }

    /// Memory for pages, over all tables.
    #[must_use]
    pub fn pages_memory(&self) -> ByteBudget {
        self.shared.limits.bytes.clone()
    }

    /// Counts of each table, in the order of the configuration.
    #[must_use]
    pub fn progress(&self) -> Vec<(String, Arc<Progress>)> {
        let names = self.shared.config.tables.iter().map(|table| table.name.clone());
        names.zip(self.progress.iter().cloned()).collect()
    }

    /// Runs all tables to their end.
    pub async fn run(self) -> Vec<TableResult> {
        let mut tasks = JoinSet::new();
        let shared_by_all = Arc::new(self.shared);
        let (mut lakes, finished) = (JoinSet::new(), CancellationToken::new());
        for (place, table) in shared_by_all.config.tables.iter().cloned().enumerate() {
            let shared = Arc::clone(&shared_by_all);
            let Some(progress) = self.progress.get(place).cloned() else { continue };
            if let Some(options) = shared.config.lake.clone() {
                let (store, identity) = (Arc::clone(&shared.store), shared.identity.clone());
                let compaction = Compaction { store, table: table.clone(), identity, options };
                lakes.spawn(compaction.keep(finished.clone()));
                let (store, identity) = (Arc::clone(&shared.store), shared.identity.clone());
                lakes.spawn(lake::follow(
                    store,
                    table.clone(),
                    identity,
                    Arc::clone(&progress),
                    finished.clone(),
                ));
            }
            tasks.spawn(async move {
                let name = table.name.clone();
                let result = keep_running(shared, table, &progress).await;
                if let Err(error) = &result {
                    tracing::error!(table = name, "{error}");
                    progress.health().raise(Alarm::Halted(error.to_string()));
                }
                TableResult { table: name, result }
            });
        }
        let mut results = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            results.push(ended.unwrap_or_else(|died| TableResult {
                table: String::new(),
                result: Err(PipelineError::Defect(died.to_string())),
            }));
        }
        // What was committed last is published, too; a store that does not answer is given up after some tries.
        finished.cancel();
        while lakes.join_next().await.is_some() {}
        results.sort_by(|a, b| a.table.cmp(&b.table));
        results
    }
}

/// Starts a table again when it was at work and failed for a reason that may pass; one that never got to work, or that
/// needs a person, has failed.
async fn keep_running<C: StreamClient>(
    shared: Arc<Shared<C>>,
    table: TableConfig,
    progress: &Arc<Progress>,
) -> Result<(), PipelineError> {
    let mut pause = RESTART_FIRST;
    loop {
        let began_ms = shared.identity.clock.now_ms();
        let Err(error) = table::run(Arc::clone(&shared), table.clone(), Arc::clone(progress)).await else {
            return Ok(());
        };
        let stops = shared.until_caught_up || shared.identity.cancel.is_cancelled();
        if stops || !progress.has_run() || !error.may_pass() {
            return Err(error);
        }
        let lived_ms = shared.identity.clock.now_ms().saturating_sub(began_ms);
        if lived_ms > RESTART_MAX_MS {
            pause = RESTART_FIRST;
        }
        tracing::error!(table = table.name, %error, pause_s = pause.as_secs(), "the table is started again");
        progress.restarted();
        let cancelled = shared.identity.cancel.clone();
        tokio::select! {
            biased;
            () = cancelled.cancelled() => return Ok(()),
            () = shared.identity.clock.sleep(pause) => {}
        }
        pause = (pause * 2).min(Duration::from_millis(RESTART_MAX_MS.unsigned_abs()));
    }
}
