//! How much was committed in each hour.

use std::collections::BTreeMap;

use sealog_chain::Commit;
use sealog_record::Timestamp;
use serde::Serialize;

const HOUR_MS: i64 = 3_600_000;

/// What was committed in one hour (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Hour {
    /// Its beginning.
    pub from: Timestamp,
    /// Commits dated in it.
    pub commits: u64,
    /// Rows of these commits.
    pub records: u64,
    /// Gaps that they declare.
    pub gaps: u64,
}

/// Hours with commits; those without are left out.
#[derive(Debug, Default)]
pub(crate) struct Coverage(BTreeMap<i64, Hour>);

impl Coverage {
    pub(crate) fn add(&mut self, commit: &Commit) {
        let begin = commit.committed_at.as_millis().div_euclid(HOUR_MS) * HOUR_MS;
        let from = Timestamp::from_millis(begin);
        let hour = self.0.entry(begin).or_insert(Hour { from, commits: 0, records: 0, gaps: 0 });
        let records = commit.batch.as_ref().map_or(0, |batch| batch.records);
        let gaps = commit.facts.iter().filter(|fact| matches!(fact, sealog_chain::Fact::Gap(_))).count();
        hour.commits += 1;
        hour.records = hour.records.saturating_add(records);
        hour.gaps += gaps as u64;
    }

    pub(crate) fn into_hours(self) -> Vec<Hour> {
        self.0.into_values().collect()
    }
}
