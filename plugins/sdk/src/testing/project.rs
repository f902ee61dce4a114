//! The fixtures of a project, as `sealog filter test` reads them.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Answer, Harness};
use crate::Filter;

/// What a project file says that matters here.
#[derive(Deserialize)]
struct Project {
    name: String,
    #[serde(default)]
    config: toml::Table,
}

/// A Lambda event.
#[derive(Deserialize)]
struct Event<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<&'a RawValue>,
}

/// One record, several, or a Lambda event.
fn records(json: &str) -> Result<Vec<&RawValue>, String> {
    let several =
        serde_json::from_str(json).or_else(|_| serde_json::from_str(json).map(|it: Event<'_>| it.records));
    several.or_else(|_| serde_json::from_str(json).map(|one| vec![one])).map_err(|error| error.to_string())
}

/// Judges each `fixtures/*.json` of a project under the configuration of its `filter.toml`, and compares with the
/// `.expect.json` beside it. Gives the number of records that were judged.
///
/// # Errors
/// Every record about which the filter says something else than expected, what cannot be read, and a project without
/// fixtures.
pub fn check_project<F: Filter>(folder: &str) -> Result<usize, String> {
    let folder = Path::new(folder);
    let text = read(&folder.join("filter.toml"))?;
    let project: Project = toml::from_str(&text).map_err(|error| format!("filter.toml: {error}"))?;
    if project.name != F::NAME {
        return Err(format!("filter.toml names {}, the filter itself {}", project.name, F::NAME));
    }
    let config = serde_json::to_string(&project.config).map_err(|error| format!("filter.toml: {error}"))?;
    let harness = Harness::<F>::new(&config)?;
    let (mut judged, mut problems) = (0, Vec::new());
    for fixture in fixtures(&folder.join("fixtures"))? {
        match check(&harness, &fixture) {
            Ok(records) => judged += records,
            Err(problem) => problems.push(format!("{}: {problem}", fixture.display())),
        }
    }
    if judged == 0 && problems.is_empty() {
        problems.push(format!("{} has no fixtures", folder.display()));
    }
    if problems.is_empty() { Ok(judged) } else { Err(problems.join("\n")) }
}

fn fixtures(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| format!("{}: {error}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".json") && !name.ends_with(".expect.json") {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn check<F: Filter>(harness: &Harness<F>, fixture: &Path) -> Result<usize, String> {
    let text = read(fixture)?;
    let records = records(&text)?;
    let expected = read(&fixture.with_extension("expect.json"))?;
    let expected: Vec<Answer> =
        serde_json::from_str(&expected).map_err(|error| format!(".expect.json: {error}"))?;
    if expected.len() != records.len() {
        return Err(format!("{} records and {} answers", records.len(), expected.len()));
    }
    let mut problems = Vec::new();
    for (at, (record, want)) in records.iter().zip(&expected).enumerate() {
        let said = harness.judge(record.get()).map_err(|error| format!("record {at}: {error}"))?;
        if said != *want {
            problems.push(format!("record {at}: said {said:?}, expected {want:?}"));
        }
    }
    if problems.is_empty() { Ok(records.len()) } else { Err(problems.join("; ")) }
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixture_is_one_record_or_several_or_an_event() {
        let count = |json: &str| records(json).map(|records| records.len());
        assert_eq!(count(r#"{"dynamodb":{}}"#), Ok(1));
        assert_eq!(count(r#"[{"dynamodb":{}},{"dynamodb":{}}]"#), Ok(2));
        assert_eq!(count(r#"{"Records":[{"dynamodb":{}},{},{}]}"#), Ok(3));
        assert!(count("{").is_err());
    }
}
