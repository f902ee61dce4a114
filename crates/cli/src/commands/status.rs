//! `sealog status`: what the commits of an archive say.

use std::io::Write as _;

use sealog_chain::Fold;
use sealog_record::{ReadFrom, ShardPosition};
use sealog_store::{Log, LogError};
use serde_json::json;

use crate::args::{Format, StatusArgs};
use crate::exit::{Exit, Failure};
use crate::print;

pub(crate) async fn run(args: &StatusArgs) -> Result<Exit, Failure> {
    let store = super::location(&args.archive)?.open_to_read().await;
    let logs = if args.archive.logs.is_empty() { store.folders().await? } else { args.archive.logs.clone() };
    let mut all = Vec::new();
    for name in logs {
        let log = Log::new(store.clone(), &name);
        let mut fold = Fold::default();
        match log.catch_up(&mut fold).await {
            Ok(_) => {}
            Err(LogError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(Failure::unreachable(error)),
        }
        if fold.size() > 0 {
            all.push((name, fold));
        }
    }
    if all.is_empty() {
        return Err(Failure::unreachable(format!(
            "{} holds no log; start one with `sealog run`",
            store.describe()
        )));
    }
    match args.format {
        Format::Table => table(&all)?,
        Format::Json => {
            let logs: Vec<_> = all.iter().map(|(name, fold)| as_json(name, fold)).collect();
            writeln!(std::io::stdout(), "{}", json!({ "format": "sealog.status/1", "logs": logs }))?;
        }
    }
    Ok(Exit::Good)
}

fn table(logs: &[(String, Fold)]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let now = super::now_ms();
    for (name, fold) in logs {
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
            writeln!(out, "    {stream} {shard}  {}", place(&position))?;
        }
    }
    Ok(())
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
            json!({ "stream": stream, "shard": shard, "parent": position.parent, "last": position.last, "ended": position.done })
        })
        .collect();
    json!({
        "log": name, "origin": fold.origin(), "commits": fold.size(), "records": fold.records(),
        "last_commit_at": fold.committed_at(), "gaps": fold.gaps(), "key": fold.key(), "shards": shards,
    })
}
