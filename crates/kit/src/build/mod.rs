//! From a project to a component: the compiler of its language, then everything that component tools would do.

mod component;
mod languages;

use std::path::PathBuf;

use sealog_filter::{Host, Inspection};

use crate::{KitError, Language, Project, Tools};

/// How a component is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BuildOptions {
    /// Keep the names of functions, which make a larger component with another digest and readable traps.
    pub names: bool,
}

/// A component that was built and would be accepted.
#[derive(Debug)]
pub struct Built {
    /// Its file.
    pub path: PathBuf,
    /// What it is.
    pub inspection: Inspection,
}

/// Writes the bindings that the project's sources refer to. Needs no toolchain.
///
/// # Errors
/// [`KitError::Component`], [`KitError::File`].
pub fn prepare(project: &Project) -> Result<(), KitError> {
    match project.language {
        Language::C => component::write_bindings(project, &component::c_bindings()?),
        Language::Go => component::write_bindings(project, &component::go_bindings(&project.name)?),
        Language::Rust | Language::Js | Language::Python => Ok(()),
    }
}

/// Compiles the project, turns what comes out into a component, and asks `host` whether it would be accepted; only then
/// the project's component is replaced.
///
/// # Errors
/// [`KitError`], all but those of records, patterns and archives.
pub fn build(
    project: &Project,
    tools: &Tools,
    host: &Host,
    options: BuildOptions,
) -> Result<Built, KitError> {
    let tool = tools.find(project.language, &project.root)?;
    prepare(project)?;
    let folder = project.build_folder();
    std::fs::create_dir_all(&folder).map_err(KitError::file(&folder))?;
    let bytes = match project.language {
        Language::Rust => languages::rust(project, &tool, options)?,
        Language::C => languages::c(project, &tool, options)?,
        Language::Go => languages::go(project, &tool, options)?,
        Language::Js => languages::js(project, &tool)?,
        Language::Python => languages::python(project, &tool)?,
    };
    let inspection = host.inspect(&bytes, &project.config);
    if !inspection.violations.is_empty() {
        return Err(KitError::Refused { violations: inspection.violations });
    }
    let path = project.component();
    let beside = path.with_extension("wasm.new");
    std::fs::write(&beside, &bytes).map_err(KitError::file(&beside))?;
    std::fs::rename(&beside, &path).map_err(KitError::file(&path))?;
    Ok(Built { path, inspection })
}
