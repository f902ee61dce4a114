//! Fixtures: records with the answers that are expected of the filter.
//!
//! `fixtures/<name>.json` holds records (any form that [`crate::Input`] reads), `fixtures/<name>.expect.json` an array of
//! [`Said`], one per record, in order.

use std::path::{Path, PathBuf};

use sealog_filter::{Fault, Filter, LogLine};
use sealog_record::ChangeRecord;

use crate::{Asked, Change, KitError, Said, ask, changes_of};

const FOLDER: &str = "fixtures";
const EXPECTED: &str = ".expect.json";

/// Records, and what is expected of a filter about them.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// Its file's name without an ending.
    pub name: String,
    /// Records, at least one.
    pub changes: Vec<Change>,
    /// What is expected; `None` if nobody wrote it down yet.
    pub expected: Option<Vec<Said>>,
    expected_path: PathBuf,
}

/// An answer that is not the expected one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Number of the record in its fixture, from 1.
    pub record: usize,
    /// Its sequence number.
    pub sequence: String,
    /// What was expected; `None` if nothing is written down for this record.
    pub expected: Option<Said>,
    /// What the filter said; `None` if there is no such record.
    pub found: Option<Said>,
}

/// What came of one fixture.
#[derive(Debug)]
pub struct Tested {
    /// Its name.
    pub name: String,
    /// What the filter said, by record.
    pub said: Vec<Said>,
    /// Where that is not what is expected.
    pub mismatches: Vec<Mismatch>,
    /// Sequence numbers of records about which the filter says something else when it is asked about them alone, in
    /// another order, together with other fixtures, or once more.
    pub dependent: Vec<String>,
    /// Faults, each with the number of its record from 0.
    pub faults: Vec<(usize, Fault)>,
    /// Fuel of the whole fixture.
    pub fuel: u64,
    /// Most bytes of memory.
    pub memory_peak: usize,
    /// What the guest wrote.
    pub log: Vec<LogLine>,
}

impl Tested {
    /// Whether everything is as expected, and does not depend on how it is asked.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.mismatches.is_empty() && self.dependent.is_empty()
    }
}

/// What came of all fixtures.
#[derive(Debug)]
pub struct TestReport {
    /// By fixture, by name.
    pub tested: Vec<Tested>,
}

impl TestReport {
    /// Whether all of them are good.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.tested.iter().all(Tested::is_good)
    }
}

/// The fixtures of a project, by name.
///
/// # Errors
/// [`KitError::Project`] where there are none or an expectation cannot be read, [`KitError::Input`], [`KitError::File`].
pub fn fixtures(root: &Path) -> Result<Vec<Fixture>, KitError> {
    let folder = root.join(FOLDER);
    let none = || {
        KitError::Project {
        file: folder.clone(),
        why: "there are no fixtures; put records into fixtures/<name>.json, then run: sealog filter test --bless".to_owned(),
    }
    };
    let mut fixtures = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(|_| none())? {
        let path = entry.map_err(KitError::file(&folder))?.path();
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if let Some(name) = file.strip_suffix(".json").filter(|_| !file.ends_with(EXPECTED)) {
            fixtures.push(fixture(&folder, name, &path)?);
        }
    }
    fixtures.sort_by(|one, other| one.name.cmp(&other.name));
    if fixtures.is_empty() { Err(none()) } else { Ok(fixtures) }
}

fn fixture(folder: &Path, name: &str, path: &Path) -> Result<Fixture, KitError> {
    let text = std::fs::read_to_string(path).map_err(KitError::file(path))?;
    let changes = changes_of(&path.display().to_string(), &text)?;
    if changes.is_empty() {
        return Err(KitError::Input {
            place: path.display().to_string(),
            why: "it holds no record".to_owned(),
        });
    }
    let expected_path = folder.join(format!("{name}{EXPECTED}"));
    let expected = match std::fs::read_to_string(&expected_path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        read => {
            let text = read.map_err(KitError::file(&expected_path))?;
            let wrong = |error: serde_json::Error| KitError::Project {
                file: expected_path.clone(),
                why: error.to_string(),
            };
            Some(serde_json::from_str(&text).map_err(wrong)?)
        }
    };
    Ok(Fixture { name: name.to_owned(), changes, expected, expected_path })
}

/// Asks the filter about each fixture, in several ways.
#[must_use]
pub fn test(filter: &Filter, fixtures: &[Fixture]) -> TestReport {
    let records: Vec<Vec<ChangeRecord<'_>>> =
        fixtures.iter().map(|fixture| fixture.changes.iter().map(Change::as_record).collect()).collect();
    let all: Vec<ChangeRecord<'_>> = records.iter().flatten().copied().collect();
    let together = ask(filter, &all).said;
    let mut before = 0;
    let mut tested = Vec::new();
    for (fixture, records) in fixtures.iter().zip(&records) {
        let asked = ask(filter, records);
        let company = together.get(before..before + records.len()).unwrap_or_default();
        before += records.len();
        let dependent = dependent(filter, records, &asked.said, company);
        tested.push(judged(fixture, asked, dependent));
    }
    TestReport { tested }
}

/// Sequence numbers of records whose answer changes with their company. `said` was said of all in order.
fn dependent(filter: &Filter, records: &[ChangeRecord<'_>], said: &[Said], company: &[Said]) -> Vec<String> {
    let again = ask(filter, records).said;
    let backwards: Vec<ChangeRecord<'_>> = records.iter().rev().copied().collect();
    let mut backwards = ask(filter, &backwards).said;
    backwards.reverse();
    let alone: Vec<Said> =
        records.iter().flat_map(|record| ask(filter, std::slice::from_ref(record)).said).collect();
    let ways = [company, &again, &backwards, &alone];
    let differs = |place: usize| ways.iter().any(|way| way.get(place) != said.get(place));
    let found = records.iter().enumerate().filter(|(place, _)| differs(*place));
    found.map(|(_, record)| record.sequence_number.to_owned()).collect()
}

fn judged(fixture: &Fixture, asked: Asked, dependent: Vec<String>) -> Tested {
    let expected = fixture.expected.as_deref().unwrap_or_default();
    let length = expected.len().max(asked.said.len());
    let mismatches =
        (0..length).filter(|&place| expected.get(place) != asked.said.get(place)).map(|place| Mismatch {
            record: place + 1,
            sequence: fixture.changes.get(place).map_or_else(String::new, |change| change.sequence.clone()),
            expected: expected.get(place).cloned(),
            found: asked.said.get(place).cloned(),
        });
    Tested {
        name: fixture.name.clone(),
        mismatches: mismatches.collect(),
        dependent,
        said: asked.said,
        faults: asked.faults,
        fuel: asked.fuel,
        memory_peak: asked.memory_peak,
        log: asked.log,
    }
}

/// Writes down what the filter says now as what is expected. Nothing is written where answers depend on their company.
/// Returns the names of fixtures that changed.
///
/// # Errors
/// [`KitError::File`].
pub fn bless(fixtures: &[Fixture], report: &TestReport) -> Result<Vec<String>, KitError> {
    let mut changed = Vec::new();
    for (fixture, tested) in fixtures.iter().zip(&report.tested) {
        if fixture.expected.as_ref() == Some(&tested.said) || !tested.dependent.is_empty() {
            continue;
        }
        let lines: Vec<String> = tested
            .said
            .iter()
            .map(|said| format!("  {}", serde_json::to_string(said).unwrap_or_default()))
            .collect();
        let text = format!("[\n{}\n]\n", lines.join(",\n"));
        std::fs::write(&fixture.expected_path, text).map_err(KitError::file(&fixture.expected_path))?;
        changed.push(fixture.name.clone());
    }
    Ok(changed)
}
