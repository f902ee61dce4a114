//! What a commit says of its filters, held against its rows (FORMAT.md, section 8, "Filters").

use sealog_chain::{Decisions, FilterMode, FilterUse};
use sealog_record::EvidenceRow;

/// The reason of a row that no filter was asked about.
const UNREADABLE: &str = "fault:unreadable";

/// What the rows so far say of filters.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    /// Components of the filters whose word counts, each once.
    judges: Vec<Judge>,
    /// Whether any filter is listed at all.
    judged: bool,
    unreadable: u64,
    /// Rows with something redacted, faults too.
    redacted: u64,
}

#[derive(Debug, Clone)]
struct Judge {
    component: String,
    dropped: u64,
    failed: u64,
}

impl Tally {
    pub(crate) fn new(filters: &[FilterUse]) -> Self {
        let mut judges: Vec<Judge> = Vec::new();
        for filter in filters.iter().filter(|filter| filter.mode == FilterMode::Enforce) {
            let component = filter.component.to_string();
            if judges.iter().all(|judge| judge.component != component) {
                judges.push(Judge { component, dropped: 0, failed: 0 });
            }
        }
        Self { judges, judged: !filters.is_empty(), unreadable: 0, redacted: 0 }
    }

    /// Counts a row; an error, if nobody whom the commit names can have decided so.
    pub(crate) fn count(&mut self, row: &EvidenceRow<'_>) -> Result<(), String> {
        let decision = &row.decision;
        let is_unreadable = decision.reason == Some(UNREADABLE);
        let has_failed = !is_unreadable && decision.reason.is_some_and(|reason| reason.starts_with("fault:"));
        self.unreadable += u64::from(is_unreadable);
        self.redacted += u64::from(decision.verdict == "redact");
        let Some(named) = decision.filter else {
            let is_decided = has_failed || matches!(decision.verdict, "drop" | "redact");
            return if self.judged && is_decided {
                Err("does not say which filter decided so".to_owned())
            } else {
                Ok(())
            };
        };
        match self.judges.iter_mut().find(|judge| judge.component == named) {
            Some(judge) => {
                judge.dropped += u64::from(decision.verdict == "drop");
                judge.failed += u64::from(has_failed);
                Ok(())
            }
            None => Err(format!("was decided by filter {}, whose word did not count here", shown(named))),
        }
    }

    /// What of a commit's counts cannot be, given all its rows; `None`: nothing.
    pub(crate) fn contradiction(&self, filters: &[FilterUse], rows: &Decisions) -> Option<String> {
        if filters.is_empty() {
            return None;
        }
        self.seen(filters, rows).or_else(|| self.decided(filters, rows))
    }

    /// Each filter answers once for each row that is readable and that no filter before it dropped.
    fn seen(&self, filters: &[FilterUse], rows: &Decisions) -> Option<String> {
        let mut asked = rows.sum().unwrap_or(u64::MAX).saturating_sub(self.unreadable);
        for FilterUse { name, mode, decisions, .. } in filters {
            let answered = decisions.sum();
            let expected = if *mode == FilterMode::Bypassed { 0 } else { asked };
            if answered != Some(expected) {
                return Some(format!(
                    "filter {name:?} ({mode:?}) was asked about {expected} rows, and its counts are {decisions:?}"
                ));
            }
            if *mode == FilterMode::Enforce {
                asked = asked.saturating_sub(decisions.drop);
            }
        }
        None
    }

    fn decided(&self, filters: &[FilterUse], rows: &Decisions) -> Option<String> {
        let enforcing: Vec<&FilterUse> =
            filters.iter().filter(|filter| filter.mode == FilterMode::Enforce).collect();
        let total = |of: fn(&Decisions) -> u64, among: &dyn Fn(&FilterUse) -> bool| {
            let counts = enforcing.iter().filter(|filter| among(filter)).map(|filter| of(&filter.decisions));
            counts.fold(0, u64::saturating_add)
        };
        for Judge { component, dropped, failed } in &self.judges {
            let of_it = |filter: &FilterUse| filter.component.to_string() == *component;
            let (drops, faults) = (total(|d| d.drop, &of_it), total(|d| d.fault, &of_it));
            if drops != *dropped || faults < *failed {
                return Some(format!(
                    "{dropped} tombstones and {failed} failures name filter {component}, and the commit counts {drops} and {faults}"
                ));
            }
        }
        let failed = rows.fault.saturating_sub(self.unreadable);
        if total(|d| d.redact, &|_| true) < self.redacted {
            return Some(format!("{} rows are redacted, and the filters count fewer", self.redacted));
        }
        // A failure is in the row, unless another filter dropped it.
        let others = if enforcing.len() > 1 { rows.drop } else { 0 };
        let beyond = |filter: &&&FilterUse| filter.decisions.fault > failed.saturating_add(others);
        enforcing.iter().find(beyond).map(|filter| {
            format!(
                "filter {:?} counts {:?}, more failures than the rows show",
                filter.name, filter.decisions
            )
        })
    }
}

/// A foreign text may be anything.
fn shown(text: &str) -> String {
    text.chars().take(64).flat_map(char::escape_default).collect()
}
