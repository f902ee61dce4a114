//! Where an attribute stands in an item, and what a filter took out of an image.

use std::fmt;

use serde::Deserialize;

use super::value::{Item, Value};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Member of an item or a map.
    Member(String),
    /// Element of a list, from 0.
    Index(usize),
}

/// The way to an attribute, from the item down. Shown as `address.lines[0]`, odd names as `["a.b"]`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Path(Vec<Step>);

impl Path {
    /// Its steps.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    pub(crate) fn member(&self, name: &str) -> Self {
        self.with(Step::Member(name.to_owned()))
    }

    pub(crate) fn index(&self, index: usize) -> Self {
        self.with(Step::Index(index))
    }

    fn with(&self, step: Step) -> Self {
        Self(self.0.iter().cloned().chain([step]).collect())
    }

    /// Members as texts, elements as numbers.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let step = |step: &Step| match step {
            Step::Member(name) => name.as_str().into(),
            Step::Index(index) => (*index).into(),
        };
        self.0.iter().map(step).collect::<Vec<serde_json::Value>>().into()
    }
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, step) in self.0.iter().enumerate() {
            match step {
                Step::Index(index) => write!(f, "[{index}]")?,
                Step::Member(name) if !is_plain(name) => {
                    write!(f, "[{}]", serde_json::Value::from(name.as_str()))?
                }
                Step::Member(name) if place == 0 => f.write_str(name)?,
                Step::Member(name) => write!(f, ".{name}")?,
            }
        }
        Ok(())
    }
}

/// Which image of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The item before the change.
    OldImage,
    /// The item after it.
    NewImage,
}

impl Side {
    /// Its name in FORMAT.md.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OldImage => "old_image",
            Self::NewImage => "new_image",
        }
    }
}

/// One value that a filter took out (FORMAT.md, section 4).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Redaction {
    /// Of which image.
    #[serde(rename = "image")]
    pub side: Side,
    /// Names from the item down; of a list's element its number.
    pub path: Vec<String>,
    /// SHA-256 of salt and value.
    pub commitment: String,
}

/// Reads the column `redactions`; what is none names nothing.
pub(crate) fn redactions(text: Option<&str>) -> Vec<Redaction> {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Marks what was taken out of an image, and gives the paths of it.
pub(crate) fn mark(item: &mut Item, redactions: &[Redaction], side: Side) -> Vec<Path> {
    let mut marked = Vec::new();
    for redaction in redactions.iter().filter(|redaction| redaction.side == side) {
        if let Some((path, value)) = find(item, &redaction.path) {
            *value = Value::Redacted(redaction.commitment.clone());
            marked.push(path);
        }
    }
    marked
}

fn find<'a>(item: &'a mut Item, names: &[String]) -> Option<(Path, &'a mut Value)> {
    let (first, rest) = names.split_first()?;
    let mut path = Path::default().member(first);
    let mut value = item.get_mut(first)?;
    for name in rest {
        (path, value) = match value {
            Value::Map(item) => (path.member(name), item.get_mut(name)?),
            Value::List(elements) => {
                let index = name.parse().ok()?;
                (path.index(index), elements.get_mut(index)?)
            }
            Value::String(_)
            | Value::Number(_)
            | Value::Binary(_)
            | Value::Bool(_)
            | Value::Null
            | Value::StringSet(_)
            | Value::NumberSet(_)
            | Value::BinarySet(_)
            | Value::Redacted(_)
            | Value::Other(_) => return None,
        };
    }
    Some((path, value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items::value::parse;

    #[test]
    fn a_path_is_shown_as_it_would_be_written() {
        let path = Path::default().member("a").member("b.c").index(0).member("d");
        assert_eq!(path.to_string(), r#"a["b.c"][0].d"#);
        assert_eq!(path.to_json().to_string(), r#"["a","b.c",0,"d"]"#);
        assert_eq!(Path::default().member("").to_string(), r#"[""]"#);
    }

    #[test]
    fn what_was_taken_out_is_marked_and_named() {
        let mut item =
            parse(r#"{"card":{"M":{"n":{"NULL":true},"x":{"S":"1"}}},"l":{"L":[{"NULL":true}]}}"#).unwrap();
        let stated = redactions(Some(
            r#"[{"image":"new_image","path":["card","n"],"commitment":"c1"},{"image":"new_image","path":["l","0"],"commitment":"c2"},{"image":"old_image","path":["card"],"commitment":"c3"},{"image":"new_image","path":["gone"],"commitment":"c4"}]"#,
        ));
        let paths: Vec<String> =
            mark(&mut item, &stated, Side::NewImage).iter().map(ToString::to_string).collect();
        assert_eq!(paths, ["card.n", "l[0]"]);
        let Value::Map(card) = &item["card"] else { panic!("{item:?}") };
        assert_eq!(card["n"], Value::Redacted("c1".to_owned()));
        assert_eq!(redactions(Some("rubbish")), []);
    }
}
