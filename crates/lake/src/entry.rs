//! A row on its way from one file to another: owned, ordered as sorted files are, and with a form for temporary files.

use std::cmp::Ordering;
use std::io::{self, BufRead, Read, Write};

use sealog_record::{SequenceNumber, decode_leaf, encode_leaf};

use crate::columns::Columns;
use crate::row::{LakeRow, key_texts};

/// Most bytes of one row in a temporary file; what claims more is damaged.
const BYTES_MAX: usize = 1 << 30;
/// What an allocation costs beside its bytes, about.
const ALLOCATION_BYTES: usize = 16;
/// Length of a cell that is not there.
const NONE: u32 = u32::MAX;

/// One row. Ordered by (pk, sk, sequence number, commit, row). Hundreds of thousands are held at once: one allocation each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    sequence: Option<SequenceNumber>,
    commit_number: i64,
    row_index: i64,
    committed_at: i64,
    /// Lengths of pk and sk, if they are there, and of the leaf hash.
    lengths: [u32; 3],
    /// These three, then the evidence columns in the encoding of their leaf.
    cells: Box<[u8]>,
}

struct Cells<'a> {
    pk: Option<&'a [u8]>,
    sk: Option<&'a [u8]>,
    leaf_hash: &'a [u8],
    evidence: &'a [u8],
}

impl Entry {
    pub(crate) fn of(row: &LakeRow<'_>, columns: &Columns) -> Self {
        let change = &row.evidence.change;
        let (pk, sk) = key_texts(change.keys, columns);
        let long = [change.keys, change.old_image, change.new_image, change.extra];
        let mut cells = Vec::with_capacity(long.into_iter().flatten().map(str::len).sum::<usize>() + 1024);
        let keys = [pk.as_deref(), sk.as_deref()].map(|key| key.map(str::as_bytes));
        let lengths = [keys[0], keys[1], Some(row.leaf_hash)].map(|cell| {
            let Some(cell) = cell else { return NONE };
            cells.extend_from_slice(cell);
            // A longer cell would not fit into a page; its row would be refused as changed.
            u32::try_from(cell.len()).unwrap_or(NONE)
        });
        encode_leaf(&row.evidence, &mut cells);
        Self {
            sequence: change.sequence_number.parse().ok(),
            commit_number: row.commit_number,
            row_index: row.row_index,
            committed_at: row.committed_at,
            lengths,
            cells: cells.into_boxed_slice(),
        }
    }

    /// Short where the lengths are none of these cells.
    fn cells(&self) -> Cells<'_> {
        let mut rest: &[u8] = &self.cells;
        let [pk, sk, leaf_hash] = self.lengths.map(|length| {
            let length = usize::try_from(length).ok().filter(|_| length != NONE)?;
            let (cell, behind) = rest.split_at_checked(length)?;
            rest = behind;
            Some(cell)
        });
        Cells { pk, sk, leaf_hash: leaf_hash.unwrap_or_default(), evidence: rest }
    }

    /// The row again; `None` for bytes that no row has.
    pub(crate) fn row(&self) -> Option<LakeRow<'_>> {
        let Cells { leaf_hash, evidence, .. } = self.cells();
        Some(LakeRow {
            evidence: decode_leaf(evidence)?,
            leaf_hash,
            commit_number: self.commit_number,
            row_index: self.row_index,
            committed_at: self.committed_at,
        })
    }

    /// About what it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Self>() + ALLOCATION_BYTES + self.cells.len()
    }

    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let sequence = self.sequence.as_ref().map(SequenceNumber::as_str).unwrap_or_default();
        let numbers = [self.commit_number, self.row_index, self.committed_at];
        let lengths = [sequence.len(), self.cells.len()].map(u32::try_from);
        numbers.iter().try_for_each(|number| out.write_all(&number.to_le_bytes()))?;
        self.lengths.iter().try_for_each(|length| out.write_all(&length.to_le_bytes()))?;
        for length in lengths {
            out.write_all(&length.map_err(io::Error::other)?.to_le_bytes())?;
        }
        out.write_all(sequence.as_bytes())?;
        out.write_all(&self.cells)
    }

    /// The next row of a temporary file; `None` at its end.
    pub(crate) fn read(from: &mut impl BufRead) -> io::Result<Option<Self>> {
        if from.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let mut number = || array(from).map(i64::from_le_bytes);
        let (commit_number, row_index, committed_at) = (number()?, number()?, number()?);
        let mut length = || array(from).map(u32::from_le_bytes);
        let lengths = [length()?, length()?, length()?];
        let (sequence, cells) = (length()?, length()?);
        let sequence = String::from_utf8(bytes(from, sequence)?).map_err(io::Error::other)?;
        let cells = bytes(from, cells)?.into_boxed_slice();
        let sequence = sequence.parse().ok();
        Ok(Some(Self { sequence, commit_number, row_index, committed_at, lengths, cells }))
    }
}

fn array<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn bytes(from: &mut impl Read, length: u32) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length).ok().filter(|length| *length <= BYTES_MAX);
    let mut bytes = vec![0; length.ok_or_else(|| io::Error::other("a row is longer than any row"))?];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        let (mine, theirs) = (self.cells(), other.cells());
        let place = |entry: &Self| (entry.commit_number, entry.row_index);
        (mine.pk, mine.sk, self.sequence)
            .cmp(&(theirs.pk, theirs.sk, other.sequence))
            .then_with(|| place(self).cmp(&place(other)))
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use sealog_record::{ChangeRecord, Decision, EvidenceRow};

    fn entry(keys: &str, sequence: &str, commit_number: i64) -> Entry {
        let change = ChangeRecord { sequence_number: sequence, keys: Some(keys), ..ChangeRecord::default() };
        let evidence = EvidenceRow { stream_label: "l", shard_id: "s", change, decision: Decision::KEEP };
        let row = LakeRow { evidence, leaf_hash: &[7; 32], commit_number, row_index: 3, committed_at: 5 };
        let entry = Entry::of(&row, &Columns::default());
        assert_eq!(entry.row(), Some(row));
        entry
    }

    #[test]
    fn the_order_is_by_item_then_by_number_then_by_place() {
        let a = |sequence, commit| entry(r#"{"k":{"S":"a"},"s":{"S":"x"}}"#, sequence, commit);
        let b = entry(r#"{"k":{"S":"b"},"s":{"S":"x"}}"#, "1", 0);
        let sorted = [a("9", 7), a("10", 1), a("10", 2), b];
        let mut again = sorted.to_vec();
        again.reverse();
        again.sort();
        assert_eq!(again, sorted);
    }

    proptest! {
        #[test]
        fn a_row_survives_a_temporary_file(texts in proptest::collection::vec(any::<String>(), 1..5), sequence in "[0-9]{1,40}") {
            let entries: Vec<Entry> = texts.iter().map(|text| {
                entry(&serde_json::json!({"k": {"S": text}}).to_string(), &sequence, -1)
            }).collect();
            let mut bytes = Vec::new();
            entries.iter().for_each(|entry| entry.write(&mut bytes).unwrap());
            let mut from = bytes.as_slice();
            for entry in &entries {
                let read = Entry::read(&mut from).unwrap();
                prop_assert_eq!(read.as_ref(), Some(entry));
            }
            prop_assert_eq!(Entry::read(&mut from).unwrap(), None);
            let mut one = Vec::new();
            entries[0].write(&mut one).unwrap();
            prop_assert!(Entry::read(&mut &one[..one.len() - 1]).is_err());
        }
    }
}
