//! DuckDB in a process of its own, on the same files.

use std::path::Path;
use std::process::{Command, Output};

use serde::Deserialize;

use super::{middle, sorted_files};

const PROGRAM: &str = include_str!("history.py");

/// Milliseconds of the middle one.
pub(crate) struct Figures {
    pub(crate) ms: f64,
    pub(crate) version: String,
}

#[derive(Deserialize)]
struct Said {
    ms: Vec<f64>,
    version: String,
}

/// The history of each item, whose number of changes has to be right; the first `warm_up` do not count.
pub(crate) fn history(lake: &Path, items: &[(String, String, u16)], warm_up: usize) -> Figures {
    let asked = serde_json::json!({ "files": sorted_files(lake), "items": items });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("asked.json");
    std::fs::write(&path, asked.to_string()).unwrap();
    let output = Command::new(interpreter()).arg("-c").arg(PROGRAM).arg(path).output().unwrap();
    let said: Said = serde_json::from_str(&printed(output)).unwrap();
    Figures { ms: middle(said.ms[warm_up..].to_vec()), version: said.version }
}

/// The Python of the lake's tests, which is made if it is not there.
fn interpreter() -> std::path::PathBuf {
    let home = std::env::var("SEALOG_LAKE").unwrap_or_else(|_| {
        let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/setup/lake.sh");
        printed(Command::new("bash").arg(setup).output().unwrap()).trim().to_owned()
    });
    Path::new(&home).join("venv/bin/python")
}

fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
