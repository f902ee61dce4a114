//! Every golden archive of `tests/vectors`, read by the `sealog_verify` library, and what the vectors must cover.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: a vector that cannot be read fails the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealog_chain::VerifierKey;
use sealog_store::Directory;
use sealog_verify::{Progress, VerifyOptions, verify};
use serde_json::Value;

/// Of one vector. How many there are is bounded by what there is to find.
const BYTES_MAX: u64 = 64_000;

fn tests_folder() -> PathBuf {
    let own = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&own).parent().unwrap().to_owned()
}

/// `vector.txt`, as `run_vectors.py` defines it.
#[derive(Debug, Default)]
struct Vector {
    name: String,
    folder: PathBuf,
    about: String,
    options: VerifyOptions,
    expect: String,
    findings: Vec<Listed>,
}

/// A `finding:` line: its code, and the places that it names.
#[derive(Debug)]
struct Listed {
    code: String,
    places: BTreeMap<String, String>,
}

impl Listed {
    fn parse(text: &str) -> Self {
        let mut words = text.split(' ');
        let code = words.next().unwrap().to_owned();
        let place = |word: &str| {
            let (name, value) = word.split_once('=').unwrap();
            assert!(["commit", "object", "shard", "row"].contains(&name), "{text}: {name} names no place");
            (name.to_owned(), value.to_owned())
        };
        Self { code, places: words.map(place).collect() }
    }

    /// What the line does not name may be anything, except that a place is never dropped: `run_vectors.py` compares both
    /// verifiers there.
    fn is(&self, finding: &Value) -> bool {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let holds = |(name, wanted): (&String, &String)| {
            let found = text(&finding[name.as_str()]);
            if name == "object" { found.ends_with(wanted.as_str()) } else { found == *wanted }
        };
        finding["code"] == self.code.as_str() && self.places.iter().all(holds)
    }
}

fn read(folder: PathBuf) -> Vector {
    let mut vector =
        Vector { name: folder.file_name().unwrap().to_str().unwrap().to_owned(), ..Vector::default() };
    for line in fs::read_to_string(folder.join("vector.txt")).unwrap().lines() {
        let (name, value) = line.split_once(": ").unwrap();
        match name {
            "about" => value.clone_into(&mut vector.about),
            "key" => vector.options.key = Some(VerifierKey::parse(value).unwrap()),
            "now" => vector.options.now = value.parse().unwrap(),
            "checkpoint" => vector.options.checkpoint = Some(fs::read(folder.join(value)).unwrap()),
            "expect" => value.clone_into(&mut vector.expect),
            "finding" => vector.findings.push(Listed::parse(value)),
            other => panic!("{}: line {other:?} is unknown", vector.name),
        }
    }
    Vector { folder, ..vector }
}

fn all() -> Vec<Vector> {
    let entries = fs::read_dir(tests_folder().join("vectors")).unwrap().map(|entry| entry.unwrap().path());
    let mut folders: Vec<PathBuf> = entries.filter(|path| path.join("vector.txt").exists()).collect();
    folders.sort();
    assert!(folders.len() >= 60, "only {} vectors were found", folders.len());
    folders.into_iter().map(read).collect()
}

/// What the library says otherwise than the header.
async fn problems(vector: &Vector) -> Vec<String> {
    let store = Arc::new(Directory::existing(&vector.folder.join("archive")));
    let report = verify(store, "archive", &vector.options, &Progress::default()).await;
    let report = serde_json::to_value(&report).unwrap();
    let mut problems = Vec::new();
    if report["outcome"] != vector.expect.as_str() {
        problems.push(format!("outcome {}, expected {}", report["outcome"], vector.expect));
    }
    let logs = report["logs"].as_array().unwrap();
    let found: Vec<&Value> = logs.iter().flat_map(|log| log["findings"].as_array().unwrap()).collect();
    let missing = vector.findings.iter().filter(|listed| !found.iter().any(|finding| listed.is(finding)));
    problems.extend(missing.map(|listed| format!("not found: {} {:?}", listed.code, listed.places)));
    let extra = found.iter().filter(|finding| !vector.findings.iter().any(|listed| listed.is(finding)));
    problems.extend(extra.map(|finding| format!("not expected: {finding}")));
    problems
}

#[tokio::test]
async fn the_library_finds_in_each_vector_what_its_header_lists_and_nothing_else() {
    let mut failures = Vec::new();
    for vector in all() {
        let problems = problems(&vector).await;
        if !problems.is_empty() {
            failures.push(format!("{} ({}):\n    {}", vector.name, vector.about, problems.join("\n    ")));
        }
    }
    assert!(failures.is_empty(), "{} vectors fail:\n{}", failures.len(), failures.join("\n"));
}

/// Code and level of each row of FORMAT.md's table of findings.
fn codes_of_the_document() -> BTreeMap<String, String> {
    let path = tests_folder().join("../crates/chain/FORMAT.md");
    let text = fs::read_to_string(path).unwrap();
    let section = text.split("### Findings").nth(1).unwrap().split("\n**").next().unwrap();
    let cells = |line: &str| -> Vec<String> { line.split('|').map(|cell| cell.trim().to_owned()).collect() };
    let rows = section.lines().filter(|line| line.starts_with("| `")).map(cells);
    let codes: BTreeMap<String, String> =
        rows.map(|row| (row[1].trim_matches('`').to_owned(), row[2].clone())).collect();
    assert!(codes.len() >= 30, "the table of findings was not found in FORMAT.md: {codes:?}");
    codes
}

#[test]
fn each_code_of_the_document_has_a_vector_and_no_vector_has_another_code() {
    let document: BTreeSet<String> = codes_of_the_document().into_keys().collect();
    let vectors: BTreeSet<String> =
        all().into_iter().flat_map(|vector| vector.findings).map(|listed| listed.code).collect();
    let without: Vec<&String> = document.difference(&vectors).collect();
    assert!(without.is_empty(), "codes of FORMAT.md without a golden archive: {without:?}");
    let unknown: Vec<&String> = vectors.difference(&document).collect();
    assert!(unknown.is_empty(), "codes that FORMAT.md does not have: {unknown:?}");
}

#[test]
fn each_header_s_outcome_follows_from_its_findings() {
    const WORST_FIRST: [(&str, &str); 6] = [
        ("tampered", "TAMPERED"),
        ("unverifiable", "UNVERIFIABLE"),
        ("stale", "STALE"),
        ("unattested", "CONSISTENT"),
        ("gap", "INTACT WITH DECLARED GAPS"),
        ("notice", "INTACT"),
    ];
    let document = codes_of_the_document();
    for vector in all() {
        let levels: BTreeSet<&str> =
            vector.findings.iter().map(|listed| document[&listed.code].as_str()).collect();
        let worst = WORST_FIRST.iter().find(|(level, _)| levels.contains(level));
        assert_eq!(vector.expect, worst.map_or("INTACT", |(_, outcome)| outcome), "{}", vector.name);
    }
}

#[test]
fn the_readme_lists_each_vector() {
    let readme = fs::read_to_string(tests_folder().join("vectors/README.md")).unwrap();
    for Vector { name, expect, about, .. } in all() {
        let line = format!("| `{name}` | {expect} | {about} |");
        assert!(readme.contains(&line), "tests/vectors/README.md lacks the line\n{line}");
    }
}

#[test]
fn vectors_stay_small() {
    for vector in all() {
        let paths = sealog_integration::vector::files_below(&vector.folder).unwrap();
        let length = |path| fs::symlink_metadata(vector.folder.join(path)).unwrap().len();
        let bytes: u64 = paths.into_iter().map(length).sum();
        assert!(bytes <= BYTES_MAX, "{}: {bytes} bytes, at most {BYTES_MAX} are allowed", vector.name);
    }
}
