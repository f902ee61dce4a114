//! A row on its way from one file to another: owned, ordered as sorted files are, and with a form for temporary files.

use std::cmp::Ordering;
use std::io::{self, Read, Write};

use sealog_record::{SequenceNumber, decode_leaf, encode_leaf};

use crate::columns::Columns;
use crate::row::{LakeRow, key_texts};

/// Most bytes of one row in a temporary file; what claims more is damaged.
const BYTES_MAX: u32 = 1 << 30;

/// One row. Ordered by (pk, sk, sequence number, commit, row).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pk: Option<String>,
    sk: Option<String>,
    sequence: Option<SequenceNumber>,
    commit_number: i64,
    row_index: i64,
    committed_at: i64,
    leaf_hash: Vec<u8>,
    /// The evidence columns in the encoding of their leaf.
    evidence: Vec<u8>,
}

impl Entry {
    pub(crate) fn of(row: &LakeRow<'_>, columns: &Columns) -> Self {
        let (pk, sk) = key_texts(row.evidence.change.keys, columns);
        let mut evidence = Vec::new();
        encode_leaf(&row.evidence, &mut evidence);
        Self {
            pk,
            sk,
            sequence: row.evidence.change.sequence_number.parse().ok(),
            commit_number: row.commit_number,
            row_index: row.row_index,
            committed_at: row.committed_at,
            leaf_hash: row.leaf_hash.to_vec(),
            evidence,
        }
    }

    /// The row again; `None` for bytes that no row has.
    pub(crate) fn row(&self) -> Option<LakeRow<'_>> {
        Some(LakeRow {
            evidence: decode_leaf(&self.evidence)?,
            leaf_hash: &self.leaf_hash,
            commit_number: self.commit_number,
            row_index: self.row_index,
            committed_at: self.committed_at,
        })
    }

    /// About what it takes in memory.
    pub(crate) fn bytes(&self) -> usize {
        let text = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        size_of::<Self>() + text(&self.pk) + text(&self.sk) + self.leaf_hash.len() + self.evidence.len()
    }

    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        for number in [self.commit_number, self.row_index, self.committed_at] {
            out.write_all(&number.to_le_bytes())?;
        }
        let sequence = self.sequence.as_ref().map(SequenceNumber::as_str);
        let texts = [self.pk.as_deref(), self.sk.as_deref(), sequence].map(|text| text.map(str::as_bytes));
        let [pk, sk, sequence] = texts;
        for cell in [pk, sk, sequence, Some(self.leaf_hash.as_slice()), Some(self.evidence.as_slice())] {
            let Some(cell) = cell else {
                out.write_all(&u32::MAX.to_le_bytes())?;
                continue;
            };
            let length = u32::try_from(cell.len()).map_err(io::Error::other)?;
            out.write_all(&length.to_le_bytes())?;
            out.write_all(cell)?;
        }
        Ok(())
    }

    /// The next row of a temporary file; `None` at its end.
    pub(crate) fn read(from: &mut impl Read) -> io::Result<Option<Self>> {
        let mut first = [0; 8];
        match from.read_exact(&mut first) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let commit_number = i64::from_le_bytes(first);
        let (row_index, committed_at) = (integer(from)?, integer(from)?);
        let text = |cell: Option<Vec<u8>>| cell.map(String::from_utf8).transpose().map_err(io::Error::other);
        let (pk, sk, sequence) = (text(cell(from)?)?, text(cell(from)?)?, text(cell(from)?)?);
        Ok(Some(Self {
            pk,
            sk,
            sequence: sequence.and_then(|sequence| sequence.parse().ok()),
            commit_number,
            row_index,
            committed_at,
            leaf_hash: cell(from)?.unwrap_or_default(),
            evidence: cell(from)?.unwrap_or_default(),
        }))
    }
}

fn integer(from: &mut impl Read) -> io::Result<i64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(i64::from_le_bytes(bytes))
}

fn cell(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length);
    if length == u32::MAX {
        return Ok(None);
    }
    if length > BYTES_MAX {
        return Err(io::Error::other("a row is longer than any row"));
    }
    let mut bytes = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    from.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |entry: &Self| (entry.commit_number, entry.row_index);
        (&self.pk, &self.sk, self.sequence)
            .cmp(&(&other.pk, &other.sk, other.sequence))
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
