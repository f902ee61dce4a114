//! An external merge sort of rows: as many as fit are sorted in memory, the rest lies in unlinked temporary files.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::PathBuf;

use crate::columns::Columns;
use crate::entry::Entry;
use crate::error::LakeError;
use crate::read::{Given, LakeFile};

/// Most runs that are read side by side; more are merged into one first.
const RUNS_MAX: usize = 32;
/// Rows decoded at once of a sorted file.
const ROWS_AT_ONCE: usize = 1024;

/// Where temporary files lie, and when they are needed.
#[derive(Debug, Clone)]
pub struct Spill {
    /// Their folder; needs room for a day's rows, compressed, twice.
    pub folder: PathBuf,
    /// Bytes of rows held in memory.
    pub memory: usize,
}

impl Spill {
    pub(crate) fn file(&self) -> Result<File, LakeError> {
        tempfile::tempfile_in(&self.folder).map_err(|error| self.failed(error))
    }

    pub(crate) fn failed(&self, source: io::Error) -> LakeError {
        LakeError::Spill { folder: self.folder.display().to_string(), source }
    }
}

/// Gathers rows in any order.
pub(super) struct Sorter {
    spill: Spill,
    held: Vec<Entry>,
    bytes: usize,
    runs: Vec<File>,
}

impl Sorter {
    pub(super) fn new(spill: Spill) -> Self {
        Self { spill, held: Vec::new(), bytes: 0, runs: Vec::new() }
    }

    pub(super) fn push(&mut self, entry: Entry) -> Result<(), LakeError> {
        self.bytes += entry.bytes();
        self.held.push(entry);
        if self.bytes >= self.spill.memory {
            self.write_out()?;
        }
        Ok(())
    }

    fn write_out(&mut self) -> Result<(), LakeError> {
        self.held.sort_unstable();
        self.bytes = 0;
        let entries = std::mem::take(&mut self.held);
        let run = self.run(entries.into_iter().map(Ok))?;
        self.runs.push(run);
        if self.runs.len() >= RUNS_MAX {
            let runs = std::mem::take(&mut self.runs);
            let sources = runs.into_iter().map(|run| self.source(run)).collect::<Result<Vec<_>, _>>()?;
            let merged = self.run(Merge::new(sources)?)?;
            self.runs.push(merged);
        }
        Ok(())
    }

    fn run(&self, entries: impl Iterator<Item = Result<Entry, LakeError>>) -> Result<File, LakeError> {
        let failed = |error| self.spill.failed(error);
        let mut out = zstd::Encoder::new(BufWriter::new(self.spill.file()?), 1).map_err(failed)?;
        for entry in entries {
            entry?.write(&mut out).map_err(failed)?;
        }
        let mut out = out.finish().map_err(failed)?;
        out.flush().map_err(failed)?;
        let mut file = out.into_inner().map_err(|error| failed(error.into_error()))?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        Ok(file)
    }

    fn source(&self, run: File) -> Result<Source, LakeError> {
        let decoder = zstd::Decoder::new(run).map_err(|error| self.spill.failed(error))?;
        Ok(Source::Run(BufReader::new(decoder), self.spill.clone()))
    }

    /// All rows in order, with those of `sorted`, which are in order already.
    pub(super) fn merged(mut self, sorted: Option<SortedFiles>) -> Result<Merge, LakeError> {
        self.held.sort_unstable();
        let runs = std::mem::take(&mut self.runs);
        let mut sources = runs.into_iter().map(|run| self.source(run)).collect::<Result<Vec<_>, _>>()?;
        sources.push(Source::Held(self.held.into_iter()));
        sources.extend(sorted.map(Box::new).map(Source::Sorted));
        Merge::new(sources)
    }
}

/// The files of one generation, one after the other.
pub(super) struct SortedFiles {
    /// Name and bytes of each, the next one last.
    files: Vec<(String, File)>,
    columns: Columns,
    open: Option<(String, LakeFile)>,
    rows: Option<(Given, usize)>,
}

impl SortedFiles {
    pub(super) fn new(mut files: Vec<(String, File)>, columns: &Columns) -> Self {
        files.reverse();
        Self { files, columns: columns.clone(), open: None, rows: None }
    }

    fn next(&mut self) -> Result<Option<Entry>, LakeError> {
        loop {
            if let Some((rows, index)) = &mut self.rows {
                if *index < rows.len() {
                    let entry = Entry::of(&rows.row(*index), &self.columns);
                    *index += 1;
                    return Ok(Some(entry));
                }
                self.rows = None;
            }
            if let Some((name, open)) = &mut self.open {
                let broken = |what| LakeError::Broken { key: name.clone(), what };
                self.rows = open.next().map_err(broken)?.map(|rows| (rows, 0));
                if self.rows.is_none() {
                    self.open = None;
                }
                continue;
            }
            let Some((name, file)) = self.files.pop() else { return Ok(None) };
            let opened = LakeFile::open(file, ROWS_AT_ONCE);
            let opened = opened.map_err(|what| LakeError::Broken { key: name.clone(), what })?;
            self.open = Some((name, opened));
        }
    }
}

type Packed = BufReader<zstd::Decoder<'static, BufReader<File>>>;

enum Source {
    Run(Packed, Spill),
    Held(std::vec::IntoIter<Entry>),
    Sorted(Box<SortedFiles>),
}

impl Source {
    fn next(&mut self) -> Result<Option<Entry>, LakeError> {
        match self {
            Self::Run(from, spill) => Entry::read(from).map_err(|error| spill.failed(error)),
            Self::Held(entries) => Ok(entries.next()),
            Self::Sorted(files) => files.next(),
        }
    }
}

/// Sources side by side; gives the least of all their next rows.
pub(super) struct Merge {
    sources: Vec<Source>,
    next: BinaryHeap<Reverse<(Entry, usize)>>,
}

impl Merge {
    fn new(sources: Vec<Source>) -> Result<Self, LakeError> {
        let mut merge = Self { next: BinaryHeap::new(), sources };
        for place in 0..merge.sources.len() {
            merge.draw(place)?;
        }
        Ok(merge)
    }

    fn draw(&mut self, place: usize) -> Result<(), LakeError> {
        if let Some(entry) = self.sources.get_mut(place).map(Source::next).transpose()?.flatten() {
            self.next.push(Reverse((entry, place)));
        }
        Ok(())
    }
}

impl Iterator for Merge {
    type Item = Result<Entry, LakeError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Reverse((entry, place)) = self.next.pop()?;
        Some(self.draw(place).map(|()| entry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::LakeRow;
    use proptest::prelude::*;
    use sealog_record::{ChangeRecord, Decision, EvidenceRow};

    fn entry(key: u8, sequence: u32, commit_number: i64) -> Entry {
        let (keys, sequence) = (format!(r#"{{"k":{{"S":"{key:0>9}"}}}}"#), sequence.to_string());
        let change =
            ChangeRecord { sequence_number: &sequence, keys: Some(&keys), ..ChangeRecord::default() };
        let evidence = EvidenceRow { stream_label: "l", shard_id: "s", change, decision: Decision::KEEP };
        let row = LakeRow { evidence, leaf_hash: &[7; 32], commit_number, row_index: 3, committed_at: 5 };
        Entry::of(&row, &Columns::default())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn rows_come_out_sorted_whatever_fits_into_memory(
            rows in proptest::collection::vec((0_u8..20, 0_u32..50, 0_i64..1000), 0..400), memory in 1_usize..100_000,
        ) {
            let mut expected: Vec<Entry> = rows.iter().map(|(key, sequence, commit)| entry(*key, *sequence, *commit)).collect();
            let mut sorter = Sorter::new(Spill { folder: std::env::temp_dir(), memory });
            for entry in expected.clone() {
                sorter.push(entry).unwrap();
            }
            expected.sort();
            let merged: Vec<Entry> = sorter.merged(None).unwrap().map(Result::unwrap).collect();
            prop_assert_eq!(merged, expected);
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_named() {
        let spill = Spill { folder: "/nowhere/at/all".into(), memory: 1 };
        let error = Sorter::new(spill).push(entry(1, 1, 1)).unwrap_err();
        assert!(error.to_string().contains("/nowhere/at/all") && error.may_pass(), "{error}");
    }
}
