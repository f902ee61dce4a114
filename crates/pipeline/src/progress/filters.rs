//! Counts of filters, for people who watch.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sealog_chain::Decisions;
use sealog_filter::{Mode, Notice, Panel};

use crate::Opinions;

/// What the filters of a table have said since the process was started.
#[derive(Debug, Default)]
pub struct FilterProgress(Mutex<Vec<FilterTotals>>);

/// What one filter has said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterTotals {
    /// Its name.
    pub name: String,
    /// Whether its word counts.
    pub enforces: bool,
    /// Whether it was set aside: everything is kept, and it is not asked.
    pub bypassed: bool,
    /// What it said of the rows it saw, whether or not that had an effect.
    pub decisions: Decisions,
    /// Alerts it raised.
    pub alerts: u64,
}

impl FilterProgress {
    /// Counts of this moment, in the order in which the filters are asked.
    #[must_use]
    pub fn totals(&self) -> Vec<FilterTotals> {
        self.state().clone()
    }

    /// A panel begins to judge; what filters of these names said before in this process stays counted.
    pub(crate) fn begin(&self, panel: &Panel) {
        let mut state = self.state();
        let begins = panel.filters().map(|(filter, _)| {
            let before = state.iter().find(|known| known.name == filter.name());
            FilterTotals {
                name: filter.name().to_owned(),
                enforces: filter.mode() == Mode::Enforce,
                bypassed: false,
                decisions: before.map(|known| known.decisions).unwrap_or_default(),
                alerts: before.map_or(0, |known| known.alerts),
            }
        });
        *state = begins.collect();
    }

    pub(crate) fn count(&self, opinions: &Opinions) {
        for (place, totals) in self.state().iter_mut().enumerate() {
            totals.decisions.add(&opinions.counts(place));
        }
    }

    pub(crate) fn note(&self, notice: &Notice) {
        let (named, is_alert) = match notice {
            Notice::Alert { filter, .. } => (filter, true),
            Notice::Bypassed { filter, .. } => (filter, false),
            Notice::Fault { .. } | Notice::Log { .. } => return,
        };
        let mut state = self.state();
        let Some(totals) = state.iter_mut().find(|totals| totals.name == *named) else { return };
        totals.alerts += u64::from(is_alert);
        totals.bypassed |= !is_alert;
    }

    /// Counts are good whatever a thread that died was doing.
    fn state(&self) -> MutexGuard<'_, Vec<FilterTotals>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
