//! One seed, from its plan to its verdict.
//!
//! Machines run the lives of the plan side by side; after each life the archive is read and judged. When the trouble is
//! over, one sound process reads what is left, and then nothing may be missing that is not declared lost.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use sealog_batch::SealRule;
use sealog_chain::{Decisions, Fact, OnGap};
use sealog_filter::OnFault;
use sealog_pipeline::{Config, FilterConfig, PipelineError, TableResult};
use sealog_record::Timestamp;
use sealog_source::{Clock as _, ServiceErrorClass, SourceError};
use sealog_store::{LogError, Store};
use sealog_verify::{Outcome, VerifyOptions, verify};

use crate::clock::ZERO_MS;
use crate::guests;
use crate::law::Missing;
use crate::moody::{Mood, Moody};
use crate::oracle::{Archived, Head};
use crate::plan::{Life, Plan};
use crate::process::Process;
use crate::trace::Trace;
use crate::world::{self, World, key};

/// Longest time that a process may take to stop when it is asked to, in milliseconds of world time it is awake.
const STOPS_WITHIN_MS: u64 = 3 * 3_600_000;
/// Longest time that the last process may need.
const ENDS_WITHIN_MS: u64 = 12 * 3_600_000;

/// Starts of the last process. The service's own limits are in force, and a process gives up if it cannot begin.
const STARTS_MAX: u32 = 10;

/// What became of a seed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Hash over everything that happened, and how many events that was.
    pub trace: (u64, u64),
    /// What happened, one event a line, where that was asked for.
    pub lines: Vec<String>,
    /// Records archived.
    pub records: u64,
    /// Commits made.
    pub commits: u64,
    /// Gaps declared.
    pub gaps: u64,
    /// What became of the records.
    pub decisions: Decisions,
    /// What is wrong; `None`: nothing.
    pub failure: Option<String>,
}

/// Plays one seed in this thread. `readable` keeps what happened as text.
#[must_use]
pub fn run(seed: u64, readable: bool) -> Done {
    let trace = Arc::new(Trace::new(readable));
    let played = catch_unwind(AssertUnwindSafe(|| {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(Plan::draw(seed), seed, &trace))
    }));
    let done = played.unwrap_or_else(|panic| Done { failure: Some(message(&*panic)), ..Done::default() });
    Done { trace: trace.sum(), lines: trace.lines(), ..done }
}

fn message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}

struct Play {
    world: World,
    /// For each table, who may judge it.
    filters: Vec<Vec<Vec<FilterConfig>>>,
    trace: Arc<Trace>,
    seed: u64,
}

async fn play(plan: Plan, seed: u64, trace: &Arc<Trace>) -> Done {
    let mut config = Config { heartbeat: plan.heartbeat, ..world::config(plan.tables.clone()) };
    if plan.filters.iter().flatten().any(|filters| !filters.is_empty()) {
        config.redaction_secret = Some(guests::secret());
    }
    let world = World::with(plan.scenario.clone(), config);
    let play = Play { world, filters: plan.filters.clone(), trace: Arc::clone(trace), seed };
    let mut machines: Vec<_> = plan.machines.iter().zip(["a", "b"]).collect();
    match (machines.pop(), machines.pop()) {
        (Some((b, b_name)), Some((a, a_name))) => {
            tokio::join!(play.machine(a_name, a), play.machine(b_name, b));
        }
        (Some((only, name)), None) => play.machine(name, only).await,
        (None, _) => {}
    }
    play.finish(&plan).await
}

impl Play {
    fn now_ms(&self) -> i64 {
        self.world.clock.now_ms()
    }

    fn note(&self, who: &str, what: std::fmt::Arguments<'_>) {
        self.trace.note(self.now_ms(), who, what);
    }

    async fn machine(&self, name: &str, lives: &[Life]) {
        for (number, life) in lives.iter().enumerate() {
            self.world.pass(Duration::from_millis(life.wait_ms)).await;
            self.live(&format!("{name}{number}"), life).await;
            self.judge_so_far(name).await;
        }
    }

    fn config(&self, life: &Life) -> Config {
        let mut config = self.world.config.clone();
        config.seal =
            SealRule { rows_max: life.rows_max, age_max_ms: life.age_max_ms, ..SealRule::default() };
        for (table, filters) in config.tables.iter_mut().zip(&self.filters) {
            table.latency = life.latency;
            table.filters = filters.get(life.filters).or(filters.last()).cloned().unwrap_or_default();
        }
        config
    }

    /// Each batch was judged by filters that some process was told of, all of them and in their order; and none was set
    /// aside that never fails.
    fn assert_judged(&self, archived: &Archived, table: &str) {
        let place = self.world.config.tables.iter().position(|known| known.log == table).unwrap();
        let told = self.filters[place].iter().map(|filters| {
            filters.iter().map(|filter| (filter.name.clone().unwrap(), filter.sha256.unwrap().0)).collect()
        });
        let told: Vec<Vec<(String, [u8; 32])>> = told.collect();
        for commit in &archived.commits {
            if let Some(batch) = commit.batch.as_ref().filter(|batch| batch.records > 0) {
                let judged: Vec<_> =
                    batch.filters.iter().map(|judge| (judge.name.clone(), judge.component.0)).collect();
                assert!(told.contains(&judged), "commit {} was judged by {judged:?}", commit.number);
            }
            for fact in &commit.facts {
                let Fact::FilterBypassed { name, component, .. } = fact else { continue };
                let fails = guests::acts_of(component).iter().any(|act| act.fault().is_some());
                assert!(fails, "filter {name} never fails and was set aside in commit {}", commit.number);
            }
        }
    }

    async fn live(&self, name: &str, life: &Life) {
        self.note(name, format_args!("starts: {life:?}"));
        let now_ms = self.now_ms();
        let at = |after: u64| now_ms + i64::try_from(after).unwrap();
        let pauses = life.pauses.iter().map(|(from, length)| (at(*from), at(from + length))).collect();
        let process =
            Arc::new(Process::new(name, self.world.time(), Arc::clone(&self.trace), pauses, life.skew_ms));
        let salt = name.bytes().fold(self.seed, |salt, byte| salt.wrapping_mul(31).wrapping_add(byte.into()));
        let moody = Moody::new(Arc::clone(&self.world.store), Arc::clone(&process), life.mood, salt);
        let (run, cancel) =
            self.world.start(&process, self.config(life), Arc::new(moody), life.until_caught_up);
        let mut run = Box::pin(run.run());
        let ended = match self.within(&mut run, life.length_ms).await {
            None if life.is_asked => {
                self.note(name, format_args!("is asked to stop"));
                cancel.cancel();
                let stopped = self.within(&mut run, STOPS_WITHIN_MS).await;
                assert!(stopped.is_some(), "{name} was asked to stop and has not after {STOPS_WITHIN_MS} ms");
                stopped
            }
            ended => ended,
        };
        self.bury(name, &process, ended.as_deref());
        drop(run);
        // Tasks within tasks end one level at a time.
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
    }

    /// How a process ended; `None`: it has not, in this time.
    async fn within(
        &self,
        run: &mut (impl Future<Output = Vec<TableResult>> + Unpin),
        length_ms: u64,
    ) -> Option<Vec<TableResult>> {
        tokio::select! {
            biased;
            ended = run => Some(ended),
            () = self.world.pass(Duration::from_millis(length_ms)) => None,
        }
    }

    fn bury(&self, name: &str, process: &Process, ended: Option<&[TableResult]>) {
        let Some(results) = ended else {
            self.note(name, format_args!("is killed"));
            return process.kill();
        };
        for result in results {
            self.note(name, format_args!("{}: {}", result.table, told(result)));
            assert_may_end_so(name, result);
        }
    }

    async fn judge_so_far(&self, name: &str) {
        for table in &self.world.config.tables {
            let archived = self.world.assert_log(&table.log, Head::Left, Missing::NotYetRead).await;
            self.assert_judged(&archived, &table.log);
            self.note(
                name,
                format_args!(
                    "{}: {} commits, {} records so far",
                    table.log,
                    archived.commits.len(),
                    archived.records()
                ),
            );
        }
    }

    /// The last process, on a sound store, with a person's consent to record gaps.
    async fn finish(mut self, plan: &Plan) -> Done {
        let over_ms = ZERO_MS + i64::try_from(plan.trouble_ms).unwrap();
        self.world.pass(Duration::from_millis(u64::try_from(over_ms - self.now_ms()).unwrap_or(0))).await;
        for (table, filters) in self.world.config.tables.iter_mut().zip(&self.filters) {
            table.on_gap = OnGap::RecordAndContinue;
            let keeping = |filter: &FilterConfig| FilterConfig { on_fault: OnFault::Keep, ..filter.clone() };
            table.filters = filters.last().into_iter().flatten().map(keeping).collect();
        }
        let mut done = Done::default();
        self.catch_up("last", &mut done, plan).await;
        let first = done.clone();
        self.world.pass(Duration::from_secs(5)).await;
        self.catch_up("again", &mut done, plan).await;
        assert!(done.records >= first.records, "records are gone");
        if plan.lossless {
            assert_eq!(
                done.records, first.records,
                "a second start finds records that the first left behind"
            );
            assert_eq!(done.gaps, 0, "nothing could be lost");
        }
        done
    }

    /// Starts a process until it has caught up. One that the service turned away is started again, as by a supervisor.
    async fn catch_up(&self, name: &str, done: &mut Done, plan: &Plan) {
        for _ in 0..STARTS_MAX {
            let results = self.read_to_the_end(name).await;
            if !results.iter().any(|result| is_turned_away(&result.result)) {
                return self.judge_all(name, &results, done, plan).await;
            }
            self.world.pass(Duration::from_secs(60)).await;
        }
        panic!("{name} was turned away by the service {STARTS_MAX} times");
    }

    async fn read_to_the_end(&self, name: &str) -> Vec<TableResult> {
        let process = Arc::new(Process::new(name, self.world.time(), Arc::clone(&self.trace), Vec::new(), 0));
        let moody = Moody::new(Arc::clone(&self.world.store), Arc::clone(&process), Mood::SOUND, 0);
        let (run, _cancel) = self.world.start(&process, self.world.config.clone(), Arc::new(moody), true);
        self.note(name, format_args!("starts"));
        let bound = Duration::from_millis(ENDS_WITHIN_MS);
        let results = tokio::select! {
            biased;
            results = run.run() => results,
            () = self.world.pass(bound) => panic!("{name} has not caught up after {bound:?}"),
        };
        for result in &results {
            self.note(name, format_args!("{}: {}", result.table, told(result)));
        }
        results
    }

    async fn judge_all(&self, name: &str, results: &[TableResult], done: &mut Done, plan: &Plan) {
        (done.records, done.commits, done.gaps) = (0, 0, 0);
        done.decisions = Decisions::default();
        for result in results {
            match &result.result {
                Ok(()) => self.judge(&result.table, done, plan).await,
                Err(PipelineError::Source(SourceError::TableWithoutStream { .. }))
                    if self.has_no_stream(&result.table) => {}
                Err(error) => {
                    panic!("{name} of {} failed on a sound store and service: {error}", result.table)
                }
            }
        }
    }

    async fn judge(&self, table: &str, done: &mut Done, plan: &Plan) {
        let missing = if plan.lossless { Missing::Nothing } else { Missing::Declared };
        let archived = self.world.assert_log(table, Head::Covered, missing).await;
        self.assert_judged(&archived, table);
        done.decisions.add(&decided(&archived));
        done.records += archived.records() as u64;
        done.commits += archived.fold.size();
        done.gaps += archived.fold.gaps().len() as u64;
        let options = VerifyOptions {
            // A log that has caught up is silent while the process still reads another.
            now: archived.fold.committed_at().unwrap_or(Timestamp::from_millis(self.now_ms())),
            key: Some(key()),
            logs: vec![table.to_owned()],
            ..VerifyOptions::default()
        };
        let store = Arc::clone(&self.world.store) as Arc<dyn Store>;
        let report = verify(store, "memory", &options, &sealog_verify::Progress::default()).await;
        let expected =
            if archived.fold.gaps().is_empty() { Outcome::Intact } else { Outcome::IntactWithDeclaredGaps };
        assert_eq!(report.outcome, expected, "the verifier says of {table}: {:?}", report.logs);
    }

    /// Whether the service has no stream of this table any more, and the log never began.
    fn has_no_stream(&self, table: &str) -> bool {
        let request = format!("{{\"TableName\":\"{table}\"}}");
        let reply =
            self.world.engine.lock().unwrap().handle(self.now_ms(), "ListStreams", request.as_bytes());
        let reply: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        reply["Streams"].as_array().is_some_and(Vec::is_empty)
    }
}

fn is_turned_away(result: &Result<(), PipelineError>) -> bool {
    match result {
        Err(PipelineError::Source(SourceError::Service { source, .. })) => {
            source.kind.class() == ServiceErrorClass::Retry
        }
        Ok(()) | Err(_) => false,
    }
}

fn decided(archived: &Archived) -> Decisions {
    let mut sum = Decisions::default();
    let batches = archived.commits.iter().filter_map(|commit| commit.batch.as_ref());
    batches.for_each(|batch| sum.add(&batch.decisions));
    sum
}

fn told(result: &TableResult) -> String {
    result.result.as_ref().map_or_else(ToString::to_string, |()| "ended well".to_owned())
}

/// What a process may end with while faults are played: what the service and the store did to it, never a defect.
fn assert_may_end_so(name: &str, result: &TableResult) {
    let may = match &result.result {
        Ok(()) => true,
        Err(PipelineError::Source(error)) => matches!(
            error,
            SourceError::TableWithoutStream { .. }
                | SourceError::Service { .. }
                | SourceError::MalformedPage { .. }
                | SourceError::OutOfOrder { .. }
                | SourceError::RepeatedCursor { .. }
                | SourceError::GapHalted(_)
        ),
        Err(
            PipelineError::Store(_)
            | PipelineError::Log(LogError::Store(_))
            | PipelineError::Overtaken(_)
            | PipelineError::FilterHalted(_),
        ) => true,
        Err(_) => false,
    };
    assert!(may, "{name} ended with what no fault explains: {}", told(result));
}
