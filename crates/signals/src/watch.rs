//! Looks at a run: how each table stands, and whether all is in order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sealog_pipeline::Progress;
use sealog_source::{ByteBudget, Clock};
use sealog_store::{Counted, Store};
use tokio_util::sync::CancellationToken;

use crate::process::Usage;

/// How often the archive is looked at while nothing is written; each look is one small read.
const PROBE_INTERVAL: Duration = Duration::from_secs(30);
/// How long the archive may take to answer a look.
const PROBE_MAX: Duration = Duration::from_secs(20);

/// One table of a run.
#[derive(Debug, Clone)]
pub struct WatchedTable {
    /// Its name.
    pub table: String,
    /// Its log's.
    pub log: String,
    /// What it has done, and how it stands.
    pub progress: Arc<Progress>,
}

/// A run, as far as it can be looked at.
pub struct Watch {
    pub(crate) tables: Vec<WatchedTable>,
    pub(crate) heartbeat: Duration,
    pub(crate) loss_clock_min: Duration,
    pub(crate) pages: ByteBudget,
    pub(crate) pages_max: usize,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) began_ms: i64,
    store: Arc<dyn Store>,
    stopping: CancellationToken,
    /// Why the archive did not answer when it was looked at.
    unreachable: Mutex<Option<String>>,
}

/// What a [`Watch`] looks at.
pub struct Watching {
    /// The tables.
    pub tables: Vec<WatchedTable>,
    /// Longest time between two commits.
    pub heartbeat: Duration,
    /// Less time than this until changes may be gone is not in order.
    pub loss_clock_min: Duration,
    /// Memory for pages.
    pub pages: ByteBudget,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The archive.
    pub store: Arc<dyn Store>,
    /// Whether the run is about to end.
    pub stopping: CancellationToken,
}

impl Watch {
    /// Begins to look; nothing has been read yet.
    #[must_use]
    pub fn new(run: Watching) -> Self {
        let Watching { tables, heartbeat, loss_clock_min, pages, clock, store, stopping } = run;
        let (pages_max, began_ms) = (pages.available(), clock.now_ms());
        let unreachable = Mutex::default();
        Self {
            tables,
            heartbeat,
            loss_clock_min,
            pages,
            pages_max,
            clock,
            began_ms,
            store,
            stopping,
            unreachable,
        }
    }

    /// Why this run is not ready, one sentence each; empty: it is.
    #[must_use]
    pub fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.stopping.is_cancelled() {
            reasons.push("it is stopping".to_owned());
        }
        if let Some(why) = self.unreachable() {
            reasons.push(format!("the archive cannot be reached: {why}"));
        }
        let tables = self.tables.iter().flat_map(|table| {
            let of_table = self.reasons_of(table);
            of_table.into_iter().map(|reason| format!("table {}: {reason}", table.table))
        });
        reasons.extend(tables);
        reasons
    }

    /// Why one table is not ready.
    pub(crate) fn reasons_of(&self, table: &WatchedTable) -> Vec<String> {
        let progress = &table.progress;
        let bound_ms = i64::try_from(self.loss_clock_min.as_millis()).unwrap_or(i64::MAX);
        let mut reasons = progress.health().report(self.clock.now_ms()).complaints(bound_ms);
        if !progress.has_run() && reasons.is_empty() {
            reasons.push("reading has not begun yet".to_owned());
        }
        if let Some(error) = progress.store().failing() {
            reasons.push(format!("the archive does not do as asked: {error}"));
        }
        reasons
    }

    /// Looks now and then whether the archive answers; never ends.
    pub async fn probe(&self) {
        loop {
            let unreachable = self.look().await;
            *self.unreachable.lock().unwrap_or_else(PoisonError::into_inner) = unreachable;
            self.clock.sleep(PROBE_INTERVAL).await;
        }
    }

    /// One table is always looked at, others while their last call failed: what has passed is to be seen as passed.
    async fn look(&self) -> Option<String> {
        let mut unreachable = None;
        for (place, WatchedTable { log, progress, .. }) in self.tables.iter().enumerate() {
            if place > 0 && progress.store().failing().is_none() {
                continue;
            }
            let store = Counted::new(Arc::clone(&self.store), Arc::clone(progress.store()));
            let checkpoint = format!("{log}/checkpoint");
            let failed = tokio::select! {
                biased;
                found = store.read(&checkpoint) => found.err().map(|error| error.to_string()),
                () = self.clock.sleep(PROBE_MAX) => {
                    Some(format!("{} does not answer within {} s", self.store.describe(), PROBE_MAX.as_secs()))
                }
            };
            unreachable = unreachable.or(failed);
        }
        unreachable
    }

    fn unreachable(&self) -> Option<String> {
        self.unreachable.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn usage(&self) -> Option<Usage> {
        crate::process::usage()
    }
}
