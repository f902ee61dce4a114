//! A filter's project: a folder with `filter.toml`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sealog_filter::{FilterOptions, Limits};
use serde::Deserialize;

use crate::KitError;

/// The file that makes a folder a project.
pub const PROJECT_FILE: &str = "filter.toml";
/// Where everything goes that is built; never worth keeping.
pub(crate) const BUILD_FOLDER: &str = "build";

/// Folders of a project whose files no component is built from.
const NO_SOURCES: [&str; 5] = [BUILD_FOLDER, "bindings", "fixtures", "node_modules", "target"];
/// How the names of sources end.
const SOURCES: [&str; 9] = [".rs", ".c", ".h", ".go", ".js", ".mjs", ".py", "Cargo.toml", "go.mod"];

/// A language that filters are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Rust.
    Rust,
    /// C.
    C,
    /// Go.
    Go,
    /// JavaScript.
    Js,
    /// Python.
    Python,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Rust, Self::C, Self::Go, Self::Js, Self::Python];

    /// Its name in `filter.toml` and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::C => "c",
            Self::Go => "go",
            Self::Js => "js",
            Self::Python => "python",
        }
    }

    /// Its name in a sentence.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::C => "C",
            Self::Go => "Go",
            Self::Js => "JavaScript",
            Self::Python => "Python",
        }
    }

    /// The file in which a new project decides.
    #[must_use]
    pub const fn source(self) -> &'static str {
        match self {
            Self::Rust => "src/lib.rs",
            Self::C => "filter.c",
            Self::Go => "filter.go",
            Self::Js => "src/filter.js",
            Self::Python => "src/app.py",
        }
    }
}

/// A project, as its file describes it.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its folder.
    pub root: PathBuf,
    /// The filter's name.
    pub name: String,
    /// What it is written in.
    pub language: Language,
    /// What `configure` gets in tests.
    pub config: serde_json::Value,
    /// What the filter may use up in tests.
    pub limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    lang: Language,
    #[serde(default)]
    config: serde_json::Map<String, serde_json::Value>,
    #[serde(default)]
    limits: LimitsFile,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LimitsFile {
    fuel_per_record: Option<u64>,
    fuel_per_byte: Option<u64>,
    fuel_configure: Option<u64>,
    memory_max: Option<usize>,
    wall_max_ms: Option<u64>,
}

impl Project {
    /// Opens the project in this folder.
    ///
    /// # Errors
    /// [`KitError::NoProject`], [`KitError::Project`], [`KitError::Name`], [`KitError::File`].
    pub fn open(root: &Path) -> Result<Self, KitError> {
        let file = root.join(PROJECT_FILE);
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(KitError::NoProject { folder: root.to_owned() });
            }
            read => read.map_err(KitError::file(&file))?,
        };
        let wrong = |error: toml::de::Error| KitError::Project { file: file.clone(), why: error.to_string() };
        let parsed: File = toml::from_str(&text).map_err(wrong)?;
        check_name(&parsed.name)?;
        let default = Limits::default();
        let limits = Limits {
            fuel_per_record: parsed.limits.fuel_per_record.unwrap_or(default.fuel_per_record),
            fuel_per_byte: parsed.limits.fuel_per_byte.unwrap_or(default.fuel_per_byte),
            fuel_configure: parsed.limits.fuel_configure.unwrap_or(default.fuel_configure),
            memory_max: parsed.limits.memory_max.unwrap_or(default.memory_max),
            wall_max: parsed.limits.wall_max_ms.map_or(default.wall_max, Duration::from_millis),
        };
        Ok(Self {
            root: root.to_owned(),
            name: parsed.name,
            language: parsed.lang,
            config: serde_json::Value::Object(parsed.config),
            limits,
        })
    }

    /// Where its component is built to.
    #[must_use]
    pub fn component(&self) -> PathBuf {
        self.root.join(BUILD_FOLDER).join(format!("{}.wasm", self.name))
    }

    /// How its filter is used in tests.
    #[must_use]
    pub fn options(&self) -> FilterOptions {
        FilterOptions { config: self.config.clone(), limits: self.limits.clone(), ..FilterOptions::default() }
    }

    /// Whether a source of the project was changed after its component was built.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        let changed = |path: &Path| std::fs::metadata(path).and_then(|found| found.modified()).ok();
        let Some(built) = changed(&self.component()) else { return false };
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for path in std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path()) {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                if path.is_dir() {
                    if !name.starts_with('.') && !NO_SOURCES.contains(&name.as_str()) {
                        folders.push(path);
                    }
                } else if SOURCES.iter().any(|end| name.ends_with(end))
                    && changed(&path).is_some_and(|time| time > built)
                {
                    return true;
                }
            }
        }
        false
    }

    pub(crate) fn build_folder(&self) -> PathBuf {
        self.root.join(BUILD_FOLDER)
    }
}

/// What the interface takes as a manifest's name and Cargo as a package's.
pub(crate) fn check_name(name: &str) -> Result<(), KitError> {
    let fits = name.len() <= 64
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if fits { Ok(()) } else { Err(KitError::Name { name: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(text: &str) -> Result<Project, KitError> {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(PROJECT_FILE), text).unwrap();
        Project::open(folder.path())
    }

    #[test]
    fn a_project_is_what_its_file_says() {
        let project = open("name = \"a-1\"\nlang = \"js\"\n[config]\nx = 1\n[limits]\nfuel_per_record = 5\nwall_max_ms = 7\n").unwrap();
        assert_eq!((project.name.as_str(), project.language), ("a-1", Language::Js));
        assert_eq!(project.config, serde_json::json!({ "x": 1 }));
        assert_eq!((project.limits.fuel_per_record, project.limits.wall_max), (5, Duration::from_millis(7)));
        assert_eq!(project.limits.memory_max, Limits::default().memory_max);
        assert!(project.component().ends_with("build/a-1.wasm"));
    }

    #[test]
    fn what_is_no_project_is_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let nothing = Project::open(folder.path()).unwrap_err();
        assert!(nothing.to_string().contains("sealog filter new"), "{nothing}");
        assert_eq!(nothing.remedy(), crate::Remedy::CallOtherwise);
        for (text, expected) in [
            ("name = \"a\"\nlang = \"cobol\"", "cobol"),
            ("name = \"a\"\nlang = \"c\"\nfuel = 1", "fuel"),
            ("name = \"../a\"\nlang = \"c\"", "cannot be a filter's name"),
            ("lang = \"c\"", "name"),
        ] {
            let error = open(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_component_is_stale_once_a_source_is_newer() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for (file, text) in [
            (PROJECT_FILE, "name = \"a\"\nlang = \"c\"\n"),
            ("filter.c", ""),
            ("build/a.wasm", ""),
            ("fixtures/x.js", ""),
        ] {
            std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            std::fs::write(root.join(file), text).unwrap();
        }
        let project = Project::open(root).unwrap();
        let touch = |file: &str, second: u64| {
            let time = std::time::UNIX_EPOCH + Duration::from_secs(second);
            std::fs::File::options().append(true).open(root.join(file)).unwrap().set_modified(time).unwrap();
        };
        touch("filter.c", 10);
        touch("build/a.wasm", 20);
        touch("fixtures/x.js", 30);
        assert!(!project.is_stale());
        touch("filter.c", 21);
        assert!(project.is_stale());
        std::fs::remove_file(root.join("build/a.wasm")).unwrap();
        assert!(!project.is_stale(), "what is not there is missing, not stale");
    }

    #[test]
    fn names_are_those_of_manifests_and_packages() {
        let longest = "a".repeat(64);
        for good in ["a", "drop-heartbeats", "x2", &longest] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        let long = "a".repeat(65);
        for bad in ["", "2x", "-a", "A", "a_b", "a.b", "a/b", "ä", &long] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
