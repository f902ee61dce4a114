//! New projects: what every language shares, what is its own, and the interface.

use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};

use crate::project::check_name;
use crate::{KitError, Language, Project, build};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../plugins/templates");

/// Has the packages of a project in Rust, pinned.
const LOCK: &str = "Cargo.lock";

/// The SDK that projects in Rust get a copy of: nothing of theirs depends on where, or whether, it is published.
static RUST_SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../plugins/sdk");

/// The released interface that new projects are built for.
pub(crate) const WIT: &str = include_str!("../../../wit/filter-1.0.0/filter.wit");

/// Makes the project `name` in `folder`, which must not be there or be empty. Needs no toolchain.
///
/// # Errors
/// [`KitError::Name`], [`KitError::NotEmpty`], [`KitError::File`].
pub fn create(folder: &Path, name: &str, language: Language) -> Result<Project, KitError> {
    check_name(name)?;
    if std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) || folder.is_file() {
        return Err(KitError::NotEmpty { folder: folder.to_owned() });
    }
    for part in ["common", language.as_str()] {
        let files = TEMPLATES.get_dir(part).map(files_of).unwrap_or_default();
        for (relative, bytes) in files {
            let placed = placed(&relative);
            let mut bytes = filled(bytes, name, language);
            if placed == LOCK {
                bytes = sorted(&String::from_utf8_lossy(&bytes)).into_bytes();
            }
            write(&folder.join(placed), &bytes)?;
        }
    }
    if language == Language::Rust {
        for (relative, bytes) in files_of(&RUST_SDK) {
            write(&folder.join("sdk").join(relative), bytes)?;
        }
    }
    write(&folder.join("wit").join("filter.wit"), WIT.as_bytes())?;
    let project = Project::open(folder)?;
    build::prepare(&project)?;
    Ok(project)
}

/// Every file below, by its path from there.
pub(crate) fn files_of<'a>(folder: &'a Dir<'a>) -> Vec<(String, &'a [u8])> {
    let mut files = Vec::new();
    let mut open = vec![folder];
    while let Some(next) = open.pop() {
        for entry in next.entries() {
            match entry {
                DirEntry::Dir(inner) => open.push(inner),
                DirEntry::File(file) => {
                    let path = file.path().strip_prefix(folder.path()).unwrap_or(file.path());
                    files.push((path.display().to_string(), file.contents()));
                }
            }
        }
    }
    files
}

/// Names that would mean something in this repository are written otherwise in it: `_gitignore`, `Cargo.toml.in`.
fn placed(relative: &str) -> String {
    let name = relative.strip_suffix(".in").unwrap_or(relative);
    match name.strip_prefix('_') {
        Some(hidden) => format!(".{hidden}"),
        None => name.to_owned(),
    }
}

fn filled(bytes: &[u8], name: &str, language: Language) -> Vec<u8> {
    let Ok(text) = std::str::from_utf8(bytes) else { return bytes.to_vec() };
    text.replace("{{name}}", name).replace("{{source}}", language.source()).into_bytes()
}

/// A lock file with its packages in Cargo's order, which a new name may have changed: `--locked` compares texts.
fn sorted(lock: &str) -> String {
    const PACKAGE: &str = "[[package]]\n";
    let mut parts = lock.split(PACKAGE);
    let head = parts.next().unwrap_or_default();
    let mut packages: Vec<&str> = parts.map(str::trim_end).collect();
    packages.sort_unstable();
    let packages: Vec<String> = packages.iter().map(|package| format!("{PACKAGE}{package}\n")).collect();
    format!("{head}{}", packages.join("\n"))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), KitError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(KitError::file(folder))?;
    }
    std::fs::write(path, bytes).map_err(KitError::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_gives_a_project_with_fixtures_and_nothing_left_to_fill_in() {
        for language in Language::ALL {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("orders");
            let project = create(&root, "orders", language).unwrap();
            assert_eq!((project.name.as_str(), project.language), ("orders", language));
            for file in
                [language.source(), "README.md", ".gitignore", "wit/filter.wit", "fixtures/orders.json"]
            {
                let text = std::fs::read_to_string(root.join(file)).unwrap();
                assert!(!text.contains("{{") || file.ends_with(".json"), "{language:?} {file}");
            }
            let again = create(&root, "orders", language).unwrap_err();
            assert!(matches!(again, KitError::NotEmpty { .. }), "{again}");
        }
    }

    #[test]
    fn a_lock_file_is_in_order_whatever_the_name() {
        for name in ["a", "serde", "zz"] {
            let folder = tempfile::tempdir().unwrap();
            create(folder.path(), name, Language::Rust).unwrap();
            let lock = std::fs::read_to_string(folder.path().join(LOCK)).unwrap();
            let names: Vec<&str> = lock.lines().filter_map(|line| line.strip_prefix("name = ")).collect();
            assert!(names.len() > 20 && names.is_sorted(), "{name}: {names:?}");
            assert!(names.contains(&format!("\"{name}\"").as_str()));
        }
    }

    #[test]
    fn a_bad_name_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("x");
        assert!(matches!(create(&root, "Not Good", Language::C), Err(KitError::Name { .. })));
        assert!(!root.exists());
    }
}
