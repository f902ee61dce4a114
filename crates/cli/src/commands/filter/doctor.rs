//! `sealog filter doctor`: what this machine can build, and how to get what is missing.

use std::io::Write as _;
use std::path::Path;

use clap::Args;
use sealog_kit::{Checkup, Language};
use serde_json::json;

use super::new::Lang;
use super::subject::tools;
use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// Only this language (may be repeated); exit code 1 if one of them cannot be built
    #[arg(long = "lang", value_enum, value_name = "LANGUAGE")]
    languages: Vec<Lang>,
    /// How it looks
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(args: &DoctorArgs) -> Result<Exit, Failure> {
    let named: Vec<Language> = args.languages.iter().map(|&lang| lang.into()).collect();
    let checkups = tools().checkup(if named.is_empty() { &Language::ALL } else { &named }, Path::new("."));
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => {
            let languages: Vec<_> = checkups.iter().map(as_json).collect();
            writeln!(out, "{}", json!({ "format": "sealog.filter-doctor/1", "languages": languages }))?;
        }
        Format::Table => {
            for checkup in &checkups {
                show(&mut out, checkup)?;
            }
        }
    }
    Ok(if checkups.iter().all(|checkup| checkup.found.is_ok()) { Exit::Good } else { Exit::Verdict(1) })
}

fn show(out: &mut impl std::io::Write, checkup: &Checkup) -> std::io::Result<()> {
    let title = checkup.language.title();
    match &checkup.found {
        Ok(found) => writeln!(
            out,
            "{} {title:10}  {} {} ({})",
            print::verdict("ok     ", true),
            found.tool.name,
            found.version,
            found.tool.program.display()
        ),
        Err(missing) => writeln!(out, "{} {title:10}  {missing}", print::verdict("missing", false)),
    }
}

fn as_json(checkup: &Checkup) -> serde_json::Value {
    let (tool, version, program) = match &checkup.found {
        Ok(found) => {
            (Some(found.tool.name), Some(&found.version), Some(found.tool.program.display().to_string()))
        }
        Err(_) => (None, None, None),
    };
    json!({ "lang": checkup.language.as_str(), "tool": tool, "version": version, "program": program,
        "missing": checkup.found.as_ref().err().map(ToString::to_string) })
}
