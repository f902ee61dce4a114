//! boto3 in a process of its own, on the same bodies.

use std::path::Path;
use std::process::{Command, Output};

use bytes::Bytes;
use serde::Deserialize;

const PROGRAM: &str = include_str!("read_pages.py");

/// CPU seconds for a record.
pub(crate) struct Figures {
    pub(crate) all_in: f64,
    /// What the calls cost on empty pages, for as many records.
    pub(crate) call: f64,
    pub(crate) version: String,
}

#[derive(Deserialize)]
struct Said {
    records: usize,
    pages_s: f64,
    empty_s: f64,
    version: String,
}

pub(crate) fn read(bodies: &[Bytes], empty: &[u8]) -> Figures {
    let folder = tempfile::tempdir().unwrap();
    for (number, body) in bodies.iter().enumerate() {
        std::fs::write(folder.path().join(format!("{number:04}.json")), body).unwrap();
    }
    std::fs::write(folder.path().join("empty"), empty).unwrap();
    let output = Command::new(interpreter()).arg("-c").arg(PROGRAM).arg(folder.path()).output().unwrap();
    let said: Said = serde_json::from_str(&printed(output)).unwrap();
    let records = said.records as f64;
    Figures { all_in: said.pages_s / records, call: said.empty_s / records, version: said.version }
}

/// The Python of the tests' environment, which is made if it is not there.
fn interpreter() -> String {
    if let Ok(path) = std::env::var("SEALOG_PYTHON") {
        return path;
    }
    let setup = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/setup/venv.sh");
    printed(Command::new("bash").arg(setup).output().unwrap()).trim().to_owned()
}

fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}
