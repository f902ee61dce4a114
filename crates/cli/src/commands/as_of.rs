//! `sealog as-of`: a table as it was at an instant, rebuilt from the images of its changes.

use std::fmt::Write as _;

use clap::Args;
use sealog_query::items::{ItemAt, Snapshot, State, instant, item_to_json};
use serde_json::json;

use super::items::{Asked, KeyArgs, Look, TableArgs, completeness, json as members, show, words};
use super::query::answered;
use crate::exit::{Exit, Failure};

#[derive(Debug, Args)]
pub(crate) struct AsOfArgs {
    #[command(flatten)]
    table: TableArgs,
    /// The instant: 2026-11-22T10:15:30Z, with an offset, or a date (its first moment in UTC)
    #[arg(long, value_name = "TIME")]
    at: String,
    #[command(flatten)]
    key: KeyArgs,
    /// Items at most; all by default
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

pub(crate) async fn run(args: &AsOfArgs) -> Result<Exit, Failure> {
    answered(Box::pin(ask(args))).await
}

async fn ask(args: &AsOfArgs) -> Result<Exit, Failure> {
    let at = instant(&args.at).map_err(Failure::usage)?;
    let key = args.key.item()?;
    let asked = args.table.open().await?;
    let Asked { log, session, facts, .. } = &asked;
    let snapshot = Snapshot::open(session, facts, at, key).await?;
    let mut snapshot = snapshot.at_most(args.limit.unwrap_or(u64::MAX));
    let is_json = args.table.format == Look::Json;
    if is_json && !show(&format!("{}\n", json!({ "format": "sealog.as-of/1", "log": log.name(), "at": at })))?
    {
        return Ok(Exit::Good);
    }
    while let Some(item) = snapshot.next().await? {
        let text = if is_json { line(&item) } else { text(&item) };
        if !show(&text)? {
            return Ok(Exit::Good);
        }
    }
    let ending = snapshot.end().await?;
    let text = if is_json {
        format!("{}\n", json!({ "completeness": completeness::json(&ending) }))
    } else {
        completeness::text(&ending, &format!("{} at {at}", log.name()))
    };
    show(&text)?;
    asked.explain(ending.items);
    Ok(completeness::exit(&ending))
}

fn line(item: &ItemAt) -> String {
    let mut members = members::state(&item.state);
    if let Some(members) = members.as_object_mut() {
        members.insert("keys".to_owned(), item_to_json(&item.keys));
    }
    format!("{}\n", json!({ "item": members }))
}

fn text(item: &ItemAt) -> String {
    let mut out = format!("{}\n", crate::print::bold(&words::keys(&item.keys)));
    // Writing to a text cannot fail.
    let written = state(&mut out, item);
    debug_assert!(written.is_ok());
    out
}

fn state(out: &mut String, item: &ItemAt) -> std::fmt::Result {
    match &item.state.state {
        State::Present { item: attributes, redacted } => {
            out.push_str(&words::attributes(attributes, &item.keys, "  "));
            if !redacted.is_empty() {
                writeln!(out, "  redacted by a filter: {}", words::paths(redacted))?;
            }
        }
        State::Removed => writeln!(out, "  was not there: removed before")?,
        State::NotYet => writeln!(out, "  was not there: made later")?,
        State::Exists(why) => {
            writeln!(out, "  was there; what it was cannot be known: {}", words::unknown(why))?
        }
        State::Unknown(why) => {
            writeln!(out, "  whether it was there cannot be known: {}", words::unknown(why))?
        }
    }
    if let Some(basis) = &item.state.basis {
        writeln!(
            out,
            "  told by the {} of the change of {} (sealog prove {}/{})",
            basis.side.as_str().replace('_', " "),
            basis.at,
            basis.commit,
            basis.row
        )?;
    }
    for gap in &item.state.gaps {
        writeln!(out, "  doubtful: {}", completeness::gap(gap))?;
    }
    if item.state.same_second {
        writeln!(out, "  its last change was made within that second, and is taken for made before")?;
    }
    Ok(())
}
