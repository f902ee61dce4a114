//! `sealog compact`: the lake's days, sorted and in large files.

use std::io::Write as _;

use clap::Args;
use sealog_lake::{CompactOptions, Compacted, Spill, Unhurried};
use sealog_pipeline::LakeOptions;
use sealog_record::Timestamp;
use sealog_store::Log;

use super::lake::{Chosen, LogsArgs};
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(crate) struct CompactArgs {
    #[command(flatten)]
    logs: LogsArgs,
    /// Only this day, 2026-11-22 (may be repeated); all that have fresh rows by default
    #[arg(long = "day", value_name = "DATE")]
    days: Vec<String>,
    /// Remove nothing
    #[arg(long)]
    no_clean: bool,
}

pub(crate) async fn run(args: &CompactArgs) -> Result<Exit, Failure> {
    let chosen = Chosen::open(&args.logs).await?;
    let lake = chosen.config.lake.clone().unwrap_or_default();
    for table in &chosen.tables {
        let log = chosen.log(table);
        let options = options(&lake, table.columns.clone(), false);
        compact(&log, &args.days, &options, |day, done| say(&log, day, done)).await?;
        if !args.no_clean {
            let grace = i64::try_from(lake.grace.as_millis()).unwrap_or(i64::MAX);
            let cleaned = sealog_lake::clean(&log, now(), grace).await?;
            let removed = print::counted(cleaned.fresh + cleaned.sorted, "superseded file");
            writeln!(std::io::stdout(), "{}: {removed} removed", table.log)?;
        }
    }
    Ok(Exit::Good)
}

fn now() -> Timestamp {
    Timestamp::from_millis(super::now_ms())
}

/// What a compaction by this process works with.
pub(super) fn options(lake: &LakeOptions, columns: sealog_lake::Columns, anew: bool) -> CompactOptions {
    CompactOptions {
        columns,
        spill: Spill { folder: lake.spill.clone().unwrap_or_else(std::env::temp_dir), memory: lake.memory },
        file_bytes: sealog_lake::FILE_BYTES,
        writer: super::writer().id,
        anew,
    }
}

/// Compacts what is published, day by day, and tells of each.
pub(super) async fn compact(
    log: &Log,
    days: &[String],
    options: &CompactOptions,
    mut tell: impl FnMut(&str, Compacted) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(through) = sealog_lake::published(log, now()).await? else {
        writeln!(std::io::stdout(), "{}: nothing is published yet", log.name())?;
        return Ok(());
    };
    for pending in sealog_lake::pending(log, through, options.anew).await? {
        if !days.is_empty() && !days.contains(&pending.date) {
            continue;
        }
        let done = sealog_lake::compact(log, (&pending.date, through), now(), options, &Unhurried).await?;
        tell(&pending.date, done)?;
    }
    Ok(())
}

/// What became of a day, in a line.
pub(super) fn say(log: &Log, day: &str, done: Compacted) -> Result<(), Failure> {
    let said = match done {
        Compacted::Nothing => "nothing is fresh".to_owned(),
        Compacted::Overtaken => "somebody else compacted it meanwhile".to_owned(),
        Compacted::Done { files, rows, bytes } => format!(
            "{} in {}, {}",
            print::counted(rows, "row"),
            print::counted(files, "file"),
            print::bytes(bytes)
        ),
    };
    writeln!(std::io::stdout(), "{} {day}: {said}", log.name())?;
    Ok(())
}
