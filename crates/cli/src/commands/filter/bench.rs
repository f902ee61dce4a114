//! `sealog filter bench`: how fast a component is, on the fixtures or on records of yours.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use sealog_kit::{Change, bench, fixtures};
use serde_json::json;

use super::run::read_files;
use super::subject::SubjectArgs;
use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Files with records, or - for standard input; the project's fixtures by default
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    subject: SubjectArgs,
    /// How long to measure
    #[arg(long, value_name = "SECONDS", default_value = "3", value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// How the result looks
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(args: &BenchArgs) -> Result<Exit, Failure> {
    let changes: Vec<Change> = if args.files.is_empty() {
        fixtures(&args.subject.settings.project)?.into_iter().flat_map(|fixture| fixture.changes).collect()
    } else {
        read_files(&args.files)?
    };
    let loading = crate::commands::now_ms();
    let filter = args.subject.load()?;
    let loaded_ms = crate::commands::now_ms() - loading;
    let found = bench(&filter, &changes, args.seconds * 1000, &crate::commands::now_ms)?;
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => {
            let result = json!({ "format": "sealog.filter-bench/1", "filter": filter.name(), "sha256": filter.digest().to_string(),
                "records_per_second": found.records_per_second(), "records": found.records, "elapsed_ms": found.elapsed_ms,
                "batch": found.batch, "fuel_per_record": found.fuel_per_record, "fuel_per_instance": found.fuel_per_instance,
                "memory_peak": found.memory_peak, "load_ms": loaded_ms });
            writeln!(out, "{result}")?;
        }
        Format::Table => writeln!(
            out,
            "{}: {} records/s on one core, {} fuel a record and {} a batch of {}, {} of memory, loaded in {loaded_ms} ms",
            print::bold(filter.name()),
            print::count(found.records_per_second()),
            print::count(found.fuel_per_record),
            print::count(found.fuel_per_instance),
            print::count(found.batch as u64),
            print::bytes(found.memory_peak as u64)
        )?,
    }
    Ok(Exit::Good)
}
