//! Many tables in one process: side by side, each with its own log, one failing without stopping the others.

use std::sync::Arc;

use sealog_source::{ByteBudget, StreamClient};
use sealog_store::Store;
use tokio::task::JoinSet;

use crate::table::{self, Shared};
use crate::{Config, Identity, PipelineError, Progress};

/// A run that is configured and not yet started.
pub struct Run<C> {
    shared: Arc<Shared<C>>,
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
        let budget = ByteBudget::new(config.memory_max);
        let client = Arc::new(client);
        Self {
            shared: Arc::new(Shared { client, store, identity, budget, config, until_caught_up }),
            progress,
        }
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
        for (place, table) in self.shared.config.tables.iter().cloned().enumerate() {
            let shared = Arc::clone(&self.shared);
            let Some(progress) = self.progress.get(place).cloned() else { continue };
            tasks.spawn(async move {
                let name = table.name.clone();
                let result = table::run(shared, table, progress).await;
                if let Err(error) = &result {
                    tracing::error!(table = name, "{error}");
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
        results.sort_by(|a, b| a.table.cmp(&b.table));
        results
    }
}
