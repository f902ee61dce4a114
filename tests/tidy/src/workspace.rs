//! What cargo says about the workspace: its members, their direct dependencies, and what each reaches.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

/// One member of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// The package's name.
    pub name: String,
    /// Its folder, relative to the workspace, with `/` between the parts.
    pub folder: String,
    /// Direct dependencies by name, as the manifest has them, optional ones and those of other platforms included.
    pub dependencies: Vec<(String, DependencyKind)>,
}

/// Why a package is depended on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependencyKind {
    /// Linked into the package.
    Normal,
    /// Used by its build script.
    Build,
    /// Used by its tests, examples and benches.
    Dev,
}

/// The workspace's folder.
///
/// As cargo says at run time: one target directory may serve several clones, and the one that was compiled may be gone.
#[must_use]
pub fn root() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).join("../..")
}

/// The members of the workspace, from `cargo metadata --no-deps`, which needs no network.
///
/// # Errors
/// If cargo cannot be run or refuses; its own words are in the error.
pub fn members() -> io::Result<Vec<Package>> {
    let arguments = ["metadata", "--format-version", "1", "--no-deps", "--locked"];
    members_in(&cargo(&arguments)?)
}

/// The names of all packages that `package` reaches by normal dependencies, itself left out.
///
/// From `cargo tree`, because it resolves features for this package alone: in the whole workspace's graph a room would
/// seem to reach what only another room's features switch on.
///
/// # Errors
/// If cargo cannot be run or refuses; its own words are in the error.
pub fn reached_from(package: &str) -> io::Result<Vec<String>> {
    let arguments = ["tree", "--locked", "-p", package, "-e", "normal,no-proc-macro", "--prefix", "none"];
    Ok(reached_in(&cargo(&arguments)?, package))
}

fn cargo(arguments: &[&str]) -> io::Result<String> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program).args(arguments).current_dir(root()).output()?;
    if output.status.success() {
        String::from_utf8(output.stdout).map_err(io::Error::other)
    } else {
        let words = String::from_utf8_lossy(&output.stderr);
        Err(io::Error::other(format!("cargo {} failed: {words}", arguments.join(" "))))
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    manifest_path: PathBuf,
    dependencies: Vec<MetadataDependency>,
}

#[derive(Deserialize)]
struct MetadataDependency {
    name: String,
    kind: Option<String>,
}

fn members_in(json: &str) -> io::Result<Vec<Package>> {
    let metadata: Metadata = serde_json::from_str(json)?;
    let member = |package: MetadataPackage| {
        let folder = package.manifest_path.parent().unwrap_or(&package.manifest_path);
        let folder = folder.strip_prefix(&metadata.workspace_root).unwrap_or(folder);
        let parts: Vec<_> = folder.iter().map(|part| part.to_string_lossy()).collect();
        let dependencies = package.dependencies.into_iter().map(|it| (it.name, kind(it.kind.as_deref())));
        Package { name: package.name, folder: parts.join("/"), dependencies: dependencies.collect() }
    };
    Ok(metadata.packages.into_iter().map(member).collect())
}

fn kind(text: Option<&str>) -> DependencyKind {
    match text {
        Some("dev") => DependencyKind::Dev,
        Some("build") => DependencyKind::Build,
        // Cargo writes `null` for a normal one; a kind that we do not know is judged as strictly as that.
        Some(_) | None => DependencyKind::Normal,
    }
}

fn reached_in(tree: &str, package: &str) -> Vec<String> {
    let names = tree.lines().filter_map(|line| line.split_whitespace().next());
    let mut names: Vec<String> = names.filter(|name| *name != package).map(ToOwned::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_gives_folders_and_kinds() {
        let json = r#"{"workspace_root":"/w","packages":[{"name":"sealog-a","manifest_path":"/w/crates/a/Cargo.toml",
            "dependencies":[{"name":"b","kind":null},{"name":"c","kind":"dev"},{"name":"d","kind":"build"}]}]}"#;
        let dependencies = vec![
            ("b".to_owned(), DependencyKind::Normal),
            ("c".to_owned(), DependencyKind::Dev),
            ("d".to_owned(), DependencyKind::Build),
        ];
        let want = Package { name: "sealog-a".to_owned(), folder: "crates/a".to_owned(), dependencies };
        assert_eq!(members_in(json).unwrap(), [want]);
        assert!(members_in("{}").is_err());
    }

    #[test]
    fn a_tree_gives_each_name_once() {
        let tree = "sealog-a v0.1.0 (/w/crates/a)\nserde v1.0.0\nitoa v1.0.0\n\nserde v1.0.0 (*)\n";
        assert_eq!(reached_in(tree, "sealog-a"), ["itoa", "serde"]);
    }
}
