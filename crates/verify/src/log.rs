//! One log: its checkpoints, then its commits in order, their evidence beside.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use sealog_chain::{CHECKPOINT_KEY, commit_key, commit_number_of};
use sealog_store::{Log, Store, StoreError};

use crate::attest::{Checkpoints, Trust};
use crate::bounds;
use crate::breaks;
use crate::evidence::Evidence;
use crate::finding::{Code, Findings, Place};
use crate::history::History;
use crate::images::{Images, Interruptions, Truncated};
use crate::lake;
use crate::options::{Progress, VerifyOptions};
use crate::pool::Pool;
use crate::report::{Head, KeyReport, LogReport};
use crate::scope::{Depth, Draw, Scope};
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
    let scope = Scope::of(options, checkpoint);
    let mut findings = Findings::default();
    let checkpoints = Checkpoints::gather(&log, trust, &mut findings).await;
    let history = History::gather(&log, &mut findings).await;
    let tiles = Tiles::gather(&log, &mut findings).await;
    let Some(commits) = Names::list(&log, &mut findings).await else {
        return LogReport::new(log.name(), scope, findings);
    };
    if commits.numbers.is_empty() {
        let message = format!(
            "the log {:?} has no commits: there is nothing to verify; look whether the name is right",
            log.name()
        );
        findings.add(Code::NoLog, Place::default(), message);
        return LogReport::new(log.name(), scope, findings);
    }
    for name in checkpoints.foreign.iter().chain(&commits.foreign) {
        let message =
            format!("{name} is no name of this place; whatever it is, it proves nothing and harms nothing");
        findings.add(Code::ForeignObject, Place::object(name), message);
    }
    progress.listed(commits.numbers.len() as u64);
    let mut spine = Spine::new(checkpoints.sizes());
    let images = scope.images.then(|| Arc::new(Images::new(options.spill.clone())));
    let mut pool = Pool::new(options, progress, scope.level, images);
    pool.findings = findings;
    read(&log, commits.numbers, Reading { spine: &mut spine, history: &history, scope: &scope }, &mut pool)
        .await;
    let Pool { mut findings, counts, images, opaque, .. } = pool.finish().await;
    spine.finish(options.now);
    tiles.judge(&log, &spine.known(), &mut findings).await;
    if scope.level == Depth::Lake {
        lake::judge(&log, options, &mut findings).await;
    }
    findings.append(std::mem::take(&mut spine.findings));
    if let Some(images) = images.and_then(Arc::into_inner) {
        join_images(&log, images, interruptions(&spine, opaque, &findings), &mut findings).await;
    }
    let attested = checkpoints.judge(&spine, trust, &mut findings);
    LogReport { checked: counts, attested, ..report(log.name(), scope, spine, findings) }
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

/// What commits are held against while they are read.
struct Reading<'a> {
    spine: &'a mut Spine,
    history: &'a History,
    scope: &'a Scope,
}

async fn read(log: &Log, numbers: Vec<u64>, reading: Reading<'_>, pool: &mut Pool<'_>) {
    let Reading { spine, history, scope } = reading;
    let mut draw = scope.sample.map(Draw::new);
    let reads = futures_util::stream::iter(numbers)
        .map(|number| async move { (number, bounds::commit(log, &commit_key(number)).await) });
    let mut reads = std::pin::pin!(reads.buffered(READS_AT_ONCE));
    while let Some((number, read)) = reads.next().await {
        spine.name(number);
        let evidence = take(number, read, spine, &mut pool.findings);
        if let Some(evidence) = &evidence {
            history.judge_evidence(number, &evidence.batch, &mut pool.findings);
        }
        match (evidence.filter(|_| scope.covers(number)), &mut draw) {
            (Some(evidence), Some(draw)) if !evidence.batch.objects.is_empty() => {
                draw.offer(number, evidence);
                pool.progress.checked(0, 0, 0);
            }
            (Some(evidence), None) => pool.check(log.clone(), number, evidence).await,
            (Some(_) | None, _) => pool.progress.checked(0, 0, 0),
        }
    }
    let drawn = draw.map(Draw::drawn).unwrap_or_default();
    pool.progress.listed(drawn.len() as u64);
    for (number, evidence) in drawn {
        pool.check(log.clone(), number, evidence).await;
    }
}

fn take(
    number: u64,
    read: Result<Option<Bytes>, StoreError>,
    spine: &mut Spine,
    findings: &mut Findings,
) -> Option<Evidence> {
    match read {
        Ok(Some(bytes)) => spine.take(number, &bytes),
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

/// Where images need not join, or are not known.
fn interruptions(spine: &Spine, opaque: Vec<u64>, findings: &Findings) -> Interruptions {
    let mut interruptions = Interruptions::default();
    spine.continuity().interrupted().iter().for_each(|number| interruptions.before(*number));
    opaque.into_iter().chain(findings.commits_in_doubt()).for_each(|number| interruptions.within(number));
    if spine.sound() < spine.count() {
        interruptions.end_at(spine.sound());
    }
    interruptions
}

/// Compares what each change begins from with what the one before it left.
async fn join_images(log: &Log, images: Images, interruptions: Interruptions, findings: &mut Findings) {
    let judging = tokio::task::spawn_blocking(move || images.judge(interruptions));
    let problem = match judging.await {
        Ok(Ok((breaks, count))) => return breaks::report(log, &breaks, count, findings).await,
        Ok(Err(Truncated(problem))) => problem,
        Err(error) => error.to_string(),
    };
    let message = format!(
        "whether images join could not be judged: {problem}; name a folder with room with --spill, or leave it out with --images off"
    );
    findings.add(Code::Unreadable, Place::object("images"), message);
}

fn report(name: &str, scope: Scope, spine: Spine, findings: Findings) -> LogReport {
    let root = spine.head_root();
    let keys = spine.continuity().keys().iter();
    let keys = keys.map(|(commit, key)| KeyReport { key: key.to_string(), commit: *commit }).collect();
    let size = spine.count();
    let summary = spine.summary;
    let origin = summary.origin.clone();
    LogReport {
        head: root.zip(origin).map(|(root, origin)| Head { origin, size, root }),
        keys,
        origin: summary.origin,
        commits: summary.commits,
        records: summary.records,
        objects: summary.objects,
        bytes: summary.bytes,
        first_commit_at: summary.first_commit_at,
        last_commit_at: summary.last_commit_at,
        coverage: summary.coverage.into_hours(),
        ..LogReport::new(name, scope, findings)
    }
}
