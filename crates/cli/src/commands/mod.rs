//! One command, one file; and what several of them need.

pub(crate) mod archive;
pub(crate) mod athena;
pub(crate) mod check_proof;
pub(crate) mod compact;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod cost;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod filter;
pub(crate) mod gaps;
pub(crate) mod hold;
pub(crate) mod keys;
pub(crate) mod lake;
pub(crate) mod prove;
pub(crate) mod run;
pub(crate) mod signals;
pub(crate) mod simulator;
pub(crate) mod status;
pub(crate) mod tiles;
pub(crate) mod verify;

use std::path::{Path, PathBuf};

use sealog_chain::{Commit, Fold};
use sealog_pipeline::{Config, Overrides, Workshop};
use sealog_record::Timestamp;
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

/// The hidden command with which this program compiles a filter in a child of its own.
pub(crate) const FILTER_COMPILE: &str = "filter-compile";

/// Where the filters of a configuration are loaded; `None`: it has none. They are compiled by a child of this program.
pub(crate) fn workshop(config: &Config) -> Result<Option<Workshop>, Failure> {
    if config.tables.iter().all(|table| table.filters.is_empty()) {
        return Ok(None);
    }
    let program = std::env::current_exe()
        .map_err(|error| Failure::unreachable(format!("this program does not know where it is: {error}")))?;
    let config = Config { filter_cache: config.filter_cache.clone().or_else(filter_cache), ..config.clone() };
    let now = Timestamp::from_millis(now_ms());
    Ok(Some(Workshop::open(&config, Some((program, vec![FILTER_COMPILE.into()])), now)?))
}

/// Where compiled filters are kept unless the configuration says otherwise; `None`: this user has no place for that.
fn filter_cache() -> Option<PathBuf> {
    let folder = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
    Some(cache.join("sealog/filters"))
}

/// A member of a JSON document from elsewhere, by its path; null where there is none.
pub(crate) fn at<'a>(value: &'a serde_json::Value, path: &str) -> &'a serde_json::Value {
    value.pointer(path).unwrap_or(&serde_json::Value::Null)
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
