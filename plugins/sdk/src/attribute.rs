//! Attribute values, taken apart: what two images have to say to each other as values, not as texts.
//!
//! The service promises no order of members, nor of the elements of a set, and no spelling of a number; so whoever
//! compares texts finds differences where there are none.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};

use crate::bindings::sealog::filter::types::Value;
use crate::{AttributePath, Decimal};

/// An item, or a map in one.
pub type Item = BTreeMap<String, Attribute>;

/// One attribute's value. Equality is DynamoDB's: sets and maps have no order, numbers are equal by value; lists have
/// order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attribute {
    /// NULL.
    Null,
    /// BOOL.
    Boolean(bool),
    /// N.
    Number(Decimal),
    /// S.
    Text(String),
    /// B, in base64 as the service writes it.
    Bytes(String),
    /// M.
    Map(Item),
    /// L.
    List(Vec<Self>),
    /// SS.
    Texts(BTreeSet<String>),
    /// NS.
    Numbers(BTreeSet<Decimal>),
    /// BS, each in base64.
    BytesSet(BTreeSet<String>),
}

/// Why a text is not the DynamoDB JSON of an attribute or item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeError(String);

impl fmt::Display for AttributeError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "not DynamoDB JSON: {}", self.0)
    }
}

impl std::error::Error for AttributeError {}

impl Attribute {
    /// Reads one attribute with its type around it, such as `{"M":{"a":{"N":"1"}}}`.
    ///
    /// # Errors
    /// It is not one attribute, has a type that we do not know, a number that DynamoDB would not store, or a name twice.
    pub fn parse(json: &str) -> Result<Self, AttributeError> {
        serde_json::from_str(json).map_err(|error| AttributeError(error.to_string()))
    }

    /// Reads a whole image.
    ///
    /// # Errors
    /// As for [`Attribute::parse`].
    pub fn item(json: &str) -> Result<Item, AttributeError> {
        serde_json::from_str::<Members>(json)
            .map(|it| it.0)
            .map_err(|error| AttributeError(error.to_string()))
    }

    pub(crate) fn from_value(value: &Value) -> Result<Option<Self>, AttributeError> {
        Ok(Some(match value {
            Value::Absent => return Ok(None),
            Value::Nil => Self::Null,
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Number(text) => {
                Self::Number(text.parse().map_err(|error| AttributeError(format!("{text:?} is {error}")))?)
            }
            Value::Text(text) => Self::Text(text.clone()),
            Value::Bytes(bytes) => Self::Bytes(base64(bytes)),
            Value::Json(json) => Self::parse(json)?,
        }))
    }
}

impl AttributePath {
    /// Takes the attribute out of an item, through maps.
    pub fn take_from(&self, item: &mut Item) -> Option<Attribute> {
        take(item, self.names())
    }
}

fn take(item: &mut Item, names: &[String]) -> Option<Attribute> {
    let (name, rest) = names.split_first()?;
    if rest.is_empty() {
        return item.remove(name);
    }
    if let Attribute::Map(inner) = item.get_mut(name)? { take(inner, rest) } else { None }
}

/// Members of a map, each name once.
struct Members(Item);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object of attributes")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Item::new();
                while let Some((name, attribute)) = map.next_entry::<String, Attribute>()? {
                    if members.insert(name, attribute).is_some() {
                        return Err(A::Error::custom("a name is there twice"));
                    }
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

impl<'de> Deserialize<'de> for Attribute {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Attribute;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an attribute with its type, such as {\"S\":\"a\"}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attribute, A::Error> {
                let Some(kind) = map.next_key::<String>()? else {
                    return Err(A::Error::custom("an attribute without a type"));
                };
                let attribute = match kind.as_str() {
                    "NULL" => map.next_value::<bool>().map(|_| Attribute::Null)?,
                    "BOOL" => Attribute::Boolean(map.next_value()?),
                    "N" => Attribute::Number(map.next_value::<Number>()?.0),
                    "S" => Attribute::Text(map.next_value()?),
                    "B" => Attribute::Bytes(map.next_value()?),
                    "M" => Attribute::Map(map.next_value::<Members>()?.0),
                    "L" => Attribute::List(map.next_value()?),
                    "SS" => Attribute::Texts(map.next_value()?),
                    "NS" => Attribute::Numbers(
                        map.next_value::<Vec<Number>>()?.into_iter().map(|it| it.0).collect(),
                    ),
                    "BS" => Attribute::BytesSet(map.next_value()?),
                    other => return Err(A::Error::custom(format_args!("unknown type {other:?}"))),
                };
                match map.next_entry::<IgnoredAny, IgnoredAny>()? {
                    None => Ok(attribute),
                    Some(_) => Err(A::Error::custom("an attribute with two types")),
                }
            }
        }

        deserializer.deserialize_map(Reader)
    }
}

/// The service writes numbers as texts; one that is not is not the service's.
struct Number(Decimal);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|error| D::Error::custom(format_args!("{text:?} is {error}")))
    }
}

/// Standard alphabet, padded: as the service writes it.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or_default();
            let letter = ALPHABET.get(index).copied().filter(|_| place <= chunk.len()).unwrap_or(b'=');
            text.push(char::from(letter));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(json: &str) -> Attribute {
        Attribute::parse(json).unwrap_or_else(|error| panic!("{json}: {error}"))
    }

    #[test]
    fn values_are_equal_though_their_texts_are_not() {
        for (one, other) in [
            (r#"{"M":{"a":{"N":"1"},"b":{"S":"x"}}}"#, r#"{ "M": {"b":{"S":"x"},"a":{"N":"1.00"}}}"#),
            (r#"{"SS":["a","b"]}"#, r#"{"SS":["b","a"]}"#),
            (r#"{"NS":["1","2"]}"#, r#"{"NS":["2.0","1"]}"#),
            (r#"{"BS":["AQ==","Ag=="]}"#, r#"{"BS":["Ag==","AQ=="]}"#),
            (r#"{"S":"é"}"#, "{\"S\":\"\\u00e9\"}"),
            (r#"{"L":[{"N":"10"}]}"#, r#"{"L":[{"N":"1E1"}]}"#),
        ] {
            assert_eq!(attribute(one), attribute(other), "{one} {other}");
        }
    }

    #[test]
    fn values_differ_by_type_order_of_lists_and_digits() {
        for (one, other) in [
            (r#"{"L":[{"S":"a"},{"S":"b"}]}"#, r#"{"L":[{"S":"b"},{"S":"a"}]}"#),
            (r#"{"S":"1"}"#, r#"{"N":"1"}"#),
            (r#"{"S":""}"#, r#"{"NULL":true}"#),
            (r#"{"N":"10000000000000000.01"}"#, r#"{"N":"10000000000000000.02"}"#),
            (r#"{"M":{"a":{"S":"x"}}}"#, r#"{"M":{"A":{"S":"x"}}}"#),
            (r#"{"SS":["a"]}"#, r#"{"L":[{"S":"a"}]}"#),
        ] {
            assert_ne!(attribute(one), attribute(other), "{one} {other}");
        }
    }

    #[test]
    fn what_is_not_dynamodb_json_is_refused() {
        for json in [
            "{}",
            r#"{"X":1}"#,
            r#"{"S":"a","N":"1"}"#,
            r#"{"N":1}"#,
            r#"{"N":"one"}"#,
            r#"{"M":{"a":{"S":"1"},"a":{"S":"2"}}}"#,
            "[]",
            "1",
        ] {
            assert!(Attribute::parse(json).is_err(), "{json}");
        }
        assert!(Attribute::item(r#"{"a":"b"}"#).is_err());
    }

    #[test]
    fn attributes_are_taken_out_through_maps() {
        let mut item = Attribute::item(r#"{"a":{"M":{"b":{"N":"1"},"c":{"N":"2"}}},"d":{"S":"x"}}"#).unwrap();
        assert_eq!(AttributePath::from("a.b").take_from(&mut item), Some(attribute(r#"{"N":"1"}"#)));
        assert_eq!(AttributePath::from("a.b").take_from(&mut item), None);
        assert_eq!(AttributePath::from("d.e").take_from(&mut item), None);
        assert_eq!(item, Attribute::item(r#"{"a":{"M":{"c":{"N":"2"}}},"d":{"S":"x"}}"#).unwrap());
    }

    #[test]
    fn bytes_are_written_as_the_service_writes_them() {
        for (bytes, want) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(bytes.as_bytes()), want);
        }
        assert_eq!(base64(&[0xfb, 0xff, 0xfe]), "+//+");
    }
}
