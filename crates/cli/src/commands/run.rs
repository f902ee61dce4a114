//! `sealog run`: archives the configured tables.

mod watched;

use std::collections::BTreeSet;
use std::io::{IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sealog_pipeline::{
    Config, Identity, Overrides, Progress, Run, Signals, TableResult, Totals, open_signer,
};
use sealog_source::{AwsOptions, AwsStreamClient, Clock as _, HealthReport, SystemClock};
use tokio_util::sync::CancellationToken;

use crate::args::RunArgs;
use crate::exit::{Exit, Failure, exit_of};
use crate::print;

pub(crate) async fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let overrides = Overrides {
        archive: args.overrides.archive.clone(),
        signing_key: args.overrides.signing_key.clone(),
    };
    let mut config = Config::load(&args.config, &overrides)?;
    config.signals.listen = args.signals_listen.or(config.signals.listen);
    let client = AwsStreamClient::load(&AwsOptions::default()).await;
    let cancel = CancellationToken::new();
    let outcome = archive(config, client, args.until_caught_up, cancel).await?;
    summary(&outcome)?;
    Ok(outcome.exit())
}

/// How a run ended.
pub(crate) struct Outcome {
    pub(crate) tables: Vec<(TableResult, Totals)>,
    pub(crate) seconds: f64,
}

impl Outcome {
    /// The worst of the tables decides; a wrong configuration is the first thing to mend.
    fn exit(&self) -> Exit {
        let errors = self.tables.iter().filter_map(|(table, _)| table.result.as_ref().err());
        errors.max_by_key(|error| error.remedy()).map_or(Exit::Good, exit_of)
    }
}

/// Runs a configuration against a service until it is stopped or caught up.
pub(crate) async fn archive(
    config: Config,
    client: AwsStreamClient,
    until_caught_up: bool,
    cancel: CancellationToken,
) -> Result<Outcome, Failure> {
    let signer = open_signer(&config.signing).await?;
    let store = config.archive.open(config.protection.s3(super::now_ms)).await?;
    let clock = Arc::new(SystemClock);
    let identity = Identity { writer: super::writer(), signer, clock: clock.clone(), cancel: cancel.clone() };
    let signals = config.signals.clone();
    let endpoint = watched::listen(&signals).await?;
    let parts = (config.heartbeat, Arc::clone(&store), config.tables.clone());
    let run = Run::new(config, client, store, identity, until_caught_up);
    let progress = run.progress();
    let watch = watched::watch(&run, &signals, parts, &cancel);
    let begun = clock.now_ms();
    let results = tokio::select! {
        biased;
        results = run.run() => results,
        () = watch_signals(&cancel) => Vec::new(),
        () = show(&progress, bound_ms(&signals)) => Vec::new(),
        () = complain(&progress, bound_ms(&signals)) => Vec::new(),
        () = watched::serve(endpoint, &watch) => Vec::new(),
        () = watched::print_metrics(&signals, &watch) => Vec::new(),
    };
    let totals = |name: &str| {
        progress
            .iter()
            .find(|(table, _)| table == name)
            .map(|(_, progress)| progress.totals())
            .unwrap_or_default()
    };
    let tables =
        results.into_iter().map(|table| (totals(&table.table), table)).map(|(totals, table)| (table, totals));
    let milliseconds = u32::try_from(clock.now_ms() - begun).unwrap_or(u32::MAX);
    Ok(Outcome { tables: tables.collect(), seconds: f64::from(milliseconds) / 1000.0 })
}

/// First signal: finish what was read. Second: leave at once; a restart goes on where the commits say.
async fn watch_signals(cancel: &CancellationToken) {
    if super::stop_signal().await.is_ok() {
        tracing::info!("stopping: what was read is committed first; a second signal leaves at once");
        cancel.cancel();
    }
    if super::stop_signal().await.is_ok() {
        std::process::exit(130);
    }
    std::future::pending::<()>().await;
}

/// Less time than this until changes may be gone is not in order.
fn bound_ms(signals: &Signals) -> i64 {
    i64::try_from(signals.loss_clock_min.as_millis()).unwrap_or(i64::MAX)
}

/// Says each minute what has come to be out of order; never ends.
async fn complain(progress: &[(String, Arc<Progress>)], bound_ms: i64) {
    let mut said = BTreeSet::new();
    loop {
        SystemClock.sleep(Duration::from_secs(60)).await;
        let now_ms = SystemClock.now_ms();
        let mut current = BTreeSet::new();
        for (table, progress) in progress {
            for complaint in progress.health().report(now_ms).complaints(bound_ms) {
                if !said.contains(&(table.clone(), complaint.clone())) {
                    tracing::warn!(table, "{complaint}");
                }
                current.insert((table.clone(), complaint));
            }
        }
        said = current;
    }
}

/// Counts on a terminal, four times a second; never ends.
async fn show(progress: &[(String, Arc<Progress>)], bound_ms: i64) {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    loop {
        SystemClock.sleep(Duration::from_millis(250)).await;
        let totals: Vec<Totals> = progress.iter().map(|(_, progress)| progress.totals()).collect();
        let sum = |of: fn(&Totals) -> u64| print::count(totals.iter().map(of).sum());
        bar.set_message(format!(
            "{} read, {} sealed in {} commits{}",
            sum(|t| t.read),
            sum(|t| t.committed),
            sum(|t| t.commits),
            worst(progress, bound_ms)
        ));
        bar.tick();
    }
}

/// The largest lag and the least loss clock of all tables, and how many things are not in order.
fn worst(progress: &[(String, Arc<Progress>)], bound_ms: i64) -> String {
    let reports: Vec<_> =
        progress.iter().map(|(_, progress)| progress.health().report(SystemClock.now_ms())).collect();
    let lag = reports.iter().filter_map(HealthReport::lag_ms).max();
    let Some((lag, left)) = lag.zip(reports.iter().filter_map(HealthReport::loss_clock_ms).min()) else {
        return String::new();
    };
    let complaints: usize = reports.iter().map(|report| report.complaints(bound_ms).len()).sum();
    let complaints = if complaints > 0 { format!("; NOT IN ORDER: {complaints}") } else { String::new() };
    format!("; lag {}, loss clock {}{complaints}", print::span(lag), print::span(left))
}

fn summary(outcome: &Outcome) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for (table, totals) in &outcome.tables {
        let line = format!(
            "{}: {} sealed in {}; {} read, {} written, {:.1} s",
            table.table,
            print::counted(totals.committed, "record"),
            print::counted(totals.commits, "commit"),
            print::bytes(totals.bytes_in),
            print::bytes(totals.bytes_out),
            outcome.seconds,
        );
        let races = match totals.lost_races {
            0 => String::new(),
            lost => format!("; another writer was first {}", print::counted(lost, "time")),
        };
        // Why it stopped early was said when it did.
        let stopped = if table.result.is_err() { "; stopped by an error" } else { "" };
        writeln!(out, "{line}{races}{stopped}")?;
    }
    Ok(())
}
