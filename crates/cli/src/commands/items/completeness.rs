//! What an answer about an instant could not know, in words and for programs.

use sealog_query::items::{Beginning, Completeness, DeclaredGap, Shortfall, Unread};
use sealog_record::{StartAt, StreamEnd};
use serde_json::{Value, json};

use super::{json as members, words};
use crate::exit::Exit;
use crate::print;

/// 0 where nothing is lacking, else 3: intact as far as it goes, with gaps that are declared.
pub(in crate::commands) fn exit(completeness: &Completeness) -> Exit {
    if completeness.is_complete() { Exit::Good } else { Exit::Verdict(3) }
}

/// The verdict at the end of an answer.
pub(in crate::commands) fn text(completeness: &Completeness, asked: &str) -> String {
    let verdict = if completeness.is_complete() { "COMPLETE" } else { "INCOMPLETE" };
    let mut lines = vec![format!(
        "{} {asked}: {}",
        print::verdict(verdict, completeness.is_complete()),
        since(completeness.beginning.as_ref())
    )];
    lines.extend(completeness.shortfalls.iter().map(|shortfall| format!("  - {}", in_words(shortfall))));
    if completeness.same_second > 0 {
        lines.push(format!(
            "  note: {} changed within that second; the stream's times are whole seconds, and these changes are taken for \
             made before",
            print::counted(completeness.same_second, "item")
        ));
    }
    if completeness.is_cut {
        lines.push("  note: cut by --limit; what is said of items is said of those above".to_owned());
    }
    lines.join("\n") + "\n"
}

/// Since when a log reads, and what that means.
pub(in crate::commands) fn since(beginning: Option<&Beginning>) -> String {
    let Some(beginning) = beginning else { return "the log has not begun to read a stream".to_owned() };
    let how = match (beginning.start, beginning.whole_stream) {
        (_, true) => "from the first record of its stream on",
        (StartAt::TrimHorizon, false) => "beginning with the oldest record that the stream then had",
        (StartAt::Latest, false) => "beginning with what was written from then on (LATEST)",
    };
    format!(
        "the log reads since {}, {how}; an item that was never changed since is not in it",
        beginning.since
    )
}

fn in_words(shortfall: &Shortfall) -> String {
    let items = |count: &u64| print::counted(*count, "item");
    match shortfall {
        Shortfall::BeginsLater => {
            "the log begins later: only items that were changed since are known, by what they were before"
                .to_owned()
        }
        Shortfall::Unread(unread) => self::unread(unread),
        Shortfall::Gap(gap) => self::gap(gap),
        Shortfall::Behind(commits) => format!(
            "{} not in the lake yet; ask the evidence with --evidence, or run `sealog lake publish`",
            print::counted(*commits, "commit")
        ),
        Shortfall::Unreadable(records) => format!(
            "{} of the log could not be read: which items they changed is not known",
            print::counted(*records, "record")
        ),
        Shortfall::Items { why, items: count } => {
            format!("what {} were is not known: {}", items(count), words::unknown(why))
        }
        Shortfall::Doubtful(count) => format!("a gap may hide changes of {} above", items(count)),
        Shortfall::Redacted(count) => format!("a filter took values out of {}; each is named", items(count)),
    }
}

fn unread(unread: &Unread) -> String {
    match unread {
        Unread::StreamEnded { cause, at } => {
            let cause = match cause {
                StreamEnd::Disabled => "the stream was switched off",
                StreamEnd::Vanished => "the stream vanished",
                StreamEnd::TableDeleted => "the table was deleted",
            };
            format!("{cause} (noticed at {at}): what changed after that was recorded nowhere")
        }
        Unread::Shards { shards, polled_since, head_at } => {
            let which = match shards {
                0 => "no shard of the stream is known yet".to_owned(),
                shards => {
                    format!("of {} nothing says that it was read that far", print::counted(*shards, "shard"))
                }
            };
            let newest = head_at.map_or_else(String::new, |at| format!(", newest commit {at}"));
            let polled = polled_since.map_or_else(String::new, |at| format!(", all shards read up to {at}"));
            format!("{which}: changes may not be sealed yet{newest}{polled}")
        }
    }
}

/// A gap with its time.
pub(in crate::commands) fn gap(gap: &DeclaredGap) -> String {
    let from = gap.from.map_or_else(|| "an unknown time".to_owned(), |from| from.to_string());
    format!(
        "gap, declared in commit {}: {}; made between {from} and {}",
        gap.commit,
        crate::commands::gaps::in_words(&gap.gap),
        gap.until
    )
}

/// For programs.
pub(in crate::commands) fn json(completeness: &Completeness) -> Value {
    json!({
        "verdict": if completeness.is_complete() { "complete" } else { "incomplete" },
        "reads_since": members::beginning(completeness.beginning.as_ref()),
        "items": completeness.items,
        "same_second": completeness.same_second,
        "cut": completeness.is_cut,
        "shortfalls": completeness.shortfalls.iter().map(shortfall).collect::<Vec<_>>(),
    })
}

fn shortfall(shortfall: &Shortfall) -> Value {
    match shortfall {
        Shortfall::BeginsLater => json!({ "kind": "begins_later" }),
        Shortfall::Unread(Unread::Shards { shards, polled_since, head_at }) => {
            json!({ "kind": "not_read", "shards": shards, "polled_since": polled_since, "head_at": head_at })
        }
        Shortfall::Unread(Unread::StreamEnded { cause, at }) => {
            json!({ "kind": "stream_ended", "cause": cause, "at": at })
        }
        Shortfall::Gap(gap) => json!({ "kind": "gap", "gap": members::gap(gap) }),
        Shortfall::Behind(commits) => json!({ "kind": "not_published", "commits": commits }),
        Shortfall::Unreadable(records) => json!({ "kind": "unreadable", "records": records }),
        Shortfall::Items { why, items } => {
            json!({ "kind": "unknown", "items": items, "unknown": members::unknown(why) })
        }
        Shortfall::Doubtful(items) => json!({ "kind": "doubtful", "items": items }),
        Shortfall::Redacted(items) => json!({ "kind": "redacted", "items": items }),
    }
}
