//! What keeps a tool from doing its work.

use std::path::{Path, PathBuf};

use crate::Language;

/// What the user has to do about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Call the command otherwise.
    CallOtherwise,
    /// Change the project, the filter or its configuration.
    ChangeProject,
    /// Install a tool; the message says by which command.
    Install,
    /// See to the file system, the archive or the machine.
    CheckMachine,
}

/// Why a tool could not do its work. The message says what to do next.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KitError {
    /// There is no project here.
    #[error("{folder} holds no filter.toml; change to a project's directory, or make one: sealog filter new NAME --lang rust", folder = folder.display())]
    NoProject {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// A project's file cannot be understood.
    #[error("{file}: {why}", file = file.display())]
    Project {
        /// The file.
        file: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// A name that no filter can have.
    #[error(
        "{name:?} cannot be a filter's name: 1 to 64 of a-z, 0-9 and -, beginning with a letter, such as drop-heartbeats"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A folder that would be written to holds something.
    #[error("{folder} is there already; name another one", folder = folder.display())]
    NotEmpty {
        /// The folder.
        folder: PathBuf,
    },
    /// A program that builds filters of this language is not there.
    #[error("filters in {language} need {tool}, which is not there{why}; install it:\n{install}", language = language.title(), install = indented(install))]
    Missing {
        /// The project's language.
        language: Language,
        /// What is missing.
        tool: String,
        /// What was found instead, in brackets; empty if nothing was.
        why: String,
        /// Commands, each of which alone is enough.
        install: Vec<String>,
    },
    /// A program that builds filters failed; what it said is the author's to read.
    #[error("{tool} failed:\n{output}")]
    Failed {
        /// The program.
        tool: String,
        /// What it wrote, its end if it is long.
        output: String,
    },
    /// What the compiler made cannot become a component.
    #[error("what {tool} made cannot become a filter: {why}")]
    Component {
        /// The program.
        tool: String,
        /// What is wrong, and what to do.
        why: String,
    },
    /// The component was built, and would be refused.
    #[error("the component would be refused:\n{violations}", violations = indented(violations))]
    Refused {
        /// Why.
        violations: Vec<String>,
    },
    /// Something that should be a record is none.
    #[error("{place}: {why}")]
    Input {
        /// File and line or number of the record.
        place: String,
        /// What was expected.
        why: String,
    },
    /// A pattern of Lambda's event filtering that is none.
    #[error("pattern {number}, at {place}: {why}")]
    Pattern {
        /// Counted from 1.
        number: usize,
        /// Path inside the pattern.
        place: String,
        /// What was expected.
        why: String,
    },
    /// The archive could not be read.
    #[error("{0}")]
    Archive(String),
    /// The filter cannot be loaded.
    #[error(transparent)]
    Filter(#[from] sealog_filter::FilterError),
    /// A file could not be read or written.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl KitError {
    /// What the user has to do.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::NoProject { .. } | Self::Name { .. } | Self::NotEmpty { .. } | Self::Input { .. } => {
                Remedy::CallOtherwise
            }
            Self::Project { .. }
            | Self::Failed { .. }
            | Self::Component { .. }
            | Self::Refused { .. }
            | Self::Pattern { .. }
            | Self::Filter(_) => Remedy::ChangeProject,
            Self::Missing { .. } => Remedy::Install,
            Self::Archive(_) | Self::File { .. } => Remedy::CheckMachine,
        }
    }

    /// For `map_err` on a file.
    pub(crate) fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::File { path: path.to_owned(), source }
    }
}

fn indented(lines: &[String]) -> String {
    let lines: Vec<String> = lines.iter().map(|line| format!("  {line}")).collect();
    lines.join("\n")
}
