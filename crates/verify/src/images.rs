//! Image continuity: each change of an item begins from the image that its previous change left (FORMAT.md, section 8,
//! "image-break").
//!
//! Promises: memory does not grow with the number of rows. A change becomes a record of fixed size; records beyond
//! [`Spill::rows_in_memory`] are sorted and written to one temporary file without a name, and merged at the end. Hashes
//! stand for items and images; they need not withstand a forger, who can as well make images that fit each other.

mod sort;
mod value;

use std::collections::BinaryHeap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use sealog_record::EvidenceRow;

use sort::Sorter;
pub(crate) use sort::{Change, Image, Truncated};

/// Breaks that are reported of one log.
const BREAKS_MAX: usize = 1000;

/// Where changes are kept that are too many for memory.
#[derive(Debug, Clone)]
pub struct Spill {
    /// Folder for a temporary file of 66 bytes a row.
    pub folder: PathBuf,
    /// Changes held in memory, 66 bytes each, before they are written out.
    pub rows_in_memory: usize,
}

impl Default for Spill {
    fn default() -> Self {
        Self { folder: std::env::temp_dir(), rows_in_memory: 500_000 }
    }
}

/// Two changes of one item that do not fit. Ordered by the later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Break {
    pub(crate) later: Spot,
    pub(crate) earlier: Spot,
}

/// A row, by commit, object within the commit, row within the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) commit: u64,
    pub(crate) object: u32,
    pub(crate) row: u32,
}

/// Where two changes need not fit each other.
#[derive(Debug, Default)]
pub(crate) struct Interruptions {
    /// Something was missed right before these commits.
    before: Vec<u64>,
    /// What these commits hold is not known, or not in order.
    within: Vec<u64>,
    /// The first commit that is not judged.
    end: Option<u64>,
}

impl Interruptions {
    pub(crate) fn before(&mut self, number: u64) {
        self.before.push(number);
    }

    pub(crate) fn within(&mut self, number: u64) {
        self.within.push(number);
    }

    /// From this commit on nothing is judged.
    pub(crate) fn end_at(&mut self, number: u64) {
        self.end = Some(number);
    }

    fn settle(&mut self) {
        for numbers in [&mut self.before, &mut self.within] {
            numbers.sort_unstable();
            numbers.dedup();
        }
    }

    /// Whether two changes must fit that lie in these commits.
    fn joins(&self, earlier: u64, later: u64) -> bool {
        let any = |numbers: &[u64], first: u64| {
            let place = numbers.partition_point(|number| *number < first);
            numbers.get(place).is_some_and(|number| *number <= later)
        };
        self.end.is_none_or(|end| later < end)
            && !any(&self.before, earlier.saturating_add(1))
            && !any(&self.within, earlier)
    }
}

/// Changes gathered while evidence is read, by several threads.
pub(crate) struct Images {
    sorter: Mutex<Sorter>,
}

/// Changes of one object.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    pub(crate) changes: Vec<Change>,
    /// Whether a row does not say which item it changed.
    pub(crate) blind: bool,
}

impl Gathered {
    /// Takes a row as it lies in the archive.
    pub(crate) fn take(&mut self, spot: Spot, row: &EvidenceRow<'_>) {
        let Some(item) = row.change.keys.and_then(value::digest) else {
            self.blind = true;
            return;
        };
        let whole = row.decision.verdict == "keep"
            && row.decision.redactions.is_none()
            && row.change.stream_view_type == Some("NEW_AND_OLD_IMAGES");
        let image = |text: Option<&str>| match text {
            _ if !whole => Image::Unknown,
            None => Image::Absent,
            Some(text) => value::digest(text).map_or(Image::Unknown, Image::Value),
        };
        let (old, new) = (image(row.change.old_image), image(row.change.new_image));
        self.changes.push(Change { item, spot, old, new });
    }
}

impl Images {
    pub(crate) fn new(spill: Spill) -> Self {
        Self { sorter: Mutex::new(Sorter::new(spill)) }
    }

    /// Takes the changes of one object. A file that cannot be written is remembered and reported at the end.
    pub(crate) fn take(&self, changes: Vec<Change>) {
        self.sorter.lock().unwrap_or_else(PoisonError::into_inner).take(changes);
    }

    /// The first breaks in the log's order, and how many there are.
    ///
    /// # Errors
    /// The temporary file could not be written or read.
    pub(crate) fn judge(self, mut interruptions: Interruptions) -> Result<(Vec<Break>, u64), Truncated> {
        interruptions.settle();
        let (mut kept, mut count) = (BinaryHeap::new(), 0_u64);
        let mut before: Option<Change> = None;
        let sorter = self.sorter.into_inner().unwrap_or_else(PoisonError::into_inner);
        sorter.merged(|change| {
            if let Some(earlier) = before.replace(change).filter(|earlier| earlier.item == change.item)
                && earlier.new.contradicts(change.old)
                && interruptions.joins(earlier.spot.commit, change.spot.commit)
            {
                count += 1;
                kept.push(Break { later: change.spot, earlier: earlier.spot });
                if kept.len() > BREAKS_MAX {
                    kept.pop();
                }
            }
        })?;
        Ok((kept.into_sorted_vec(), count))
    }
}

#[cfg(test)]
mod tests;
