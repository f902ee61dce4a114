//! One command, one file; and what several of them need.

pub(crate) mod archive;
pub(crate) mod athena;
pub(crate) mod check_proof;
pub(crate) mod compact;
pub(crate) mod completions;
pub(crate) mod demo;
pub(crate) mod gaps;
pub(crate) mod hold;
pub(crate) mod keys;
pub(crate) mod lake;
pub(crate) mod prove;
pub(crate) mod run;
pub(crate) mod simulator;
pub(crate) mod status;
pub(crate) mod tiles;
pub(crate) mod verify;

use std::path::Path;

use sealog_chain::{Commit, Fold};
use sealog_pipeline::{Config, Overrides};
use sealog_store::{Location, Log, LogError};

use crate::args::ArchiveArgs;
use crate::exit::Failure;

/// The archive that was named, or the configuration's.
pub(crate) fn location(args: &ArchiveArgs) -> Result<Location, Failure> {
    match (&args.archive, &args.config) {
        (Some(archive), _) => archive.parse().map_err(Failure::usage),
        (None, Some(config)) => Ok(Config::load(config, &Overrides::default())?.archive),
        (None, None) => Err(Failure::usage("name an archive, or a configuration with --config")),
    }
}

/// A log that was read from its first commit on.
pub(crate) struct ReadLog {
    pub(crate) name: String,
    pub(crate) fold: Fold,
    pub(crate) commits: Vec<Commit>,
}

/// The logs that were named, or all of the archive; an error, if there is none.
pub(crate) async fn read_logs(args: &ArchiveArgs) -> Result<Vec<ReadLog>, Failure> {
    let store = location(args)?.open_to_read().await;
    let names = if args.logs.is_empty() { store.folders().await? } else { args.logs.clone() };
    let mut logs = Vec::new();
    for name in names {
        let mut fold = Fold::default();
        let commits = match Log::new(store.clone(), &name).catch_up(&mut fold).await {
            Ok(commits) => commits,
            Err(LogError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(Failure::unreachable(error)),
        };
        if fold.size() > 0 {
            logs.push(ReadLog { name, fold, commits });
        }
    }
    if logs.is_empty() {
        let archive = store.describe();
        return Err(Failure::unreachable(format!("{archive} holds no log; start one with `sealog run`")));
    }
    Ok(logs)
}

/// Milliseconds since 1970-01-01 UTC.
pub(crate) fn now_ms() -> i64 {
    use sealog_source::Clock as _;
    sealog_source::SystemClock.now_ms()
}

/// Names this process in commits: host, process, start.
pub(crate) fn writer() -> sealog_chain::Writer {
    let host = std::fs::read_to_string(Path::new("/proc/sys/kernel/hostname")).unwrap_or_default();
    let host = if host.trim().is_empty() { "host" } else { host.trim() };
    sealog_chain::Writer {
        id: format!("{host}-{}-{}", std::process::id(), now_ms()),
        build: format!("sealog {}", env!("CARGO_PKG_VERSION")),
    }
}

/// Completes when the process is asked to stop (SIGTERM, SIGINT).
pub(crate) async fn stop_signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            biased;
            _ = terminate.recv() => Ok(()),
            result = tokio::signal::ctrl_c() => result,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}
