//! Which programs build filters on this machine, and how to get those that are missing.
//!
//! A program is taken from the project itself (`node_modules`, `.venv`), from PATH, or from the folder that
//! `tests/setup/guests.sh` makes (`SEALOG_GUESTS`), in this order.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::ask;
use crate::{KitError, Language};

pub(crate) const COMPONENTIZE_PY: &str = "0.25.1";
pub(crate) const ZIGLANG: &str = "0.17.1";
pub(crate) const JCO: &str = "1.35.0";
const GO_MINOR_MIN: u32 = 25;
const WASM_TARGET: &str = "wasm32-unknown-unknown";

/// Where programs are looked for.
#[derive(Debug, Clone, Default)]
pub struct Tools {
    path: Vec<PathBuf>,
    guests: Option<PathBuf>,
}

/// A program that was found, and how it is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// What it is called to people.
    pub name: &'static str,
    /// The program.
    pub program: PathBuf,
    /// Arguments before all others.
    pub arguments: Vec<&'static str>,
    /// Variables that it needs.
    pub variables: Vec<(&'static str, OsString)>,
}

/// What a checkup found for one language.
#[derive(Debug)]
pub struct Checkup {
    /// The language.
    pub language: Language,
    /// What builds it, or what is missing.
    pub found: Result<Found, KitError>,
}

/// What builds a language.
#[derive(Debug)]
pub struct Found {
    /// The program.
    pub tool: Tool,
    /// What it says its version is.
    pub version: String,
}

impl Tool {
    fn new(name: &'static str, program: PathBuf, arguments: Vec<&'static str>) -> Self {
        Self { name, program, arguments, variables: Vec::new() }
    }

    /// A call of it.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

impl Tools {
    /// Looks in the folders of `path` (the variable PATH) and in `guests` (the variable SEALOG_GUESTS).
    #[must_use]
    pub fn new(path: &OsStr, guests: Option<PathBuf>) -> Self {
        Self { path: std::env::split_paths(path).filter(|folder| folder.is_absolute()).collect(), guests }
    }

    /// What builds each language, seen from a folder.
    #[must_use]
    pub fn checkup(&self, languages: &[Language], folder: &Path) -> Vec<Checkup> {
        let each = languages.iter().map(|&language| {
            let found = self.find(language, folder).map(|tool| {
                let version =
                    version(&tool, language, folder).unwrap_or_else(|| "version unknown".to_owned());
                Found { tool, version }
            });
            Checkup { language, found }
        });
        each.collect()
    }

    /// What builds a language.
    ///
    /// # Errors
    /// [`KitError::Missing`].
    pub fn find(&self, language: Language, folder: &Path) -> Result<Tool, KitError> {
        match language {
            Language::Rust => self.cargo(folder),
            Language::C => self.zig(),
            Language::Go => self.go(folder),
            Language::Js => self.jco(folder),
            Language::Python => self.componentize_py(folder),
        }
    }

    /// A cargo whose rustc has the target: the user's own, or the one of `SEALOG_GUESTS`.
    fn cargo(&self, folder: &Path) -> Result<Tool, KitError> {
        let own = self.on_path("cargo").filter(|_| {
            let rustc = self.on_path("rustc").map(|rustc| {
                ask(Command::new(rustc)
                    .args(["--print", "target-libdir", "--target", WASM_TARGET])
                    .current_dir(folder))
            });
            rustc.flatten().is_some_and(|libraries| Path::new(&libraries).is_dir())
        });
        if let Some(cargo) = own {
            return Ok(Tool::new("cargo", cargo, Vec::new()));
        }
        if let (Some(cargo), Some(rustc), Some(linker)) = (
            self.of_guests("rust/bin/cargo"),
            self.of_guests("rust/bin/rustc"),
            self.of_guests("rust/bin/rust-lld"),
        ) {
            let mut tool = Tool::new("cargo", cargo, Vec::new());
            tool.variables = vec![
                ("RUSTC", rustc.into_os_string()),
                ("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker.into_os_string()),
            ];
            return Ok(tool);
        }
        let (tool, install) = if self.on_path("cargo").is_none() {
            let rustup = "curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y --target wasm32-unknown-unknown";
            ("cargo", rustup)
        } else {
            ("Rust's standard library for wasm32-unknown-unknown", "rustup target add wasm32-unknown-unknown")
        };
        Err(missing(Language::Rust, tool, "", &[install.to_owned()]))
    }

    fn zig(&self) -> Result<Tool, KitError> {
        if let Some(zig) = self.on_path("zig") {
            return Ok(Tool::new("zig", zig, vec!["cc"]));
        }
        let pythons = [self.of_guests("venv/bin/python"), self.on_path("python3")];
        let python = pythons
            .into_iter()
            .flatten()
            .find(|python| ask(Command::new(python).args(["-c", "import ziglang"])).is_some());
        match python {
            Some(python) => Ok(Tool::new("zig", python, vec!["-m", "ziglang", "cc"])),
            None => Err(missing(
                Language::C,
                "zig, whose C compiler makes WebAssembly",
                "",
                &[
                    format!("pip install ziglang=={ZIGLANG}"),
                    "or zig itself, on PATH: https://ziglang.org/download/".to_owned(),
                ],
            )),
        }
    }

    fn go(&self, folder: &Path) -> Result<Tool, KitError> {
        let install = ["Go 1.25 or newer, from https://go.dev/dl/ (Debian: apt-get install golang-go, where it is new enough)".to_owned()];
        let Some(go) = self.on_path("go") else {
            return Err(missing(Language::Go, "Go 1.25", "", &install));
        };
        let version =
            ask(Command::new(&go).args(["env", "GOVERSION"]).current_dir(folder)).unwrap_or_default();
        if go_minor(&version).is_some_and(|minor| minor >= GO_MINOR_MIN) {
            return Ok(Tool::new("go", go, Vec::new()));
        }
        Err(missing(Language::Go, "Go 1.25", &format!(" (there is {version})"), &install))
    }

    fn jco(&self, folder: &Path) -> Result<Tool, KitError> {
        if self.on_path("node").is_none() {
            let install =
                ["Node.js 20 or newer, from https://nodejs.org (Debian: apt-get install nodejs npm)"
                    .to_owned()];
            return Err(missing(Language::Js, "Node.js", "", &install));
        }
        let within = "node_modules/.bin/jco";
        let found = self
            .within(folder, within)
            .or_else(|| self.on_path("jco"))
            .or_else(|| self.of_guests(&format!("npm/{within}")));
        let install = [format!("npm install --save-dev @bytecodealliance/jco@{JCO}")];
        found
            .map(|jco| Tool::new("jco", jco, Vec::new()))
            .ok_or_else(|| missing(Language::Js, "jco", "", &install))
    }

    fn componentize_py(&self, folder: &Path) -> Result<Tool, KitError> {
        let name = "componentize-py";
        let found = self
            .within(folder, ".venv/bin/componentize-py")
            .or_else(|| self.on_path(name))
            .or_else(|| self.of_guests("venv/bin/componentize-py"));
        let install =
            [format!("python3 -m venv .venv && .venv/bin/pip install componentize-py=={COMPONENTIZE_PY}")];
        found
            .map(|tool| Tool::new(name, tool, Vec::new()))
            .ok_or_else(|| missing(Language::Python, name, "", &install))
    }

    fn on_path(&self, name: &str) -> Option<PathBuf> {
        self.path.iter().map(|folder| folder.join(name)).find(|program| program.is_file())
    }

    fn of_guests(&self, relative: &str) -> Option<PathBuf> {
        self.guests.as_ref().map(|guests| guests.join(relative)).filter(|program| program.is_file())
    }

    /// As an absolute path: the program is run from other folders too.
    fn within(&self, folder: &Path, relative: &str) -> Option<PathBuf> {
        let program = std::path::absolute(folder.join(relative)).ok()?;
        program.is_file().then_some(program)
    }
}

fn missing(language: Language, tool: &str, why: &str, install: &[String]) -> KitError {
    KitError::Missing { language, tool: tool.to_owned(), why: why.to_owned(), install: install.to_vec() }
}

/// `go1.26.8` is 26; a development build says nothing that could be compared.
fn go_minor(version: &str) -> Option<u32> {
    let minor = version.strip_prefix("go1.")?;
    minor.split(|stop: char| !stop.is_ascii_digit()).next()?.parse().ok()
}

fn version(tool: &Tool, language: Language, folder: &Path) -> Option<String> {
    let mut command = Command::new(&tool.program);
    command.envs(tool.variables.iter().map(|(name, value)| (name, value))).current_dir(folder);
    match language {
        Language::Go => command.arg("version"),
        Language::C if tool.arguments.len() > 1 => command.args(["-m", "ziglang", "version"]),
        Language::C => command.arg("version"),
        Language::Rust | Language::Js | Language::Python => command.arg("--version"),
    };
    ask(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_missing_tool_comes_with_the_command_that_installs_it() {
        let nowhere = Tools::default();
        for (language, expected) in [
            (Language::Rust, "rustup"),
            (Language::C, "pip install ziglang==0.17.1"),
            (Language::Go, "https://go.dev/dl/"),
            (Language::Js, "nodejs"),
            (Language::Python, "pip install componentize-py==0.25.1"),
        ] {
            let error = nowhere.find(language, Path::new("/")).unwrap_err();
            assert!(matches!(error, KitError::Missing { .. }));
            assert!(error.to_string().contains(expected), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_half_there_is_named_by_its_missing_half() {
        let folder = tempfile::tempdir().unwrap();
        program(folder.path(), "cargo", "exit 0");
        program(folder.path(), "rustc", "echo /nowhere/at/all");
        program(folder.path(), "go", "echo go1.24.9");
        program(folder.path(), "node", "exit 0");
        let tools = Tools::new(folder.path().as_os_str(), None);
        for (language, expected) in [
            (Language::Rust, "rustup target add wasm32-unknown-unknown"),
            (Language::Go, "(there is go1.24.9)"),
            (Language::Js, "npm install --save-dev @bytecodealliance/jco@1.35.0"),
        ] {
            let error = tools.find(language, folder.path()).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_project_comes_before_the_machine_and_the_machine_before_the_guests() {
        let (project, machine, guests) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let tools = Tools::new(machine.path().as_os_str(), Some(guests.path().to_owned()));
        let found = || tools.find(Language::Python, project.path()).map(|tool| tool.program);
        program(guests.path(), "venv/bin/componentize-py", "exit 0");
        assert_eq!(found().unwrap(), guests.path().join("venv/bin/componentize-py"));
        program(machine.path(), "componentize-py", "exit 0");
        assert_eq!(found().unwrap(), machine.path().join("componentize-py"));
        program(project.path(), ".venv/bin/componentize-py", "exit 0");
        assert_eq!(found().unwrap(), project.path().join(".venv/bin/componentize-py"));
    }

    #[test]
    fn versions_of_go_are_compared_as_numbers() {
        assert_eq!(
            ["go1.9", "go1.25", "go1.26.8", "go1.25rc1", "devel", ""].map(go_minor),
            [Some(9), Some(25), Some(26), Some(25), None, None]
        );
    }

    #[cfg(unix)]
    fn program(folder: &Path, name: &str, body: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}
