//! `/metrics`: a run in the catalog's metrics.

use sealog_pipeline::Totals;
use sealog_source::{AlarmKind, CallOutcome, HealthReport, Operation, ShardActivity};
use sealog_store::StoreOperation;

use crate::catalog as names;
use crate::catalog::Metric;
use crate::prometheus::{Text, Value, seconds};
use crate::watch::{Watch, WatchedTable};

/// A table at one moment.
struct Moment<'a> {
    of: &'a WatchedTable,
    totals: Totals,
    report: HealthReport,
}

impl Watch {
    /// The page as it is scraped.
    #[must_use]
    pub fn metrics(&self) -> String {
        let now_ms = self.clock.now_ms();
        let moment = |of| Moment { of, totals: totals(of), report: of.progress.health().report(now_ms) };
        let tables: Vec<_> = self.tables.iter().map(moment).collect();
        let mut text = Text::default();
        self.process(&mut text);
        counters(&mut text, &tables);
        calls(&mut text, &tables);
        gauges(&mut text, &tables, self.heartbeat.as_secs());
        states(&mut text, &tables);
        filters(&mut text, &tables);
        text.finish()
    }

    fn process(&self, text: &mut Text) {
        let mut one = |metric: &Metric, value: Value| text.family(metric, vec![(vec![], value)]);
        one(&names::READY, self.reasons().is_empty().into());
        one(&names::START_TIME, seconds(self.began_ms).into());
        if let Some(usage) = self.usage() {
            one(&names::CPU, usage.cpu_seconds.into());
            one(&names::RESIDENT, usage.resident_bytes.into());
        }
        let held = self.pages_max.saturating_sub(self.pages.available()) as u64;
        one(&names::PAGES_MEMORY, held.into());
        one(&names::PAGES_MEMORY_LIMIT, (self.pages_max as u64).into());
        text.family(&names::BUILD_INFO, vec![(vec![env!("CARGO_PKG_VERSION")], 1.into())]);
    }
}

fn totals(table: &WatchedTable) -> Totals {
    table.progress.totals()
}

impl<'a> Moment<'a> {
    fn labels(&self) -> Vec<&'a str> {
        vec![&self.of.table, &self.of.log]
    }

    fn with(&self, more: &[&'a str]) -> Vec<&'a str> {
        [&self.labels(), more].concat()
    }
}

fn each(
    tables: &[Moment<'_>],
    text: &mut Text,
    metric: &Metric,
    value: impl Fn(&Moment<'_>) -> Option<Value>,
) {
    let samples = tables.iter().filter_map(|table| Some((table.labels(), value(table)?)));
    text.family(metric, samples.collect());
}

fn counters(text: &mut Text, tables: &[Moment<'_>]) {
    type Count = fn(&Totals) -> u64;
    let counters: [(Metric, Count); 8] = [
        (names::RECORDS_READ, |it| it.read),
        (names::READ_BYTES, |it| it.bytes_in),
        (names::RECORDS_COMMITTED, |it| it.committed),
        (names::WRITTEN_BYTES, |it| it.bytes_out),
        (names::COMMITS, |it| it.commits),
        (names::LOST_RACES, |it| it.lost_races),
        (names::RESTARTS, |it| it.restarts),
        (names::GAPS, |it| it.gaps),
    ];
    for (metric, count) in counters {
        each(tables, text, &metric, |table| Some(count(&table.totals).into()));
    }
}

fn calls(text: &mut Text, tables: &[Moment<'_>]) {
    let mut samples = Vec::new();
    for table in tables {
        let calls = table.of.progress.health().calls();
        for operation in Operation::ALL {
            for outcome in CallOutcome::ALL {
                let labels = table.with(&[operation.as_str(), outcome.as_str()]);
                samples.push((labels, calls.get(operation, outcome).into()));
            }
        }
    }
    text.family(&names::STREAM_CALLS, samples);
    let mut samples: Vec<(_, Value)> = Vec::new();
    for table in tables {
        let calls = table.of.progress.store();
        for operation in StoreOperation::ALL {
            let name = operation.as_str();
            samples.push((table.with(&[name, "ok"]), calls.succeeded(operation).into()));
            samples.push((table.with(&[name, "failed"]), calls.failed(operation).into()));
        }
    }
    text.family(&names::STORE_CALLS, samples);
}

fn gauges(text: &mut Text, tables: &[Moment<'_>], heartbeat_s: u64) {
    // Before the first listing no shard is known, and nothing can be said.
    each(tables, text, &names::ITERATOR_AGE, |it| Some(seconds(it.report.lag_ms()?).into()));
    each(tables, text, &names::LOSS_CLOCK, |it| Some(seconds(it.report.loss_clock_ms()?).into()));
    each(tables, text, &names::LAST_POLL, |it| Some(seconds(it.report.polled_ms.unwrap_or(0)).into()));
    each(tables, text, &names::LAST_COMMIT, |it| {
        Some(seconds(it.of.progress.committed_at_ms().unwrap_or(0)).into())
    });
    each(tables, text, &names::HEARTBEAT, |_| Some(heartbeat_s.into()));
    let published = |it: &Moment<'_>| Some(it.of.progress.lake()).filter(|lake| lake.published.is_some());
    each(tables, text, &names::LAKE_LAG, |it| Some(seconds(published(it)?.lag_ms).into()));
    each(tables, text, &names::LAKE_CAUGHT_UP, |it| Some(published(it)?.caught_up.into()));
    let durations = tables.iter().map(|it| (it.labels(), it.of.progress.commit_durations()));
    text.durations(&names::COMMIT_DURATION, durations.collect());
}

/// Name of what is done about a shard.
pub(crate) fn state_name(activity: &ShardActivity) -> &'static str {
    match activity {
        ShardActivity::Waiting => "waiting",
        ShardActivity::Reading => "reading",
        ShardActivity::CaughtUp => "caught_up",
        ShardActivity::TooOld => "too_old",
        ShardActivity::InTrouble(_) => "in_trouble",
    }
}

/// Name of an alarm.
pub(crate) fn alarm_name(kind: AlarmKind) -> &'static str {
    match kind {
        AlarmKind::StreamOff => "stream_off",
        AlarmKind::ViewType => "view_type",
        AlarmKind::NoTable => "no_table",
        AlarmKind::Listing => "listing",
        AlarmKind::FilterBypassed => "filter_bypassed",
        AlarmKind::Halted => "halted",
    }
}

const STATES: [&str; 5] = ["waiting", "reading", "caught_up", "too_old", "in_trouble"];
/// A filter that was set aside has a metric of its own.
const ALARMS: [AlarmKind; 5] =
    [AlarmKind::StreamOff, AlarmKind::ViewType, AlarmKind::NoTable, AlarmKind::Listing, AlarmKind::Halted];

fn states(text: &mut Text, tables: &[Moment<'_>]) {
    let mut samples: Vec<(_, Value)> = Vec::new();
    for table in tables {
        for state in STATES {
            let shards = table.report.shards.iter();
            let count = shards.filter(|shard| state_name(&shard.activity) == state).count() as u64;
            samples.push((table.with(&[state]), count.into()));
        }
    }
    text.family(&names::SHARDS, samples);
    let mut samples: Vec<(_, Value)> = Vec::new();
    for table in tables {
        for kind in ALARMS {
            let sounds = table.report.alarms.iter().any(|alarm| alarm.kind() == kind);
            samples.push((table.with(&[alarm_name(kind)]), sounds.into()));
        }
    }
    text.family(&names::ALARM, samples);
}

fn filters(text: &mut Text, tables: &[Moment<'_>]) {
    let all: Vec<_> = tables.iter().map(|table| (table, table.of.progress.filters().totals())).collect();
    let (mut judged, mut set_aside): (Vec<(_, Value)>, Vec<(_, Value)>) = (Vec::new(), Vec::new());
    for (table, filters) in &all {
        for filter in filters {
            let labels = |more: &[&'static str]| {
                let named: [&str; 3] = [&table.of.table, &table.of.log, &filter.name];
                [&named, more].concat()
            };
            let said = filter.decisions;
            for (verdict, count) in
                [("keep", said.keep), ("drop", said.drop), ("redact", said.redact), ("fault", said.fault)]
            {
                judged.push((labels(&[verdict]), count.into()));
            }
            set_aside.push((labels(&[]), filter.bypassed.into()));
        }
    }
    text.family(&names::FILTER_RECORDS, judged);
    text.family(&names::FILTER_BYPASSED, set_aside);
}
