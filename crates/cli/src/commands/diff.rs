//! `sealog diff`: which items of a table differ between two instants.

use clap::Args;
use sealog_query::items::{Comparison, ItemComparison, ItemDifference, State, instant, item_to_json};
use serde_json::json;

use super::items::{Asked, KeyArgs, Look, TableArgs, completeness, json as members, show, words};
use super::query::answered;
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    #[command(flatten)]
    table: TableArgs,
    /// The first instant: 2026-11-22T10:15:30Z, with an offset, or a date (its first moment in UTC)
    #[arg(long, value_name = "TIME")]
    from: String,
    /// The second instant
    #[arg(long, value_name = "TIME")]
    to: String,
    #[command(flatten)]
    key: KeyArgs,
    /// Items at most; all by default
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
}

pub(crate) async fn run(args: &DiffArgs) -> Result<Exit, Failure> {
    answered(Box::pin(ask(args))).await
}

async fn ask(args: &DiffArgs) -> Result<Exit, Failure> {
    let from = instant(&args.from).map_err(Failure::usage)?;
    let to = instant(&args.to).map_err(Failure::usage)?;
    let key = args.key.item()?;
    let asked = args.table.open().await?;
    let Asked { log, session, facts, .. } = &asked;
    let comparison = Comparison::open(session, facts, (from, to), key).await?;
    let mut comparison = comparison.at_most(args.limit.unwrap_or(u64::MAX));
    let is_json = args.table.format == Look::Json;
    let header = json!({ "format": "sealog.diff/1", "log": log.name(), "from": from, "to": to });
    if is_json && !show(&format!("{header}\n"))? {
        return Ok(Exit::Good);
    }
    while let Some(item) = comparison.next().await? {
        let text = if is_json { line(&item) } else { text(&item) };
        if !show(&text)? {
            return Ok(Exit::Good);
        }
    }
    let ending = comparison.end().await?;
    let text = if is_json {
        format!("{}\n", json!({ "completeness": completeness::json(&ending) }))
    } else {
        completeness::text(&ending, &format!("{} from {from} to {to}", log.name()))
    };
    show(&text)?;
    asked.explain(ending.items);
    Ok(completeness::exit(&ending))
}

fn line(item: &ItemComparison) -> String {
    let attributes = match &item.difference {
        ItemDifference::Modified(attributes) => attributes.iter().map(members::attribute).collect(),
        ItemDifference::Added
        | ItemDifference::Removed
        | ItemDifference::ChangedBack
        | ItemDifference::Unknown => Vec::new(),
    };
    let members = json!({
        "keys": item_to_json(&item.keys),
        "difference": item.difference.as_str(),
        "changes": item.changes,
        "attributes": attributes,
        "from": members::state(&item.from),
        "to": members::state(&item.to),
    });
    format!("{}\n", json!({ "item": members }))
}

fn text(item: &ItemComparison) -> String {
    let (word, rest) = match &item.difference {
        ItemDifference::Added => (print::verdict("added", true), shown(&item.to.state, item)),
        ItemDifference::Removed => (print::verdict("removed", false), shown(&item.from.state, item)),
        ItemDifference::Modified(attributes) => (print::bold("modified"), words::changes(attributes, "  ")),
        ItemDifference::ChangedBack => (print::bold("changed and changed back"), String::new()),
        ItemDifference::Unknown => (print::bold("changed, how cannot be known"), why(item)),
    };
    let changes = print::counted(item.changes, "change");
    let mut out = format!("{}  {word}, {changes}\n{rest}", print::bold(&words::keys(&item.keys)));
    for state in [&item.from, &item.to] {
        for gap in &state.gaps {
            out.push_str(&format!("  doubtful: {}\n", completeness::gap(gap)));
        }
    }
    out
}

/// What is known of an item that is there at one of the instants only.
fn shown(state: &State, item: &ItemComparison) -> String {
    match state {
        State::Present { item: attributes, .. } => words::attributes(attributes, &item.keys, "  "),
        State::Exists(why) | State::Unknown(why) => format!("  {}\n", words::unknown(why)),
        State::Removed | State::NotYet => String::new(),
    }
}

fn why(item: &ItemComparison) -> String {
    let why = [&item.from.state, &item.to.state].into_iter().find_map(|state| match state {
        State::Exists(why) | State::Unknown(why) => Some(why),
        State::Present { .. } | State::Removed | State::NotYet => None,
    });
    why.map_or_else(
        || "  what may differ was redacted by a filter\n".to_owned(),
        |why| format!("  {}\n", words::unknown(why)),
    )
}
