//! Where an answer goes: a new file, or standard output.

use std::fs::File;
use std::io::{BufWriter, IsTerminal as _, Write};
use std::path::{Path, PathBuf};

use crate::exit::Failure;

/// What is written together.
const BUFFER_BYTES: usize = 256 << 10;

/// A file that is not kept goes when this does: no half of an answer is left.
pub(super) struct Target(Option<(PathBuf, File)>);

impl Target {
    /// Before anything is read: a mistake in the name must not cost hours.
    pub(super) fn open(out: Option<&Path>, is_binary: bool) -> Result<Self, Failure> {
        let Some(path) = out else {
            if is_binary && std::io::stdout().is_terminal() {
                return Err(Failure::usage("Parquet is nothing for a terminal; name a file with --out"));
            }
            return Ok(Self(None));
        };
        let created = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
        let file = created.map_err(|error| {
            Failure::usage(format!("{}: {error}; name a new file with --out", path.display()))
        })?;
        Ok(Self(Some((path.to_owned(), file))))
    }

    pub(super) fn writer(&self) -> Result<Box<dyn Write + Send>, Failure> {
        Ok(match &self.0 {
            None => Box::new(BufWriter::with_capacity(BUFFER_BYTES, std::io::stdout())),
            Some((_, file)) => Box::new(BufWriter::with_capacity(BUFFER_BYTES, file.try_clone()?)),
        })
    }

    /// The answer is whole.
    pub(super) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        if let Some((path, _)) = &self.0 {
            // If it stays, it is in the way next time, which is said then.
            drop(std::fs::remove_file(path));
        }
    }
}
