//! No finding without an archive that brings it about.

use std::collections::BTreeSet;

use super::{Case, commits, evidence, filters, history, images, lake, tiles, trust};
use crate::{Code, Outcome};

#[test]
fn every_code_of_the_table_has_a_case() {
    let all: [&[Case]; 11] = [
        commits::COMMITS_THAT_ARE_NOT_WHAT_THEY_WERE,
        commits::WHAT_A_SIGNER_MUST_NOT_STATE,
        commits::SEGMENTS_THAT_DO_NOT_JOIN,
        commits::GAPS_ARE_SHOWN_AND_MUST_FIT,
        evidence::CASES,
        filters::CASES,
        trust::CASES,
        history::CASES,
        images::CASES,
        tiles::CASES,
        lake::CASES,
    ];
    let found = all.into_iter().flatten().flat_map(|case| case.findings);
    let found: BTreeSet<&str> = found.filter_map(|finding| finding.split(' ').next()).collect();
    let expected: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(found, expected);
}

/// Code and level of each line of FORMAT.md's table.
#[test]
fn codes_and_levels_are_those_of_the_specification() {
    let text = include_str!("../../../chain/FORMAT.md");
    let lines = text.lines().filter_map(|line| line.strip_prefix("| `")).filter_map(|line| {
        let (code, rest) = line.split_once("` | ")?;
        let level = rest.split(" | ").next()?;
        let verdict = rest.trim_end_matches(" |").rsplit(" | ").next()?;
        ["tampered", "unverifiable", "stale", "unattested", "gap", "notice"]
            .contains(&level)
            .then_some((code, format!("{level} {verdict}")))
    });
    let specified: BTreeSet<(&str, String)> = lines.collect();
    let word = |value: serde_json::Value| value.as_str().unwrap().to_owned();
    let ours = |code: &Code| {
        let level = word(serde_json::to_value(code.level()).unwrap());
        let verdict = word(serde_json::to_value(code.verdict()).unwrap());
        (code.as_str(), format!("{level} {verdict}"))
    };
    let ours = Code::ALL.iter().map(ours).collect();
    assert_eq!(specified, ours);
}

#[test]
fn outcomes_are_ordered_and_numbered_as_specified() {
    let from_worst = [
        (Outcome::Tampered, "TAMPERED", 1),
        (Outcome::Unverifiable, "UNVERIFIABLE", 69),
        (Outcome::Stale, "STALE", 4),
        (Outcome::Consistent, "CONSISTENT", 5),
        (Outcome::IntactWithDeclaredGaps, "INTACT WITH DECLARED GAPS", 3),
        (Outcome::Intact, "INTACT", 0),
    ];
    assert!(from_worst.is_sorted_by(|a, b| a.0 > b.0));
    for (outcome, text, code) in from_worst {
        assert_eq!((outcome.to_string().as_str(), outcome.exit_code()), (text, code));
    }
}
