//! An archive in a local directory.
//!
//! An object is written to `.staging/`, flushed to the disk, moved to its name **only if that is free** (`renameat2` with
//! `RENAME_NOREPLACE`, else `link`), and its folder is flushed too. So two processes never both create one name, a
//! reader never sees half an object, and an acknowledged one survives a power failure. File systems without atomic
//! moves or flushes (most network file systems) cannot promise this and are not supported.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::filesystem::refuse_if_elsewhere;
use crate::object::{is_removable, never_removed};
use crate::{Created, Entry, Object, Replaced, Stat, Store, StoreError, StoreErrorKind};

const STAGING: &str = ".staging";
/// Who holds its lock may replace; creating needs none.
const LOCK: &str = ".staging/lock";

/// A directory on a local file system.
#[derive(Debug, Clone)]
pub struct Directory {
    root: Arc<Path>,
}

impl Directory {
    /// Opens a directory for writing; makes it if need be.
    ///
    /// # Errors
    /// When it cannot be made or written, or lies on a network file system.
    pub async fn create(root: &Path) -> Result<Self, StoreError> {
        let staging = root.join(STAGING);
        let made = blocking(move || {
            make_folder(&staging)?;
            refuse_if_elsewhere(&staging)
        })
        .await;
        made.map_err(|error| explain("open", &root.display().to_string(), &error))?;
        Ok(Self::existing(root))
    }

    /// Opens a directory for reading; makes nothing.
    #[must_use]
    pub fn existing(root: &Path) -> Self {
        Self { root: Arc::from(root) }
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        key: &str,
        act: impl FnOnce(&Path, &Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (root, path) = (Arc::clone(&self.root), self.root.join(key));
        blocking(move || act(&root, &path)).await.map_err(|error| explain(operation, key, &error))
    }
}

#[async_trait]
impl Store for Directory {
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        self.run("create", key, move |root, path| {
            let staged = stage(root, &bytes)?;
            let folder = path.parent().unwrap_or(root);
            make_folder(folder)?;
            match staged.persist_noclobber(path) {
                Ok(_) => flush_folder(folder).map(|()| Created::New { version_id: None }),
                Err(refused) if refused.error.kind() == ErrorKind::AlreadyExists => Ok(Created::Exists),
                Err(refused) => Err(refused.error),
            }
        })
        .await
    }

    async fn replace(&self, key: &str, bytes: Bytes, seen: Option<&Object>) -> Result<Replaced, StoreError> {
        let seen = seen.map(|seen| seen.bytes.clone());
        self.run("replace", key, move |root, path| {
            let staged = stage(root, &bytes)?;
            let folder = path.parent().unwrap_or(root);
            make_folder(folder)?;
            // Held until the file is closed, by whatever way: a process that dies leaves nothing locked.
            let lock = File::create(root.join(LOCK))?;
            lock.lock()?;
            if read_file(path)? != seen {
                return Ok(Replaced::Changed);
            }
            staged.persist(path).map_err(|refused| refused.error)?;
            flush_folder(folder)?;
            Ok(Replaced::Done(Object::plain(bytes)))
        })
        .await
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.run("read", key, |_, path| Ok(read_file(path)?.map(Object::plain))).await
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Option<Bytes>, StoreError> {
        self.run("read", key, move |_, path| {
            let Some(mut file) = open_file(path)? else { return Ok(None) };
            file.seek(SeekFrom::Start(range.start))?;
            let mut bytes = Vec::new();
            let read = file.take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes);
            Ok(none_if_absent(read)?.map(|_| bytes.into()))
        })
        .await
    }

    async fn stat(&self, key: &str) -> Result<Option<Stat>, StoreError> {
        self.run("read", key, |_, path| {
            let found = none_if_absent(fs::metadata(path))?.filter(fs::Metadata::is_file);
            Ok(found.map(|found| Stat { bytes: found.len(), sha256: None }))
        })
        .await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        let (wanted, after) = (prefix.to_owned(), after.map(str::to_owned));
        // Names are listed folder by folder: the prefix up to its last slash is the folder to begin in.
        let folder = prefix.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        self.run("list", prefix, move |root, _| {
            let mut entries = Vec::new();
            let is_asked = |key: &str| {
                key.starts_with(&wanted) && after.as_ref().is_none_or(|after| key > after.as_str())
            };
            collect(root, &folder, &is_asked, &mut entries)?;
            entries.sort_by(|a, b| a.key.cmp(&b.key));
            Ok(entries)
        })
        .await
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        if !is_removable(key) {
            return Err(never_removed(key));
        }
        // A removal that a power failure undoes is done again: what lies there was superseded all the same.
        self.run("remove", key, |_, path| none_if_absent(fs::remove_file(path)).map(drop)).await
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.run("list", "", |root, _| {
            let mut names = Vec::new();
            for entry in fs::read_dir(root)? {
                let entry = entry?;
                match entry.file_name().into_string() {
                    Ok(name) if entry.path().is_dir() && name != STAGING => names.push(name),
                    Ok(_) | Err(_) => {}
                }
            }
            names.sort();
            Ok(names)
        })
        .await
    }

    fn describe(&self) -> String {
        self.root.display().to_string()
    }
}

async fn blocking<T: Send + 'static>(act: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(act).await.map_err(io::Error::other)?
}

fn read_file(path: &Path) -> io::Result<Option<Bytes>> {
    let Some(file) = open_file(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    let read = (&file).read_to_end(&mut bytes);
    Ok(none_if_absent(read)?.map(|_| Bytes::from(bytes)))
}

/// A copy of an archive may hold anything under a name; reading a pipe or a device may never end.
fn open_file(path: &Path) -> io::Result<Option<File>> {
    match none_if_absent(fs::metadata(path))? {
        None => Ok(None),
        Some(found) if found.is_dir() => Ok(None),
        Some(found) if !found.is_file() => Err(io::Error::other("it is no regular file")),
        Some(_) => none_if_absent(File::open(path)),
    }
}

/// A bucket would hold no object of such a name either.
fn none_if_absent<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    use ErrorKind::{IsADirectory, NotADirectory, NotFound};
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.kind(), NotFound | NotADirectory | IsADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Bytes in `.staging/`, flushed; removed again unless it is moved to its name. A crash here leaves a file that
/// nobody reads.
fn stage(root: &Path, bytes: &[u8]) -> io::Result<tempfile::NamedTempFile> {
    let folder = root.join(STAGING);
    make_folder(&folder)?;
    let mut builder = tempfile::Builder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        // Temporary files are private by default; evidence is for readers, as far as the umask allows.
        builder.permissions(fs::Permissions::from_mode(0o644));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    Ok(file)
}

fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    let parent = folder.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent {
        make_folder(parent)?;
    }
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
        Ok(()) | Err(_) => flush_folder(parent.unwrap_or(Path::new("."))),
    }
}

/// Makes the names in a folder survive a power failure.
fn flush_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// What is not asked for costs its name and no more: a folder may hold a million.
fn collect(
    root: &Path,
    folder: &str,
    is_asked: &impl Fn(&str) -> bool,
    entries: &mut Vec<Entry>,
) -> io::Result<()> {
    let listing = match fs::read_dir(root.join(folder)) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        listing => listing?,
    };
    for entry in listing {
        let entry = entry?;
        let key = PathBuf::from(folder).join(entry.file_name()).to_string_lossy().into_owned();
        let is_plain = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_plain && !is_asked(&key) {
            continue;
        }
        match fs::metadata(entry.path()) {
            Ok(metadata) if !metadata.is_dir() && is_asked(&key) => {
                entries.push(Entry { key, bytes: metadata.len() });
            }
            Ok(metadata) if metadata.is_dir() && key != STAGING => collect(root, &key, is_asked, entries)?,
            Ok(_) => {}
            // A link that leads nowhere or to itself: the name is there, and reading it says what is wrong.
            Err(_) if is_asked(&key) => entries.push(Entry { key, bytes: 0 }),
            Err(_) => {}
        }
    }
    Ok(())
}

fn explain(operation: &'static str, key: &str, error: &io::Error) -> StoreError {
    use StoreErrorKind::{Forbidden, Full, Gone, Invalid, Unknown};
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "an open set: what is not known to be clear is unclear"
    )]
    let (kind, advice) = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            (Full, "make room; nothing is lost, the next attempt goes on from here")
        }
        ErrorKind::PermissionDenied => {
            (Forbidden, "give this user the right to write in the archive's directory")
        }
        ErrorKind::ReadOnlyFilesystem => {
            (Forbidden, "the file system is read-only; mount it for writing or name another directory")
        }
        ErrorKind::Unsupported => {
            (Invalid, "name a directory on a local file system, or an archive on s3://bucket/prefix")
        }
        ErrorKind::NotFound => (Gone, "the archive's directory is not there; check the path"),
        ErrorKind::NotADirectory | ErrorKind::IsADirectory | ErrorKind::InvalidFilename => {
            (Invalid, "a file stands where a folder should, or the other way round; check the path")
        }
        _ => (Unknown, "the outcome is unclear; it is looked at again before anything else is written"),
    };
    StoreError::new(operation, key, kind, format!("{error}; {advice}"))
}
