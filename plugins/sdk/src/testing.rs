//! Tests of a filter without WebAssembly: records as DynamoDB Streams gives them, asked and answered as the host does.
//!
//! What runs here is the same source natively. Limits of fuel and memory, and what a batch has to do with a verdict, are
//! `sealog filter test`'s to find out, with the built component; both read the same fixtures.

mod project;
mod record;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::bindings::sealog::filter::types::{self, VerdictKinds};
use crate::guest::{self, Configured};
use crate::{Filter, Image, Value};

pub use project::check_project;

/// A filter under a configuration.
pub struct Harness<F> {
    filter: Configured<F>,
    manifest: types::Manifest,
}

/// Without the filter itself, which need not be printable.
impl<F> fmt::Debug for Harness<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Harness").field("manifest", &self.manifest).finish_non_exhaustive()
    }
}

/// What a filter said of one record; what is not there is left out, as in a fixture's `.expect.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// `keep`, `drop`, or `redact` for a change that is kept without something.
    pub verdict: String,
    /// The code of a drop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The code of an alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alert: Option<String>,
    /// Marks.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
    /// What is removed, such as `new_image/customer/email`; `~1` is a `/` in a name, `~0` a `~`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redact: Vec<String>,
}

impl<F: Filter> Harness<F> {
    /// Configures the filter. `config` is JSON.
    ///
    /// # Errors
    /// What an operator would be told.
    pub fn new(config: &str) -> Result<Self, String> {
        let (filter, manifest) = guest::configure(config)?;
        Ok(Self { filter, manifest })
    }

    /// Judges one record: a DynamoDB Streams record as JSON, as Lambda and `GetRecords` give it. Members that a test
    /// does not care for may be left out.
    ///
    /// # Errors
    /// The text is not such a record; the filter refused it; or it said what it had not declared.
    pub fn judge(&self, record: &str) -> Result<Answer, String> {
        let change = record::change(record, &self.manifest.columns)?;
        let mut verdicts = guest::evaluate(Some(&self.filter), std::slice::from_ref(&change))?;
        match (verdicts.pop(), verdicts.len()) {
            (Some(verdict), 0) => self.answer(verdict, &change.cells),
            (_, others) => Err(format!("{others} verdicts too many or too few for one change")),
        }
    }

    /// The columns that the filter declared, as in [`Answer::redact`].
    #[must_use]
    pub fn columns(&self) -> Vec<String> {
        self.manifest.columns.iter().map(column_name).collect()
    }

    fn answer(&self, verdict: types::Verdict, cells: &[Value]) -> Result<Answer, String> {
        match verdict {
            types::Verdict::Keep => Ok(Answer { verdict: "keep".to_owned(), ..Answer::default() }),
            types::Verdict::Drop(reason) => {
                self.declared(VerdictKinds::DROP, Some(&reason))?;
                Ok(Answer { verdict: "drop".to_owned(), reason: Some(reason), ..Answer::default() })
            }
            types::Verdict::KeepWith(edits) => self.edited(edits, cells),
        }
    }

    fn edited(&self, edits: types::Edits, cells: &[Value]) -> Result<Answer, String> {
        if let Some(code) = &edits.alert {
            self.declared(VerdictKinds::ALERT, Some(code))?;
        }
        if !edits.tags.is_empty() {
            self.declared(VerdictKinds::TAG, None)?;
        }
        let mut redact = Vec::new();
        for index in &edits.redact {
            self.declared(VerdictKinds::REDACT, None)?;
            let index = usize::try_from(*index).unwrap_or(usize::MAX);
            let column =
                self.manifest.columns.get(index).ok_or("a column that was not declared is redacted")?;
            if cells.get(index).is_some_and(|cell| !matches!(cell, Value::Absent)) {
                redact.push(column_name(column));
            }
        }
        redact.sort();
        Ok(Answer {
            verdict: if redact.is_empty() { "keep" } else { "redact" }.to_owned(),
            reason: None,
            alert: edits.alert,
            tags: edits.tags.into_iter().map(|tag| (tag.name, tag.value)).collect(),
            redact,
        })
    }

    fn declared(&self, kind: VerdictKinds, code: Option<&String>) -> Result<(), String> {
        let known = self.manifest.verdicts & kind == kind;
        match code {
            _ if !known => Err(format!("{kind:?} was not declared")),
            Some(code) if !self.manifest.reasons.contains(code) => {
                Err(format!("the code {code} was not declared"))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn column_name(column: &types::Column) -> String {
    let image = match column.image {
        Image::Keys => "keys",
        Image::OldImage => "old_image",
        Image::NewImage => "new_image",
    };
    let names = column.path.iter().map(|name| name.replace('~', "~0").replace('/', "~1"));
    std::iter::once(image.to_owned()).chain(names).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests;
