//! DynamoDB JSON, read as far as a question needs: members of an item, one attribute by its path, and which members of two
//! images differ **as values** (FORMAT.md, section 8, "image-break": maps and sets in any order, all else by its text).

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

/// A name as JSON spells it, borrowed where it needs no decoding.
#[derive(Debug, serde::Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// Members of an object, each name once and in order. Of a name that stands twice the last counts.
#[derive(Debug)]
pub(crate) struct Item<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'de> Deserialize<'de> for Item<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Item<'de>;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((Text(name), value)) = map.next_entry()? {
            members.push((name, value));
        }
        // The sort is stable, and of equal ones the first is kept.
        members.reverse();
        members.sort_by(|(a, _), (b, _): &(Cow<'_, str>, _)| a.cmp(b));
        members.dedup_by(|(later, _), (first, _)| later == first);
        Ok(Item(members))
    }
}

/// One attribute value.
#[derive(Debug)]
pub(crate) enum Attribute<'a> {
    /// `S`
    String(Cow<'a, str>),
    /// `N`: the digits as the service sent them.
    Number(Cow<'a, str>),
    /// `B`: base64.
    Binary(Cow<'a, str>),
    /// `BOOL`
    Bool(bool),
    /// `NULL`
    Null,
    /// `M`
    Map(Item<'a>),
    /// `L`
    List(Vec<&'a RawValue>),
    /// A set, or something unknown.
    Other,
}

impl<'a> Item<'a> {
    /// Reads an image or keys; `None` for what is no JSON object.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    fn get(&self, name: &str) -> Option<&'a RawValue> {
        let place = self.0.binary_search_by(|(member, _)| member.as_ref().cmp(name)).ok()?;
        self.0.get(place).map(|(_, value)| *value)
    }

    /// Names of the members, in order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_ref())
    }

    /// The attribute at a path; `None` where there is none.
    pub(crate) fn attribute(&self, path: &[String]) -> Option<Attribute<'a>> {
        let (first, rest) = path.split_first()?;
        let mut found = Attribute::parse(self.get(first)?);
        for part in rest {
            found = match found {
                Attribute::Map(item) => Attribute::parse(item.get(part)?),
                Attribute::List(elements) => Attribute::parse(elements.get(part.parse::<usize>().ok()?)?),
                Attribute::String(_)
                | Attribute::Number(_)
                | Attribute::Binary(_)
                | Attribute::Bool(_)
                | Attribute::Null
                | Attribute::Other => return None,
            };
        }
        Some(found)
    }
}

impl<'a> Attribute<'a> {
    fn parse(raw: &'a RawValue) -> Self {
        Self::known(raw).unwrap_or(Self::Other)
    }

    fn known(raw: &'a RawValue) -> Option<Self> {
        let object = Item::parse(raw.get())?;
        let [(kind, value)] = object.0.as_slice() else { return None };
        let text = || serde_json::from_str::<Text<'a>>(value.get()).ok().map(|text| text.0);
        Some(match kind.as_ref() {
            "S" => Self::String(text()?),
            "N" => Self::Number(text()?),
            "B" => Self::Binary(text()?),
            "BOOL" => Self::Bool(serde_json::from_str(value.get()).ok()?),
            "NULL" => Self::Null,
            "M" => Self::Map(Item::parse(value.get())?),
            "L" => Self::List(serde_json::from_str(value.get()).ok()?),
            _ => return None,
        })
    }

    /// Its text, if it is a string, a number or binary.
    pub(crate) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::String(text) | Self::Number(text) | Self::Binary(text) => Some(text),
            Self::Bool(_) | Self::Null | Self::Map(_) | Self::List(_) | Self::Other => None,
        }
    }
}

/// Names of the members that differ between two items; an item that is not there has no members.
pub(crate) fn differing(old: Option<&Item<'_>>, new: Option<&Item<'_>>) -> Vec<String> {
    let mut names: Vec<&str> = old.into_iter().chain(new).flat_map(Item::names).collect();
    names.sort_unstable();
    names.dedup();
    names.retain(|name| match (old.and_then(|old| old.get(name)), new.and_then(|new| new.get(name))) {
        (Some(old), Some(new)) => !is_same(old.get(), new.get()),
        _ => true,
    });
    names.into_iter().map(str::to_owned).collect()
}

fn is_same(a: &str, b: &str) -> bool {
    a == b
        || !(is_plain(a) && is_plain(b)) && matches!((settled(a), settled(b)), (Some(a), Some(b)) if a == b)
}

/// A string, number or binary as the service spells it. Two of these with different texts are different values.
fn is_plain(text: &str) -> bool {
    let kinds = [r#"{"S":""#, r#"{"N":""#, r#"{"B":""#];
    let inner = kinds.iter().find_map(|kind| text.strip_prefix(kind)?.strip_suffix(r#""}"#));
    inner.is_some_and(|inner| !inner.bytes().any(|byte| matches!(byte, b'"' | b'\\')))
}

/// A value in which the order of a set's elements says nothing any more.
fn settled(text: &str) -> Option<Value> {
    let mut value = serde_json::from_str(text).ok()?;
    settle(&mut value);
    Some(value)
}

fn settle(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let alone = members.len() == 1;
            for (name, value) in members.iter_mut() {
                // A map may have a member of this name, but no attribute value is an array.
                if let Value::Array(elements) = value
                    && alone
                    && matches!(name.as_str(), "SS" | "NS" | "BS")
                {
                    elements.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
                } else {
                    settle(value);
                }
            }
        }
        Value::Array(elements) => elements.iter_mut().for_each(settle),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(old: &str, new: &str) -> Vec<String> {
        differing(Item::parse(old).as_ref(), Item::parse(new).as_ref())
    }

    #[test]
    fn spelling_and_order_are_no_difference_and_values_are() {
        let old = r#"{"s":{"SS":["a","b"]},"m":{"M":{"x":{"N":"1"},"y":{"S":"é"}}},"l":{"L":[{"N":"1"},{"N":"2"}]},"n":{"N":"1"}}"#;
        let new = r#"{ "n" : {"N":"1"}, "m":{"M":{"y":{"S":"\u00e9"},"x":{"N":"1"}}},"s":{"SS":["b","a"]},"l":{"L":[{"N":"1"},{"N":"2"}]}}"#;
        assert_eq!(changed(old, new), Vec::<String>::new());
        let other = r#"{"s":{"SS":["a","c"]},"m":{"M":{"x":{"N":"2"},"y":{"S":"é"}}},"l":{"L":[{"N":"2"},{"N":"1"}]},"new":{"S":""}}"#;
        assert_eq!(changed(old, other), ["l", "m", "n", "new", "s"]);
        assert_eq!(differing(None, Item::parse(r#"{"b":{"S":"1"},"a":{"S":"1"}}"#).as_ref()), ["a", "b"]);
    }

    #[test]
    fn a_plain_text_is_compared_as_it_stands_and_another_by_what_it_means() {
        for (a, b, names) in [
            (r#"{"S":"a"}"#, r#"{"S":"\u0061"}"#, 0),
            (r#"{"S":"a"}"#, r#"{ "S":"a"}"#, 0),
            (r#"{"S":"a"}"#, r#"{"S":"b"}"#, 1),
            (r#"{"S":"1"}"#, r#"{"N":"1"}"#, 1),
            (r#"{"N":"1"}"#, r#"{"N":"1.0"}"#, 1),
            (r#"{"S":"a","N":"1"}"#, r#"{"N":"1","S":"a"}"#, 0),
        ] {
            let item = |value| format!(r#"{{"x":{value}}}"#);
            assert_eq!(changed(&item(a), &item(b)).len(), names, "{a} {b}");
        }
    }

    #[test]
    fn a_member_called_like_a_set_is_a_member() {
        let old = r#"{"m":{"M":{"SS":{"L":[{"S":"b"},{"S":"a"}]}}}}"#;
        let new = r#"{"m":{"M":{"SS":{"L":[{"S":"a"},{"S":"b"}]}}}}"#;
        assert_eq!(changed(old, new), ["m"]);
    }

    #[test]
    fn the_last_of_two_members_counts_and_names_are_decoded() {
        let item = Item::parse(r#"{"a":{"S":"1"},"\u0061":{"S":"2"}}"#).unwrap();
        let found = item.attribute(&["a".to_owned()]).unwrap().into_text().unwrap().into_owned();
        assert_eq!(found, "2");
    }

    #[test]
    fn a_path_leads_through_maps_and_lists() {
        let item = Item::parse(r#"{"a":{"M":{"b.c":{"L":[{"N":"7"},{"BOOL":true}]}}}}"#).unwrap();
        let at =
            |path: &[&str]| item.attribute(&path.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
        assert!(matches!(at(&["a", "b.c", "0"]), Some(Attribute::Number(text)) if text == "7"));
        assert!(matches!(at(&["a", "b.c", "1"]), Some(Attribute::Bool(true))));
        assert!(
            at(&["a", "b.c", "2"]).is_none()
                && at(&["a", "x"]).is_none()
                && at(&["a", "b.c", "0", "d"]).is_none()
        );
    }
}
