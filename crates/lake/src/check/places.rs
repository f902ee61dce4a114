//! An external sort of rows by their place: forty bytes each, runs in one unlinked file.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs::File;
use std::io::{self, BufReader, Read, Write as _};
use std::os::unix::fs::FileExt as _;

use crate::compact::Spill;
use crate::error::LakeError;

const BYTES: usize = 40;
const READ_BYTES: usize = 1 << 15;

/// A row of the view: where it was committed, the day it stands under, and the beginning of its leaf, computed from the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) commit: i64,
    pub(super) row: i64,
    pub(super) day: i64,
    pub(super) leaf: [u8; 16],
}

impl Place {
    fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        let parts =
            [&self.commit.to_le_bytes()[..], &self.row.to_le_bytes(), &self.day.to_le_bytes(), &self.leaf];
        for (to, from) in bytes.iter_mut().zip(parts.concat()) {
            *to = from;
        }
        bytes
    }

    fn read(from: &mut impl Read) -> io::Result<Self> {
        let (mut numbers, mut leaf) = ([[0; 8]; 3], [0; 16]);
        for number in &mut numbers {
            from.read_exact(number)?;
        }
        from.read_exact(&mut leaf)?;
        let [commit, row, day] = numbers.map(i64::from_le_bytes);
        Ok(Self { commit, row, day, leaf })
    }
}

/// Gathers places in any order.
pub(super) struct Places {
    spill: Spill,
    held: Vec<Place>,
    file: Option<File>,
    runs: Vec<u64>,
}

impl Places {
    pub(super) fn new(spill: Spill) -> Self {
        Self { spill, held: Vec::new(), file: None, runs: Vec::new() }
    }

    pub(super) fn push(&mut self, place: Place) -> Result<(), LakeError> {
        self.held.push(place);
        if self.held.len() * BYTES >= self.spill.memory {
            self.write_out()?;
        }
        Ok(())
    }

    fn write_out(&mut self) -> Result<(), LakeError> {
        self.held.sort_unstable();
        let bytes: Vec<u8> = self.held.iter().flat_map(|place| place.to_bytes()).collect();
        let file = match &mut self.file {
            Some(file) => file,
            empty => empty.insert(self.spill.file()?),
        };
        file.write_all(&bytes).map_err(|error| self.spill.failed(error))?;
        self.runs.push(self.held.len() as u64);
        self.held.clear();
        Ok(())
    }

    /// All of them in order.
    pub(super) fn sorted(mut self) -> Result<Sorted, LakeError> {
        if self.file.is_some() {
            self.write_out()?;
        }
        self.held.sort_unstable();
        let mut sorted = Sorted { sources: Vec::new(), next: BinaryHeap::new() };
        let failed = |error| self.spill.failed(error);
        let mut offset = 0;
        for count in &self.runs {
            let Some(file) = &self.file else { break };
            let part = Part { file: file.try_clone().map_err(failed)?, at: offset };
            sorted.sources.push(Source::Run(BufReader::with_capacity(READ_BYTES, part), *count));
            offset += count * BYTES as u64;
        }
        sorted.sources.push(Source::Held(self.held.into_iter()));
        for place in 0..sorted.sources.len() {
            sorted.draw(place).map_err(failed)?;
        }
        Ok(sorted)
    }
}

/// A reading head of its own in a file that others read, too.
struct Part {
    file: File,
    at: u64,
}

impl Read for Part {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(to, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

enum Source {
    Run(BufReader<Part>, u64),
    Held(std::vec::IntoIter<Place>),
}

/// Places in order.
pub(super) struct Sorted {
    sources: Vec<Source>,
    next: BinaryHeap<Reverse<(Place, usize)>>,
}

impl Sorted {
    fn draw(&mut self, source: usize) -> io::Result<()> {
        let place = match self.sources.get_mut(source) {
            Some(Source::Run(from, left)) if *left > 0 => {
                *left -= 1;
                Some(Place::read(from)?)
            }
            Some(Source::Held(places)) => places.next(),
            Some(Source::Run(..)) | None => None,
        };
        if let Some(place) = place {
            self.next.push(Reverse((place, source)));
        }
        Ok(())
    }

    /// The next one, without taking it.
    pub(super) fn peek(&self) -> Option<Place> {
        self.next.peek().map(|Reverse((place, _))| *place)
    }

    pub(super) fn take(&mut self) -> io::Result<Option<Place>> {
        let Some(Reverse((place, source))) = self.next.pop() else { return Ok(None) };
        self.draw(source)?;
        Ok(Some(place))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn places_come_out_in_order_whatever_fits_into_memory(
            places in proptest::collection::vec((0_i64..50, 0_i64..50, any::<[u8; 16]>()), 0..300), memory in 1_usize..20_000,
        ) {
            let mut expected: Vec<Place> =
                places.iter().map(|(commit, row, leaf)| Place { commit: *commit, row: *row, day: commit + row, leaf: *leaf }).collect();
            let mut gathered = Places::new(Spill { folder: std::env::temp_dir(), memory });
            for place in expected.clone() {
                gathered.push(place).unwrap();
            }
            expected.sort_unstable();
            let mut sorted = gathered.sorted().unwrap();
            for place in expected {
                prop_assert_eq!(sorted.peek(), Some(place));
                prop_assert_eq!(sorted.take().unwrap(), Some(place));
            }
            prop_assert_eq!(sorted.take().unwrap(), None);
        }
    }
}
