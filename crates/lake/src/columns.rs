//! Which attributes become typed columns, and as what (README, "The lake").
//!
//! The text of an image is the truth; a typed column is a convenience that makes a comparison a hundred times cheaper. What
//! does not fit is NULL and counted, never rounded: a decimal comes from the number's own digits.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Digits that a decimal may have; what every reader of Parquet takes.
const PRECISION_MAX: u8 = 38;
const NAME_BYTES_MAX: usize = 120;

/// The typed columns of one table, and the names of its key attributes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    keys: Vec<String>,
    typed: Vec<Column>,
}

/// One attribute that has columns `old_<name>` and `new_<name>`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Where the attribute lies: names of map members, or places in a list, from the top of the item.
    pub path: Vec<String>,
    /// Name of the columns behind `old_` and `new_`: lower case, digits and `_`.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// What a typed column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Kind {
    /// A number of at most so many digits, `scale` of them behind the point. From `N` only.
    Decimal {
        /// Digits in all, 1 to 38.
        precision: u8,
        /// Digits behind the point.
        scale: u8,
    },
    /// A text: of `S`, or the digits of `N`, or the base64 of `B`.
    Text,
    /// Of `BOOL` only.
    Boolean,
    /// An instant, to the millisecond below. From `S`: RFC 3339 with an offset; from `N`: as `epoch` says.
    Timestamp {
        /// What a number counts.
        epoch: Epoch,
    },
}

/// What a number that stands for an instant counts, from 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Epoch {
    /// Seconds below 10¹¹ (the year 5138), else milliseconds (of which 10¹¹ is in 1973).
    Either,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
}

impl Columns {
    /// Reads a declaration: names of the key attributes, partition key first (empty: as they stand in the alphabet), and
    /// attributes with their types, such as `("address.city", "text")` or `("Total", "decimal(38,2) as total")`.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn declared<'a>(
        keys: &[String],
        declared: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, String> {
        if keys.len() > 2 || keys.iter().any(String::is_empty) {
            return Err(
                "keys should name the partition key, and the sort key if there is one: keys = [\"pk\", \"sk\"]"
                    .to_owned(),
            );
        }
        let typed =
            declared.map(|(path, kind)| Column::declared(path, kind)).collect::<Result<Vec<_>, _>>()?;
        let mut names = BTreeSet::new();
        for Column { name, path, .. } in &typed {
            if !names.insert(name) {
                let path = path.join(".");
                return Err(format!(
                    "columns: two attributes would be {name:?}; give {path:?} another name: \"<type> as other_name\""
                ));
            }
        }
        Ok(Self { keys: keys.to_vec(), typed })
    }

    /// Names of the key attributes, partition key first; empty: as they stand in the alphabet.
    #[must_use]
    pub fn keys(&self) -> &[String] {
        &self.keys
    }

    /// The declared attributes.
    #[must_use]
    pub fn typed(&self) -> &[Column] {
        &self.typed
    }

    /// As a file of the lake states what it was made by.
    #[must_use]
    pub fn to_json(&self) -> String {
        // Texts and small integers always have a JSON.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads what a file states; `None` for anything else.
    #[must_use]
    pub fn from_json(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl Column {
    fn declared(path: &str, kind: &str) -> Result<Self, String> {
        let parts = split_path(path).ok_or_else(|| {
            format!("columns: {path:?} should be names joined by dots, such as \"address.city\"")
        })?;
        let (kind, name) = match kind.split_once(" as ") {
            Some((kind, name)) => (kind, name.trim().to_owned()),
            None => (kind, plain(&parts.join("_"))),
        };
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(allowed) {
            return Err(format!(
                "columns: {path:?} cannot be called {name:?}; write \"<type> as name\", of a-z, 0-9 and _"
            ));
        }
        Ok(Self {
            path: parts,
            name,
            kind: kind.trim().parse().map_err(|problem| format!("columns: {path:?}: {problem}"))?,
        })
    }
}

/// `\.` is a dot within a name.
fn split_path(path: &str) -> Option<Vec<String>> {
    let (mut parts, mut part, mut escaped) = (Vec::new(), String::new(), false);
    for c in path.chars() {
        match c {
            '\\' if !escaped => {
                escaped = true;
                continue;
            }
            '.' if !escaped => parts.push(std::mem::take(&mut part)),
            c => part.push(c),
        }
        escaped = false;
    }
    parts.push(part);
    (!escaped && parts.iter().all(|part| !part.is_empty())).then_some(parts)
}

fn plain(name: &str) -> String {
    let keep = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    name.chars().map(keep).collect()
}

impl std::str::FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let epoch = |epoch| Ok(Self::Timestamp { epoch });
        match text {
            "text" => return Ok(Self::Text),
            "boolean" => return Ok(Self::Boolean),
            "timestamp" => return epoch(Epoch::Either),
            "timestamp(s)" => return epoch(Epoch::Seconds),
            "timestamp(ms)" => return epoch(Epoch::Milliseconds),
            _ => {}
        }
        let digits = text.strip_prefix("decimal(").and_then(|rest| rest.strip_suffix(')'));
        let parsed = digits.and_then(|digits| {
            let (precision, scale) = digits.split_once(',')?;
            Some((precision.trim().parse().ok()?, scale.trim().parse().ok()?))
        });
        match parsed {
            Some((precision, scale)) if (1..=PRECISION_MAX).contains(&precision) && scale <= precision => {
                Ok(Self::Decimal { precision, scale })
            }
            _ => Err(format!(
                "{text:?} is no type; known are decimal(p,s) with p up to 38, text, boolean, timestamp, timestamp(s), timestamp(ms)"
            )),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decimal { precision, scale } => write!(f, "decimal({precision},{scale})"),
            Self::Text => f.write_str("text"),
            Self::Boolean => f.write_str("boolean"),
            Self::Timestamp { epoch: Epoch::Either } => f.write_str("timestamp"),
            Self::Timestamp { epoch: Epoch::Seconds } => f.write_str("timestamp(s)"),
            Self::Timestamp { epoch: Epoch::Milliseconds } => f.write_str("timestamp(ms)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(path: &str, kind: &str) -> Result<Columns, String> {
        Columns::declared(&[], [(path, kind)].into_iter())
    }

    #[test]
    fn a_declaration_gives_path_name_and_type() {
        let columns = declared("Address.geo\\.lat.0", "decimal(38,6)").unwrap();
        let column = &columns.typed()[0];
        assert_eq!(column.path, ["Address", "geo.lat", "0"]);
        assert_eq!(column.name, "address_geo_lat_0");
        assert_eq!(column.kind, Kind::Decimal { precision: 38, scale: 6 });
        assert_eq!(declared("ü", "text as umlaut").unwrap().typed()[0].name, "umlaut");
        assert_eq!(Columns::from_json(&columns.to_json()), Some(columns));
        for kind in ["decimal(38,2)", "text", "boolean", "timestamp", "timestamp(s)", "timestamp(ms)"] {
            assert_eq!(kind.parse::<Kind>().unwrap().to_string(), kind);
        }
    }

    #[test]
    fn a_wrong_declaration_says_what_is_right() {
        for (path, kind, hint) in [
            ("a", "decimal(39,2)", "up to 38"),
            ("a", "decimal(5,6)", "decimal(p,s)"),
            ("a", "float", "known are"),
            ("a..b", "text", "joined by dots"),
            ("a\\", "text", "joined by dots"),
            ("", "text", "joined by dots"),
            ("a", "text as Ä", "a-z"),
        ] {
            let problem = declared(path, kind).unwrap_err();
            assert!(problem.contains(hint), "{problem}");
        }
        let twice = Columns::declared(&[], [("Amount", "text"), ("amount", "text")].into_iter());
        assert!(twice.unwrap_err().contains("another name"));
        assert!(Columns::declared(&["a".into(), "b".into(), "c".into()], [].into_iter()).is_err());
    }
}
