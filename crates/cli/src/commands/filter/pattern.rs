//! `sealog filter from-lambda-pattern`: what a Lambda function was asked about, as a filter's configuration.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use sealog_kit::parse_patterns;

use crate::args::Format;
use crate::exit::{Exit, Failure};

#[derive(Debug, Args)]
pub(super) struct PatternArgs {
    /// File with a pattern, an array of patterns, or the filter criteria of an event source mapping; - for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The component that obeys patterns, as the configuration is to name it
    #[arg(long, value_name = "FILE", default_value = "filters/lambda-pattern.wasm")]
    component: String,
    /// How the result looks: table is a section of sealog.toml, json is what --with of the other commands takes
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(args: &PatternArgs) -> Result<Exit, Failure> {
    let patterns = parse_patterns(&read(&args.file)?)?;
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => writeln!(out, "{}", patterns.config())?,
        Format::Table => {
            write!(out, "{}", patterns.section(&args.component))?;
            writeln!(
                std::io::stderr(),
                "Put this under a [[table]] of sealog.toml, then run: sealog filter pin. It begins in shadow mode, where it is only counted."
            )?;
        }
    }
    Ok(Exit::Good)
}

fn read(file: &Path) -> Result<String, Failure> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text)?;
        return Ok(text);
    }
    std::fs::read_to_string(file).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
}
