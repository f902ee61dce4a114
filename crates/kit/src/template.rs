//! New projects: what every language shares, what is its own, and the interface.

use std::path::Path;

use include_dir::{Dir, DirEntry, include_dir};

use crate::project::check_name;
use crate::{KitError, Language, Project, build};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../plugins/templates");

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
            write(&folder.join(placed(&relative)), &filled(bytes, name, language))?;
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
    fn a_bad_name_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("x");
        assert!(matches!(create(&root, "Not Good", Language::C), Err(KitError::Name { .. })));
        assert!(!root.exists());
    }
}
