//! `/status`: a run shard by shard, for `sealog status`.

use sealog_pipeline::FilterTotals;
use sealog_record::Timestamp;
use sealog_source::{CallOutcome, Operation, ShardActivity, ShardHealth};
use sealog_store::StoreOperation;
use serde_json::{Map, Value, json};

use crate::page::{alarm_name, state_name};
use crate::watch::{Watch, WatchedTable};

impl Watch {
    /// The run as JSON, format `sealog.live/1`; times in ms.
    #[must_use]
    pub fn status(&self) -> Value {
        let now_ms = self.clock.now_ms();
        let reasons = self.reasons();
        json!({
            "format": "sealog.live/1",
            "version": env!("CARGO_PKG_VERSION"),
            "now": Timestamp::from_millis(now_ms),
            "running_ms": now_ms.saturating_sub(self.began_ms),
            "ready": reasons.is_empty(),
            "reasons": reasons,
            "tables": self.tables.iter().map(|it| table(it, now_ms)).collect::<Vec<_>>(),
        })
    }
}

fn table(of: &WatchedTable, now_ms: i64) -> Value {
    let (totals, report) = (of.progress.totals(), of.progress.health().report(now_ms));
    let alarm = |it: &sealog_source::Alarm| json!({ "kind": alarm_name(it.kind()), "says": it.to_string() });
    json!({
        "table": of.table, "log": of.log,
        "lag_ms": report.lag_ms(), "loss_clock_ms": report.loss_clock_ms(),
        "last_poll": report.polled_ms.map(Timestamp::from_millis),
        "last_commit": of.progress.committed_at_ms().map(Timestamp::from_millis),
        "records_read": totals.read, "read_bytes": totals.bytes_in,
        "records_committed": totals.committed, "written_bytes": totals.bytes_out, "commits": totals.commits,
        "lost_races": totals.lost_races, "restarts": totals.restarts, "gaps": totals.gaps,
        "calls": calls(of), "store_calls": store_calls(of),
        "filters": of.progress.filters().totals().iter().map(filter).collect::<Vec<_>>(),
        "lake": lake(of),
        "alarms": report.alarms.iter().map(alarm).collect::<Vec<_>>(),
        "shards": report.shards.iter().map(shard).collect::<Vec<_>>(),
    })
}

/// Null until something was published by this run.
fn lake(of: &WatchedTable) -> Value {
    let lake = of.progress.lake();
    lake.published.map_or(Value::Null, |published| {
        json!({
            "published": published, "lag_ms": lake.lag_ms, "caught_up": lake.caught_up, "stopped": lake.stopped,
            "misfits": lake.misfits,
        })
    })
}

fn filter(of: &FilterTotals) -> Value {
    json!({
        "name": of.name, "enforces": of.enforces, "bypassed": of.bypassed, "decisions": of.decisions, "alerts": of.alerts,
    })
}

fn shard(shard: &ShardHealth) -> Value {
    let why = if let ShardActivity::InTrouble(why) = &shard.activity { Some(why) } else { None };
    json!({
        "stream": shard.stream, "shard": shard.shard, "state": state_name(&shard.activity), "why": why,
        "lag_ms": shard.lag_ms, "loss_clock_ms": shard.loss_clock_ms, "polled_ago_ms": shard.polled_ago_ms,
    })
}

/// By operation and outcome; what never happened is left out.
fn calls(of: &WatchedTable) -> Value {
    let calls = of.progress.health().calls();
    let mut all = Map::new();
    for operation in Operation::ALL {
        let outcomes = CallOutcome::ALL.into_iter().filter_map(|outcome| {
            let count = calls.get(operation, outcome);
            (count > 0).then(|| (outcome.as_str().to_owned(), json!(count)))
        });
        let outcomes: Map<_, _> = outcomes.collect();
        if !outcomes.is_empty() {
            all.insert(operation.as_str().to_owned(), Value::Object(outcomes));
        }
    }
    Value::Object(all)
}

fn store_calls(of: &WatchedTable) -> Value {
    let calls = of.progress.store();
    let all = StoreOperation::ALL.into_iter().filter_map(|operation| {
        let (ok, failed) = (calls.succeeded(operation), calls.failed(operation));
        (ok + failed > 0).then(|| (operation.as_str().to_owned(), json!({ "ok": ok, "failed": failed })))
    });
    Value::Object(all.collect())
}
