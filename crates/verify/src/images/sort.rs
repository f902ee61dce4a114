//! An external merge sort of changes: runs in one unlinked file, read back side by side.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use super::{Spill, Spot};

/// Bytes of a change in the file.
const BYTES: usize = 66;
/// Changes read at once of each run.
const READ_AT_ONCE: usize = 512;

/// An image, as far as it can be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Image {
    /// Nothing can be said.
    Unknown,
    /// There was no item.
    Absent,
    /// Digest of the item.
    Value([u8; 16]),
}

/// One change of an item. Ordered by item, then as the log has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Change {
    pub(crate) item: [u8; 16],
    pub(crate) spot: Spot,
    pub(crate) old: Image,
    pub(crate) new: Image,
}

/// The temporary file failed: on which operation, and how.
#[derive(Debug)]
pub(crate) struct Truncated(pub(crate) String);

/// Gathers changes and gives them back in order.
pub(super) struct Sorter {
    spill: Spill,
    held: Vec<Change>,
    file: Option<File>,
    /// Changes in each run of the file.
    runs: Vec<u64>,
    failed: Option<Truncated>,
}

impl Sorter {
    pub(super) fn new(spill: Spill) -> Self {
        Self { spill, held: Vec::new(), file: None, runs: Vec::new(), failed: None }
    }

    pub(super) fn take(&mut self, changes: Vec<Change>) {
        if self.failed.is_some() {
            return;
        }
        for change in changes {
            self.held.push(change);
            if self.held.len() >= self.spill.rows_in_memory.max(1) {
                self.failed = self.write_out().err().map(|error| self.failure(&error));
            }
        }
    }

    fn failure(&self, error: &io::Error) -> Truncated {
        Truncated(format!("a temporary file in {}: {error}", self.spill.folder.display()))
    }

    fn write_out(&mut self) -> io::Result<()> {
        self.held.sort_unstable();
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile_in(&self.spill.folder)?),
        };
        let mut out = io::BufWriter::with_capacity(1 << 16, file);
        for change in &self.held {
            out.write_all(&change.to_bytes())?;
        }
        out.flush()?;
        self.runs.push(self.held.len() as u64);
        self.held.clear();
        Ok(())
    }

    /// Calls `each` with every change in order.
    pub(super) fn merged(mut self, mut each: impl FnMut(Change)) -> Result<(), Truncated> {
        if let Some(failed) = self.failed.take() {
            return Err(failed);
        }
        self.held.sort_unstable();
        let Some(mut file) = self.file.take() else {
            self.held.iter().copied().for_each(each);
            return Ok(());
        };
        let result = self.write_last(&mut file).and_then(|runs| merge(&mut file, runs, &mut each));
        result.map_err(|error| self.failure(&error))
    }

    /// What is still in memory becomes a run too, so that all are read alike.
    fn write_last(&mut self, file: &mut File) -> io::Result<Vec<Run>> {
        let bytes: Vec<u8> = self.held.iter().flat_map(|change| change.to_bytes()).collect();
        file.write_all(&bytes)?;
        self.runs.push(self.held.len() as u64);
        self.held = Vec::new();
        let mut offset = 0;
        let runs = self.runs.iter().map(|count| {
            let run = Run { offset, left: *count, read: Vec::new() };
            offset += *count * BYTES as u64;
            run
        });
        Ok(runs.collect())
    }
}

/// A sorted part of the file.
struct Run {
    offset: u64,
    left: u64,
    /// Changes read ahead, the next one last.
    read: Vec<Change>,
}

impl Run {
    fn next(&mut self, file: &mut File) -> io::Result<Option<Change>> {
        if self.read.is_empty() && self.left > 0 {
            let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(READ_AT_ONCE);
            let mut bytes = vec![0; count * BYTES];
            file.seek(SeekFrom::Start(self.offset))?;
            file.read_exact(&mut bytes)?;
            self.offset += bytes.len() as u64;
            self.left -= count as u64;
            let (changes, _) = bytes.as_chunks::<BYTES>();
            self.read.extend(changes.iter().rev().map(Change::of_bytes));
        }
        Ok(self.read.pop())
    }
}

fn merge(file: &mut File, mut runs: Vec<Run>, each: &mut impl FnMut(Change)) -> io::Result<()> {
    let mut next = BinaryHeap::new();
    for (place, run) in runs.iter_mut().enumerate() {
        next.extend(run.next(file)?.map(|change| Reverse((change, place))));
    }
    while let Some(Reverse((change, place))) = next.pop() {
        each(change);
        if let Some(run) = runs.get_mut(place) {
            next.extend(run.next(file)?.map(|change| Reverse((change, place))));
        }
    }
    Ok(())
}

impl Image {
    /// Whether one item cannot have had both images with nothing between them.
    pub(crate) fn contradicts(self, other: Self) -> bool {
        self != other && self != Self::Unknown && other != Self::Unknown
    }

    fn parts(self) -> (u8, [u8; 16]) {
        match self {
            Self::Unknown => (0, [0; 16]),
            Self::Absent => (1, [0; 16]),
            Self::Value(digest) => (2, digest),
        }
    }

    fn of_parts(kind: u8, digest: [u8; 16]) -> Self {
        match kind {
            1 => Self::Absent,
            2 => Self::Value(digest),
            _ => Self::Unknown,
        }
    }
}

impl Change {
    fn to_bytes(self) -> [u8; BYTES] {
        let ((old_kind, old), (new_kind, new)) = (self.old.parts(), self.new.parts());
        let Spot { commit, object, row } = self.spot;
        let mut out = [0; BYTES];
        let parts: [&[u8]; 8] = [
            &self.item,
            &commit.to_be_bytes(),
            &object.to_be_bytes(),
            &row.to_be_bytes(),
            &[old_kind],
            &old,
            &[new_kind],
            &new,
        ];
        for (place, byte) in out.iter_mut().zip(parts.into_iter().flatten()) {
            *place = *byte;
        }
        out
    }

    fn of_bytes(bytes: &[u8; BYTES]) -> Self {
        let mut rest = bytes.as_slice();
        let item = taken(&mut rest);
        let commit = u64::from_be_bytes(taken(&mut rest));
        let object = u32::from_be_bytes(taken(&mut rest));
        let row = u32::from_be_bytes(taken(&mut rest));
        let [old_kind] = taken(&mut rest);
        let old = taken(&mut rest);
        let [new_kind] = taken(&mut rest);
        let new = taken(&mut rest);
        let spot = Spot { commit, object, row };
        Self { item, spot, old: Image::of_parts(old_kind, old), new: Image::of_parts(new_kind, new) }
    }
}

/// The next bytes; the sum of all that are taken is [`BYTES`].
fn taken<const N: usize>(rest: &mut &[u8]) -> [u8; N] {
    let Some((first, behind)) = rest.split_first_chunk() else { return [0; N] };
    *rest = behind;
    *first
}
