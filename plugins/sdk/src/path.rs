//! Where an attribute lies in an item.

use std::fmt;

use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// Names from the item inwards: a name leads into a map, digits into a list.
///
/// In a configuration and in code it is written as a text that is split at dots (`"customer.email"`), or as a list of
/// names where a name itself has a dot (`["customer", "e.mail"]`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AttributePath(Vec<String>);

impl AttributePath {
    /// The names, outermost first. Never empty when it comes from a configuration.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether `other` is this attribute, or lies in it.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0)
    }

    fn checked(self) -> Result<Self, &'static str> {
        if self.0.is_empty() {
            return Err("the path of an attribute has at least one name");
        }
        if self.0.iter().any(String::is_empty) {
            return Err("an attribute's name is not empty; two dots in a row, or one at the end?");
        }
        Ok(self)
    }
}

impl From<&str> for AttributePath {
    fn from(dotted: &str) -> Self {
        Self(dotted.split('.').map(ToOwned::to_owned).collect())
    }
}

impl<const N: usize> From<[&str; N]> for AttributePath {
    fn from(names: [&str; N]) -> Self {
        Self(names.into_iter().map(ToOwned::to_owned).collect())
    }
}

impl From<Vec<String>> for AttributePath {
    fn from(names: Vec<String>) -> Self {
        Self(names)
    }
}

impl From<&Self> for AttributePath {
    fn from(path: &Self) -> Self {
        path.clone()
    }
}

/// As a person would write it. Not to be read back: a name may have a dot.
impl fmt::Display for AttributePath {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0.join("."))
    }
}

impl Serialize for AttributePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for AttributePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrNames;

        impl<'de> Visitor<'de> for TextOrNames {
            type Value = AttributePath;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an attribute's path: a text such as \"customer.email\", or a list of names")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<AttributePath, E> {
                AttributePath::from(text).checked().map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<AttributePath, A::Error> {
                let mut names = Vec::new();
                while let Some(name) = seq.next_element()? {
                    names.push(name);
                }
                AttributePath(names).checked().map_err(A::Error::custom)
            }
        }

        deserializer.deserialize_any(TextOrNames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<AttributePath, String> {
        serde_json::from_str(json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_text_is_split_at_dots_and_a_list_is_not() {
        assert_eq!(read(r#""customer.email""#).unwrap(), AttributePath::from(["customer", "email"]));
        assert_eq!(read(r#"["customer","e.mail"]"#).unwrap(), AttributePath::from(["customer", "e.mail"]));
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        for json in [r#""""#, r#""a..b""#, r#""a.""#, "[]", r#"[""]"#, "7", "null"] {
            assert!(read(json).is_err(), "{json}");
        }
    }

    #[test]
    fn containing_goes_by_names_not_by_letters() {
        let path = AttributePath::from;
        assert!(path("customer").contains(&path("customer.email")));
        assert!(path("customer").contains(&path("customer")));
        assert!(!path("custom").contains(&path("customer")));
        assert!(!path("customer.email").contains(&path("customer")));
    }
}
