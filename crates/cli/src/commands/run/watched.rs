//! A run that is watched: its endpoint, and CloudWatch's metrics on standard output.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use sealog_pipeline::{Run, Signals, TableConfig};
use sealog_signals::{Emf, Endpoint, Watch, WatchedTable, Watching};
use sealog_source::{Clock as _, StreamClient, SystemClock};
use sealog_store::Store;
use tokio_util::sync::CancellationToken;

use crate::exit::Failure;

/// The configured endpoint, if there is one.
pub(super) async fn listen(signals: &Signals) -> Result<Option<Endpoint>, Failure> {
    let Some(address) = signals.listen else { return Ok(None) };
    let endpoint = Endpoint::bind(address).await.map_err(|error| {
        Failure::configuration(format!("[signals] listen = \"{address}\": {error}; choose another address"))
    })?;
    tracing::info!("signals are served at http://{}/metrics", endpoint.address()?);
    Ok(Some(endpoint))
}

/// Looks at a run that is about to start.
pub(super) fn watch<C: StreamClient>(
    run: &Run<C>,
    signals: &Signals,
    (heartbeat, store, tables): (Duration, Arc<dyn Store>, Vec<TableConfig>),
    stopping: &CancellationToken,
) -> Arc<Watch> {
    let progress = run.progress().into_iter().map(|(_, progress)| progress);
    let watched = tables.into_iter().zip(progress).map(|(table, progress)| WatchedTable {
        table: table.name,
        log: table.log,
        progress,
    });
    Arc::new(Watch::new(Watching {
        tables: watched.collect(),
        heartbeat,
        loss_clock_min: signals.loss_clock_min,
        pages: run.pages_memory(),
        clock: Arc::new(SystemClock),
        store,
        stopping: stopping.clone(),
    }))
}

/// Answers those who look; never ends.
pub(super) async fn serve(endpoint: Option<Endpoint>, watch: &Arc<Watch>) {
    let Some(endpoint) = endpoint else { return std::future::pending().await };
    tokio::select! {
        biased;
        () = watch.probe() => {}
        () = endpoint.serve(Arc::clone(watch)) => {}
    }
}

/// Prints CloudWatch's metrics now and then; never ends.
pub(super) async fn print_metrics(signals: &Signals, watch: &Watch) {
    if !signals.emf {
        return std::future::pending().await;
    }
    let mut emf = Emf::default();
    loop {
        SystemClock.sleep(signals.emf_interval).await;
        for line in emf.lines(watch) {
            if let Err(error) = writeln!(std::io::stdout(), "{line}") {
                tracing::warn!(%error, "metrics could not be printed");
            }
        }
    }
}
