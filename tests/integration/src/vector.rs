//! A vector on disk: `vector.txt` and `archive/`, in the form that `tests/vectors/run_vectors.py` states.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use crate::model::{Files, Key};

/// The log of each vector, which is alone in its archive.
pub const LOG: &str = "orders";
/// File of a checkpoint from outside.
pub const OUTSIDE: &str = "outside.checkpoint";

/// An archive, what the auditor holds, and what a verifier must say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vector {
    /// Name of its directory.
    pub name: &'static str,
    /// What it shows.
    pub about: &'static str,
    /// Verifier key from outside.
    pub key: Option<Key>,
    /// When it is judged.
    pub now: &'static str,
    /// Checkpoint from outside.
    pub checkpoint: Option<Vec<u8>>,
    /// Outcome.
    pub expect: &'static str,
    /// All findings, in `finding:` lines' form.
    pub findings: Vec<String>,
    /// The log's objects.
    pub files: Files,
    /// Names, relative to the log, that are links to themselves: there, and impossible to read.
    pub loops: Vec<String>,
}

impl Vector {
    /// Text of `vector.txt`.
    #[must_use]
    pub fn header(&self) -> String {
        let mut lines = vec![format!("about: {}", self.about)];
        lines.extend(self.key.map(|key| format!("key: {}", key.vkey())));
        lines.push(format!("now: {}", self.now));
        lines.extend(self.checkpoint.as_ref().map(|_| format!("checkpoint: {OUTSIDE}")));
        lines.push(format!("expect: {}", self.expect));
        lines.extend(self.findings.iter().map(|finding| format!("finding: {finding}")));
        lines.push(String::new());
        lines.join("\n")
    }

    /// All files by path relative to the vector's directory.
    #[must_use]
    pub fn paths(&self) -> BTreeMap<String, Vec<u8>> {
        let mut paths: BTreeMap<String, Vec<u8>> = BTreeMap::new();
        for (key, bytes) in &self.files {
            paths.insert(format!("archive/{LOG}/{key}"), bytes.clone());
        }
        if let Some(checkpoint) = &self.checkpoint {
            paths.insert(OUTSIDE.to_owned(), checkpoint.clone());
        }
        paths.insert("vector.txt".to_owned(), self.header().into_bytes());
        paths
    }

    /// Makes the directory hold exactly this vector; returns whether anything had to change.
    ///
    /// # Errors
    /// If the directory cannot be read or written.
    pub fn write(&self, vectors: &Path) -> io::Result<bool> {
        let folder = vectors.join(self.name);
        let paths = self.paths();
        let mut changed = false;
        for old in files_below(&folder)? {
            let keep = paths.contains_key(&old) || self.loops.iter().any(|key| old == loop_path(key));
            if !keep {
                fs::remove_file(folder.join(&old))?;
                changed = true;
            }
        }
        for (path, bytes) in &paths {
            let path = folder.join(path);
            if fs::read(&path).ok().as_ref() != Some(bytes) {
                fs::create_dir_all(path.parent().unwrap_or(&folder))?;
                fs::write(path, bytes)?;
                changed = true;
            }
        }
        for key in &self.loops {
            changed |= write_loop(&folder.join(loop_path(key)))?;
        }
        Ok(changed)
    }
}

fn loop_path(key: &str) -> String {
    format!("archive/{LOG}/{key}")
}

fn write_loop(path: &Path) -> io::Result<bool> {
    if path.is_symlink() {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    std::os::unix::fs::symlink(path.file_name().unwrap(), path)?;
    Ok(true)
}

/// Paths of all files below a folder, relative to it, in order; none if it is not there.
///
/// # Errors
/// If a folder cannot be listed.
pub fn files_below(folder: &Path) -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        let listing = match fs::read_dir(&next) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            listing => listing?,
        };
        for entry in listing {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                folders.push(entry.path());
            } else {
                let path = entry.path();
                let path = path.strip_prefix(folder).unwrap_or(&path);
                found.push(path.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}
