//! A change, and the end of a history, in words and for programs.

use std::fmt::Write as _;

use sealog_query::items::{
    Change, Changed, Continuity, HistoryEnd, Proof, Side, SignedHead, VerdictOn, Who, item_to_json,
};
use serde_json::{Value, json};

use super::super::items::{completeness, json as members, words};
use crate::print;

/// A change in some lines, the gaps before it first.
pub(super) fn change_text(change: &Change) -> String {
    let mut out = String::new();
    // Writing to a text cannot fail.
    let written = write_change(&mut out, change);
    debug_assert!(written.is_ok());
    out
}

fn write_change(out: &mut String, change: &Change) -> std::fmt::Result {
    for gap in &change.gaps {
        writeln!(out, "{}  changes of this item may be missing here", completeness::gap(gap))?;
    }
    match change.continuity {
        Continuity::BeginsEarlier => {
            writeln!(out, "(the item was there before the log's first change of it)")?
        }
        Continuity::Broken => writeln!(
            out,
            "{} version {} does not begin from what version {} left, and no gap lies between; run `sealog verify`",
            print::verdict("BROKEN", false),
            change.version,
            change.version.saturating_sub(1)
        )?,
        Continuity::Begins | Continuity::Joins | Continuity::NotJudged => {}
    }
    let event = change.event.as_deref().map_or_else(|| "(unreadable)".to_owned(), words::visible);
    writeln!(out, "{}  {}  {event}", print::bold(&format!("version {}", change.version)), change.at)?;
    match &change.changed {
        Changed::Unknown(why) => {
            writeln!(out, "    what it changed cannot be known: {}", words::unknown(why))?
        }
        Changed::Attributes { attributes, .. } if attributes.is_empty() => {
            writeln!(out, "    no attribute changed")?;
        }
        Changed::Attributes { attributes, inferred } => {
            out.push_str(&words::changes(attributes, "    "));
            if *inferred {
                writeln!(
                    out,
                    "    (old values are those that the version before left: the stream does not carry them)"
                )?;
            }
        }
    }
    writeln!(out, "    by      {}", who(&change.who))?;
    writeln!(out, "    filters {}", verdict(&change.verdict))?;
    writeln!(out, "    sealed  {}", proof(&change.proof))
}

fn who(who: &Who) -> String {
    match who {
        Who::TimeToLive => "time to live: the item had expired, and DynamoDB removed it".to_owned(),
        Who::Named { kind, principal } => format!("{} {}", words::visible(kind), words::visible(principal)),
        Who::NotStated => "not stated (the stream names nobody for what applications change)".to_owned(),
    }
}

fn verdict(verdict: &VerdictOn) -> String {
    let reason = verdict.reason.as_deref().map(words::visible);
    let filter =
        verdict.filter.as_deref().map_or_else(String::new, |filter| format!(" by filter {filter:.12}"));
    let mut text = match (verdict.verdict.as_str(), reason) {
        (_, Some(reason)) if verdict.is_fault() => format!("kept{filter}: the filter failed ({reason})"),
        ("keep", None) => format!("kept{filter}"),
        ("keep", Some(reason)) => format!("kept{filter} ({reason})"),
        ("drop", reason) => {
            format!("dropped{filter} ({})", reason.unwrap_or_else(|| "no reason given".to_owned()))
        }
        (other, reason) => {
            let reason = reason.map_or_else(String::new, |reason| format!(" ({reason})"));
            format!("{}ed{filter}{reason}", words::visible(other))
        }
    };
    for side in [Side::OldImage, Side::NewImage] {
        let paths = verdict
            .redactions
            .iter()
            .filter(|it| it.side == side)
            .map(|it| words::visible(&it.path.join(".")));
        let paths = paths.collect::<Vec<_>>().join(", ");
        if !paths.is_empty() {
            text.push_str(&format!("; taken out of the {}: {paths}", side.as_str().replace('_', " ")));
        }
    }
    if let Some(tags) = verdict.tags.as_object().filter(|tags| !tags.is_empty()) {
        text.push_str(&format!("; tags {}", words::visible(&Value::from(tags.clone()).to_string())));
    }
    text
}

fn proof(proof: &Proof) -> String {
    let Proof { commit, row, committed_at, is_leaf_right, is_signed } = proof;
    let leaf = if *is_leaf_right {
        "leaf hash is the row's".to_owned()
    } else {
        print::verdict("LEAF HASH IS NOT THE ROW'S: run `sealog verify`", false)
    };
    let head = if *is_signed { "under the signed head" } else { "not under a signed head" };
    format!("as row {row} of commit {commit} at {committed_at}, {leaf}, {head}; sealog prove {commit}/{row}")
}

/// What is to be said at the end.
pub(super) fn end_text(end: &HistoryEnd, log: &str) -> String {
    let mut lines: Vec<String> = end
        .gaps
        .iter()
        .map(|gap| format!("{}  later changes of this item may be missing", completeness::gap(gap)))
        .collect();
    let count = print::counted(end.changes, "change");
    let shown = if end.shown == end.changes {
        count
    } else {
        format!("{} of {count} in the period", print::count(end.shown))
    };
    lines.push(format!(
        "{} {log}: {shown}; {}",
        print::bold(&words::keys(&end.item)),
        completeness::since(end.beginning.as_ref())
    ));
    if let Some(at) = end.head_at {
        lines.push(format!("  newest commit {at}; changes that no writer had read by then are not in it"));
    }
    if end.dropped > 0 {
        lines.push(format!(
            "  {} dropped by filters: their images are not archived",
            print::counted(end.dropped, "change")
        ));
    }
    if end.unreadable > 0 {
        lines.push(format!(
            "  {} of the log could not be read, and may be of this item",
            print::counted(end.unreadable, "record")
        ));
    }
    if end.behind > 0 {
        lines.push(format!(
            "  {} not in the lake yet, and may hold changes of this item: ask the evidence with --evidence",
            print::counted(end.behind, "commit")
        ));
    }
    if let SignedHead::Nothing { why } = &end.signed {
        lines.push(format!("  nothing is signed: {why}"));
    }
    lines.join("\n") + "\n"
}

/// For programs.
pub(super) fn change_json(change: &Change) -> String {
    let (attributes, inferred, unknown) = match &change.changed {
        Changed::Attributes { attributes, inferred } => {
            (Some(attributes.iter().map(members::attribute).collect::<Vec<_>>()), *inferred, None)
        }
        Changed::Unknown(why) => (None, false, Some(members::unknown(why))),
    };
    let who = match &change.who {
        Who::TimeToLive => json!({ "kind": "time_to_live" }),
        Who::Named { kind, principal } => json!({ "kind": "named", "type": kind, "principal_id": principal }),
        Who::NotStated => json!({ "kind": "not_stated" }),
    };
    let redaction = |it: &sealog_query::items::Redaction| json!({ "image": it.side.as_str(), "path": it.path, "commitment": it.commitment });
    let verdict = &change.verdict;
    let proof = &change.proof;
    let members = json!({
        "version": change.version, "at": change.at, "event": change.event,
        "stream": change.stream, "shard": change.shard, "sequence_number": change.sequence,
        "attributes": attributes, "old_inferred": inferred, "unknown": unknown,
        "who": who,
        "verdict": {
            "verdict": verdict.verdict, "reason": verdict.reason, "fault": verdict.is_fault(), "tags": verdict.tags,
            "redactions": verdict.redactions.iter().map(redaction).collect::<Vec<_>>(), "filter": verdict.filter,
        },
        "proof": {
            "commit": proof.commit, "row": proof.row, "committed_at": proof.committed_at,
            "leaf_hash_right": proof.is_leaf_right, "signed": proof.is_signed,
            "command": format!("sealog prove {}/{}", proof.commit, proof.row),
        },
        "continuity": change.continuity.as_str(),
        "gaps_before": change.gaps.iter().map(members::gap).collect::<Vec<_>>(),
    });
    format!("{}\n", json!({ "change": members }))
}

/// For programs.
pub(super) fn end_json(end: &HistoryEnd) -> String {
    let members = json!({
        "keys": item_to_json(&end.item), "changes": end.changes, "shown": end.shown, "dropped": end.dropped,
        "broken": end.broken, "gaps_after": end.gaps.iter().map(members::gap).collect::<Vec<_>>(),
        "unreadable_records": end.unreadable, "commits_not_published": end.behind,
        "reads_since": members::beginning(end.beginning.as_ref()), "head_at": end.head_at,
        "signed": members::signed(&end.signed),
    });
    format!("{}\n", json!({ "end": members }))
}
