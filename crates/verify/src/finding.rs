//! One thing that was found, where, and all of them in the report's order.

use std::collections::BTreeMap;

use serde::Serialize;

pub use crate::codes::{Code, Level, Verdict};

/// One thing that was found, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub code: Code,
    /// How bad.
    pub level: Level,
    /// Which verdict it speaks to.
    pub verdict: Verdict,
    /// Commit number, or a checkpoint's size for the codes that name one.
    pub commit: Option<u64>,
    /// Object, by its name within the log.
    pub object: Option<String>,
    /// Shard.
    pub shard: Option<String>,
    /// Row within the object, from 0.
    pub row: Option<u64>,
    /// Keys of the item, as the row has them; only of `image-break`.
    pub key: Option<String>,
    /// The other row, where a finding is about two.
    pub earlier: Option<RowPlace>,
    /// For people: what was found here.
    pub message: String,
    /// What a sound archive shows instead.
    pub expected: &'static str,
    /// What it means for an auditor, in plain words.
    pub meaning: &'static str,
}

/// A row, by where it lies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowPlace {
    /// Commit number.
    pub commit: u64,
    /// Object, by its name within the log.
    pub object: String,
    /// Row within the object, from 0.
    pub row: u64,
}

/// Where something was found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) commit: Option<u64>,
    pub(crate) object: Option<String>,
    pub(crate) shard: Option<String>,
    pub(crate) row: Option<u64>,
    pub(crate) key: Option<String>,
    pub(crate) earlier: Option<RowPlace>,
}

impl Place {
    pub(crate) fn commit(number: u64) -> Self {
        Self { commit: Some(number), ..Self::default() }
    }

    pub(crate) fn object(key: &str) -> Self {
        Self { object: Some(key.to_owned()), ..Self::default() }
    }

    pub(crate) fn shard(self, shard: &str) -> Self {
        Self { shard: Some(shard.to_owned()), ..self }
    }

    pub(crate) fn within(self, object: &str) -> Self {
        Self { object: Some(object.to_owned()), ..self }
    }

    pub(crate) fn row(self, row: u64) -> Self {
        Self { row: Some(row), ..self }
    }
}

/// FORMAT.md, section 8, "image-break".
const IN_DOUBT: [Code; 12] = [
    Code::SegmentHole,
    Code::SegmentReplayed,
    Code::ParentOrder,
    Code::FactContradiction,
    Code::ObjectMissing,
    Code::ObjectChanged,
    Code::ObjectUnreadable,
    Code::RowChanged,
    Code::RowForeign,
    Code::RowOrder,
    Code::SegmentMismatch,
    Code::CountsMismatch,
];

type Order = (Option<u64>, &'static str, Option<u64>, Option<String>, Option<String>);

/// Findings in the report's order: by commit (none first), code, row. Of several at one place the first is kept.
#[derive(Debug, Default)]
pub(crate) struct Findings(BTreeMap<Order, Finding>);

impl Findings {
    pub(crate) fn add(&mut self, code: Code, place: Place, message: impl Into<String>) {
        let Place { commit, object, shard, row, key, earlier } = place;
        let order = (commit, code.as_str(), row, object.clone(), shard.clone());
        self.0.entry(order).or_insert_with(|| Finding {
            code,
            level: code.level(),
            verdict: code.verdict(),
            commit,
            object,
            shard,
            row,
            key,
            earlier,
            message: message.into(),
            expected: code.expected(),
            meaning: code.meaning(),
        });
    }

    pub(crate) fn append(&mut self, other: Self) {
        for (order, finding) in other.0 {
            self.0.entry(order).or_insert(finding);
        }
    }

    /// Commits of which something is found that makes the order or the content of their rows doubtful. Links, dates and
    /// signatures do not.
    pub(crate) fn commits_in_doubt(&self) -> impl Iterator<Item = u64> + '_ {
        let doubtful = self.0.values().filter(|finding| IN_DOUBT.contains(&finding.code));
        doubtful.filter_map(|finding| finding.commit)
    }

    pub(crate) fn into_ordered(self) -> Vec<Finding> {
        self.0.into_values().collect()
    }
}
