//! A new filter against an old one, or against what was decided then, over archived history. Writes nothing.

use std::collections::BTreeMap;

use sealog_filter::Filter;
use sealog_record::ChangeRecord;

use crate::{ArchivedRow, Change, Said, ask};

/// A record of which the new filter says something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Number of its commit.
    pub commit: u64,
    /// Its place in the commit's rows, from 0.
    pub row: u64,
    /// Its sequence number.
    pub sequence: String,
    /// Its keys, DynamoDB JSON.
    pub keys: Option<String>,
    /// What was said before.
    pub old: Said,
    /// What is said now.
    pub new: Said,
}

/// What came of a replay so far.
#[derive(Debug, Default)]
pub struct Replay {
    /// Records by outcome before and now, `keep`, `drop`, `redact` or `fault`.
    pub matrix: BTreeMap<(String, String), u64>,
    /// Records of which something else is said, also where the outcome is the same.
    pub changed: u64,
    /// The first of them.
    pub examples: Vec<Changed>,
    /// Records that were judged.
    pub judged: u64,
    /// Records of which a tombstone is left: no images, so nothing can be said of them.
    pub tombstones: u64,
    /// Records that were unreadable then, and never are judged.
    pub unreadable: u64,
    /// Judged records of which redacted values are missing: filters saw NULL in their place.
    pub redacted: u64,
    examples_max: usize,
}

impl Replay {
    /// Nothing replayed; at most so many changed records will be kept.
    #[must_use]
    pub fn new(examples_max: usize) -> Self {
        Self { examples_max, ..Self::default() }
    }

    /// Asks about rows, in order. Without an old filter, the new one is compared with what the archive recorded.
    pub fn judge(&mut self, rows: &[ArchivedRow], new: &Filter, old: Option<&Filter>) {
        let judged: Vec<&ArchivedRow> = rows.iter().filter(|row| self.can_be_judged(row)).collect();
        let records: Vec<ChangeRecord<'_>> =
            judged.iter().map(|row| Change::as_record(&row.change)).collect();
        let now = ask(new, &records).said;
        let before = match old {
            Some(old) => ask(old, &records).said,
            None => judged.iter().map(|row| row.recorded.clone()).collect(),
        };
        for ((row, old), new) in judged.into_iter().zip(before).zip(now) {
            self.count(row, old, new);
        }
    }

    fn can_be_judged(&mut self, row: &ArchivedRow) -> bool {
        if row.is_tombstone {
            self.tombstones += 1;
        } else if row.is_unreadable {
            self.unreadable += 1;
        } else {
            self.judged += 1;
            self.redacted += u64::from(!row.recorded.redact.is_empty());
            return true;
        }
        false
    }

    fn count(&mut self, row: &ArchivedRow, old: Said, new: Said) {
        *self.matrix.entry((old.outcome().to_owned(), new.outcome().to_owned())).or_default() += 1;
        if old == new {
            return;
        }
        self.changed += 1;
        if self.examples.len() < self.examples_max {
            let (sequence, keys) = (row.change.sequence.clone(), row.change.keys.clone());
            self.examples.push(Changed { commit: row.commit, row: row.row, sequence, keys, old, new });
        }
    }
}
