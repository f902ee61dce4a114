//! What a run that goes on says of itself, at its signals endpoint.

use serde_json::Value;

use crate::commands::at;
use crate::exit::Failure;
use crate::print;

pub(super) async fn fetch(address: &str) -> Result<Value, Failure> {
    let body = sealog_signals::fetch(address, "/status").await.map_err(Failure::unreachable)?;
    serde_json::from_slice(&body)
        .map_err(|error| Failure::unreachable(format!("{address}: /status is no JSON: {error}")))
}

pub(super) fn as_table(live: &Value) -> String {
    let running = print::span(at(live, "/running_ms").as_i64().unwrap_or(0));
    let mut text = format!("run of sealog {}, for {running}\n", word(at(live, "/version")));
    let reasons = items(at(live, "/reasons"));
    if reasons.is_empty() {
        text.push_str("  ready\n");
    }
    for reason in reasons {
        text.push_str(&format!("  NOT READY: {}\n", word(reason)));
    }
    for table in items(at(live, "/tables")) {
        text.push_str(&of_table(table, at(live, "/running_ms").as_u64().unwrap_or(0)));
    }
    text
}

fn of_table(table: &Value, running_ms: u64) -> String {
    let span = |value: &Value| value.as_i64().map_or_else(|| "not known yet".to_owned(), print::span);
    let count = |value: &Value| print::count(value.as_u64().unwrap_or(0));
    let mut text = format!(
        "  table {}: lag {}, loss clock {}; {} read, {} committed in {} commits, {} gaps\n",
        print::bold(word(at(table, "/table"))),
        span(at(table, "/lag_ms")),
        span(at(table, "/loss_clock_ms")),
        count(at(table, "/records_read")),
        count(at(table, "/records_committed")),
        count(at(table, "/commits")),
        count(at(table, "/gaps")),
    );
    let calls = sum(at(table, "/calls/GetRecords"));
    text.push_str(&format!("    {}{}\n", print::counted(calls, "GetRecords call"), month(calls, running_ms)));
    if let Some(published) = at(table, "/lake/published").as_u64() {
        let behind = if at(table, "/lake/caught_up") == true { "" } else { ", more to come" };
        text.push_str(&format!(
            "    lake up to commit {published}{behind}; its rows were there {} behind it\n",
            span(at(table, "/lake/lag_ms")),
        ));
    }
    for filter in items(at(table, "/filters")) {
        let said = |verdict: &str| count(at(filter, &format!("/decisions/{verdict}")));
        let bypassed = if at(filter, "/bypassed") == true { " (BYPASSED)" } else { "" };
        text.push_str(&format!(
            "    filter {}{bypassed}: {} kept, {} dropped, {} redacted, {} failed\n",
            word(at(filter, "/name")),
            said("keep"),
            said("drop"),
            said("redact"),
            said("fault"),
        ));
    }
    for shard in items(at(table, "/shards")) {
        let why = at(shard, "/why").as_str().map_or_else(String::new, |why| format!(": {why}"));
        text.push_str(&format!(
            "    {} {}  {}, lag {}, loss clock {}{why}\n",
            word(at(shard, "/stream")),
            word(at(shard, "/shard")),
            word(at(shard, "/state")).replace('_', " "),
            span(at(shard, "/lag_ms")),
            span(at(shard, "/loss_clock_ms")),
        ));
    }
    text
}

/// At the pace so far.
fn month(calls: u64, running_ms: u64) -> String {
    const MONTH_MS: u64 = 30 * 86_400_000;
    if running_ms < 60_000 {
        return String::new();
    }
    let month = u128::from(calls) * u128::from(MONTH_MS) / u128::from(running_ms);
    let billed = u64::try_from(month.saturating_sub(2_500_000)).unwrap_or(u64::MAX);
    let cents = billed / 50_000;
    format!(
        "; {} a month at this pace, ${}.{:02} beyond the 2.5 million that are free",
        print::count(u64::try_from(month).unwrap_or(u64::MAX)),
        cents / 100,
        cents % 100
    )
}

fn sum(outcomes: &Value) -> u64 {
    outcomes.as_object().into_iter().flat_map(|it| it.values()).filter_map(Value::as_u64).sum()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_is_shown_shard_by_shard_and_its_calls_with_their_price() {
        let live = json!({
            "version": "1", "running_ms": 3_600_000, "reasons": ["table t: it has stopped"],
            "tables": [{ "table": "t", "lag_ms": 62_000, "loss_clock_ms": 3_600_000, "records_read": 1234, "calls": { "GetRecords": { "ok": 7000, "throttled": 200 } },
                         "lake": { "published": 7, "lag_ms": 1500, "caught_up": false },
                         "filters": [{ "name": "large", "bypassed": true, "decisions": { "keep": 5, "drop": 2, "redact": 0, "fault": 20 } }],
                         "shards": [{ "stream": "s", "shard": "a", "state": "in_trouble", "why": "cut", "lag_ms": 1000, "loss_clock_ms": null }] }],
        });
        let text = as_table(&live);
        for part in [
            "NOT READY: table t: it has stopped",
            "lag 1 min 2 s, loss clock 1 h 0 min; 1,234 read",
            "7,200 GetRecords calls; 5,184,000 a month at this pace, $0.53 beyond",
            "lake up to commit 7, more to come; its rows were there 1 s behind it",
            "filter large (BYPASSED): 5 kept, 2 dropped, 0 redacted, 20 failed",
            "s a  in trouble, lag 1 s, loss clock not known yet: cut",
        ] {
            assert!(text.contains(part), "{part} is not in\n{text}");
        }
    }

    #[test]
    fn a_run_of_seconds_says_nothing_of_a_month() {
        assert_eq!(month(100, 59_000), "");
    }
}
