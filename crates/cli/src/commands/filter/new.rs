//! `sealog filter new`: a project that builds and passes its own tests.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use sealog_kit::{Language, create};

use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    /// Name of the filter, and of the folder that is made
    name: String,
    /// What it is written in
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    lang: Lang,
    /// Folder to make, instead of one named like the filter; must be new or empty
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// A language, on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Lang {
    /// Rust
    Rust,
    /// Python
    Python,
    /// JavaScript
    Js,
    /// C
    C,
    /// Go
    Go,
}

impl From<Lang> for Language {
    fn from(lang: Lang) -> Self {
        match lang {
            Lang::Rust => Self::Rust,
            Lang::Python => Self::Python,
            Lang::Js => Self::Js,
            Lang::C => Self::C,
            Lang::Go => Self::Go,
        }
    }
}

pub(super) fn run(args: &NewArgs) -> Result<Exit, Failure> {
    let folder = args.out.clone().unwrap_or_else(|| PathBuf::from(&args.name));
    let project = create(&folder, &args.name, args.lang.into())?;
    let mut out = std::io::stdout().lock();
    writeln!(
        out,
        "{}: a filter in {}; it decides in {}",
        folder.display(),
        project.language.title(),
        project.language.source()
    )?;
    writeln!(
        out,
        "Next: {}",
        print::bold(&format!("cd {} && sealog filter build && sealog filter test", folder.display()))
    )?;
    if let Err(missing) = super::subject::tools().find(project.language, &project.root) {
        writeln!(out, "Before that: {missing}")?;
    }
    Ok(Exit::Good)
}
