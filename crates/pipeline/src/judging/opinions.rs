//! What each filter said of each row of a batch: a batch that loses rows has its filters' counts made anew from it.

use sealog_chain::Decisions;
use sealog_filter::Opinion;

/// What each filter said of each row, row by row. Empty where no filter judges.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opinions {
    filters: usize,
    said: Vec<Opinion>,
}

impl Opinions {
    /// Adds the next row: what each filter said of it, in order. All rows of a batch have the same filters.
    pub(crate) fn push(&mut self, row: &[Opinion]) {
        self.filters = row.len();
        self.said.extend_from_slice(row);
    }

    /// What the filters said of a row, by its place.
    pub(crate) fn of(&self, row: usize) -> &[Opinion] {
        let from = row.saturating_mul(self.filters);
        self.said.get(from..from.saturating_add(self.filters)).unwrap_or_default()
    }

    /// What the filter in this place said of all rows.
    #[must_use]
    pub fn counts(&self, filter: usize) -> Decisions {
        let mut counts = Decisions::default();
        for opinion in self.said.iter().skip(filter).step_by(self.filters.max(1)) {
            match opinion {
                Opinion::Unasked => {}
                Opinion::Keep => counts.keep += 1,
                Opinion::Drop => counts.drop += 1,
                Opinion::Redact => counts.redact += 1,
                Opinion::Fault => counts.fault += 1,
            }
        }
        counts
    }
}
