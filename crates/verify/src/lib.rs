//! Reads an archive and says what is wrong with it (`crates/chain/FORMAT.md`, section 8).
//!
//! What it promises: the same archive, instant and trust give the same findings in the same order; hostile bytes give
//! findings, never a panic; memory holds the evidence of at most [`VerifyOptions::readers`] objects, whatever the length
//! of a log. "Could not be read" is never reported as "tampered", nor the other way round.
//!
//! What it relies on: the parsers and hashes of `chain`, the Parquet reader of `batch`, a [`Store`] to read from. The
//! rules by which commits continue each other are written here anew: the writer's own fold is not used, so that a mistake
//! there does not hide itself.

mod attest;
mod bounds;
mod breaks;
mod codes;
mod continuity;
mod coverage;
mod evidence;
mod filters;
mod finding;
mod form;
mod history;
mod images;
mod lake;
mod log;
mod objects;
mod options;
mod pool;
mod prove;
mod report;
mod scope;
mod spine;
mod tiles;
mod verdict;
mod walk;

use std::sync::Arc;

use sealog_chain::{Commit, SignedCheckpoint, commit_key};
use sealog_store::{Log, Store, StoreError, StoreErrorKind};

pub use coverage::Hour;
pub use finding::{Code, Finding, Level, RowPlace, Verdict};
pub use images::Spill;
pub use options::{Progress, Totals, VerifyOptions};
pub use prove::{ProveError, Wanted, prove};
pub use report::{CheckedCounts, Head, KeyReport, LogReport, REPORT_FORMAT, Report, TrustReport};
pub use scope::{Depth, Sample, Scope};
pub use verdict::{Completeness, Integrity, Outcome};

use finding::{Findings, Place};

/// Verifies the logs of an archive, each by itself. `archive` is what the report calls it.
///
/// Never fails: what goes wrong while reading becomes a finding. Without logs to look at, the report holds one nameless
/// log with the finding `no-log`.
pub async fn verify(
    store: Arc<dyn Store>,
    archive: &str,
    options: &VerifyOptions,
    progress: &Progress,
) -> Report {
    let logs = match named_or_found(&store, options).await {
        Ok(names) => {
            let held = Held { store: &store, options, progress };
            verify_logs(&names, held).await
        }
        Err(error) => vec![without_folders(&error, options)],
    };
    Report::new(archive, options, if logs.is_empty() { vec![nothing(options)] } else { logs })
}

#[derive(Clone, Copy)]
struct Held<'a> {
    store: &'a Arc<dyn Store>,
    options: &'a VerifyOptions,
    progress: &'a Progress,
}

async fn verify_logs(names: &[String], held: Held<'_>) -> Vec<LogReport> {
    let concerned = concerned(names, held).await;
    let mut reports = Vec::new();
    for name in names {
        let outside = held.options.checkpoint.as_deref().filter(|_| concerned.contains(name));
        let log = Log::new(Arc::clone(held.store), name);
        let report = log::verify(log, outside, held.options, held.progress).await;
        // A folder nobody asked for that holds nothing of a log is no log that lost its commits.
        if !held.options.logs.is_empty() || !report.is_vacant() || log::left_overs(held.store, name).await {
            reports.push(report);
        }
    }
    reports
}

async fn named_or_found(store: &Arc<dyn Store>, options: &VerifyOptions) -> Result<Vec<String>, StoreError> {
    if !options.logs.is_empty() {
        return Ok(options.logs.clone());
    }
    let mut names = store.folders().await?;
    names.retain(|name| name != ".staging");
    Ok(names)
}

/// Logs that the checkpoint from outside is held against: that of its origin; all, when none has it or it has none,
/// because then it speaks against each.
async fn concerned(names: &[String], held: Held<'_>) -> Vec<String> {
    let Some(bytes) = &held.options.checkpoint else { return Vec::new() };
    let Ok(signed) = SignedCheckpoint::parse(bytes) else { return names.to_vec() };
    let mut concerned = Vec::new();
    for name in names {
        if origin_of(held.store, name).await.is_some_and(|origin| origin == signed.checkpoint.origin) {
            concerned.push(name.clone());
        }
    }
    if concerned.is_empty() { names.to_vec() } else { concerned }
}

async fn origin_of(store: &Arc<dyn Store>, name: &str) -> Option<String> {
    let genesis = store.read(&format!("{name}/{}", commit_key(0))).await.ok()??;
    Commit::parse(&genesis.bytes).ok().map(|commit| commit.origin)
}

fn nothing(options: &VerifyOptions) -> LogReport {
    let mut findings = Findings::default();
    let message =
        "the archive holds no log: there is nothing to verify; look whether this is the right place";
    findings.add(Code::NoLog, Place::default(), message);
    LogReport::new("", Scope::of(options, None), findings)
}

fn without_folders(error: &StoreError, options: &VerifyOptions) -> LogReport {
    if error.kind == StoreErrorKind::Gone {
        return nothing(options);
    }
    let mut findings = Findings::default();
    let message = format!("the archive could not be listed, so nothing could be verified: {error}");
    findings.add(Code::Unreadable, Place::default(), message);
    LogReport::new("", Scope::of(options, None), findings)
}

#[cfg(test)]
mod tests;
