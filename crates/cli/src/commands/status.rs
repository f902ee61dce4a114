//! `sealog status`: what the commits of an archive say.

use std::io::Write as _;

use sealog_chain::{FilterMode, FilterUse, Fold};
use sealog_record::{ReadFrom, ShardPosition};
use sealog_source::RETENTION_MS;
use serde_json::json;

use crate::args::{Format, StatusArgs};
use crate::exit::{Exit, Failure};
use crate::print;

pub(crate) async fn run(args: &StatusArgs) -> Result<Exit, Failure> {
    let all = super::read_logs(&args.archive).await?;
    match args.format {
        Format::Table => table(&all)?,
        Format::Json => {
            let logs: Vec<_> = all.iter().map(|log| as_json(&log.name, &log.fold)).collect();
            writeln!(std::io::stdout(), "{}", json!({ "format": "sealog.status/1", "logs": logs }))?;
        }
    }
    Ok(Exit::Good)
}

fn table(logs: &[super::ReadLog]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let now = super::now_ms();
    for super::ReadLog { name, fold, .. } in logs {
        let last = fold.committed_at();
        let ago = last.map_or(0, |last| (now - last.as_millis()).max(0) / 1000);
        let last = last.map_or_else(String::new, |last| last.to_string());
        writeln!(out, "log {}  {}", print::bold(name), fold.origin().unwrap_or_default())?;
        writeln!(
            out,
            "  {} records, {} commits, {} gaps; last commit {last} ({} s ago)",
            print::count(fold.records()),
            print::count(fold.size()),
            fold.gaps().len(),
            print::count(u64::try_from(ago).unwrap_or(0)),
        )?;
        for stream in fold.streams().values() {
            let state = if stream.ended.is_some() { "ended" } else { "read" };
            writeln!(out, "  stream {} {} ({state})", stream.arn.label(), stream.view_type)?;
        }
        for ((stream, shard), position) in fold.positions() {
            writeln!(out, "    {stream} {shard}  {}{}", place(&position), clock(&position, now))?;
        }
        for filter in fold.filters().values() {
            writeln!(out, "  filter {}", filter_line(filter))?;
        }
        if let Some(left) = loss_clock_ms(fold, now) {
            writeln!(out, "  loss clock: {}", loss(left))?;
        }
    }
    Ok(())
}

/// What a filter has decided since it was pinned.
fn filter_line(filter: &FilterUse) -> String {
    let FilterUse { name, component, mode, decisions, .. } = filter;
    let mode = match mode {
        FilterMode::Enforce => "enforced",
        FilterMode::Shadow => "shadow",
        FilterMode::Bypassed => "BYPASSED",
    };
    format!(
        "{name} {:.12} ({mode}): {} kept, {} dropped, {} redacted, {} failed",
        component.to_string(),
        print::count(decisions.keep),
        print::count(decisions.drop),
        print::count(decisions.redact),
        print::count(decisions.fault),
    )
}

/// How long ago the archive heard of a shard that goes on.
fn clock(position: &ShardPosition, now_ms: i64) -> String {
    let ago = position.as_of.filter(|_| !position.done).map(|as_of| now_ms - as_of.as_millis());
    ago.map_or_else(String::new, |ago| format!(", seen {} ago", print::span(ago)))
}

/// The least time until a change that is not in the archive may be gone: over all shards that go on, counted from the
/// commit that last spoke of each. A running writer knows better; this is what the archive alone can say.
fn loss_clock_ms(fold: &Fold, now_ms: i64) -> Option<i64> {
    let positions = fold.positions();
    let open = positions.values().filter(|position| !position.done);
    open.filter_map(|position| Some(RETENTION_MS - (now_ms - position.as_of?.as_millis()).max(0))).min()
}

fn loss(left_ms: i64) -> String {
    if left_ms > 0 {
        format!("{} until a change that no writer has read may be gone", print::span(left_ms))
    } else {
        format!(
            "run out {} ago: changes that no writer has read are probably gone; start `sealog run`, which declares them",
            print::span(-left_ms)
        )
    }
}

fn place(position: &ShardPosition) -> String {
    let last = match (position.last, position.began) {
        (Some(last), _) => format!("at {last}"),
        (None, ReadFrom::Latest) => "nothing yet, from latest".to_owned(),
        (None, ReadFrom::TrimHorizon | ReadFrom::After(_)) => "nothing yet".to_owned(),
    };
    if position.done { format!("{last}, ended") } else { last }
}

fn as_json(name: &str, fold: &Fold) -> serde_json::Value {
    let positions = fold.positions();
    let shards: Vec<_> = positions
        .iter()
        .map(|((stream, shard), position)| {
            json!({ "stream": stream, "shard": shard, "parent": position.parent, "last": position.last, "ended": position.done, "as_of": position.as_of })
        })
        .collect();
    let filters: Vec<_> = fold.filters().values().collect();
    json!({
        "log": name, "origin": fold.origin(), "commits": fold.size(), "records": fold.records(),
        "last_commit_at": fold.committed_at(), "loss_clock_ms": loss_clock_ms(fold, super::now_ms()), "gaps": fold.gaps(), "key": fold.key(), "filters": filters, "shards": shards,
    })
}
