//! What a filter said of one record, in the form of expectations and of results for programs.

use std::collections::BTreeMap;

use sealog_filter::{Answer, Column, Fault, Manifest};
use serde::{Deserialize, Serialize};

/// What a filter said of one record. Members that say nothing are left out in JSON.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// `keep`, `drop` or `redact`: what becomes of the record's row.
    pub verdict: String,
    /// Why it is dropped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The alert that is raised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// Marks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What is redacted, such as `new_image/customer/email`, sorted; `/` in a name is `~1`, `~` is `~0`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redact: Vec<String>,
    /// Class of the fault for which the record is kept and flagged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl Said {
    /// Of an answer that the host has checked against this manifest.
    #[must_use]
    pub fn of_answer(answer: &Answer, manifest: &Manifest) -> Self {
        match answer {
            Answer::Keep => Self { verdict: "keep".to_owned(), ..Self::default() },
            Answer::Drop(reason) => {
                Self { verdict: "drop".to_owned(), reason: Some(reason.clone()), ..Self::default() }
            }
            Answer::KeepWith { tags, redact, alert } => {
                let mut redact: Vec<String> =
                    redact.iter().filter_map(|&index| manifest.columns.get(index)).map(path_of).collect();
                redact.sort();
                redact.dedup();
                Self {
                    verdict: if redact.is_empty() { "keep" } else { "redact" }.to_owned(),
                    alert: alert.clone(),
                    tags: tags.iter().map(|tag| (tag.name.clone(), tag.value.clone())).collect(),
                    redact,
                    ..Self::default()
                }
            }
        }
    }

    /// Of a fault: the record is kept.
    #[must_use]
    pub fn of_fault(fault: &Fault) -> Self {
        Self { verdict: "keep".to_owned(), fault: Some(fault.class.as_str().to_owned()), ..Self::default() }
    }

    /// The one word by which records are counted: `keep`, `drop`, `redact` or `fault`.
    #[must_use]
    pub fn outcome(&self) -> &str {
        if self.fault.is_some() { "fault" } else { &self.verdict }
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.verdict)?;
        let texts = [("fault:", &self.fault), ("", &self.reason), ("alert:", &self.alert)];
        for (before, text) in texts {
            if let Some(text) = text {
                write!(f, " {before}{text}")?;
            }
        }
        for (name, value) in &self.tags {
            write!(f, " {name}={value}")?;
        }
        for path in &self.redact {
            write!(f, " -{path}")?;
        }
        Ok(())
    }
}

fn path_of(column: &Column) -> String {
    joined(column.image.as_str(), &column.path)
}

/// An image and the names in it as one text.
pub(crate) fn joined(image: &str, names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| name.replace('~', "~0").replace('/', "~1")).collect();
    format!("{image}/{}", names.join("/"))
}

#[cfg(test)]
mod tests {
    use sealog_filter::{FaultClass, Image, Tag, Verdicts};

    use super::*;

    fn manifest() -> Manifest {
        let column =
            |image, path: &[&str]| Column { image, path: path.iter().map(|&name| name.to_owned()).collect() };
        Manifest {
            name: "test".to_owned(),
            version: "1".to_owned(),
            columns: vec![column(Image::NewImage, &["b", "x/y~z"]), column(Image::NewImage, &["a"])],
            reasons: Vec::new(),
            verdicts: Verdicts::default(),
            config_schema: None,
        }
    }

    #[test]
    fn answers_look_the_same_in_expectations_and_results() {
        let tags = vec![Tag { name: "t".to_owned(), value: "v".to_owned() }];
        let answer = |redact: &[usize]| Answer::KeepWith {
            tags: tags.clone(),
            redact: redact.to_vec(),
            alert: Some("big".to_owned()),
        };
        for (answer, expected, shown) in [
            (Answer::Keep, r#"{"verdict":"keep"}"#, "keep"),
            (Answer::Drop("draft".to_owned()), r#"{"verdict":"drop","reason":"draft"}"#, "drop draft"),
            (answer(&[]), r#"{"verdict":"keep","alert":"big","tags":{"t":"v"}}"#, "keep alert:big t=v"),
            (
                answer(&[0, 1]),
                r#"{"verdict":"redact","alert":"big","tags":{"t":"v"},"redact":["new_image/a","new_image/b/x~1y~0z"]}"#,
                "redact alert:big t=v -new_image/a -new_image/b/x~1y~0z",
            ),
        ] {
            let said = Said::of_answer(&answer, &manifest());
            assert_eq!(serde_json::to_string(&said).unwrap(), expected);
            assert_eq!(serde_json::from_str::<Said>(expected).unwrap(), said);
            assert_eq!(said.to_string(), shown);
        }
    }

    #[test]
    fn a_fault_keeps_the_record_and_is_counted_as_one() {
        let said = Said::of_fault(&Fault { class: FaultClass::OutOfFuel, message: "m".to_owned() });
        assert_eq!(serde_json::to_string(&said).unwrap(), r#"{"verdict":"keep","fault":"out-of-fuel"}"#);
        assert_eq!(said.outcome(), "fault");
    }

    #[test]
    fn a_misspelt_expectation_is_an_error() {
        assert!(serde_json::from_str::<Said>(r#"{"verdict":"keep","tag":{}}"#).is_err());
    }
}
