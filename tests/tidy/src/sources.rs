//! Rules over one source file, given its path and text.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::Finding;
use crate::rust_text::{attributes, code_only, until_closed};

/// Most lines of a production file, its unit tests not counted (style.md, "Shape").
pub const LINES_MAX: usize = 400;

/// One Rust file.
#[derive(Debug, Clone)]
pub struct Source {
    /// Path relative to the workspace, with `/` between the parts.
    pub path: String,
    /// Its text.
    pub text: String,
}

/// All Rust files of the workspace that are ours, in order of path.
///
/// # Errors
/// If a folder or file cannot be read.
pub fn all(root: &Path) -> io::Result<Vec<Source>> {
    let mut folders: Vec<PathBuf> =
        ["crates", "tests", "plugins"].iter().map(|name| root.join(name)).collect();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                sources.push(Source { path: relative(root, &path), text: fs::read_to_string(&path)? });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(sources)
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path);
    path.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// A production file that is too long.
#[must_use]
pub fn too_long(source: &Source) -> Option<Finding> {
    let lines = production_lines(&source.text);
    (is_production(&source.path) && lines > LINES_MAX).then(|| Finding {
        rule: "a production file stays under 400 lines, unit tests not counted (style.md, \"Shape\")",
        place: source.path.clone(),
        found: format!("{lines} lines of production code"),
        remedy: "split the file along its subjects: one persisted thing, one file",
    })
}

/// Whether a file is shipped code: in a room, and neither tests, benches nor examples.
fn is_production(path: &str) -> bool {
    let free = ["tests", "benches", "examples"];
    path.starts_with("crates/")
        && !path.ends_with("/tests.rs")
        && !path.split('/').any(|part| free.contains(&part))
}

/// Lines outside top-level `#[cfg(test)] mod … { … }` blocks. Relies on rustfmt: such a block ends with `}` in the
/// first column.
fn production_lines(text: &str) -> usize {
    let mut count = 0;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        if line != "#[cfg(test)]" {
            count += 1;
            continue;
        }
        let mut attributes = 1;
        while lines.next_if(|line| line.starts_with("#[")).is_some() {
            attributes += 1;
        }
        if lines.peek().is_some_and(|line| line.starts_with("mod ") && line.ends_with('{')) {
            lines.by_ref().find(|line| *line == "}");
        } else {
            count += attributes;
        }
    }
    count
}

/// A crate whose root does not say what it is in at least two lines.
#[must_use]
pub fn undocumented_crate(source: &Source) -> Option<Finding> {
    let root = source.path.ends_with("/src/lib.rs") || source.path.ends_with("/src/main.rs");
    let header = source.text.lines().take_while(|line| line.starts_with("//!"));
    let lines = header.filter(|line| line.trim_start_matches("//!").trim().len() > 1).count();
    (root && lines < 2).then(|| Finding {
        rule: "a crate opens with what it is, what it promises and what it relies on (style.md, \"Words\")",
        place: source.path.clone(),
        found: format!("{lines} line(s) of `//!` at the top"),
        remedy: "write at least two lines of `//!` above everything else",
    })
}

/// Tests that are switched off.
#[must_use]
pub fn ignored_tests(source: &Source) -> Vec<Finding> {
    let finding = |line: usize, found: &str| Finding {
        rule: "every test runs; nothing is skipped (style.md, \"Tests\")",
        place: format!("{}:{line}", source.path),
        found: found.to_owned(),
        remedy: "repair the test or delete it; a slow one gets a bound, a doc example `no_run` or `text`",
    };
    let code = code_only(&source.text);
    let ignored = attributes(&code).into_iter().filter(|(_, text)| words(text).any(|word| word == "ignore"));
    let mut findings: Vec<Finding> =
        ignored.map(|(line, _)| finding(line, "a test is marked `ignore`")).collect();
    for (at, line) in source.text.lines().enumerate() {
        let line = line.trim_start();
        let fence =
            line.strip_prefix("///").or_else(|| line.strip_prefix("//!")).and_then(|it| it.split_once("```"));
        if fence.is_some_and(|(before, info)| {
            before.trim().is_empty() && words(info).any(|word| word == "ignore")
        }) {
            findings.push(finding(at + 1, "a doc example is marked `ignore`"));
        }
    }
    findings
}

/// Suppressions of a lint that do not say why.
#[must_use]
pub fn suppressions_without_reason(source: &Source) -> Vec<Finding> {
    let code = code_only(&source.text);
    let bare = attributes(&code).into_iter().filter(|(_, text)| {
        ["allow(", "expect("].iter().any(|lint| {
            let starts =
                text.match_indices(lint).filter(|(at, _)| !text.split_at(*at).0.ends_with(is_name_part));
            starts
                .map(|(at, _)| until_closed(text.split_at(at + lint.len()).1))
                .any(|inside| !has_reason(inside))
        })
    });
    bare.map(|(line, text)| Finding {
        rule: "a suppression carries a reason (style.md, \"Tests\")",
        place: format!("{}:{line}", source.path),
        found: format!("#[{}]", text.split_whitespace().collect::<Vec<_>>().join(" ")),
        remedy: "follow the lint; or write `#[expect(lint, reason = \"why it is right here\")]`",
    })
    .collect()
}

fn has_reason(inside: &str) -> bool {
    let mut parts = inside.split(',').map(str::trim_start);
    parts.any(|part| part.strip_prefix("reason").is_some_and(|rest| rest.trim_start().starts_with('=')))
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|mark: char| !is_name_part(mark))
}

fn is_name_part(mark: char) -> bool {
    mark.is_alphanumeric() || mark == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn long_files_are_found_and_their_tests_do_not_count() {
        let code = "fn f() {}\n".repeat(LINES_MAX);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", "    fn g() {}\n".repeat(500));
        let long = format!("{code}{tests}fn one_more() {{}}\n");
        assert_eq!(too_long(&source("crates/a/src/b.rs", &format!("{code}{tests}"))), None);
        let found = too_long(&source("crates/a/src/b.rs", &long)).unwrap();
        assert_eq!(found.found, "401 lines of production code");
        for free in
            ["crates/a/src/b/tests.rs", "crates/a/benches/b.rs", "crates/a/tests/b.rs", "tests/tidy/src/b.rs"]
        {
            assert_eq!(too_long(&source(free, &long)), None, "{free}");
        }
    }

    #[test]
    fn helpers_outside_a_test_module_count() {
        assert_eq!(production_lines("#[cfg(test)]\nmod tests;\n"), 2);
        assert_eq!(production_lines("#[cfg(test)]\n#[path = \"x\"]\nmod tests {\n    x\n}\na\n"), 1);
        assert_eq!(production_lines("#[cfg(test)]\nfn helper() {\n}\n"), 3);
    }

    #[test]
    fn a_crate_needs_two_lines_of_doc() {
        let root = |text| undocumented_crate(&source("crates/a/src/lib.rs", text)).is_some();
        assert!(root("//! a\n"));
        assert!(root("//! One line.\n//!\n\nmod b;\n"));
        assert!(root("mod b;\n//! One line.\n//! Two lines.\n"));
        assert!(!root("//! One line,\n//! two lines.\n"));
        assert_eq!(undocumented_crate(&source("crates/a/src/b.rs", "")), None);
    }

    #[test]
    fn ignored_tests_are_found_in_attributes_and_doc_examples() {
        let ignored = |text: &str| ignored_tests(&source("a.rs", text)).len();
        assert_eq!(ignored("#[ignore]\nfn a() {}"), 1);
        assert_eq!(ignored("#[test]\n#[ignore = \"slow\"]\nfn a() {}"), 1);
        assert_eq!(ignored("#[cfg_attr(not(slow), ignore)]\nfn a() {}"), 1);
        assert_eq!(ignored("/// ```ignore\n/// x\n/// ```\nfn a() {}"), 1);
        assert_eq!(ignored("//! ```rust,ignore\n"), 1);
        assert_eq!(ignored("// #[ignore]\nconst A: &str = \"#[ignore]\";\n/// ```no_run\nfn ignore() {}"), 0);
        assert_eq!(ignored("#[serde(ignore_unknown)]\nstruct A;"), 0);
    }

    #[test]
    fn suppressions_need_a_reason() {
        let bare = |text: &str| suppressions_without_reason(&source("a.rs", text)).len();
        assert_eq!(bare("#[allow(dead_code)]\nfn a() {}"), 1);
        assert_eq!(bare("#![allow(dead_code, unused)]"), 1);
        assert_eq!(bare("#[cfg_attr(test, allow(dead_code))]\nfn a() {}"), 1);
        assert_eq!(bare("#[expect(clippy::reason_like)]\nfn a() {}"), 1);
        assert_eq!(bare("#[allow(\n    dead_code,\n    reason = \"because\"\n)]\nfn a() {}"), 0);
        assert_eq!(bare("#[doc = \"#[allow(x)]\"]\nfn a() { b.expect(\"c\"); }"), 0);
        assert_eq!(bare("// #[allow(x)]\n#[disallow(x)]\nfn a() {}"), 0);
    }
}
