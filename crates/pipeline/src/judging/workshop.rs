//! Where filters are loaded: one engine and one cache for all tables of a process.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use sealog_filter::{Filter, FilterOptions, Host, Limits, Panel, RedactionSecret};
use sealog_record::Timestamp;

use crate::signing::refuse_if_shared;
use crate::{Config, FilterConfig, PipelineError, TableConfig};

/// Largest component that is read; no filter is that large.
const COMPONENT_BYTES_MAX: u64 = 64 << 20;

/// Loads filters and says where they judge. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Workshop {
    host: Host,
    apart: bool,
}

impl Workshop {
    /// Filters judge on threads of their own, so that a slow one holds up nobody but its table.
    #[must_use]
    pub fn new(host: Host) -> Self {
        Self { host, apart: true }
    }

    /// For the filters of `config`: compiled ones are kept in its `filter_cache`, until nobody used them for 30 days
    /// before `now`. `compiler` is a program, with its
    /// arguments, that calls [`sealog_filter::compile_child_main`]; without one, components are compiled in this process,
    /// which a hostile one can bring down.
    ///
    /// # Errors
    /// [`PipelineError::Filter`].
    pub fn open(
        config: &Config,
        compiler: Option<(PathBuf, Vec<OsString>)>,
        now: Timestamp,
    ) -> Result<Self, PipelineError> {
        let mut builder = Host::builder().now(now);
        if let Some(cache) = &config.filter_cache {
            builder = builder.cache(cache);
        }
        if let Some((program, arguments)) = compiler {
            builder = builder.compiler(program, arguments);
        }
        let host = builder.build().map_err(|error| wrong(None, &error))?;
        Ok(Self::new(host))
    }

    /// Filters judge on the thread that asks, which does nothing else meanwhile: for tests that need one order of things.
    #[must_use]
    pub fn in_place(self) -> Self {
        Self { apart: false, ..self }
    }

    /// Does what takes its time.
    pub(crate) async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PipelineError> {
        if !self.apart {
            return Ok(work());
        }
        let worked = tokio::task::spawn_blocking(work).await;
        worked.map_err(|died| PipelineError::Defect(died.to_string()))
    }

    /// The filters of a table, ready to judge.
    ///
    /// # Errors
    /// [`PipelineError::Filter`] names the filter and says what to do.
    pub(crate) async fn panel(
        &self,
        table: &TableConfig,
        secret: Option<&Path>,
    ) -> Result<Panel, PipelineError> {
        let (host, filters, secret) =
            (self.host.clone(), table.filters.clone(), secret.map(Path::to_path_buf));
        self.work(move || {
            let loaded = filters.iter().map(|filter| load(&host, filter)).collect::<Result<Vec<_>, _>>()?;
            let secret = secret.as_deref().map(redaction_secret).transpose()?;
            Panel::new(loaded, secret).map_err(|error| wrong(None, &error))
        })
        .await?
    }
}

fn wrong(filter: Option<&FilterConfig>, error: &dyn std::fmt::Display) -> PipelineError {
    PipelineError::Filter { filter: filter.map(FilterConfig::shown), problem: error.to_string() }
}

fn load(host: &Host, config: &FilterConfig) -> Result<Filter, PipelineError> {
    let file = &config.component;
    let read = std::fs::metadata(file).and_then(|found| {
        if found.len() > COMPONENT_BYTES_MAX {
            return Err(std::io::Error::other("it is larger than any filter"));
        }
        std::fs::read(file)
    });
    let component = read.map_err(|error| wrong(Some(config), &format!("{}: {error}", file.display())))?;
    host.load(&component, options(config)).map_err(|error| wrong(Some(config), &error))
}

fn options(config: &FilterConfig) -> FilterOptions {
    let standard = Limits::default();
    let limits = &config.limits;
    FilterOptions {
        name: config.name.clone(),
        config: config.config.clone(),
        mode: config.mode,
        limits: Limits {
            fuel_per_record: limits.fuel_per_record.unwrap_or(standard.fuel_per_record),
            fuel_per_byte: limits.fuel_per_byte.unwrap_or(standard.fuel_per_byte),
            fuel_configure: limits.fuel_configure.unwrap_or(standard.fuel_configure),
            memory_max: limits.memory_max.unwrap_or(standard.memory_max),
            wall_max: limits.wall_max.unwrap_or(standard.wall_max),
        },
        on_fault: config.on_fault,
        pinned: config.sha256,
    }
}

fn redaction_secret(file: &Path) -> Result<RedactionSecret, PipelineError> {
    let problem = |problem: String| wrong(None, &format!("redaction_secret {}: {problem}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| {
        problem(format!("{error}; make one with `sealog keys generate --redaction --out {}`", file.display()))
    })?;
    refuse_if_shared(file).map_err(problem)?;
    text.trim().parse().map_err(problem)
}
