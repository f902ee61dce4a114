//! Attribute values, typed as DynamoDB types them, so that two images can be compared as values and not as texts: sets
//! have no order, numbers are equal if their values are, maps have no order either.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};

use super::number::Number;

/// Attributes by name: an image, keys, or a map within one.
pub type Item = BTreeMap<String, Value>;

/// One attribute value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `S`
    String(String),
    /// `N`
    Number(Number),
    /// `B`: base64 as the service sent it.
    Binary(String),
    /// `BOOL`
    Bool(bool),
    /// `NULL`
    Null,
    /// `SS`
    StringSet(BTreeSet<String>),
    /// `NS`
    NumberSet(BTreeSet<Number>),
    /// `BS`
    BinarySet(BTreeSet<String>),
    /// `L`
    List(Vec<Value>),
    /// `M`
    Map(Item),
    /// A filter took the value out; its commitment is left.
    Redacted(String),
    /// Not of a type that is known; as it was sent.
    Other(Json),
}

/// Reads an image or keys; `None` for what is no JSON object.
pub(crate) fn parse(text: &str) -> Option<Item> {
    let Json::Object(members) = serde_json::from_str(text).ok()? else { return None };
    Some(members.iter().map(|(name, value)| (name.clone(), Value::of(value))).collect())
}

impl Value {
    /// One attribute value in DynamoDB JSON.
    pub(crate) fn of(value: &Json) -> Self {
        Self::known(value).unwrap_or_else(|| Self::Other(value.clone()))
    }

    fn known(value: &Json) -> Option<Self> {
        let object = value.as_object().filter(|object| object.len() == 1)?;
        let (kind, value) = object.iter().next()?;
        let text = || value.as_str().map(str::to_owned);
        Some(match kind.as_str() {
            "S" => Self::String(text()?),
            "N" => Self::Number(Number::parse(value.as_str()?)?),
            "B" => Self::Binary(text()?),
            "BOOL" => Self::Bool(value.as_bool()?),
            "NULL" => Self::Null,
            "SS" => Self::StringSet(texts(value)?.map(str::to_owned).collect()),
            "NS" => Self::NumberSet(texts(value)?.map(Number::parse).collect::<Option<_>>()?),
            "BS" => Self::BinarySet(texts(value)?.map(str::to_owned).collect()),
            "L" => Self::List(value.as_array()?.iter().map(Self::of).collect()),
            "M" => Self::Map(
                value.as_object()?.iter().map(|(name, value)| (name.clone(), Self::of(value))).collect(),
            ),
            _ => return None,
        })
    }

    /// DynamoDB JSON; `{"redacted":"<commitment>"}` for what a filter took out.
    #[must_use]
    pub fn to_json(&self) -> Json {
        match self {
            Self::String(text) => json!({ "S": text }),
            Self::Number(number) => json!({ "N": number.as_str() }),
            Self::Binary(text) => json!({ "B": text }),
            Self::Bool(value) => json!({ "BOOL": value }),
            Self::Null => json!({ "NULL": true }),
            Self::StringSet(elements) => json!({ "SS": elements }),
            Self::NumberSet(elements) => {
                json!({ "NS": elements.iter().map(Number::as_str).collect::<Vec<_>>() })
            }
            Self::BinarySet(elements) => json!({ "BS": elements }),
            Self::List(elements) => json!({ "L": elements.iter().map(Self::to_json).collect::<Vec<_>>() }),
            Self::Map(item) => json!({ "M": item_to_json(item) }),
            Self::Redacted(commitment) => json!({ "redacted": commitment }),
            Self::Other(value) => value.clone(),
        }
    }

    /// Whether a person who writes `text` may mean this value of a key: a string as it is, a number by value, binary in
    /// base64.
    pub(crate) fn is_written(&self, text: &str) -> bool {
        match self {
            Self::String(own) | Self::Binary(own) => own == text,
            Self::Number(own) => Number::parse(text).is_some_and(|number| number == *own),
            Self::Bool(_)
            | Self::Null
            | Self::StringSet(_)
            | Self::NumberSet(_)
            | Self::BinarySet(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Redacted(_)
            | Self::Other(_) => false,
        }
    }
}

fn texts(value: &Json) -> Option<impl Iterator<Item = &str>> {
    let elements = value.as_array()?;
    elements.iter().all(Json::is_string).then(|| elements.iter().filter_map(Json::as_str))
}

/// An item in DynamoDB JSON, members in order of name.
#[must_use]
pub fn item_to_json(item: &Item) -> Json {
    Json::Object(item.iter().map(|(name, value)| (name.clone(), value.to_json())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_reads_back() {
        let text = r#"{"s":{"S":"é\n"},"n":{"N":"12.50"},"b":{"B":"AAE="},"t":{"BOOL":false},"z":{"NULL":true},"ss":{"SS":["a","b"]},"ns":{"NS":["1","2"]},"bs":{"BS":["AA=="]},"l":{"L":[{"N":"1"}]},"m":{"M":{"x":{"S":""}}}}"#;
        let item = parse(text).unwrap();
        assert_eq!(parse(&item_to_json(&item).to_string()).unwrap(), item);
        assert!(item.values().all(|value| !matches!(value, Value::Other(_))));
        assert_eq!(item["n"].to_json(), json!({ "N": "12.50" }));
    }

    #[test]
    fn order_of_a_set_and_spelling_of_a_number_are_no_difference() {
        let old = r#"{"a":{"NS":["1","2.0"]},"b":{"SS":["x","y"]},"c":{"M":{"p":{"N":"1"},"q":{"N":"2"}}}}"#;
        let new =
            r#"{"c":{"M":{"q":{"N":"2.00"},"p":{"N":"1"}}},"b":{"SS":["y","x"]},"a":{"NS":["2","1.0"]}}"#;
        assert_eq!(parse(old), parse(new));
        assert_ne!(parse(r#"{"a":{"N":"1"}}"#), parse(r#"{"a":{"S":"1"}}"#));
    }

    #[test]
    fn what_is_of_no_known_type_is_kept_as_it_is() {
        for odd in [r#"{"X":1}"#, r#"{"N":"ten"}"#, r#"{"S":"a","N":"1"}"#, "7", r#"{"SS":[1]}"#] {
            let value: Json = serde_json::from_str(odd).unwrap();
            assert_eq!(Value::of(&value), Value::Other(value.clone()), "{odd}");
        }
        assert_eq!(parse("[]"), None);
        assert_eq!(parse("{"), None);
    }
}
