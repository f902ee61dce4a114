//! The house rules that a compiler cannot check, as tests: who may depend on whom, how long a file may be, what a
//! suppression must carry.
//!
//! The rules are plain functions over text, so that each is tested on made-up input here; `tests/workspace.rs` runs
//! them on this workspace. Every finding names its rule, the place and what to do.

pub mod released;
pub mod rooms;
pub mod rules;
pub mod rust_text;
pub mod sources;
pub mod workspace;

use std::fmt;

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule, in the words of whoever made it.
    pub rule: &'static str,
    /// The offending file, relative to the workspace; with a line where one is known.
    pub place: String,
    /// What is there.
    pub found: String,
    /// How to put it right.
    pub remedy: &'static str,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { rule, place, found, remedy } = self;
        write!(out, "{place}: {found}\n    rule: {rule}\n    do:   {remedy}")
    }
}

/// All findings as one text, for a failing test to print.
#[must_use]
pub fn report(findings: &[Finding]) -> String {
    let list: Vec<String> = findings.iter().map(ToString::to_string).collect();
    format!("{} finding(s)\n{}", findings.len(), list.join("\n"))
}
