//! CloudWatch's embedded metric format: one JSON line a table and interval, which CloudWatch Logs turns into metrics.
//!
//! Whoever ships standard output to CloudWatch Logs (the agent, ECS, EKS, Lambda) needs no permission beyond logs.
//! Specification: CloudWatch user guide, "Embedded metric format". Counts are those since the line before.

use std::collections::BTreeMap;

use sealog_pipeline::Totals;
use sealog_source::{CallOutcome, Calls, HealthReport, Operation, ShardActivity};
use sealog_store::{StoreCalls, StoreOperation};
use serde_json::{Map, Value, json};

use crate::catalog::CLOUDWATCH;
use crate::watch::{Watch, WatchedTable};

/// The namespace of all metrics.
pub const NAMESPACE: &str = "Sealog";

/// What was told before, so that only what is new is told.
#[derive(Debug, Default)]
pub struct Emf(BTreeMap<String, Counts>);

#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    read: u64,
    gaps: u64,
    store_errors: u64,
    calls: [[u64; CallOutcome::ALL.len()]; Operation::ALL.len()],
}

impl Emf {
    /// The lines that are due now.
    pub fn lines(&mut self, watch: &Watch) -> Vec<String> {
        let now_ms = watch.clock.now_ms();
        let mut lines = Vec::new();
        for table in &watch.tables {
            let report = table.progress.health().report(now_ms);
            let counts = Counts::of(table);
            let before = self.0.insert(table.log.clone(), counts).unwrap_or_default();
            let new = counts.since(&before);
            let ready = watch.reasons_of(table).is_empty();
            lines.push(line(now_ms, &table.table, None, &of_table(&report, &new, ready, now_ms)));
            for (place, operation) in Operation::ALL.into_iter().enumerate() {
                let values =
                    of_operation(operation, new.calls.get(place).copied().unwrap_or_default(), new.read);
                if let Some(values) = values {
                    lines.push(line(now_ms, &table.table, Some(operation), &values));
                }
            }
        }
        lines
    }
}

impl Counts {
    fn of(table: &WatchedTable) -> Self {
        let Totals { read, gaps, .. } = table.progress.totals();
        let of_calls = |calls: &Calls| {
            Operation::ALL.map(|operation| CallOutcome::ALL.map(|outcome| calls.get(operation, outcome)))
        };
        let of_store = |calls: &StoreCalls| StoreOperation::ALL.into_iter().map(|it| calls.failed(it)).sum();
        Self {
            read,
            gaps,
            store_errors: of_store(table.progress.store()),
            calls: of_calls(table.progress.health().calls()),
        }
    }

    fn since(&self, before: &Self) -> Self {
        let mut calls = self.calls;
        for (now, before) in calls.iter_mut().flatten().zip(before.calls.iter().flatten()) {
            *now = now.saturating_sub(*before);
        }
        Self {
            read: self.read.saturating_sub(before.read),
            gaps: self.gaps.saturating_sub(before.gaps),
            store_errors: self.store_errors.saturating_sub(before.store_errors),
            calls,
        }
    }

    fn outcome(&self, outcome: CallOutcome) -> u64 {
        self.calls.iter().filter_map(|calls| calls.get(outcome as usize)).sum()
    }
}

type Values = Vec<(&'static str, Value)>;

fn of_table(report: &HealthReport, new: &Counts, ready: bool, now_ms: i64) -> Values {
    let unread = report
        .shards
        .iter()
        .filter(|shard| matches!(shard.activity, ShardActivity::TooOld | ShardActivity::InTrouble(_)));
    let mut values = vec![
        ("UserErrors", json!(new.outcome(CallOutcome::UserError))),
        ("SystemErrors", json!(new.outcome(CallOutcome::SystemError))),
        ("ReturnedRecordsCount", json!(new.read)),
        ("ThrottledRequests", json!(new.outcome(CallOutcome::Throttled))),
        ("Gaps", json!(new.gaps)),
        ("ShardsUnread", json!(unread.count())),
        ("NotReady", json!(u8::from(!ready))),
        ("StoreErrors", json!(new.store_errors)),
    ];
    if let Some(lag_ms) = report.lag_ms() {
        values.push(("IteratorAgeMilliseconds", json!(lag_ms)));
    }
    if let Some(left_ms) = report.loss_clock_ms() {
        values.push(("LossClockSeconds", json!(left_ms / 1000)));
    }
    if let Some(polled_ms) = report.polled_ms {
        values.push(("SecondsSinceLastPoll", json!(now_ms.saturating_sub(polled_ms).max(0) / 1000)));
    }
    values
}

/// `None`: nothing was asked.
fn of_operation(operation: Operation, calls: [u64; CallOutcome::ALL.len()], read: u64) -> Option<Values> {
    if calls.iter().all(|count| *count == 0) {
        return None;
    }
    let errors = calls.get(CallOutcome::SystemError as usize).copied().unwrap_or(0);
    let mut values = vec![("SystemErrors", json!(errors))];
    if operation == Operation::GetRecords {
        values.push(("ReturnedRecordsCount", json!(read)));
    }
    Some(values)
}

/// One line: with an operation the sets of dimensions that name it, else those that do not.
fn line(now_ms: i64, table: &str, operation: Option<Operation>, values: &Values) -> String {
    let mut directives = Vec::new();
    for metric in CLOUDWATCH.iter().filter(|metric| values.iter().any(|(name, _)| *name == metric.name)) {
        let wanted = |set: &&&[&str]| set.contains(&"Operation") == operation.is_some();
        let dimensions: Vec<_> = metric.dimensions.iter().filter(wanted).collect();
        directives.push(json!({
            "Namespace": NAMESPACE,
            "Dimensions": dimensions,
            "Metrics": [{ "Name": metric.name, "Unit": metric.unit }],
        }));
    }
    let mut members = Map::new();
    members.insert("_aws".to_owned(), json!({ "Timestamp": now_ms, "CloudWatchMetrics": directives }));
    members.insert("TableName".to_owned(), json!(table));
    if let Some(operation) = operation {
        members.insert("Operation".to_owned(), json!(operation.as_str()));
    }
    members.extend(values.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Value::Object(members).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Value {
        serde_json::from_str(line).unwrap()
    }

    #[test]
    fn each_metric_has_its_sets_of_dimensions() {
        let new = Counts { read: 5, ..Counts::default() };
        let report = HealthReport { polled_ms: Some(1000), ..HealthReport::default() };
        let line = parsed(&line(61_000, "orders", None, &of_table(&report, &new, false, 61_000)));
        assert_eq!(line["TableName"], "orders");
        assert_eq!(line["_aws"]["Timestamp"], 61_000);
        assert_eq!((&line["NotReady"], &line["SecondsSinceLastPoll"]), (&json!(1), &json!(60)));
        let directives = line["_aws"]["CloudWatchMetrics"].as_array().unwrap();
        let of = |name: &str| {
            let found = directives.iter().find(|it| it["Metrics"][0]["Name"] == name).unwrap();
            (found["Namespace"].clone(), found["Dimensions"].clone(), found["Metrics"][0]["Unit"].clone())
        };
        assert_eq!(of("UserErrors"), (json!("Sealog"), json!([["TableName"], []]), json!("Count")));
        assert_eq!(of("SystemErrors").1, json!([["TableName"]]));
        assert!(line.get("IteratorAgeMilliseconds").is_none(), "no shard is known yet");
    }

    #[test]
    fn an_operation_has_a_line_of_its_own_once_it_was_asked() {
        assert!(of_operation(Operation::GetRecords, [0; 5], 7).is_none());
        let values = of_operation(Operation::GetRecords, [3, 0, 0, 2, 0], 7).unwrap();
        let line = parsed(&line(0, "orders", Some(Operation::GetRecords), &values));
        assert_eq!((&line["Operation"], &line["SystemErrors"]), (&json!("GetRecords"), &json!(2)));
        assert_eq!(line["ReturnedRecordsCount"], 7);
        assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Dimensions"], json!([["TableName", "Operation"]]));
    }

    #[test]
    fn only_what_is_new_is_counted() {
        let mut now = Counts { read: 10, gaps: 2, ..Counts::default() };
        now.calls[3][1] = 4;
        let mut before = Counts { read: 4, gaps: 2, ..Counts::default() };
        before.calls[3][1] = 1;
        let new = now.since(&before);
        assert_eq!((new.read, new.gaps, new.outcome(CallOutcome::Throttled)), (6, 0, 3));
    }
}
