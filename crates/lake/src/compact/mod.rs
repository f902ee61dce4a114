//! Compaction: a day's rows, or those of the day so far, rewritten sorted by (pk, sk, sequence number).
//!
//! Order: the files of a new generation under names that nobody else has; then the day's marker, on the condition that it
//! still is what was read. A crash before the marker leaves files that no marker names, which clean-up removes; of two
//! compactors one replaces the marker and the other removes what it wrote. What a marker made superfluous stays for a grace
//! period, for queries that read the marker before.

mod clean;
mod sort;
mod write;

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::Bytes;
use sealog_chain::sha256;
use sealog_record::Timestamp;
use sealog_store::{Log, Object, Replaced, StoreError, StoreErrorKind};
use sha2::Digest as _;

pub(crate) use clean::generation_of;
pub use clean::{Cleaned, clean};
pub use sort::Spill;

use crate::columns::Columns;
use crate::entry::Entry;
use crate::error::{LakeError, died};
use crate::marker::{Generation, Marker, SortedFile, marker_key, sorted_key};
use crate::names::{DAYS, FRESH, date_of, number_of};
use crate::read::LakeFile;
use sort::{SortedFiles, Sorter};
use write::{SortedWriter, Written};

/// Bytes at which a sorted file is closed: large enough for few requests, small enough for many readers at once.
pub const FILE_BYTES: usize = 96 << 20;
/// Bytes read at once of a sorted file.
const READ_BYTES: u64 = 8 << 20;
const ROWS_AT_ONCE: usize = 1024;

/// How a compaction works.
#[derive(Debug, Clone)]
pub struct CompactOptions {
    /// Typed columns; all rows get them, whatever the files say that they come from.
    pub columns: Columns,
    /// Temporary files.
    pub spill: Spill,
    /// Bytes at which a file is closed.
    pub file_bytes: usize,
    /// Who compacts: tells the files of two compactors apart.
    pub writer: String,
    /// Take every fresh row again, as if nothing had been sorted yet: what was sorted before is not read.
    pub anew: bool,
}

/// Makes a compaction leave the machine to others.
#[async_trait]
pub trait Pace: Send + Sync {
    /// Returns when the next piece may be worked on; so many bytes of rows were read since the last call.
    async fn worked(&self, bytes: u64);
}

/// As fast as it goes.
#[derive(Debug, Clone, Copy)]
pub struct Unhurried;

#[async_trait]
impl Pace for Unhurried {
    async fn worked(&self, _bytes: u64) {}
}

/// What lies in a day and is not sorted yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// `2026-11-22`
    pub date: String,
    /// Fresh files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of what is sorted already.
    pub sorted_bytes: u64,
}

/// What became of a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compacted {
    /// Nothing fresh was there.
    Nothing,
    /// It is visible.
    Done {
        /// Files written.
        files: u64,
        /// Rows in them.
        rows: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// Somebody else compacted the day meanwhile; what was written here is removed.
    Overtaken,
}

/// Days with fresh rows of commits up to `through` that are not sorted yet; with `anew` all days with fresh rows.
///
/// # Errors
/// [`LakeError`].
pub async fn pending(log: &Log, through: u64, anew: bool) -> Result<Vec<Pending>, LakeError> {
    let mut days: BTreeMap<String, Vec<(u64, u64)>> = BTreeMap::new();
    for entry in log.store().list(&log.key(FRESH), None).await? {
        let (Some(date), Some(number)) = (date_of(&entry.key), number_of(&entry.key)) else { continue };
        days.entry(date.to_owned()).or_default().push((number, entry.bytes));
    }
    let mut pending = Vec::new();
    for (date, files) in days {
        let (marker, _) = read_marker(log, &date).await?;
        let fresh = Fresh { marker: marker.as_ref().filter(|_| !anew), through };
        let files: Vec<u64> =
            files.iter().filter(|(number, _)| fresh.is_new(*number)).map(|(_, bytes)| *bytes).collect();
        if !files.is_empty() {
            let sorted = marker.iter().flat_map(|marker| &marker.files).map(|file| file.bytes);
            pending.push(Pending {
                date,
                files: files.len() as u64,
                bytes: files.iter().sum(),
                sorted_bytes: sorted.filter_map(|bytes| u64::try_from(bytes).ok()).sum(),
            });
        }
    }
    Ok(pending)
}

/// Days that have a sorted generation.
///
/// # Errors
/// [`LakeError`].
pub async fn sorted_days(log: &Log) -> Result<Vec<String>, LakeError> {
    let listed = log.store().list(&log.key(DAYS), None).await?;
    Ok(listed.iter().filter_map(|entry| date_of(&entry.key).map(str::to_owned)).collect())
}

/// Which fresh files are not sorted yet.
struct Fresh<'a> {
    marker: Option<&'a Marker>,
    through: u64,
}

impl Fresh<'_> {
    fn is_new(&self, number: u64) -> bool {
        let sorted = self.marker.is_some_and(|marker| {
            i64::try_from(number).is_ok_and(|number| number <= marker.valid.through_commit)
        });
        number <= self.through && !sorted
    }
}

/// The marker of a day, and the object that it was read from.
pub(crate) async fn read_marker(
    log: &Log,
    date: &str,
) -> Result<(Option<Marker>, Option<Object>), LakeError> {
    let object = log.read(&marker_key(date)).await?;
    let marker = object.as_ref().map(|object| Marker::parse(date, &object.bytes)).transpose()?;
    Ok((marker, object))
}

/// Rewrites one day with all rows of commits up to `through`, which must be published.
///
/// # Errors
/// [`LakeError`]; then the day is as it was, or as it was to be: the next call tells.
pub async fn compact(
    log: &Log,
    (date, through): (&str, u64),
    now: Timestamp,
    options: &CompactOptions,
    pace: &dyn Pace,
) -> Result<Compacted, LakeError> {
    let (marker, seen) = read_marker(log, date).await?;
    let listed = log.store().list(&log.key(&format!("{FRESH}dt={date}/")), None).await?;
    let fresh = Fresh { marker: marker.as_ref().filter(|_| !options.anew), through };
    let is_new = |key: &String| number_of(key).is_some_and(|number| fresh.is_new(number));
    let keys: Vec<String> = listed.into_iter().map(|entry| entry.key).filter(is_new).collect();
    let covered = marker.as_ref().map_or(-1, |marker| marker.valid.through_commit);
    if keys.is_empty() || i64::try_from(through).is_ok_and(|through| through < covered) {
        return Ok(Compacted::Nothing);
    }
    let day = Day { log, date, options, pace };
    let (mut sorter, mut again) = (Sorter::new(options.spill.clone()), 0);
    for key in keys {
        let is_again = number_of(&key)
            .and_then(|number| i64::try_from(number).ok())
            .is_some_and(|number| number <= covered);
        let (back, rows) = day.gather(sorter, key).await?;
        again += if is_again { rows } else { 0 };
        sorter = back;
    }
    day.check_again(marker.as_ref(), again)?;
    let before = day.fetch_sorted(fresh.marker).await?;
    let generation = Generation {
        name: generation_name(through, now, &options.writer),
        through_commit: i64::try_from(through).unwrap_or(i64::MAX),
        made_at: now.as_millis(),
    };
    let merge = tokio::task::spawn_blocking(move || sorter.merged(before)).await.map_err(died)??;
    let written = day.write(merge, &generation).await?;
    let files = day.upload(written, &generation).await?;
    let (rows, bytes) =
        files.iter().fold((0, 0), |(rows, bytes), file| (rows + file.rows, bytes + file.bytes));
    let count = files.len() as u64;
    if day.put_marker(marker, seen, generation, files).await? {
        let number = |value: i64| u64::try_from(value).unwrap_or(0);
        return Ok(Compacted::Done { files: count, rows: number(rows), bytes: number(bytes) });
    }
    Ok(Compacted::Overtaken)
}

/// Names of two compactions differ unless one process began both in one second.
fn generation_name(through: u64, now: Timestamp, writer: &str) -> String {
    let seconds = now.as_millis().div_euclid(1000);
    let [a, b, c, d, ..] = sha256(format!("{writer} {}", now.as_millis()).as_bytes()).0;
    format!("{through:020}-{seconds:08x}{a:02x}{b:02x}{c:02x}{d:02x}")
}

/// The second that a generation's name states; `None` for any other name.
fn begun_at(generation: &str) -> Option<i64> {
    let (_, rest) = generation.split_once('-')?;
    i64::from_str_radix(rest.get(..8)?, 16).ok()
}

struct Day<'a> {
    log: &'a Log,
    date: &'a str,
    options: &'a CompactOptions,
    pace: &'a dyn Pace,
}

impl Day<'_> {
    /// Rows that were sorted before and are taken anew: none of them may be missing, as they would be if somebody had
    /// removed fresh files meanwhile.
    fn check_again(&self, marker: Option<&Marker>, again: i64) -> Result<(), LakeError> {
        let sorted: i64 = marker.iter().flat_map(|marker| &marker.files).map(|file| file.rows).sum();
        if self.options.anew && again != sorted {
            let what = format!(
                "{again} of the {sorted} rows that are sorted are in fresh files; rebuild while nothing cleans up"
            );
            return Err(LakeError::Broken { key: self.log.key(&format!("{FRESH}dt={}", self.date)), what });
        }
        Ok(())
    }

    async fn gather(&self, mut sorter: Sorter, key: String) -> Result<(Sorter, i64), LakeError> {
        let Some(object) = self.log.store().read(&key).await? else {
            return Err(LakeError::Broken { key, what: "it was listed and is not there".to_owned() });
        };
        let columns = self.options.columns.clone();
        let gathering = tokio::task::spawn_blocking(move || {
            let broken = |what| LakeError::Broken { key: key.clone(), what };
            let mut file = LakeFile::open(object.bytes, ROWS_AT_ONCE).map_err(broken)?;
            let (mut bytes, mut count) = (0, 0);
            while let Some(rows) = file.next().map_err(broken)? {
                count += i64::try_from(rows.len()).unwrap_or(0);
                for index in 0..rows.len() {
                    let entry = Entry::of(&rows.row(index), &columns);
                    bytes += entry.bytes() as u64;
                    sorter.push(entry)?;
                }
            }
            Ok::<_, LakeError>((sorter, bytes, count))
        });
        let (sorter, bytes, count) = gathering.await.map_err(died)??;
        self.pace.worked(bytes).await;
        Ok((sorter, count))
    }

    /// The files that the marker names, as they were when it was written.
    async fn fetch_sorted(&self, marker: Option<&Marker>) -> Result<Option<SortedFiles>, LakeError> {
        let Some(marker) = marker else { return Ok(None) };
        let mut files = Vec::new();
        for SortedFile { name, sha256: stated, bytes, .. } in &marker.files {
            let key = self.log.key(&sorted_key(self.date, name));
            let (mut file, mut hash, mut at) = (self.options.spill.file()?, sha2::Sha256::new(), 0);
            let size = u64::try_from(*bytes).unwrap_or(0);
            while at < size {
                let part = self.log.store().read_range(&key, at..(at + READ_BYTES).min(size)).await?;
                let part = part.filter(|part| !part.is_empty()).ok_or_else(|| LakeError::Broken {
                    key: key.clone(),
                    what: "it is missing, or shorter than its day's marker says".to_owned(),
                })?;
                at += part.len() as u64;
                hash.update(&part);
                std::io::Write::write_all(&mut file, &part)
                    .map_err(|error| self.options.spill.failed(error))?;
            }
            if hex::encode(hash.finalize()) != *stated {
                return Err(LakeError::Broken {
                    key,
                    what: "it is not what its day's marker names".to_owned(),
                });
            }
            files.push((key, file));
        }
        Ok(Some(SortedFiles::new(files, &self.options.columns)))
    }

    async fn write(&self, merge: sort::Merge, generation: &Generation) -> Result<Vec<Written>, LakeError> {
        let CompactOptions { columns, spill, file_bytes, .. } = self.options;
        let mut writer = SortedWriter::new(merge, columns, &generation.name, spill.clone(), *file_bytes);
        loop {
            let step = tokio::task::spawn_blocking(move || {
                let step = writer.advance();
                (writer, step)
            });
            let (back, step) = step.await.map_err(died)?;
            writer = back;
            let (bytes, done) = step?;
            if done {
                return Ok(writer.into_files());
            }
            self.pace.worked(bytes).await;
        }
    }

    async fn upload(
        &self,
        written: Vec<Written>,
        generation: &Generation,
    ) -> Result<Vec<SortedFile>, LakeError> {
        let mut files = Vec::new();
        for (part, mut written) in written.into_iter().enumerate() {
            let bytes = written.bytes(&self.options.spill)?;
            let name = format!("{}-{part:05}.parquet", generation.name);
            let key = self.log.key(&sorted_key(self.date, &name));
            let file = SortedFile {
                name,
                sha256: sha256(&bytes).to_string(),
                bytes: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
                rows: written.rows,
            };
            self.put_new(&key, bytes).await?;
            files.push(file);
        }
        Ok(files)
    }

    async fn put_new(&self, key: &str, bytes: Bytes) -> Result<(), LakeError> {
        let there = match self.log.store().replace(key, bytes.clone(), None).await? {
            Replaced::Done(_) => return Ok(()),
            Replaced::Changed => self.log.store().read(key).await?,
        };
        // Ours, from a reply that was lost.
        if there.is_some_and(|there| there.bytes == bytes) {
            return Ok(());
        }
        Err(LakeError::Store(StoreError {
            operation: "create",
            key: key.to_owned(),
            kind: StoreErrorKind::Conflict,
            message: "another compaction uses this name; it is tried again".to_owned(),
        }))
    }

    /// The moment at which the generation becomes visible; `false` if another one became so before.
    async fn put_marker(
        &self,
        before: Option<Marker>,
        seen: Option<Object>,
        generation: Generation,
        files: Vec<SortedFile>,
    ) -> Result<bool, LakeError> {
        let made_at = generation.made_at;
        let mut superseded = Vec::new();
        if let Some(before) = before {
            superseded.push((before.valid, made_at));
            superseded.extend(before.superseded);
        }
        let marker = Marker { date: self.date.to_owned(), valid: generation, files, superseded };
        let bytes = marker.render()?;
        let key = self.log.key(&marker_key(self.date));
        match self.log.store().replace(&key, bytes.clone(), seen.as_ref()).await? {
            Replaced::Done(_) => return Ok(true),
            Replaced::Changed => {}
        }
        if self.log.store().read(&key).await?.is_some_and(|there| there.bytes == bytes) {
            return Ok(true);
        }
        for file in &marker.files {
            self.log.store().remove(&self.log.key(&sorted_key(self.date, &file.name))).await?;
        }
        Ok(false)
    }
}
