//! What all commands on a component need: which one, under which configuration, on which host.

use std::path::{Path, PathBuf};

use clap::Args;
use sealog_filter::{Filter, FilterOptions, Host};
use sealog_kit::{KitError, Project, Tools};
use sealog_record::Timestamp;

use crate::exit::Failure;
use crate::print;

/// Which component, and what it is configured with.
#[derive(Debug, Args)]
pub(super) struct SubjectArgs {
    /// Component to ask, instead of the one that the project was built to
    #[arg(long, value_name = "FILE")]
    pub(super) component: Option<PathBuf>,
    #[command(flatten)]
    pub(super) settings: SettingsArgs,
}

#[derive(Debug, Args)]
pub(super) struct SettingsArgs {
    /// Folder of the project
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(super) project: PathBuf,
    /// The filter's configuration, as JSON or as @FILE, instead of the project's
    #[arg(long, value_name = "JSON")]
    pub(super) with: Option<String>,
}

/// A component and how it is to be used.
pub(super) struct Subject {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(super) options: FilterOptions,
}

impl SubjectArgs {
    /// The component, loaded.
    pub(super) fn load(&self) -> Result<Filter, Failure> {
        let subject = self.settings.subject(self.component.as_deref())?;
        Ok(host()?.load(&subject.bytes, subject.options)?)
    }
}

impl SettingsArgs {
    /// A component that was named, or the project's. A project that is there gives configuration and limits to both.
    pub(super) fn subject(&self, component: Option<&Path>) -> Result<Subject, Failure> {
        let project = match Project::open(&self.project) {
            Err(KitError::NoProject { .. }) if component.is_some() => None,
            opened => Some(opened?),
        };
        let path = match (component, &project) {
            (Some(component), _) => component.to_owned(),
            (None, Some(project)) => project.component(),
            (None, None) => return Err(Failure::usage("name a component with --component")),
        };
        if component.is_none() && project.as_ref().is_some_and(Project::is_stale) {
            print::warning(&format!(
                "{} is older than its sources; build it again: sealog filter build",
                path.display()
            ));
        }
        let bytes = std::fs::read(&path).map_err(|error| {
            let shown = path.display();
            if error.kind() == std::io::ErrorKind::NotFound && component.is_none() {
                return Failure::usage(format!("{shown} is not there; build it first: sealog filter build"));
            }
            Failure::usage(format!("{shown}: {error}"))
        })?;
        let mut options = project.map_or_else(FilterOptions::default, |project| project.options());
        if let Some(config) = self.config()? {
            options.config = config;
        }
        Ok(Subject { path, bytes, options })
    }

    fn config(&self) -> Result<Option<serde_json::Value>, Failure> {
        let Some(text) = &self.with else { return Ok(None) };
        let wrong = |error: &dyn std::fmt::Display| Failure::usage(format!("--with {text}: {error}"));
        let json = match text.strip_prefix('@') {
            Some(file) => std::fs::read_to_string(file).map_err(|error| wrong(&error))?,
            None => text.clone(),
        };
        serde_json::from_str(&json).map(Some).map_err(|error| wrong(&error))
    }
}

/// A host as `sealog run` has it: compiled components are kept, and compiled in a child process.
pub(super) fn host() -> Result<Host, Failure> {
    let mut builder = Host::builder().now(Timestamp::from_millis(crate::commands::now_ms()));
    if let Ok(program) = std::env::current_exe() {
        builder = builder.compiler(program, vec![super::super::FILTER_COMPILE.into()]);
    }
    let caches = std::env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    if let Some(caches) = caches.or_else(|| Some(std::env::home_dir()?.join(".cache"))) {
        builder = builder.cache(caches.join("sealog").join("filters"));
    }
    Ok(builder.build()?)
}

/// Programs on PATH and in SEALOG_GUESTS.
pub(super) fn tools() -> Tools {
    let guests = std::env::var_os("SEALOG_GUESTS").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    Tools::new(&std::env::var_os("PATH").unwrap_or_default(), guests)
}
