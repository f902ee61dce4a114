//! Who judges: for each table the filters that one process after the other is told, sound ones and others.
//!
//! None of them is slow by the clock: what a clock decides no seed can repeat.

use sealog_filter::{Mode, OnFault};
use sealog_pipeline::FilterConfig;

use crate::Rng;
use crate::guests::{Acts, BRITTLE, HOSTILE, OTHER, SILENT, SOUND, filter};

const GUESTS: [Acts; 7] = [SOUND, SOUND, BRITTLE, BRITTLE, HOSTILE, OTHER, SILENT];

/// What a table's processes may be told; the last one is told to the last process.
pub(super) fn draw(rng: &mut Rng) -> Vec<Vec<FilterConfig>> {
    if rng.percent(45) {
        return vec![Vec::new()];
    }
    let first = panel(rng);
    match rng.below(4) {
        // They change once, or come, or go.
        0 => vec![first, panel(rng)],
        1 => vec![Vec::new(), first],
        2 => vec![first, Vec::new()],
        _ => vec![first],
    }
}

fn panel(rng: &mut Rng) -> Vec<FilterConfig> {
    let names = ["first", "second", "third"];
    let count = usize::try_from(1 + rng.below(3)).unwrap();
    let halts = rng.percent(10);
    let drawn = |name: &&str| {
        let mode = if rng.percent(75) { Mode::Enforce } else { Mode::Shadow };
        let on_fault = if halts && rng.percent(50) { OnFault::Halt } else { OnFault::Keep };
        FilterConfig { on_fault, ..filter(name, rng.pick(&GUESTS), mode) }
    };
    names.iter().take(count).map(drawn).collect()
}
