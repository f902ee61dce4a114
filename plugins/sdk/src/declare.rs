//! What a filter declares, and the handles it gets for it.

use crate::AttributePath;
use crate::bindings::sealog::filter::types::{self, Image, VerdictKinds};

/// Most columns, and most codes, of a filter.
const COLUMNS_MAX: usize = 64;
/// Most names of a path.
const DEPTH_MAX: usize = 32;
/// Longest name of an attribute, in bytes.
const NAME_MAX: usize = 65_535;
/// Longest code, name of a tag or name of a filter, in bytes.
const CODE_MAX: usize = 64;

/// An attribute that the filter looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column(u32);

impl Column {
    pub(crate) const fn index(self) -> u32 {
        self.0
    }
}

/// An attribute that the filter may remove, and look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Redactable(Column);

impl Redactable {
    /// To look at it.
    #[must_use]
    pub const fn column(self) -> Column {
        self.0
    }
}

/// Why a change is dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DropCode(pub(crate) String);

/// What somebody is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertCode(pub(crate) String);

/// The name of a mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagName(pub(crate) String);

/// Gathers what a filter looks at and says. What breaks a limit is remembered, and fails the configuration with all of it
/// in one message.
#[derive(Debug)]
pub struct Declare {
    columns: Vec<(Image, AttributePath)>,
    reasons: Vec<String>,
    verdicts: VerdictKinds,
    problems: Vec<String>,
}

impl Default for Declare {
    fn default() -> Self {
        Self {
            columns: Vec::new(),
            reasons: Vec::new(),
            verdicts: VerdictKinds::empty(),
            problems: Vec::new(),
        }
    }
}

impl Declare {
    /// An attribute to look at. The same one twice is one column.
    pub fn column(&mut self, image: Image, path: impl Into<AttributePath>) -> Column {
        let path = path.into();
        let names = path.names();
        if names.is_empty() || names.len() > DEPTH_MAX {
            self.problems
                .push(format!("the path {path} has {} names, 1 to {DEPTH_MAX} are possible", names.len()));
        }
        if names.iter().any(|name| name.is_empty() || name.len() > NAME_MAX) {
            self.problems
                .push(format!("a name in the path {path} is empty, or longer than {NAME_MAX} bytes"));
        }
        self.add(image, path)
    }

    /// A whole image, as DynamoDB JSON. It costs thirty times what four scalars cost; who has to compare everything has
    /// no choice.
    pub fn image(&mut self, image: Image) -> Column {
        self.add(image, AttributePath::from(Vec::new()))
    }

    /// An attribute that may be removed. Keys cannot be: they are how a row is found.
    pub fn redactable(&mut self, image: Image, path: impl Into<AttributePath>) -> Redactable {
        if image == Image::Keys {
            self.problems.push("key attributes cannot be redacted; name one of an image".to_owned());
        }
        self.verdicts = self.verdicts | VerdictKinds::REDACT;
        Redactable(self.column(image, path))
    }

    /// A reason to drop: 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`.
    pub fn drop(&mut self, code: impl Into<String>) -> DropCode {
        self.verdicts = self.verdicts | VerdictKinds::DROP;
        DropCode(self.reason(code.into()))
    }

    /// Something to tell somebody: 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`.
    pub fn alert(&mut self, code: impl Into<String>) -> AlertCode {
        self.verdicts = self.verdicts | VerdictKinds::ALERT;
        AlertCode(self.reason(code.into()))
    }

    /// A mark: 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`; what begins with `sealog` belongs to the host.
    pub fn tag(&mut self, name: impl Into<String>) -> TagName {
        let name = name.into();
        self.verdicts = self.verdicts | VerdictKinds::TAG;
        self.check_code("tag", &name);
        TagName(name)
    }

    fn add(&mut self, image: Image, path: AttributePath) -> Column {
        let known = self.columns.iter().position(|known| known.0 == image && known.1 == path);
        let index = known.unwrap_or_else(|| {
            self.columns.push((image, path));
            self.columns.len() - 1
        });
        // A number that does not fit is far above the limit, which fails the configuration.
        Column(u32::try_from(index).unwrap_or(u32::MAX))
    }

    fn reason(&mut self, code: String) -> String {
        self.check_code("code", &code);
        if !self.reasons.contains(&code) {
            self.reasons.push(code.clone());
        }
        code
    }

    fn check_code(&mut self, what: &str, code: &str) {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
        if code.is_empty() || code.len() > CODE_MAX || !code.bytes().all(allowed) {
            self.problems.push(format!("the {what} {code:?} is not 1 to {CODE_MAX} of a-z, 0-9, -, _ and ."));
        }
    }

    pub(crate) fn columns(&self) -> &[(Image, AttributePath)] {
        &self.columns
    }

    pub(crate) fn finish(
        mut self,
        name: &str,
        version: &str,
        config_schema: Option<&str>,
    ) -> Result<types::Manifest, String> {
        for (what, count) in [("columns", self.columns.len()), ("codes", self.reasons.len())] {
            if count > COLUMNS_MAX {
                self.problems.push(format!("{count} {what} are declared, {COLUMNS_MAX} are possible"));
            }
        }
        if !self.problems.is_empty() {
            return Err(self.problems.join("; "));
        }
        let column =
            |(image, path): (Image, AttributePath)| types::Column { image, path: path.names().to_vec() };
        Ok(types::Manifest {
            name: name.to_owned(),
            version: version.to_owned(),
            columns: self.columns.into_iter().map(column).collect(),
            reasons: self.reasons,
            verdicts: self.verdicts,
            config_schema: config_schema.map(ToOwned::to_owned),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finish(declare: Declare) -> Result<types::Manifest, String> {
        declare.finish("a", "1", None)
    }

    #[test]
    fn one_attribute_is_one_column_and_what_may_be_said_follows() {
        let mut declare = Declare::default();
        let email = declare.redactable(Image::NewImage, "email");
        assert_eq!(declare.column(Image::NewImage, ["email"]), email.column());
        assert_ne!(declare.column(Image::OldImage, "email"), email.column());
        declare.drop("noise");
        declare.alert("noise");
        let manifest = finish(declare).unwrap();
        assert_eq!(manifest.columns.len(), 2);
        assert_eq!(manifest.reasons, ["noise"]);
        assert_eq!(manifest.verdicts, VerdictKinds::DROP | VerdictKinds::ALERT | VerdictKinds::REDACT);
    }

    #[test]
    fn every_broken_limit_is_named_at_once() {
        let mut declare = Declare::default();
        declare.redactable(Image::Keys, "pk");
        declare.column(Image::NewImage, "a..b");
        declare.column(Image::NewImage, ["x"; DEPTH_MAX + 1]);
        declare.drop("Not Lower");
        declare.tag("");
        let message = finish(declare).unwrap_err();
        assert_eq!(message.split("; ").filter(|part| !part.is_empty()).count(), 6, "{message}");
    }

    #[test]
    fn too_many_columns_are_refused() {
        let declared = |count: usize| {
            let mut declare = Declare::default();
            for number in 0..count {
                declare.column(Image::NewImage, format!("a{number}").as_str());
            }
            finish(declare)
        };
        assert!(declared(COLUMNS_MAX).is_ok());
        assert!(declared(COLUMNS_MAX + 1).unwrap_err().contains("65 columns"));
    }
}
