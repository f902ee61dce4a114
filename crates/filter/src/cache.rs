//! Compiled components on disk.
//!
//! What lies here is executed, so the directory and every file belong to this user and nobody else may write or read
//! them; and a file carries the hash of its content, so that one that was cut off or damaged is compiled anew instead of
//! being run.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use wasmtime::Engine;

use crate::{FilterDigest, FilterError};

const EXTENSION: &str = "cwasm";
const DRAFT: &str = "draft-";
const MAGIC: &[u8] = b"sealog compiled filter 1\n";

/// How long a compiled component lies there unused.
const UNUSED_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

static DRAFTS: AtomicU64 = AtomicU64::new(0);

/// A private directory of compiled components.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    directory: PathBuf,
    /// What an engine has to have in common with the one that compiled.
    engine: [u8; 32],
    /// When what is used is used; `None`: nothing grows old.
    now: Option<SystemTime>,
}

/// Feeds what is hashed to SHA-256: the standard hasher promises nothing across versions.
struct Fingerprint(Sha256);

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        0
    }
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

impl Cache {
    pub(crate) fn open(
        directory: &Path,
        engine: &Engine,
        now: Option<SystemTime>,
    ) -> Result<Self, FilterError> {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(|error| {
            refused(directory, format!("it cannot be made ({error}): name another by `filter_cache`"))
        })?;
        check_private(
            directory,
            &fs::metadata(directory).map_err(|error| refused(directory, error.to_string()))?,
        )?;
        let mut fingerprint = Fingerprint(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut fingerprint);
        Ok(Self { directory: directory.to_owned(), engine: fingerprint.0.finalize().into(), now })
    }

    /// The compiled component, if a whole one is there.
    ///
    /// A file that others may write to is an error, not a miss: somebody should know.
    pub(crate) fn get(&self, digest: FilterDigest) -> Result<Option<Vec<u8>>, FilterError> {
        let path = self.path(digest);
        let Ok(mut file) = File::open(&path) else { return Ok(None) };
        let unread = |error: std::io::Error| refused(&path, error.to_string());
        check_private(&path, &file.metadata().map_err(unread)?)?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(unread)?;
        self.touch(&file);
        Ok(self.unseal(digest, bytes))
    }

    /// Keeps a compiled component. A reader sees all of it or nothing.
    pub(crate) fn put(&self, digest: FilterDigest, compiled: &[u8]) -> Result<(), FilterError> {
        let path = self.path(digest);
        // Two processes or threads may store one component at once; each writes its own file, the last rename stays.
        let number = DRAFTS.fetch_add(1, Ordering::Relaxed);
        let draft = path.with_extension(format!("{DRAFT}{}-{number}", std::process::id()));
        let stored = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| {
                file.write_all(MAGIC)?;
                file.write_all(&self.seal(digest, compiled))?;
                file.write_all(compiled)?;
                self.touch(&file);
                Ok(())
            })
            .and_then(|()| fs::rename(&draft, &path));
        stored.map_err(|error| refused(&path, format!("{error}: make room there, or name another directory")))
    }

    /// Removes what nobody used for 30 days. What cannot be removed stays: a load does not fail over that.
    pub(crate) fn remove_unused(&self) {
        let Some(oldest) = self.now.and_then(|now| now.checked_sub(UNUSED_MAX)) else { return };
        for file in fs::read_dir(&self.directory).into_iter().flatten().flatten() {
            let used = file.metadata().and_then(|metadata| metadata.modified());
            if is_ours(&file.file_name()) && used.is_ok_and(|used| used < oldest) {
                let removed = fs::remove_file(file.path());
                tracing::debug!(file = %file.path().display(), ?removed, "a compiled filter was not used for 30 days");
            }
        }
    }

    /// A file's time is that of its last use.
    fn touch(&self, file: &File) {
        // One that cannot be touched is compiled anew some day.
        let _touched = self.now.is_some_and(|now| file.set_modified(now).is_ok());
    }

    fn path(&self, digest: FilterDigest) -> PathBuf {
        let engine: String = hex::encode(self.engine).chars().take(16).collect();
        self.directory.join(format!("{digest}-{engine}.{EXTENSION}"))
    }

    fn seal(&self, digest: FilterDigest, compiled: &[u8]) -> [u8; 32] {
        let hash = Sha256::new().chain_update(digest.0).chain_update(self.engine).chain_update(compiled);
        hash.finalize().into()
    }

    fn unseal(&self, digest: FilterDigest, mut bytes: Vec<u8>) -> Option<Vec<u8>> {
        let (seal, compiled) = bytes.strip_prefix(MAGIC)?.split_first_chunk::<32>()?;
        if *seal != self.seal(digest, compiled) {
            return None;
        }
        bytes.drain(..MAGIC.len() + 32);
        Some(bytes)
    }
}

/// Whether a file of the directory is one that is made here: a compiled component, or what a crash left of one.
fn is_ours(name: &OsStr) -> bool {
    let extension = Path::new(name).extension().and_then(OsStr::to_str).unwrap_or_default();
    extension == EXTENSION || extension.starts_with(DRAFT)
}

fn check_private(path: &Path, metadata: &fs::Metadata) -> Result<(), FilterError> {
    let user = rustix::process::geteuid().as_raw();
    if metadata.uid() != user {
        return Err(refused(
            path,
            format!("it belongs to user {}, not to {user}: remove it", metadata.uid()),
        ));
    }
    if metadata.mode() & 0o077 != 0 {
        let why =
            "others may read or write it, and what lies there is executed: `chmod -R go= ` it, or remove it";
        return Err(refused(path, why.to_owned()));
    }
    Ok(())
}

fn refused(path: &Path, why: String) -> FilterError {
    FilterError::Cache { path: path.to_owned(), why }
}
