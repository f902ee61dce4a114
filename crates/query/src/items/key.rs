//! Which item is asked about: as a person writes its key, and as the rows have it.

use std::collections::BTreeSet;

use super::literal::text;
use super::number::Number;
use super::value::{Item, Value, parse};

/// The key of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemKey {
    written: String,
    kind: Kind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    /// Values of the key attributes, in every way that the text can be read.
    Texts(Vec<Vec<String>>),
    /// Key attributes with names and types.
    Attributes(Item),
}

/// A text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0} is no key: write the values of the key attributes (--key PK --sort-key SK), or DynamoDB JSON, --key '{{\"id\":{{\"S\":\"a,b\"}}}}'"
)]
pub struct MalformedKey(String);

impl ItemKey {
    /// Reads `--key` and `--sort-key`. The key alone is DynamoDB JSON, or one value, or two with a comma between: `a,b` is
    /// looked for as the pair and as the one value. Strings stand as they are, numbers in any spelling, binary in base64.
    ///
    /// # Errors
    /// [`MalformedKey`] for a JSON object that is no key in DynamoDB JSON.
    pub fn parse(key: &str, sort_key: Option<&str>) -> Result<Self, MalformedKey> {
        if let Some(sort_key) = sort_key {
            let kind = Kind::Texts(vec![vec![key.to_owned(), sort_key.to_owned()]]);
            return Ok(Self { written: format!("{key},{sort_key}"), kind });
        }
        let kind = match parse(key) {
            Some(item) if is_key(&item) => Kind::Attributes(item),
            Some(_) => return Err(MalformedKey(key.to_owned())),
            None => Kind::Texts(readings(key)),
        };
        Ok(Self { written: key.to_owned(), kind })
    }

    /// Whether a row with these key attributes is of the item that is meant. The order of two values says nothing, as in
    /// `sealog prove`.
    pub(crate) fn is(&self, keys: &Item) -> bool {
        match &self.kind {
            Kind::Attributes(item) => item == keys,
            Kind::Texts(readings) => readings.iter().any(|values| {
                let own: Vec<&Value> = keys.values().collect();
                match (values.as_slice(), own.as_slice()) {
                    ([text], [value]) => value.is_written(text),
                    ([a, b], [x, y]) => {
                        (x.is_written(a) && y.is_written(b)) || (x.is_written(b) && y.is_written(a))
                    }
                    _ => false,
                }
            }),
        }
    }

    /// A condition that every row of the item meets, on columns that files are pruned by; which rows they are, [`Self::is`]
    /// tells. A number is looked for in its usual spellings: the service has one for each value.
    pub(crate) fn condition(&self) -> String {
        let values = self.texts().iter().flat_map(|value| spellings(value)).collect::<BTreeSet<_>>();
        let list = values.iter().map(|value| text(value)).collect::<Vec<_>>().join(", ");
        format!("pk IN ({list}) AND (sk IS NULL OR sk IN ({list}))")
    }

    /// A condition that rows of the item meet in whatever spelling of its numbers; it prunes nothing. `None`: the key has
    /// no number.
    pub(crate) fn wide_condition(&self) -> Option<String> {
        // Equal numbers have equal floats; which rows are meant is told exactly afterwards.
        let floats: Vec<String> = self
            .texts()
            .iter()
            .filter(|value| Number::parse(value).is_some())
            .filter_map(|value| value.parse::<f64>().ok().filter(|value| value.is_finite()))
            .flat_map(|value| ["pk", "sk"].map(|column| format!("try_cast({column} AS double) = {value:e}")))
            .collect();
        (!floats.is_empty()).then(|| floats.join(" OR "))
    }

    /// A condition that rows meet which share a value with the key and may be of other items.
    pub(crate) fn kindred(&self) -> String {
        let list = self.texts().iter().map(|value| text(value)).collect::<Vec<_>>().join(", ");
        format!("pk IN ({list}) OR sk IN ({list})")
    }

    /// All values that stand in the key, in any reading.
    fn texts(&self) -> BTreeSet<String> {
        match &self.kind {
            Kind::Texts(readings) => readings.iter().flatten().cloned().collect(),
            Kind::Attributes(item) => item.values().filter_map(written).map(str::to_owned).collect(),
        }
    }
}

impl std::fmt::Display for ItemKey {
    /// As it was written.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.written)
    }
}

fn is_key(item: &Item) -> bool {
    (1..=2).contains(&item.len()) && item.values().all(|value| written(value).is_some())
}

/// The text of a value that may stand in a key.
fn written(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) | Value::Binary(text) => Some(text),
        Value::Number(number) => Some(number.as_str()),
        Value::Bool(_)
        | Value::Null
        | Value::StringSet(_)
        | Value::NumberSet(_)
        | Value::BinarySet(_)
        | Value::List(_)
        | Value::Map(_)
        | Value::Redacted(_)
        | Value::Other(_) => None,
    }
}

/// The whole, and its two parts at each comma.
fn readings(key: &str) -> Vec<Vec<String>> {
    let pairs = key.match_indices(',').filter_map(|(at, _)| {
        let (first, second) = (key.get(..at)?, key.get(at + 1..)?);
        Some(vec![first.to_owned(), second.to_owned()])
    });
    [vec![key.to_owned()]].into_iter().chain(pairs).collect()
}

/// The text itself and, of a number, how it is usually written.
fn spellings(value: &str) -> Vec<String> {
    let plain = Number::parse(value).and_then(|number| number.spelled_out());
    let with_point = plain.as_ref().filter(|plain| !plain.contains('.')).map(|plain| format!("{plain}.0"));
    [Some(value.to_owned()), plain, with_point].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(key: &str, sort_key: Option<&str>, keys: &str) -> bool {
        ItemKey::parse(key, sort_key).unwrap().is(&parse(keys).unwrap())
    }

    #[test]
    fn a_key_is_found_however_it_is_written() {
        assert!(is("a", None, r#"{"id":{"S":"a"}}"#));
        assert!(is("7.0", None, r#"{"id":{"N":"7"}}"#));
        assert!(is("AAE=", None, r#"{"id":{"B":"AAE="}}"#));
        assert!(is("a,7", None, r#"{"id":{"S":"a"},"at":{"N":"7.00"}}"#));
        assert!(is("a", Some("7"), r#"{"at":{"N":"7"},"id":{"S":"a"}}"#));
        assert!(is("a,b", None, r#"{"id":{"S":"a,b"}}"#));
        assert!(is("a,b,c", None, r#"{"id":{"S":"a,b"},"at":{"S":"c"}}"#));
        assert!(is(r#"{"id":{"S":"a,b"}}"#, None, r#"{"id":{"S":"a,b"}}"#));
        assert!(is(r#"{"n":{"N":"7.0"},"id":{"S":"x"}}"#, None, r#"{"id":{"S":"x"},"n":{"N":"7"}}"#));
        for odd in ["a/'\"\n", "{", "{x}", "é\u{1f600}", "' OR 1=1 --", "\\"] {
            let keys = Item::from([("id".to_owned(), Value::String(odd.to_owned()))]);
            assert!(ItemKey::parse(odd, None).unwrap().is(&keys), "{odd}");
        }
    }

    #[test]
    fn another_item_is_not_taken_for_it() {
        assert!(!is("a", None, r#"{"id":{"S":"b"}}"#));
        assert!(!is("a", None, r#"{"id":{"S":"a"},"at":{"S":"a"}}"#));
        assert!(!is("a", Some("b"), r#"{"id":{"S":"a,b"}}"#));
        assert!(!is(r#"{"id":{"S":"7"}}"#, None, r#"{"id":{"N":"7"}}"#));
        assert!(!is(r#"{"other":{"S":"a"}}"#, None, r#"{"id":{"S":"a"}}"#));
        assert!(!is("a,a", None, r#"{"id":{"S":"a"},"at":{"S":"b"}}"#));
    }

    #[test]
    fn json_that_is_no_key_is_refused_with_what_would_be() {
        for wrong in [
            "{}",
            r#"{"id":"a"}"#,
            r#"{"id":{"BOOL":true}}"#,
            r#"{"a":{"S":"1"},"b":{"S":"1"},"c":{"S":"1"}}"#,
        ] {
            let error = ItemKey::parse(wrong, None).unwrap_err().to_string();
            assert!(error.contains("--sort-key"), "{error}");
        }
    }

    #[test]
    fn conditions_hold_no_more_than_texts() {
        let key = ItemKey::parse("' OR 1=1 --", None).unwrap();
        assert_eq!(key.condition(), "pk IN (''' OR 1=1 --') AND (sk IS NULL OR sk IN (''' OR 1=1 --'))");
        assert_eq!(key.wide_condition(), None);
        let number = ItemKey::parse("7.00", None).unwrap();
        assert!(number.condition().starts_with("pk IN ('7', '7.0', '7.00')"));
        assert_eq!(
            number.wide_condition().unwrap(),
            "try_cast(pk AS double) = 7e0 OR try_cast(sk AS double) = 7e0"
        );
    }
}
