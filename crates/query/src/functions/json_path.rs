//! Paths into JSON text, as Trino's `json_extract` takes them: `$.amount.N`, `$.items[0]["unit price"].S`. One member or
//! element a step; no wildcards, no filters. The text is walked once, and nothing is built that is not asked for.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Member(String),
    Element(usize),
}

/// Where to go from the whole text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct JsonPath(Vec<Step>);

impl JsonPath {
    /// Reads a path.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no path that can be followed here: write $.name, $.name[0], $[\"a name\"]; without * and ?()"
            )
        };
        let mut rest = text.trim().strip_prefix('$').ok_or_else(wrong)?;
        let mut steps = Vec::new();
        while !rest.is_empty() {
            let (step, after) = step(rest).ok_or_else(wrong)?;
            steps.push(step);
            rest = after;
        }
        Ok(Self(steps))
    }

    /// The JSON there, as it is written; `None` where there is none or the text is no JSON up to there. Of a name that
    /// stands twice the last counts, as in the lake's typed columns.
    pub(super) fn find<'a>(&self, text: &'a str) -> Option<&'a RawValue> {
        let mut found: &RawValue = serde_json::from_str(text).ok()?;
        for step in &self.0 {
            found = Seek(step).deserialize(&mut serde_json::Deserializer::from_str(found.get())).ok()??;
        }
        Some(found)
    }
}

/// The first step of `text`, and what is behind it.
fn step(text: &str) -> Option<(Step, &str)> {
    if let Some(name) = text.strip_prefix('.') {
        let end = name.find(['.', '[']).unwrap_or(name.len());
        let (name, rest) = name.split_at_checked(end)?;
        let plain = !name.is_empty() && !name.contains(['*', '?', '(', ']', '"', '\'', ' ']);
        return plain.then(|| (Step::Member(name.to_owned()), rest));
    }
    let inner = text.strip_prefix('[')?;
    for quote in ['"', '\''] {
        if let Some(name) = inner.strip_prefix(quote) {
            let (name, rest) = name.split_once(quote)?;
            return Some((Step::Member(name.to_owned()), rest.strip_prefix(']')?));
        }
    }
    let (place, rest) = inner.split_once(']')?;
    Some((Step::Element(place.parse().ok()?), rest))
}

/// Goes one step into a value.
struct Seek<'s>(&'s Step);

impl<'de> DeserializeSeed<'de> for Seek<'_> {
    type Value = Option<&'de RawValue>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            if matches!(self.0, Step::Member(wanted) if *wanted == name) {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        let mut place = 0;
        loop {
            if matches!(self.0, Step::Element(wanted) if *wanted == place) {
                let Some(element) = elements.next_element()? else { break };
                found = Some(element);
            } else if elements.next_element::<IgnoredAny>()?.is_none() {
                break;
            }
            place += 1;
        }
        Ok(found)
    }

    // What is neither has nothing in it.
    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, path: &str) -> Option<String> {
        JsonPath::parse(path).unwrap().find(text).map(|found| found.get().to_owned())
    }

    #[test]
    fn members_and_elements_are_found_as_they_are_written() {
        let image = r#"{"amount":{"N":"12.50"},"a b":{"S":"x"},"items":{"L":[{"N":"1"},{"M":{"p":{"N":"1E+3"}}}]},"n":1.50}"#;
        assert_eq!(find(image, "$.amount.N").as_deref(), Some("\"12.50\""));
        assert_eq!(find(image, "$[\"a b\"].S").as_deref(), Some("\"x\""));
        assert_eq!(find(image, "$['a b']['S']").as_deref(), Some("\"x\""));
        assert_eq!(find(image, "$.items.L[1].M.p.N").as_deref(), Some("\"1E+3\""));
        assert_eq!(find(image, "$.n").as_deref(), Some("1.50"));
        assert_eq!(find(image, "$").as_deref(), Some(image));
        assert_eq!(find(r#"{"a":1,"a":2}"#, "$.a").as_deref(), Some("2"));
        assert_eq!(find(r#"{"\u0061":1}"#, "$.a").as_deref(), Some("1"));
        for absent in ["$.b", "$.items.L[2]", "$.amount.N.x", "$.n.x", "$[0]", "$.items.L.x"] {
            assert_eq!(find(image, absent), None, "{absent}");
        }
        assert_eq!(find("no JSON", "$.a"), None);
    }

    #[test]
    fn what_cannot_be_followed_is_refused() {
        for path in ["", "a", "$.", "$.*", "$..a", "$[*]", "$[0", "$.a[-1]", "$[?(@.a)]", "$[\"a]"] {
            assert!(JsonPath::parse(path).unwrap_err().contains("$.name"), "{path}");
        }
    }
}
