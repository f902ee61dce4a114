//! `sealog filter build`: the component, its size and its digest.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use sealog_kit::{BuildOptions, Project, build};
use serde_json::json;

use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(super) struct BuildArgs {
    /// Folder of the project
    #[arg(long, value_name = "DIR", default_value = ".")]
    project: PathBuf,
    /// Keep the names of functions, for readable traps; a larger component with another digest (Rust, C, Go)
    #[arg(long)]
    names: bool,
    /// How the result looks
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(args: &BuildArgs) -> Result<Exit, Failure> {
    let project = Project::open(&args.project)?;
    let options = BuildOptions { names: args.names };
    let built = build(&project, &super::subject::tools(), &super::subject::host()?, options)?;
    let (path, size, digest) = (built.path.display(), built.inspection.size, built.inspection.digest);
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => {
            let result = json!({ "format": "sealog.filter-build/1", "name": project.name, "lang": project.language.as_str(),
                "component": path.to_string(), "bytes": size, "sha256": digest.to_string() });
            writeln!(out, "{result}")?;
        }
        Format::Table => {
            writeln!(out, "{path}: {}, sha256 {digest}", print::bytes(size as u64))?;
            writeln!(out, "Next: {}", print::bold("sealog filter test"))?;
        }
    }
    Ok(Exit::Good)
}
