//! `sealog filter replay`: what a new component would have said, next to what was said.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sealog_kit::{Replay, Rows};
use sealog_store::{Location, Log, Store};
use serde_json::{Value, json};

use super::subject::{SubjectArgs, host};
use crate::args::{ArchiveArgs, CommitRange, Format};
use crate::exit::{Exit, Failure};
use crate::print;

/// Rows and columns of the matrix, in the order in which they are shown.
const OUTCOMES: [&str; 4] = ["keep", "redact", "drop", "fault"];

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    #[command(flatten)]
    archive: ArchiveArgs,
    #[command(flatten)]
    subject: SubjectArgs,
    /// Compare with this component, instead of with what the archive recorded
    #[arg(long, value_name = "FILE")]
    old: Option<PathBuf>,
    /// Only these commits: A..B (both included), A.. or ..B
    #[arg(long, value_name = "RANGE")]
    range: Option<CommitRange>,
    /// Show so many of the records of which something else is said
    #[arg(long, value_name = "N", default_value = "20")]
    show: usize,
    /// Exit code 1 if something else is said of any record
    #[arg(long)]
    check: bool,
    /// How the result looks
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) async fn run(args: &ReplayArgs) -> Result<Exit, Failure> {
    let new = args.subject.load()?;
    let old = match &args.old {
        Some(component) => {
            let subject = args.subject.settings.subject(Some(component))?;
            Some(host()?.load(&subject.bytes, subject.options)?)
        }
        None => None,
    };
    let store = super::super::location(&args.archive)?.open_to_read().await;
    let (first, last) = args.range.map_or((0, None), |range| (range.first, range.last));
    let mut replay = Replay::new(args.show);
    for mut rows in rows_of(&store, &args.archive.logs, first, last).await? {
        while let Some(rows) = rows.next().await? {
            replay.judge(&rows, &new, old.as_ref());
        }
    }
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => writeln!(out, "{}", as_json(&replay))?,
        Format::Table => show(&mut out, &replay)?,
    }
    Ok(if args.check && replay.changed > 0 { Exit::Verdict(1) } else { Exit::Good })
}

/// The archive, where the only input is one.
pub(super) fn archive_of(inputs: &[PathBuf]) -> Result<Option<Location>, Failure> {
    let is_archive = |input: &PathBuf| input.is_dir() || input.starts_with("s3:");
    match inputs {
        [only] if is_archive(only) => only.display().to_string().parse().map(Some).map_err(Failure::usage),
        several if several.iter().any(is_archive) => {
            Err(Failure::usage("name one archive alone, or files only"))
        }
        _ => Ok(None),
    }
}

/// The rows of the logs that were named, or of all.
pub(super) async fn rows_of(
    store: &Arc<dyn Store>,
    logs: &[String],
    first: u64,
    last: Option<u64>,
) -> Result<Vec<Rows>, Failure> {
    let names = if logs.is_empty() { store.folders().await? } else { logs.to_vec() };
    let mut all = Vec::new();
    for name in names {
        all.push(Rows::open(Log::new(Arc::clone(store), &name), first, last).await?);
    }
    if all.is_empty() {
        return Err(Failure::unreachable(format!("{} holds no log", store.describe())));
    }
    Ok(all)
}

fn show(out: &mut impl Write, replay: &Replay) -> std::io::Result<()> {
    writeln!(
        out,
        "{} judged, {} with another answer",
        print::counted(replay.judged, "record"),
        print::count(replay.changed)
    )?;
    writeln!(out, "{}", print::bold("before \\ now        keep      redact        drop       fault"))?;
    for before in OUTCOMES {
        write!(out, "{before:12}")?;
        for now in OUTCOMES {
            let count = replay.matrix.get(&(before.to_owned(), now.to_owned())).copied().unwrap_or(0);
            write!(out, "{:>12}", print::count(count))?;
        }
        writeln!(out)?;
    }
    for changed in &replay.examples {
        let keys = changed.keys.as_deref().unwrap_or("");
        writeln!(out, "{}/{}  sequence number {}  {keys}", changed.commit, changed.row, changed.sequence)?;
        writeln!(out, "  - {}\n  + {}", changed.old, changed.new)?;
    }
    let left = replay.changed.saturating_sub(replay.examples.len() as u64);
    if left > 0 {
        writeln!(out, "and {} more; see them with --show", print::count(left))?;
    }
    let notes = [
        (replay.tombstones, "dropped before: no images are left, so nothing can be said of it"),
        (replay.unreadable, "unreadable then, and never judged"),
        (replay.redacted, "redacted before: judged with NULL in place of what is gone"),
    ];
    for (count, what) in notes.iter().filter(|(count, _)| *count > 0) {
        writeln!(out, "{} {what}", print::counted(*count, "record"))?;
    }
    Ok(())
}

fn as_json(replay: &Replay) -> Value {
    let matrix = replay
        .matrix
        .iter()
        .map(|((before, now), count)| json!({ "before": before, "now": now, "records": count }));
    let examples = replay.examples.iter().map(|it| {
        json!({ "commit": it.commit, "row": it.row, "sequence": it.sequence, "before": it.old, "now": it.new,
            "keys": it.keys.as_deref().and_then(|keys| serde_json::from_str::<Value>(keys).ok()) })
    });
    json!({ "format": "sealog.filter-replay/1", "judged": replay.judged, "changed": replay.changed,
        "tombstones": replay.tombstones, "unreadable": replay.unreadable, "redacted": replay.redacted,
        "matrix": matrix.collect::<Vec<_>>(), "examples": examples.collect::<Vec<_>>() })
}
