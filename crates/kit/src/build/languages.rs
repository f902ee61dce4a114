//! One function per language: its compiler's call, and what comes out as a component.
//!
//! For Rust, C and Go the same sources give the same bytes in any folder: paths of the machine are mapped away.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::{BuildOptions, component};
use crate::command::run;
use crate::tools::Tool;
use crate::{KitError, Project};

const TARGET: &str = "wasm32-unknown-unknown";

pub(super) fn rust(project: &Project, tool: &Tool, options: BuildOptions) -> Result<Vec<u8>, KitError> {
    let root = absolute(&project.root)?;
    let folder = cargo_folder(&root);
    let mut command = tool.command();
    command.args(["build", "--release", "--quiet", "--target", TARGET, "--target-dir"]).arg(&folder);
    if is_locked(&root) {
        command.arg("--locked");
    }
    command
        .env("CARGO_ENCODED_RUSTFLAGS", remapped(&root))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_BUILD_TARGET");
    if options.names {
        command.env("CARGO_PROFILE_RELEASE_STRIP", "debuginfo");
    }
    run(&mut command, tool.name, &root)?;
    let made = folder.join(TARGET).join("release").join(format!("{}.wasm", project.name.replace('-', "_")));
    component::encode(&read(&made)?, tool.name)
}

/// Where cargo keeps what it built: below the project, or in the folder SEALOG_FILTER_TARGET, which several projects may
/// share: most of a first build is the same for all.
fn cargo_folder(root: &Path) -> PathBuf {
    let shared = std::env::var_os("SEALOG_FILTER_TARGET").filter(|folder| !folder.is_empty());
    shared.map_or_else(|| root.join("build").join("cargo"), PathBuf::from)
}

/// Whether the project, or the workspace that it is a member of, has pinned its packages.
fn is_locked(root: &Path) -> bool {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap_or_default();
    let own = manifest.lines().any(|line| line.trim() == "[workspace]");
    root.ancestors().take(if own { 1 } else { usize::MAX }).any(|folder| folder.join("Cargo.lock").is_file())
}

/// Flags of rustc, in Cargo's encoding, that take this machine's folders out of messages of panics.
fn remapped(root: &Path) -> OsString {
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(std::env::home_dir()?.join(".cargo")));
    let mut flags = OsString::new();
    let folders = home.iter().map(|home| (home.as_path(), "=/cargo")).chain([(root, "=/filter")]);
    for (place, (from, to)) in folders.enumerate() {
        if place > 0 {
            flags.push("\u{1f}");
        }
        flags.push("--remap-path-prefix=");
        flags.push(from);
        flags.push(to);
    }
    flags
}

pub(super) fn c(project: &Project, tool: &Tool, options: BuildOptions) -> Result<Vec<u8>, KitError> {
    let mut sources: Vec<PathBuf> =
        entries(&project.root)?.into_iter().filter(|path| ends_in(path, "c")).collect();
    sources.sort();
    let made = project.build_folder().join("core.wasm");
    let mut command = tool.command();
    command.args([
        "-target",
        "wasm32-wasi",
        "-O2",
        "-mexec-model=reactor",
        "-Wall",
        "-I",
        component::BINDINGS,
    ]);
    if !options.names {
        command.arg("-s");
    }
    command.arg("-o").arg(Path::new("build").join("core.wasm"));
    // By name alone: what a compiler is not told, it cannot write into the module.
    command.args(sources.iter().filter_map(|path| path.file_name()));
    command.arg("bindings/filter.c").arg("bindings/filter_component_type.o");
    let cache = absolute(&project.build_folder())?.join("zig");
    command.env("ZIG_LOCAL_CACHE_DIR", &cache);
    run(&mut command, tool.name, &project.root)?;
    component::encode(&read(&made)?, tool.name)
}

pub(super) fn go(project: &Project, tool: &Tool, options: BuildOptions) -> Result<Vec<u8>, KitError> {
    let bindings = project.root.join(component::BINDINGS);
    let made = absolute(&project.build_folder())?.join("core.wasm");
    let link = if options.names { "-ldflags=-checklinkname=0" } else { "-ldflags=-s -w -checklinkname=0" };
    let mut command = tool.command();
    command
        .args(["build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", link, "-o"])
        .arg(&made)
        .arg(".");
    command.env("GOOS", "wasip1").env("GOARCH", "wasm").env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=mod");
    command.env("GOWORK", "off").env_remove("GOWASM");
    run(&mut command, tool.name, &bindings)?;
    component::encode_go(&read(&made)?, tool.name)
}

pub(super) fn js(project: &Project, tool: &Tool) -> Result<Vec<u8>, KitError> {
    let made = absolute(&project.build_folder())?.join("component.wasm");
    let mut command = tool.command();
    command.arg("componentize").arg(absolute(&project.root.join(project.language.source()))?).args([
        "--wit",
        "wit",
        "-n",
        "filter",
        "--backend",
        "qjs",
    ]);
    command.args(["--backend-qjs-stub-wasi", "--backend-qjs-disable-async", "-o"]).arg(&made);
    run(&mut command, tool.name, &project.root)?;
    read(&made)
}

pub(super) fn python(project: &Project, tool: &Tool) -> Result<Vec<u8>, KitError> {
    let made = absolute(&project.build_folder())?.join("component.wasm");
    let mut command = tool.command();
    command
        .args(["-d", "wit", "-w", "filter", "componentize", "-p", "src", "app", "--stub-wasi", "-o"])
        .arg(&made);
    // Nothing is left behind beside the sources, and the order of sets is the same in every build.
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("PYTHONHASHSEED", "0");
    run(&mut command, tool.name, &project.root)?;
    read(&made)
}

fn read(made: &Path) -> Result<Vec<u8>, KitError> {
    std::fs::read(made).map_err(KitError::file(made))
}

fn absolute(path: &Path) -> Result<PathBuf, KitError> {
    std::fs::canonicalize(path).map_err(KitError::file(path))
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, KitError> {
    let entries = std::fs::read_dir(folder).map_err(KitError::file(folder))?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(KitError::file(folder))).collect()
}

fn ends_in(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}
