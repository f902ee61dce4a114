//! The house rules, run on this workspace.

use sealog_tidy::sources::{self, Source};
use sealog_tidy::workspace::{members, reached_from, root};
use sealog_tidy::{Finding, report, rooms};

#[track_caller]
fn none(findings: &[Finding]) {
    assert!(findings.is_empty(), "{}", report(findings));
}

fn in_every_file(rule: impl Fn(&Source) -> Vec<Finding>) -> Vec<Finding> {
    let all = sources::all(&root()).unwrap();
    assert!(all.len() > 10, "the sources of the workspace were not found: {} files", all.len());
    all.iter().flat_map(rule).collect()
}

#[test]
fn every_crate_is_a_room_of_the_house() {
    none(&rooms::unknown_crates(&members().unwrap()));
}

#[test]
fn rooms_depend_only_on_what_the_table_allows() {
    none(&rooms::forbidden_edges(&members().unwrap()));
}

#[test]
fn rooms_never_reach_what_they_must_not_see() {
    let members = members().unwrap();
    let rooms = members.iter().filter_map(|member| rooms::room_of(&member.name));
    let findings: Vec<_> = rooms
        .flat_map(|room| rooms::forbidden_reach(room, &reached_from(&room.package()).unwrap()))
        .collect();
    none(&findings);
}

#[test]
fn production_files_are_short() {
    none(&in_every_file(|source| sources::too_long(source).into_iter().collect()));
}

#[test]
fn crates_say_what_they_are() {
    none(&in_every_file(|source| sources::undocumented_crate(source).into_iter().collect()));
}

#[test]
fn no_test_is_switched_off() {
    none(&in_every_file(sources::ignored_tests));
}

#[test]
fn suppressions_carry_a_reason() {
    none(&in_every_file(sources::suppressions_without_reason));
}
