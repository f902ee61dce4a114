//! Archives that are good must pass; each finding has archives that bring it about.

mod clean;
mod codes;
mod commits;
mod evidence;
mod filters;
mod history;
mod images;
mod lake;
mod tiles;
mod trust;
mod writer;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use sealog_record::Timestamp;
use sealog_store::{
    Created, Entry, Memory, Object, Replaced, Store, StoreError, StoreErrorKind, Version, Versioning,
};

use crate::{Finding, Outcome, Progress, Report, VerifyOptions, verify};
use writer::{BEGIN_MS, Draft, Files, LOG, key, sample, stored};

/// What an auditor who holds the key asks, a minute after the log began.
fn options() -> VerifyOptions {
    VerifyOptions {
        now: Timestamp::from_millis(BEGIN_MS + 60_000),
        key: Some(key().verifier().clone()),
        ..VerifyOptions::default()
    }
}

fn run(store: Arc<dyn Store>, options: &VerifyOptions) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(verify(store, "archive", options, &Progress::default()))
}

fn check(files: &Files, options: &VerifyOptions) -> Report {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let store = runtime.block_on(stored(&[(LOG, files)]));
    run(store, options)
}

/// `code commit=N object=K shard=S row=N`, what is absent left out; evidence is named `e<commit>.<place>`.
fn places(report: &Report, draft: &Draft) -> Vec<String> {
    report.logs.iter().flat_map(|log| &log.findings).map(|finding| place(finding, draft)).collect()
}

fn place(finding: &Finding, draft: &Draft) -> String {
    assert!(finding.message.len() > 20, "{} says nothing: {:?}", finding.code, finding.message);
    assert_eq!(finding.level, finding.code.level());
    let mut text = finding.code.to_string();
    let commit = finding.commit.map(|number| format!(" commit={number}"));
    let object = finding.object.as_ref().map(|key| format!(" object={}", short(key, draft)));
    let shard = finding.shard.as_ref().map(|shard| format!(" shard={shard}"));
    let row = finding.row.map(|row| format!(" row={row}"));
    text.extend([commit, object, shard, row].into_iter().flatten());
    text
}

fn short(key: &str, draft: &Draft) -> String {
    let objects = draft.commits.iter().flat_map(|commit| {
        let objects = commit.batch.iter().flat_map(|batch| &batch.objects).enumerate();
        objects.map(move |(place, object)| (format!("e{}.{place}", commit.number), &object.key))
    });
    objects.into_iter().find(|(_, name)| *name == key).map_or(key.to_owned(), |(short, _)| short)
}

/// One archive and what must be said of it, to the last finding.
#[derive(Clone, Copy)]
struct Case {
    about: &'static str,
    /// Changes the log before it is linked and signed: what its signer did.
    draft: fn(&mut Draft),
    /// Changes the files afterwards: what somebody else did.
    files: fn(&mut Files),
    /// Changes what the auditor holds; the files are those before they were changed.
    options: fn(&mut VerifyOptions, &Files),
    /// Beginning of the names that the store refuses to read.
    refused: Option<&'static str>,
    /// What the store keeps of former times.
    history: Option<fn(&Files) -> Kept>,
    outcome: Outcome,
    findings: &'static [&'static str],
}

const UNTOUCHED: Case = Case {
    about: "untouched",
    draft: |_| (),
    files: |_| (),
    options: |_, _| (),
    refused: None,
    history: None,
    outcome: Outcome::Intact,
    findings: &[],
};

const TOUCHED: Case = Case { outcome: Outcome::Tampered, ..UNTOUCHED };

fn check_cases(cases: &[Case]) {
    let failed: Vec<_> = cases.iter().filter_map(failure).collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

fn failure(case: &Case) -> Option<String> {
    let mut draft = sample();
    (case.draft)(&mut draft);
    let mut files = draft.seal();
    let mut options = options();
    (case.options)(&mut options, &files);
    (case.files)(&mut files);
    let store = stored(&[(LOG, &files)]).now_or_never().unwrap();
    let refused = case.refused.map(|prefix| format!("{LOG}/{prefix}"));
    let history = case.history.map(|history| history(&files));
    let report = run(Arc::new(Refusing { store, refused, history }), &options);
    let findings = report.logs.iter().flat_map(|log| &log.findings);
    let order = |finding: &Finding| (finding.commit, finding.code.as_str(), finding.row);
    assert!(findings.map(order).is_sorted(), "{}: {report:#?}", case.about);
    // Names of evidence are hashes of Parquet bytes: their order is of no interest here.
    let (mut found, mut expected) = (places(&report, &draft), case.findings.to_vec());
    found.sort_unstable();
    expected.sort_unstable();
    (found != expected || report.outcome != case.outcome).then(|| {
        format!(
            "{}:\n  found    {found:?} {}\n  expected {expected:?} {}",
            case.about, report.outcome, case.outcome
        )
    })
}

/// Versions that a store keeps; `None`: it refuses to tell.
#[derive(Clone)]
struct Kept {
    versioning: Option<Versioning>,
    versions: Option<Vec<Version>>,
}

/// Refuses to read and list some names, and tells of versions what it is given.
struct Refusing {
    store: Arc<Memory>,
    refused: Option<String>,
    history: Option<Kept>,
}

impl Refusing {
    fn ask(&self, operation: &'static str, key: &str) -> Result<(), StoreError> {
        if self.refused.as_ref().is_some_and(|prefix| key.starts_with(prefix.as_str())) {
            return Err(not_permitted(operation, key));
        }
        Ok(())
    }
}

fn not_permitted(operation: &'static str, key: &str) -> StoreError {
    let (key, message) = (key.to_owned(), "not permitted".to_owned());
    StoreError { operation, key, kind: StoreErrorKind::Forbidden, message }
}

#[async_trait]
impl Store for Refusing {
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        self.store.create(key, bytes).await
    }

    async fn replace(&self, key: &str, bytes: Bytes, seen: Option<&Object>) -> Result<Replaced, StoreError> {
        self.store.replace(key, bytes, seen).await
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.ask("read", key)?;
        self.store.read(key).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        self.ask("list", prefix)?;
        self.store.list(prefix, after).await
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.ask("list", "orders/")?;
        self.store.folders().await
    }

    async fn versioning(&self) -> Result<Versioning, StoreError> {
        let Some(kept) = &self.history else { return Ok(Versioning::Never) };
        kept.versioning.ok_or_else(|| not_permitted("read versioning", ""))
    }

    async fn versions(&self, prefix: &str) -> Result<Vec<Version>, StoreError> {
        let versions = self.history.as_ref().and_then(|kept| kept.versions.clone());
        let mut versions = versions.ok_or_else(|| not_permitted("list versions", prefix))?;
        versions.retain(|version| version.key.starts_with(prefix));
        Ok(versions)
    }

    fn describe(&self) -> String {
        self.store.describe()
    }
}
