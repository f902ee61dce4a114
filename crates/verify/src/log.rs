//! One log: its checkpoints, then its commits in order, their evidence beside.

use std::sync::Arc;

use futures_util::StreamExt as _;
use sealog_chain::{CHECKPOINT_KEY, commit_key, commit_number_of};
use sealog_store::{Log, Object, Store, StoreError};
use tokio::task::JoinSet;

use crate::attest::{Checkpoints, Trust};
use crate::evidence::{self, Checked, Evidence};
use crate::finding::{Code, Findings, Place};
use crate::history::History;
use crate::options::{Progress, VerifyOptions};
use crate::report::LogReport;
use crate::spine::Spine;
use crate::tiles::Tiles;

/// Commits fetched ahead.
const READS_AT_ONCE: usize = 16;

/// Verifies one log. `checkpoint` is the one from outside, if it is about this log.
pub(crate) async fn verify(
    log: Log,
    checkpoint: Option<&[u8]>,
    options: &VerifyOptions,
    progress: &Progress,
) -> LogReport {
    let trust = Trust { key: options.key.as_ref(), checkpoint };
    let mut findings = Findings::default();
    let checkpoints = Checkpoints::gather(&log, trust, &mut findings).await;
    let history = History::gather(&log, &mut findings).await;
    let tiles = Tiles::gather(&log, &mut findings).await;
    let Some(commits) = Names::list(&log, &mut findings).await else {
        return LogReport::new(log.name(), findings);
    };
    if commits.numbers.is_empty() {
        let message = format!(
            "the log {:?} has no commits: there is nothing to verify; look whether the name is right",
            log.name()
        );
        findings.add(Code::NoLog, Place::default(), message);
        return LogReport::new(log.name(), findings);
    }
    for name in checkpoints.foreign.iter().chain(&commits.foreign) {
        let message =
            format!("{name} is no name of this place; whatever it is, it proves nothing and harms nothing");
        findings.add(Code::ForeignObject, Place::object(name), message);
    }
    progress.listed(commits.numbers.len() as u64);
    let readers = options.readers.max(1);
    let pool = Pool { readers, running: JoinSet::new(), findings, history, progress };
    let mut spine = Spine::new(checkpoints.sizes());
    let mut findings = read(&log, commits.numbers, &mut spine, pool).await;
    spine.finish(options.now);
    checkpoints.judge(&spine, trust, &mut findings);
    tiles.judge(&log, &spine.known(), &mut findings).await;
    findings.append(std::mem::take(&mut spine.findings));
    report(log.name(), spine, findings)
}

/// Whether a log without commits left anything behind.
pub(crate) async fn left_overs(store: &Arc<dyn Store>, name: &str) -> bool {
    for folder in ["commits/", "checkpoints/", "evidence/"] {
        match store.list(&format!("{name}/{folder}"), None).await {
            Ok(listed) if listed.is_empty() => {}
            Ok(_) | Err(_) => return true,
        }
    }
    !matches!(store.read(&format!("{name}/{CHECKPOINT_KEY}")).await, Ok(None))
}

/// What lies under `commits/`.
struct Names {
    numbers: Vec<u64>,
    foreign: Vec<String>,
}

impl Names {
    async fn list(log: &Log, findings: &mut Findings) -> Option<Self> {
        let listed = match log.store().list(&log.key("commits/"), None).await {
            Ok(listed) => listed,
            Err(error) => {
                let message =
                    format!("the commits could not be listed, so nothing could be verified: {error}");
                findings.add(Code::Unreadable, Place::object("commits"), message);
                return None;
            }
        };
        let mut names = Self { numbers: Vec::new(), foreign: Vec::new() };
        for entry in listed {
            let Some(name) = entry.key.strip_prefix(&log.key("")) else { continue };
            match commit_number_of(name) {
                Some(number) => names.numbers.push(number),
                None => names.foreign.push(name.to_owned()),
            }
        }
        names.numbers.sort_unstable();
        names.numbers.dedup();
        Some(names)
    }
}

async fn read(log: &Log, numbers: Vec<u64>, spine: &mut Spine, mut pool: Pool<'_>) -> Findings {
    let reads = futures_util::stream::iter(numbers)
        .map(|number| async move { (number, log.read(&commit_key(number)).await) });
    let mut reads = std::pin::pin!(reads.buffered(READS_AT_ONCE));
    while let Some((number, read)) = reads.next().await {
        spine.name(number);
        match take(number, read, spine, &mut pool.findings) {
            Some(evidence) => {
                pool.history.judge_evidence(number, &evidence.batch, &mut pool.findings);
                pool.check(log.clone(), number, evidence).await;
            }
            None => pool.progress.checked(0, 0, 0),
        }
    }
    pool.finish().await
}

fn take(
    number: u64,
    read: Result<Option<Object>, StoreError>,
    spine: &mut Spine,
    findings: &mut Findings,
) -> Option<Evidence> {
    match read {
        Ok(Some(object)) => spine.take(number, &object.bytes),
        Ok(None) => {
            spine.gone(number);
            None
        }
        Err(error) => {
            spine.mark(number);
            let key = commit_key(number);
            let message =
                format!("{key} could not be read, and the log cannot be judged from there on: {error}");
            findings.add(Code::Unreadable, Place::object(&key), message);
            None
        }
    }
}

/// Batches that are checked side by side, at most `readers` of them.
struct Pool<'a> {
    readers: usize,
    running: JoinSet<Checked>,
    findings: Findings,
    history: History,
    progress: &'a Progress,
}

impl Pool<'_> {
    async fn check(&mut self, log: Log, number: u64, evidence: Evidence) {
        while self.running.len() >= self.readers && self.collect().await {}
        self.progress.named(evidence.batch.objects.len() as u64);
        self.running.spawn(evidence::check(log, number, evidence));
    }

    /// Waits for one batch; `false` when none is running.
    async fn collect(&mut self) -> bool {
        match self.running.join_next().await {
            None => false,
            Some(Ok(Checked { findings, objects, bytes, records })) => {
                self.findings.append(findings);
                self.progress.checked(objects, bytes, records);
                true
            }
            Some(Err(error)) => {
                let message = format!(
                    "the evidence of a commit could not be checked ({error}); a defect of this program: report it"
                );
                self.findings.add(Code::Unreadable, Place::object("evidence"), message);
                true
            }
        }
    }

    async fn finish(mut self) -> Findings {
        while self.collect().await {}
        self.findings
    }
}

fn report(name: &str, spine: Spine, findings: Findings) -> LogReport {
    let summary = spine.summary;
    LogReport {
        origin: summary.origin,
        commits: summary.commits,
        records: summary.records,
        objects: summary.objects,
        bytes: summary.bytes,
        first_commit_at: summary.first_commit_at,
        last_commit_at: summary.last_commit_at,
        ..LogReport::new(name, findings)
    }
}
