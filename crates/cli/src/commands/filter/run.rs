//! `sealog filter run`: a component on records of yours.

use std::collections::BTreeMap;
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use sealog_filter::Filter;
use sealog_kit::{ArchivedRow, BATCH_MAX, Change, Input, Said, ask};
use serde_json::{Value, json};

use super::replay::{archive_of, rows_of};
use super::subject::SubjectArgs;
use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// Files with a Lambda event, records one after the other, or lines of an export of the table; - for standard input;
    /// or one archive: a directory or s3://bucket/prefix
    #[arg(value_name = "INPUT", required = true)]
    inputs: Vec<PathBuf>,
    #[command(flatten)]
    subject: SubjectArgs,
    /// Only this log of an archive (may be repeated); all by default
    #[arg(long = "log", value_name = "NAME")]
    logs: Vec<String>,
    /// Show only records of which the filter says more than a plain keep
    #[arg(long)]
    only_effects: bool,
    /// How the result looks; json is one object a line
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) async fn run(args: &RunArgs) -> Result<Exit, Failure> {
    let filter = args.subject.load()?;
    let mut printer = Printer { filter, args, counts: BTreeMap::new() };
    if let Some(location) = archive_of(&args.inputs)? {
        let store = location.open_to_read().await;
        for mut rows in rows_of(&store, &args.logs, 0, None).await? {
            while let Some(rows) = rows.next().await? {
                // Of a tombstone nothing is left that a filter could judge, and what was unreadable never is judged.
                let judged = rows.into_iter().filter(|row| !row.is_tombstone && !row.is_unreadable);
                printer.judge(&judged.map(|row: ArchivedRow| row.change).collect::<Vec<_>>())?;
            }
        }
    } else {
        for file in &args.inputs {
            let mut input = Input::new(&file.display().to_string(), open(file)?);
            loop {
                let batch: Vec<Change> = input.by_ref().take(BATCH_MAX).collect::<Result<_, _>>()?;
                if batch.is_empty() {
                    break;
                }
                printer.judge(&batch)?;
            }
        }
    }
    printer.finish()
}

/// A file, buffered, or standard input.
fn open(file: &Path) -> Result<Box<dyn Read>, Failure> {
    if file == Path::new("-") {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let opened =
        std::fs::File::open(file).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    Ok(Box::new(BufReader::new(opened)))
}

/// All records of some files.
pub(super) fn read_files(files: &[PathBuf]) -> Result<Vec<Change>, Failure> {
    let mut changes = Vec::new();
    for file in files {
        let read: Result<Vec<Change>, _> = Input::new(&file.display().to_string(), open(file)?).collect();
        changes.extend(read?);
    }
    Ok(changes)
}

struct Printer<'a> {
    filter: Filter,
    args: &'a RunArgs,
    counts: BTreeMap<String, u64>,
}

impl Printer<'_> {
    fn judge(&mut self, changes: &[Change]) -> Result<(), Failure> {
        let records: Vec<_> = changes.iter().map(Change::as_record).collect();
        let asked = ask(&self.filter, &records);
        let mut out = std::io::stdout().lock();
        for (place, (change, said)) in changes.iter().zip(&asked.said).enumerate() {
            *self.counts.entry(said.outcome().to_owned()).or_default() += 1;
            if self.args.only_effects && *said == plain() {
                continue;
            }
            let fault =
                asked.faults.iter().find(|(at, _)| *at == place).map(|(_, fault)| fault.message.as_str());
            match self.args.format {
                Format::Json => writeln!(out, "{}", as_json(change, said, fault))?,
                Format::Table => {
                    let (event, keys) =
                        (change.event_name.as_deref().unwrap_or("?"), change.keys.as_deref().unwrap_or(""));
                    writeln!(
                        out,
                        "{}  {event:6}  {said}  {keys}{}",
                        change.sequence,
                        fault.map_or_else(String::new, |fault| format!("  ({fault})"))
                    )?;
                }
            }
        }
        for line in &asked.log {
            writeln!(std::io::stderr(), "log {} {}", line.level, line.message)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<Exit, Failure> {
        let total = self.counts.values().sum();
        let counts: Vec<String> = self
            .counts
            .iter()
            .map(|(outcome, count)| format!("{} {outcome}", print::count(*count)))
            .collect();
        writeln!(std::io::stderr(), "{}: {}", print::counted(total, "record"), counts.join(", "))?;
        Ok(Exit::Good)
    }
}

fn plain() -> Said {
    Said { verdict: "keep".to_owned(), ..Said::default() }
}

fn as_json(change: &Change, said: &Said, fault: Option<&str>) -> Value {
    let keys: Option<Value> = change.keys.as_deref().and_then(|keys| serde_json::from_str(keys).ok());
    json!({ "sequence": change.sequence, "event": change.event_name, "keys": keys, "said": said, "message": fault })
}
