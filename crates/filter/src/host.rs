//! The host: one engine, one clock, one cache.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::{Filter, FilterDigest, FilterError, FilterOptions, Manifest};

/// One WebAssembly engine with its clock thread and its cache of compiled components. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Host {
    _private: (),
}

/// Sets a [`Host`] up.
#[derive(Debug, Clone, Default)]
pub struct HostBuilder {
    cache: Option<PathBuf>,
    compiler: Option<(PathBuf, Vec<OsString>)>,
}

impl HostBuilder {
    /// Keeps compiled components in this directory, which is made if it is not there. It has to belong to this user and
    /// be closed to everybody else: what lies in it is executed.
    #[must_use]
    pub fn cache(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache = Some(directory.into());
        self
    }

    /// Compiles in a child process, with a bound on its time and memory: this program with these arguments, which has to
    /// call [`compile_child_main`]. Without one, components are compiled in this process.
    #[must_use]
    pub fn compiler(mut self, program: impl Into<PathBuf>, arguments: Vec<OsString>) -> Self {
        self.compiler = Some((program.into(), arguments));
        self
    }

    /// Sets the host up.
    ///
    /// # Errors
    /// [`FilterError::Engine`], [`FilterError::Cache`].
    pub fn build(self) -> Result<Host, FilterError> {
        let _unused = (self.cache, self.compiler);
        Ok(Host { _private: () })
    }
}

/// What a file is, as far as it can be told; also of files that would be refused.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// SHA-256 of the file.
    pub digest: FilterDigest,
    /// Its size in bytes.
    pub size: usize,
    /// What it imports, sorted.
    pub imports: Vec<String>,
    /// What it exports, sorted.
    pub exports: Vec<String>,
    /// The world it fits; `None` if it fits none.
    pub world: Option<&'static str>,
    /// What it says it is under this configuration.
    pub manifest: Option<Manifest>,
    /// Why it would be refused; empty if it would not.
    pub violations: Vec<String>,
}

impl Host {
    /// How to set one up.
    #[must_use]
    pub fn builder() -> HostBuilder {
        HostBuilder::default()
    }

    /// A host that compiles in this process.
    ///
    /// # Errors
    /// As [`HostBuilder::build`].
    pub fn new(cache: Option<&Path>) -> Result<Self, FilterError> {
        let mut builder = Self::builder();
        if let Some(cache) = cache {
            builder = builder.cache(cache);
        }
        builder.build()
    }

    /// Checks a component, compiles it or takes it from the cache, and configures it once.
    ///
    /// # Errors
    /// Each variant of [`FilterError`] but `Panel` and `Engine`.
    pub fn load(&self, component: &[u8], options: FilterOptions) -> Result<Filter, FilterError> {
        let _unused = (component, options);
        Err(FilterError::Engine { why: "not there yet".to_owned() })
    }

    /// Tells what a component is, under a configuration. Fails never: what is wrong stands in `violations`.
    #[must_use]
    pub fn inspect(&self, component: &[u8], config: &serde_json::Value) -> Inspection {
        let _unused = config;
        Inspection {
            digest: FilterDigest::of(component),
            size: component.len(),
            imports: Vec::new(),
            exports: Vec::new(),
            world: None,
            manifest: None,
            violations: vec!["not there yet".to_owned()],
        }
    }
}

/// What the program given to [`HostBuilder::compiler`] has to do: reads a component from standard input, compiles it, and
/// writes the result to standard output. The return value is the exit code.
#[must_use]
pub fn compile_child_main() -> u8 {
    1
}
