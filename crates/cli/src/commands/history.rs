//! `sealog history`: what happened to one item, newest last.

mod show;

use clap::Args;
use sealog_query::items::{ItemHistory, Period, instant};
use sealog_record::Timestamp;
use serde_json::json;

use super::items::{Asked, Look, TableArgs, item, show};
use super::query::answered;
use crate::exit::{Exit, Failure};

#[derive(Debug, Args)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    table: TableArgs,
    /// The item: PK, or PK,SK, or DynamoDB JSON such as '{"id":{"S":"a,b"}}'; numbers in any spelling, binary in base64
    #[arg(long, value_name = "KEY")]
    key: String,
    /// Its sort key, where --key has the partition key alone
    #[arg(long, value_name = "SK")]
    sort_key: Option<String>,
    /// Leave out changes made before: 2026-11-22T10:15:30Z, with an offset, or a date (its first moment in UTC)
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Leave out changes made after
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

pub(crate) async fn run(args: &HistoryArgs) -> Result<Exit, Failure> {
    answered(Box::pin(ask(args))).await
}

fn at(text: Option<&str>) -> Result<Option<Timestamp>, Failure> {
    text.map(instant).transpose().map_err(Failure::usage)
}

async fn ask(args: &HistoryArgs) -> Result<Exit, Failure> {
    let key = item(&args.key, args.sort_key.as_deref())?;
    let period = Period { from: at(args.from.as_deref())?, to: at(args.to.as_deref())? };
    let asked = args.table.open().await?;
    let Asked { log, session, facts, .. } = &asked;
    let mut history = ItemHistory::open(session, facts, key, period).await?;
    let is_json = args.table.format == Look::Json;
    let header = json!({ "format": "sealog.history/1", "log": log.name() });
    if is_json && !show(&format!("{header}\n"))? {
        return Ok(Exit::Good);
    }
    while let Some(change) = history.next().await? {
        let text = if is_json { show::change_json(&change) } else { show::change_text(&change) };
        if !show(&text)? {
            return Ok(Exit::Good);
        }
    }
    let end = history.end().await?;
    show(&if is_json { show::end_json(&end) } else { show::end_text(&end, log.name()) })?;
    asked.explain(end.shown);
    Ok(Exit::Good)
}
