//! The host: one engine, one clock, one cache.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sealog_record::Timestamp;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::cache::Cache;
use crate::clock::Clock;
use crate::columns::Columns;
use crate::compile::{Compiler, WALL_MAX};
use crate::filter::Inner as FilterInner;
use crate::manifest::is_name;
use crate::sandbox::{Linked, Program, Sandbox};
use crate::structure::{self, Structure};
use crate::text::escaped;
use crate::{Filter, FilterDigest, FilterError, FilterOptions, Limits, Manifest, WORLD};
use crate::{compile, config, engine, sandbox};

/// Bytes of a compiled component that is also loaded for the pool. What a larger one costs is not its instance.
const POOLED_BYTES_MAX: usize = 32 << 20;

/// One WebAssembly engine with its clock thread and its cache of compiled components. Cheap to clone.
#[derive(Clone)]
pub struct Host {
    inner: Arc<Inner>,
}

struct Inner {
    /// Compiles, and makes instances on demand.
    on_demand: Site,
    pooled: Option<Site>,
    cache: Option<Cache>,
    compiler: Option<Compiler>,
    clock: Clock,
}

/// An engine, and what its guests may import.
struct Site {
    engine: Engine,
    linker: Linker<Sandbox>,
}

impl Site {
    fn new(engine: Engine) -> Result<Self, FilterError> {
        let linker =
            sandbox::linker(&engine).map_err(|error| FilterError::Engine { why: format!("{error:#}") })?;
        Ok(Self { engine, linker })
    }
}

impl std::fmt::Debug for Host {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Host").field("cache", &self.inner.cache).finish_non_exhaustive()
    }
}

/// Sets a [`Host`] up.
#[derive(Debug, Clone, Default)]
pub struct HostBuilder {
    cache: Option<PathBuf>,
    now: Option<Timestamp>,
    compiler: Option<Compiler>,
}

impl HostBuilder {
    /// Keeps compiled components in this directory, which is made if it is not there. It has to belong to this user and
    /// be closed to everybody else: what lies in it is executed.
    #[must_use]
    pub fn cache(mut self, directory: impl Into<PathBuf>) -> Self {
        self.cache = Some(directory.into());
        self
    }

    /// The time. What lies in the cache and was not used in the 30 days before it is removed when a filter is loaded;
    /// without it, nothing is.
    #[must_use]
    pub fn now(mut self, now: Timestamp) -> Self {
        self.now = Some(now);
        self
    }

    /// Compiles in a child process, with a bound on its time and memory: this program with these arguments, which has to
    /// call [`crate::compile_child_main`]. Without one, components are compiled in this process, without a bound.
    #[must_use]
    pub fn compiler(mut self, program: impl Into<PathBuf>, arguments: Vec<OsString>) -> Self {
        self.compiler = Some(Compiler { program: program.into(), arguments, wall_max: WALL_MAX });
        self
    }

    /// Sets the host up.
    ///
    /// # Errors
    /// [`FilterError::Engine`], [`FilterError::Cache`].
    pub fn build(self) -> Result<Host, FilterError> {
        let on_demand = Site::new(engine::new()?)?;
        let pooled = engine::pooled().map(Site::new).transpose()?;
        let now = self.now.and_then(|now| u64::try_from(now.as_millis()).ok());
        let now = now.map(|now| SystemTime::UNIX_EPOCH + Duration::from_millis(now));
        let cache =
            self.cache.map(|directory| Cache::open(&directory, &on_demand.engine, now)).transpose()?;
        let engines: Vec<_> =
            [Some(&on_demand), pooled.as_ref()].into_iter().flatten().map(|site| &site.engine).collect();
        let clock = Clock::start(&engines)?;
        let inner = Inner { on_demand, pooled, cache, compiler: self.compiler, clock };
        Ok(Host { inner: Arc::new(inner) })
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
        HostBuilder { cache: cache.map(Path::to_owned), ..HostBuilder::default() }.build()
    }

    /// Checks a component, compiles it or takes it from the cache, and configures it once.
    ///
    /// # Errors
    /// Each variant of [`FilterError`] but `Panel` and `Engine`.
    pub fn load(&self, component: &[u8], options: FilterOptions) -> Result<Filter, FilterError> {
        let digest = FilterDigest::of(component);
        if let Some(pinned) = options.pinned.filter(|pinned| *pinned != digest) {
            return Err(FilterError::OtherThanPinned { pinned, found: digest });
        }
        let Structure { violations, .. } = structure::examine(component, options.limits.memory_max);
        if !violations.is_empty() {
            return Err(FilterError::Unsuited { why: violations.join("; ") });
        }
        let program = self.program(component, digest)?;
        if let Some(cache) = &self.inner.cache {
            cache.remove_unused();
        }
        let config = config::text(&options.config);
        let manifest = configure(&program, &options.limits, &config)?;
        config::check(&options.config, manifest.config_schema.as_deref())?;
        let name = options.name.unwrap_or_else(|| manifest.name.clone());
        if !is_name(&name) {
            let why = "its name has to be 1 to 64 of a-z, 0-9 and -".to_owned();
            return Err(FilterError::Panel { filter: escaped(&name, 80), why });
        }
        Ok(Filter::new(FilterInner {
            name,
            digest,
            config,
            columns: Columns::new(&manifest.columns),
            manifest,
            mode: options.mode,
            on_fault: options.on_fault,
            limits: options.limits,
            program,
            _host: self.clone(),
        }))
    }

    /// Tells what a component is, under a configuration. What is wrong stands in `violations`.
    #[must_use]
    pub fn inspect(&self, component: &[u8], config: &serde_json::Value) -> Inspection {
        let Structure { mut imports, mut exports, fits_world, violations } =
            structure::examine(component, Limits::default().memory_max);
        imports.sort_unstable();
        exports.sort_unstable();
        let mut inspection = Inspection {
            digest: FilterDigest::of(component),
            size: component.len(),
            imports,
            exports,
            world: fits_world.then_some(WORLD),
            manifest: None,
            violations,
        };
        if inspection.violations.is_empty() {
            match self.manifest(component, inspection.digest, config) {
                Ok(manifest) => inspection.manifest = Some(manifest),
                Err(error) => inspection.violations.push(error.to_string()),
            }
        }
        inspection
    }

    fn manifest(
        &self,
        component: &[u8],
        digest: FilterDigest,
        config: &serde_json::Value,
    ) -> Result<Manifest, FilterError> {
        let program = self.program(component, digest)?;
        configure(&program, &Limits::default(), &config::text(config))
    }

    /// The program of a component whose structure was found harmless.
    pub(crate) fn program(&self, component: &[u8], digest: FilterDigest) -> Result<Program, FilterError> {
        let (compiled, bytes) = self.compiled(component, digest)?;
        let Inner { on_demand, pooled, clock, .. } = self.inner.as_ref();
        let on_demand = link(on_demand, &compiled)?;
        let pooled = pooled.as_ref().filter(|_| bytes.len() <= POOLED_BYTES_MAX).and_then(|site| {
            // What the pool has no room for even when it is empty is refused here.
            let compiled = deserialize(&site.engine, &bytes).ok()?;
            link(site, &compiled).ok()
        });
        Ok(Program { pooled, on_demand, clock: clock.clone() })
    }

    /// The compiled component, and the bytes that it was taken from.
    fn compiled(&self, component: &[u8], digest: FilterDigest) -> Result<(Component, Vec<u8>), FilterError> {
        let Inner { on_demand: Site { engine, .. }, cache, compiler, .. } = self.inner.as_ref();
        let taken = |bytes: Vec<u8>| Some((deserialize(engine, &bytes).ok()?, bytes));
        if let Some(kept) =
            cache.as_ref().map(|cache| cache.get(digest)).transpose()?.flatten().and_then(taken)
        {
            return Ok(kept);
        }
        let bytes = compile::compile(engine, compiler.as_ref(), component)?;
        if let Some(cache) = cache {
            cache.put(digest, &bytes)?;
        }
        let compiled = deserialize(engine, &bytes);
        let compiled = compiled.map_err(|error| FilterError::Compile { why: format!("{error:#}") })?;
        Ok((compiled, bytes))
    }
}

fn link(site: &Site, compiled: &Component) -> Result<Linked, FilterError> {
    let unsuited = |what: &str| FilterError::Unsuited {
        why: format!(
            "it is not of the world {WORLD} ({}): build it against that version of the interface",
            escaped(what, 500)
        ),
    };
    let linked = site.linker.instantiate_pre(compiled);
    // What is missing is named only in the long form.
    let linked = linked.map_err(|error| unsuited(&format!("{error:#}")))?;
    Linked::new(linked).ok_or_else(|| unsuited("its exports cannot be found"))
}

#[expect(unsafe_code, reason = "the engine has no other way to take what it compiled before")]
fn deserialize(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are what the compiler of an engine of this configuration made, unchanged. They come either straight
    // from it (this process, or the child that is this program again), or from `Cache`, which gives out nothing but what
    // lies in files of this user that nobody else may write, under a hash over the whole content that was made when they
    // were stored. The engine itself checks version and settings.
    unsafe { Component::deserialize(engine, bytes) }
}

/// What a component says it is, in an instance of its own.
fn configure(program: &Program, limits: &Limits, config: &str) -> Result<Manifest, FilterError> {
    program.check_types(limits).map_err(|why| FilterError::Unsuited {
        why: format!(
            "its functions are not those of {WORLD} ({why}): build it against that version of the interface"
        ),
    })?;
    let (started, _) = program.start(limits, config);
    let said = match started {
        Ok((_, Ok(said))) => said,
        Ok((_, Err(refusal))) => {
            let why = format!("it refuses its configuration: \"{}\"", escaped(&refusal, 500));
            return Err(FilterError::Configure { why });
        }
        Err(fault) => return Err(FilterError::Configure { why: format!("configure failed, {fault}") }),
    };
    Manifest::checked(said).map_err(|why| FilterError::Manifest { why })
}
