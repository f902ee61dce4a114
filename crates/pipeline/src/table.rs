//! One table's pipeline: reader → filters, if there are any → gatherer → stager → committer.
//!
//! Each hands over through a bounded queue and ends when the one before it has: that is how a stop finishes what was read.

use std::sync::Arc;
use std::time::Duration;

use sealog_chain::{Fact, Fold, Policies, StopCause};
use sealog_record::Timestamp;
use sealog_source::{
    AlarmKind, CommittedShard, Coverage, Health, KnownStream, Limits, Source, SourceEvent, SourceOptions,
    StreamClient,
};
use sealog_store::{Counted, Log, Store};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::judging::{Arrived, Inlet, JUDGED_QUEUED, Judging};
use crate::stage::{Ahead, AheadStaged, Outlet};
use crate::{Committer, Config, Gatherer, Identity, PipelineError, Progress, Sealed, TableConfig, Workshop};

/// Pages between reader and gatherer; their bytes are bounded by the budget.
const EVENTS_QUEUED: usize = 64;
/// Batches whose rows are stored and that wait for their commit.
const STAGED_QUEUED: usize = 1;
const POSITIONS_QUEUED: usize = 1024;
/// So long after a stop was asked for, pages that were read and are not sealed yet are still taken.
const STOPPING_MAX: Duration = Duration::from_secs(10);
/// What the tables of a run share.
pub(crate) struct Shared<C> {
    pub(crate) client: Arc<C>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) identity: Identity,
    pub(crate) limits: Limits,
    pub(crate) config: Config,
    pub(crate) until_caught_up: bool,
    pub(crate) workshop: Option<Workshop>,
}

/// Archives one table until it is cancelled, caught up if that was asked for, or stopped by an error.
pub(crate) async fn run<C: StreamClient>(
    shared: Arc<Shared<C>>,
    table: TableConfig,
    progress: Arc<Progress>,
) -> Result<(), PipelineError> {
    let store = Counted::new(Arc::clone(&shared.store), Arc::clone(progress.store()));
    let log = Log::new(Arc::new(store), &table.log);
    let policies = policies(&shared.config, &table);
    let committer =
        Committer::open(log, policies.clone(), shared.identity.clone(), Arc::clone(&progress)).await?;
    committer.check_table_name(&table.name)?;
    let judging = judging(&shared, &table, &progress).await?;
    let judges = judging.as_ref().map(Judging::judges).unwrap_or_default();
    let source = source(&shared, &table, committer.fold()).watched_by(Arc::clone(progress.health()));
    let heartbeat =
        Heartbeat { interval: shared.config.heartbeat.mul_f64(0.9), health: Arc::clone(progress.health()) };
    let mut gatherer = Gathering {
        gatherer: Gatherer::new(committer.fold(), shared.config.seal).judged_by(judges),
        changed_policies: committer.fold().policies().filter(|old| **old != policies).map(|_| policies),
        identity: shared.identity.clone(),
        progress,
        started: false,
    };
    let cancel = shared.identity.cancel.clone();

    let (events, events_in) = mpsc::channel(EVENTS_QUEUED);
    let (sealed, sealed_in) = Outlet::new();
    let (staged, staged_in) = mpsc::channel(STAGED_QUEUED);
    let (positions, positions_in) = mpsc::channel(POSITIONS_QUEUED);
    let mut tasks = JoinSet::new();
    let limits = shared.limits.clone();
    let reading = tasks.spawn(async move {
        Ended::Reader(source.run(events, positions_in, limits, cancel).await.map_err(PipelineError::from))
    });
    let events_in = match judging {
        None => Inlet::Read(events_in),
        Some(judging) => {
            let (judged, judged_in) = mpsc::channel(JUDGED_QUEUED);
            tasks.spawn(async move { Ended::Judging(judging.run(events_in, judged).await) });
            Inlet::Judged(judged_in)
        }
    };
    tasks.spawn(async move {
        let result = gatherer.run(events_in, sealed).await;
        Ended::Gatherer(result, gatherer.started)
    });
    let stager = committer.stager();
    tasks.spawn(async move {
        stager.run(sealed_in, staged).await;
        Ended::Stager
    });
    tasks.spawn(async move {
        Ended::Committer(Box::new(commit(committer, heartbeat, staged_in, positions).await))
    });
    finish(tasks, shared.identity.cancel.clone(), shared.until_caught_up, &reading).await
}

/// The filters of a table, loaded; `None`: it has none.
async fn judging<C>(
    shared: &Shared<C>,
    table: &TableConfig,
    progress: &Arc<Progress>,
) -> Result<Option<Judging>, PipelineError> {
    progress.health().settle(AlarmKind::FilterBypassed);
    if table.filters.is_empty() {
        return Ok(None);
    }
    let workshop = match &shared.workshop {
        Some(workshop) => workshop.clone(),
        None => {
            let now = Timestamp::from_millis(shared.identity.clock.now_ms());
            Workshop::open(&shared.config, None, now)?
        }
    };
    let panel = workshop.panel(table, shared.config.redaction_secret.as_deref()).await?;
    let (progress, identity) = (Arc::clone(progress), shared.identity.clone());
    Ok(Some(Judging::new(panel, workshop, &table.name, progress, identity)))
}

fn policies(config: &Config, table: &TableConfig) -> Policies {
    Policies {
        heartbeat_seconds: config.heartbeat.as_secs(),
        retention: config.protection.retention,
        on_gap: table.on_gap,
    }
}

fn source<C: StreamClient>(shared: &Shared<C>, table: &TableConfig, fold: &Fold) -> Source<C> {
    let options = SourceOptions {
        start: table.start,
        on_gap: table.on_gap,
        require_view_type: table.require_view_type,
        latency_max: table.latency,
        until_caught_up: shared.until_caught_up,
        seed: seed(&shared.identity.writer.id),
        ..SourceOptions::default()
    };
    let clock = Arc::clone(&shared.identity.clock);
    Source::new(Arc::clone(&shared.client), clock, options, table.name.as_str(), coverage(fold))
}

fn coverage(fold: &Fold) -> Coverage {
    let known = |stream: &sealog_chain::StreamState| KnownStream {
        arn: stream.arn.clone(),
        start: stream.start,
        opened_at_ms: stream.opened_at.as_millis(),
        closed: stream.ended.is_some(),
    };
    Coverage {
        streams: fold.streams().iter().map(|(label, stream)| (label.clone(), known(stream))).collect(),
        positions: fold.positions(),
    }
}

/// Waits of processes that were started together must differ (FNV-1a).
fn seed(writer: &str) -> u64 {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    writer.bytes().fold(0xcbf2_9ce4_8422_2325, mix)
}

enum Ended {
    Reader(Result<(), PipelineError>),
    Judging(Result<(), PipelineError>),
    /// With whether anything came from the service at all.
    Gatherer(Result<(), PipelineError>, bool),
    /// What went wrong the committer tells.
    Stager,
    Committer(Box<Result<Committer, PipelineError>>),
}

/// Awaits all of them, states why capture stopped, and returns the first cause of trouble.
async fn finish(
    mut tasks: JoinSet<Ended>,
    cancel: CancellationToken,
    until_caught_up: bool,
    reading: &tokio::task::AbortHandle,
) -> Result<(), PipelineError> {
    let (mut read, mut judged, mut gathered) = (Ok(()), Ok(()), Ok(()));
    let (mut committer, mut began) = (None, false);
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(Ended::Reader(result)) => read = result,
            Ok(Ended::Judging(result)) => {
                // Nobody takes what is read any more, and a reader that has nothing to send would not notice.
                if result.is_err() {
                    reading.abort();
                }
                judged = result;
            }
            Ok(Ended::Gatherer(result, started)) => (gathered, began) = (result, started),
            Ok(Ended::Stager) => {}
            Ok(Ended::Committer(ended)) => match *ended {
                Ok(ended) => committer = Some(ended),
                Err(error) => {
                    // Nothing can be committed any more: what the others say next is only a consequence.
                    reading.abort();
                    tasks.shutdown().await;
                    return Err(error);
                }
            },
            Err(died) if died.is_cancelled() && judged.is_err() => {}
            Err(died) => return Err(PipelineError::Defect(died.to_string())),
        }
    }
    let cause = match judged.as_ref().and(read.as_ref()) {
        _ if cancel.is_cancelled() => StopCause::Signal,
        Ok(()) if until_caught_up => StopCause::CaughtUp,
        Ok(()) | Err(_) => StopCause::Halted,
    };
    if let Some(mut committer) = committer.filter(|committer| began && committer.fold().size() > 0) {
        committer.commit(Sealed { facts: vec![Fact::CaptureStopped { cause }], ..Sealed::default() }).await?;
    }
    // Where a filter halted the table, the reader was only left alone.
    judged.and(gathered).and(read)
}

struct Gathering {
    gatherer: Gatherer,
    changed_policies: Option<Policies>,
    identity: Identity,
    progress: Arc<Progress>,
    started: bool,
}

impl Gathering {
    async fn run(&mut self, mut events: Inlet, sealed: Outlet) -> Result<(), PipelineError> {
        // What was read is committed, unless the archive is too slow for that: the next start reads it again.
        let identity = self.identity.clone();
        let mut patience = std::pin::pin!(async move {
            identity.cancel.cancelled().await;
            identity.clock.sleep(STOPPING_MAX).await;
        });
        loop {
            let clock = &self.identity.clock;
            let due_in = self.gatherer.due_in_ms(clock.now_ms());
            let due = async {
                match due_in {
                    Some(wait) => clock.sleep(Duration::from_millis(wait)).await,
                    None => std::future::pending().await,
                }
            };
            let batches = tokio::select! {
                biased;
                () = &mut patience => break,
                event = events.recv() => match event {
                    Some(event) => self.take(event)?,
                    None => break,
                },
                () = due => self.gatherer.seal()?.into_iter().collect(),
            };
            for batch in batches {
                if !sealed.send(batch).await {
                    return Ok(());
                }
            }
        }
        // The reader has ended: what it sent is committed all the same.
        if let Some(batch) = self.gatherer.seal()? {
            sealed.send(batch).await;
        }
        Ok(())
    }

    fn take(&mut self, arrived: Arrived) -> Result<Vec<Sealed>, PipelineError> {
        let now_ms = self.identity.clock.now_ms();
        let mut batches = Vec::new();
        if !std::mem::replace(&mut self.started, true) {
            self.progress.ran();
            self.gatherer.state(Fact::CaptureStarted {}, now_ms, &mut batches)?;
            if let Some(policies) = self.changed_policies.take() {
                self.gatherer.state(Fact::PolicyChanged { policies }, now_ms, &mut batches)?;
            }
        }
        if let SourceEvent::Page { page, first, .. } = &arrived.event {
            self.progress.page(page.len().saturating_sub(*first), page.bytes());
        }
        batches.extend(self.gatherer.take_judged(arrived, now_ms)?);
        Ok(batches)
    }
}

/// When a log has been silent for too long, and what can be said then.
struct Heartbeat {
    interval: Duration,
    health: Arc<Health>,
}

impl Heartbeat {
    fn fact(&self) -> Fact {
        Fact::Heartbeat { polled_since: self.health.polled_since_ms().map(Timestamp::from_millis) }
    }
}

/// Commits what is sealed, and a heartbeat when nothing is for too long; gives the committer back at the end.
async fn commit(
    mut committer: Committer,
    heartbeat: Heartbeat,
    mut staged: mpsc::Receiver<AheadStaged>,
    positions: mpsc::Sender<CommittedShard>,
) -> Result<Committer, PipelineError> {
    loop {
        let silence = committer.clock().sleep(heartbeat.interval);
        let (batch, place) = tokio::select! {
            biased;
            batch = staged.recv() => match batch.transpose()? {
                Some(Ahead { batch, place }) => (batch, Some(place)),
                None => return Ok(committer),
            },
            () = silence, if committer.fold().size() > 0 => {
                let alone = Sealed { facts: vec![heartbeat.fact()], ..Sealed::default() };
                (alone.into(), None)
            }
        };
        let committed = committer.commit(batch).await?;
        drop(place);
        for shard in committed {
            // A reader that has ended needs no positions.
            drop(positions.send(shard).await);
        }
    }
}
