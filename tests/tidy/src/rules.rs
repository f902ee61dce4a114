//! The table in `tests/README.md` that says which test stands for which duty of a reader (FS-01 to FS-54).

use std::collections::BTreeSet;

use crate::Finding;

const RULE: &str = "each duty of the reader (source.md, FS-nn) has a test that fails without the code for it";
const REMEDY: &str =
    "write the test, and name it in the table \"What the reader's rules are tested by\" of tests/README.md";
const LAST: u32 = 54;
/// Never given out, or for several workers that share out shards.
const NOT_OURS: [u32; 4] = [33, 39, 40, 42];

/// One row of the table: a rule and what tests it.
#[derive(Debug, PartialEq, Eq)]
pub struct Row {
    /// Number of the rule.
    pub rule: u32,
    /// Names of test functions, and paths of test programs from the root of the workspace.
    pub tests: Vec<String>,
}

/// The rows of the table in a text.
#[must_use]
pub fn rows(readme: &str) -> Vec<Row> {
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let row = |cells: Vec<String>| {
        let rule = cells.get(1)?.strip_prefix("FS-")?.parse().ok()?;
        let quoted = cells.get(3)?.split('`').skip(1).step_by(2);
        Some(Row { rule, tests: quoted.map(str::to_owned).collect() })
    };
    readme.lines().map(cells).filter_map(row).collect()
}

/// Names of the functions of a source that carry a test attribute.
#[must_use]
pub fn test_functions(source: &str) -> Vec<String> {
    let mut functions = Vec::new();
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        let declared = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "));
        match declared.and_then(|rest| rest.split('(').next()) {
            Some(name) => {
                if std::mem::take(&mut is_test) {
                    functions.push(name.to_owned());
                }
            }
            None => is_test |= line == "#[test]" || line.starts_with("#[tokio::test"),
        }
    }
    functions
}

/// Rules without a row or without a test, and tests that are not there. `functions`: names of all test functions;
/// `exists`: whether there is a file of that path.
#[must_use]
pub fn untested(rows: &[Row], functions: &BTreeSet<String>, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let finding =
        |found: String| Finding { place: "tests/README.md".to_owned(), found, rule: RULE, remedy: REMEDY };
    let missing = (1..=LAST)
        .filter(|rule| !NOT_OURS.contains(rule))
        .filter(|rule| !rows.iter().any(|row| row.rule == *rule && !row.tests.is_empty()))
        .map(|rule| format!("FS-{rule:02} has no test"));
    let is_there = |test: &String| if test.contains('/') { exists(test) } else { functions.contains(test) };
    let gone = rows.iter().flat_map(|row| {
        row.tests
            .iter()
            .filter(|test| !is_there(test))
            .map(move |test| format!("FS-{:02} names {test}, which is not there", row.rule))
    });
    missing.chain(gone).map(finding).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_functions_with_a_test_attribute_count() {
        let source = "fn a() {}\n#[test]\nfn b() {\n}\n#[tokio::test(start_paused = true)]\nasync fn c() {}\nfn d() {}";
        assert_eq!(test_functions(source), ["b", "c"]);
    }

    #[test]
    fn a_rule_without_a_test_and_a_test_that_is_gone_are_found() {
        let table: String =
            (1..=LAST).map(|rule| format!("| FS-{rule:02} | what | `a`, `tests/b.py` |\n")).collect();
        let functions = BTreeSet::from(["a".to_owned()]);
        assert_eq!(untested(&rows(&table), &functions, |_| true).len(), 0);
        assert_eq!(untested(&rows(&table), &functions, |_| false).len(), 54);
        assert_eq!(untested(&rows(&table), &BTreeSet::new(), |_| true).len(), 54);
        let without = table.replace("| FS-07 | what | `a`, `tests/b.py` |", "| FS-07 | what | – |");
        assert_eq!(untested(&rows(&without), &functions, |_| true)[0].found, "FS-07 has no test");
    }
}
