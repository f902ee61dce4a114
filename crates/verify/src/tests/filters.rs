//! Filters: facts, and what rows and counts say of each other.

use sealog_chain::{Decisions, Fact, FilterMode, FilterUse, Hash};

use super::writer::{Draft, Row, row, segment};
use super::{Case, TOUCHED, UNTOUCHED, check_cases};

fn filter() -> FilterUse {
    FilterUse {
        name: "f".to_owned(),
        component: Hash([3; 32]),
        config: Hash([4; 32]),
        world: String::new(),
        engine: String::new(),
        limits: String::new(),
        mode: FilterMode::Shadow,
        decisions: Decisions::default(),
    }
}

/// A filter in shadow mode that was asked about so many rows and would have kept them.
fn asked(rows: u64) -> FilterUse {
    FilterUse { decisions: Decisions { keep: rows, ..Decisions::default() }, ..filter() }
}

fn enforcing() -> FilterUse {
    FilterUse { mode: FilterMode::Enforce, ..filter() }
}

fn bypassed(component: Hash) -> Fact {
    Fact::FilterBypassed { name: filter().name, component, reason: String::new() }
}

fn decided(number: u64, verdict: &'static str, reason: Option<&'static str>) -> Row {
    Row { verdict, reason, filter: Some(filter().component.to_string()), ..row("D", number) }
}

/// Commit 6: a kept row, a tombstone, a redaction, a failure, and one that nobody could read; bent.
fn judged(draft: &mut Draft, bend: fn(&mut Vec<Row>, &mut Vec<FilterUse>)) {
    let mut rows = vec![
        row("D", 405),
        decided(406, "drop", Some("x")),
        decided(407, "redact", None),
        decided(408, "keep", Some("fault:trap")),
        Row { reason: Some("fault:unreadable"), ..row("D", 409) },
    ];
    let decisions = Decisions { keep: 1, drop: 1, redact: 1, fault: 1 };
    let mut uses = vec![FilterUse { decisions, ..enforcing() }];
    bend(&mut rows, &mut uses);
    let (last, count) = (404 + rows.len() as u64, rows.len() as u64);
    let mut batch = draft.batch(&[rows], vec![segment("D", None, Some(404), Some(last), count)]);
    let pins = uses.iter().map(|filter| Fact::FilterPinned { filter: filter.uncounted(), replaces: None });
    let pins = pins.collect();
    batch.filters = uses;
    draft.push(pins, Some(batch));
}

/// A second filter, which enforces, with these counts.
fn second(uses: &mut Vec<FilterUse>, [keep, drop, redact, fault]: [u64; 4]) {
    let decisions = Decisions { keep, drop, redact, fault };
    uses.push(FilterUse { name: "g".to_owned(), component: Hash([8; 32]), decisions, ..enforcing() });
}

pub(super) const CASES: &[Case] = &[
    Case { about: "rows as their filter counts them", draft: |draft| judged(draft, |_, _| ()), ..UNTOUCHED },
    Case {
        about: "two filters: the second has not seen what the first dropped",
        draft: |draft| judged(draft, |_, uses| second(uses, [2, 0, 1, 0])),
        ..UNTOUCHED
    },
    Case {
        about: "a row named after a filter that is only counted",
        draft: |draft| judged(draft, |_, uses| uses[0].mode = FilterMode::Shadow),
        findings: &[
            "counts-mismatch commit=6",
            "filter-foreign commit=6 object=e6.0 row=1",
            "filter-foreign commit=6 object=e6.0 row=2",
            "filter-foreign commit=6 object=e6.0 row=3",
        ],
        ..TOUCHED
    },
    Case {
        about: "a tombstone that names no filter, where one judged; and a row that names another",
        draft: |draft| {
            judged(draft, |rows, uses| {
                rows[1].filter = None;
                rows[0].filter = Some("x\u{1b}".to_owned());
                second(uses, [2, 0, 1, 0]);
            });
        },
        findings: &[
            "counts-mismatch commit=6",
            "filter-foreign commit=6 object=e6.0 row=0",
            "filter-foreign commit=6 object=e6.0 row=1",
        ],
        ..TOUCHED
    },
    Case {
        about: "a filter that counts the unreadable row",
        draft: |draft| judged(draft, |_, uses| uses[0].decisions.keep = 2),
        findings: &["counts-mismatch commit=6"],
        ..TOUCHED
    },
    Case {
        about: "counts that add up, of other decisions",
        draft: |draft| {
            judged(draft, |_, uses| (uses[0].decisions.keep, uses[0].decisions.redact) = (2, 0));
        },
        findings: &["counts-mismatch commit=6"],
        ..TOUCHED
    },
    Case {
        about: "a second filter that counts what the first had dropped",
        draft: |draft| judged(draft, |_, uses| second(uses, [3, 0, 1, 0])),
        findings: &["counts-mismatch commit=6"],
        ..TOUCHED
    },
    Case {
        about: "more failures of a second filter than rows show",
        draft: |draft| judged(draft, |_, uses| second(uses, [0, 0, 0, 3])),
        findings: &["counts-mismatch commit=6"],
        ..TOUCHED
    },
    Case {
        about: "fewer redactions than rows show",
        draft: |draft| {
            judged(draft, |_, uses| {
                (uses[0].decisions.keep, uses[0].decisions.redact) = (2, 0);
                second(uses, [3, 0, 0, 0]);
            });
        },
        findings: &["counts-mismatch commit=6"],
        ..TOUCHED
    },
    Case {
        about: "a drop of a second filter without a tombstone",
        draft: |draft| judged(draft, |_, uses| second(uses, [2, 1, 0, 0])),
        findings: &["counts-mismatch commit=6"],
        ..TOUCHED
    },
    Case {
        about: "counts of a filter that was set aside",
        draft: |draft| {
            judged(draft, |_, uses| {
                let decisions = Decisions { keep: 3, ..Decisions::default() };
                let mode = FilterMode::Bypassed;
                uses.push(FilterUse { name: "h".to_owned(), mode, decisions, ..filter() });
            });
        },
        findings: &["counts-mismatch commit=6"],
        ..TOUCHED
    },
    Case {
        about: "a filter that judges after it was set aside, and once more when it is pinned again",
        draft: |draft| {
            let pinned = || Fact::FilterPinned { filter: filter(), replaces: None };
            draft.commits[1].facts.extend([pinned(), bypassed(filter().component)]);
            draft.at(1).filters.push(asked(8));
            draft.commits[2].facts.push(pinned());
            draft.at(2).filters.push(asked(3));
        },
        findings: &["fact-contradiction commit=1"],
        ..TOUCHED
    },
    Case {
        about: "a filter set aside that was not pinned, or as another component",
        draft: |draft| {
            draft.commits[1].facts.push(bypassed(filter().component));
            draft.commits[2].facts.push(Fact::FilterPinned { filter: filter(), replaces: None });
            draft.commits[3].facts.push(bypassed(Hash([5; 32])));
            draft.at(3).filters.push(asked(2));
        },
        findings: &["fact-contradiction commit=1", "fact-contradiction commit=3"],
        ..TOUCHED
    },
    Case {
        about: "a filter in another mode than it was pinned in, and one that is listed twice",
        draft: |draft| {
            draft.commits[1].facts.push(Fact::FilterPinned { filter: filter(), replaces: None });
            draft.at(2).filters.push(FilterUse { mode: FilterMode::Enforce, ..asked(3) });
            draft.at(3).filters.extend([asked(2), asked(2)]);
        },
        findings: &["fact-contradiction commit=2", "fact-contradiction commit=3"],
        ..TOUCHED
    },
    Case {
        about: "a filter that was not pinned",
        draft: |draft| draft.at(3).filters.push(asked(2)),
        findings: &["fact-contradiction commit=3"],
        ..TOUCHED
    },
    Case {
        about: "a filter that was removed",
        draft: |draft| {
            let FilterUse { name, component, .. } = filter();
            let pinned = Fact::FilterPinned { filter: filter(), replaces: None };
            draft.commits[1].facts.push(pinned);
            draft.at(2).filters.push(asked(3));
            draft.commits[3].facts.push(Fact::FilterRemoved { name, component });
            draft.at(3).filters.push(asked(2));
        },
        findings: &["fact-contradiction commit=3"],
        ..TOUCHED
    },
    Case {
        about: "a filter with another configuration than it was pinned with",
        draft: |draft| {
            draft.commits[1].facts.push(Fact::FilterPinned { filter: filter(), replaces: None });
            draft.at(2).filters.push(asked(3));
            draft.at(3).filters.push(FilterUse { config: Hash([5; 32]), ..asked(2) });
        },
        findings: &["fact-contradiction commit=3"],
        ..TOUCHED
    },
    Case {
        about: "a filter removed that was not pinned",
        draft: |draft| {
            let FilterUse { name, component, .. } = filter();
            draft.commits[3].facts.push(Fact::FilterRemoved { name, component });
        },
        findings: &["fact-contradiction commit=3"],
        ..TOUCHED
    },
    Case {
        about: "a filter pinned with counts",
        draft: |draft| {
            let decisions = Decisions { keep: 1, ..Decisions::default() };
            let filter = FilterUse { decisions, ..filter() };
            draft.commits[3].facts.push(Fact::FilterPinned { filter, replaces: None });
        },
        findings: &["commit-malformed commit=3", "unsigned-tail commit=3"],
        ..TOUCHED
    },
];

#[test]
fn filters_leave_what_they_may() {
    check_cases(CASES);
}
