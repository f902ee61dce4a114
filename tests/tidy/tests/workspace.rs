//! The house rules, run on this workspace.

use std::io;

use sealog_tidy::sources::{self, Source};
use sealog_tidy::workspace::{members, reached_from, root};
use sealog_tidy::{Finding, released, report, rooms, rules};

#[track_caller]
fn none(findings: &[Finding]) {
    assert!(findings.is_empty(), "{}", report(findings));
}

fn in_every_file(rule: impl Fn(&Source) -> Vec<Finding>) -> io::Result<Vec<Finding>> {
    let all = sources::all(&root())?;
    assert!(all.len() > 10, "the sources of the workspace were not found: {} files", all.len());
    Ok(all.iter().flat_map(rule).collect())
}

#[test]
fn every_crate_is_a_room_of_the_house() -> io::Result<()> {
    none(&rooms::unknown_crates(&members()?));
    Ok(())
}

#[test]
fn rooms_depend_only_on_what_the_table_allows() -> io::Result<()> {
    none(&rooms::forbidden_edges(&members()?));
    Ok(())
}

#[test]
fn rooms_never_reach_what_they_must_not_see() -> io::Result<()> {
    let mut findings = Vec::new();
    for member in members()? {
        let Some(room) = rooms::room_of(&member.name) else { continue };
        let reached = reached_from(&room.package())?;
        assert!(
            !reached.is_empty(),
            "cargo tree shows no dependency of {}: this test would prove nothing",
            member.name
        );
        findings.extend(rooms::forbidden_reach(room, &reached));
    }
    none(&findings);
    Ok(())
}

#[test]
fn production_files_are_short() -> io::Result<()> {
    none(&in_every_file(|source| sources::too_long(source).into_iter().collect())?);
    Ok(())
}

#[test]
fn crates_say_what_they_are() -> io::Result<()> {
    none(&in_every_file(|source| sources::undocumented_crate(source).into_iter().collect())?);
    Ok(())
}

#[test]
fn no_test_is_switched_off() -> io::Result<()> {
    none(&in_every_file(sources::ignored_tests)?);
    Ok(())
}

#[test]
fn suppressions_carry_a_reason() -> io::Result<()> {
    none(&in_every_file(sources::suppressions_without_reason)?);
    Ok(())
}

#[test]
fn each_duty_of_the_reader_has_a_test() -> io::Result<()> {
    let readme = std::fs::read_to_string(root().join("tests/README.md"))?;
    let functions =
        sources::all(&root())?.iter().flat_map(|source| rules::test_functions(&source.text)).collect();
    none(&rules::untested(&rules::rows(&readme), &functions, |path| root().join(path).is_file()));
    Ok(())
}

#[test]
fn released_interfaces_are_as_they_were_released() -> io::Result<()> {
    let files = released::files(&root())?;
    assert!(!files.is_empty(), "no released interface was found: this test would prove nothing");
    none(&released::changed(&released::list(&root())?, &files));
    let copy = std::fs::read(root().join("plugins/sdk/wit/filter.wit"))?;
    none(&released::other_copy(&files, &copy).into_iter().collect::<Vec<_>>());
    Ok(())
}
