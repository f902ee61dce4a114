//! Patterns of Lambda's event filtering, checked and turned into the configuration of the filter `lambda-pattern`.
//!
//! Source: AWS Lambda developer guide, "Filter rule syntax". A pattern that a filter could not obey is refused: one that
//! looks at what filters do not see, or compares in a way that is not in the guide.

use serde_json::{Map, Value, json};

use crate::KitError;

/// As deep as DynamoDB nests, and the members around its images.
const DEPTH_MAX: usize = 40;

/// Patterns, of which one has to match for a record to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patterns(Vec<Value>);

impl Patterns {
    /// A section for `sealog.toml`. Patterns stand in it as JSON text, because TOML has no null.
    #[must_use]
    pub fn section(&self, component: &str) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let patterns: Vec<String> =
            self.0.iter().map(|pattern| format!("  {},\n", quoted(&pattern.to_string()))).collect();
        format!(
            "[[table.filter]]\nname = \"lambda-pattern\"\ncomponent = {}\n[table.filter.config]\npatterns = [\n{}]\n",
            quoted(component),
            patterns.concat()
        )
    }

    /// The configuration of the filter.
    #[must_use]
    pub fn config(&self) -> Value {
        json!({ "patterns": self.0 })
    }

    /// How many there are; at least one.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.len()
    }
}

/// Reads one pattern, an array of patterns, or the filter criteria of an event source mapping
/// (`{"Filters":[{"Pattern":"…"}]}`, as `aws lambda get-event-source-mapping` prints it, too).
///
/// # Errors
/// [`KitError::Pattern`].
pub fn parse_patterns(text: &str) -> Result<Patterns, KitError> {
    let wrong =
        |number: usize, why: String| KitError::Pattern { number, place: "its beginning".to_owned(), why };
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(1, error.to_string()))?;
    let criteria = value.get("FilterCriteria").unwrap_or(&value);
    let patterns = match (criteria.get("Filters"), &value) {
        (Some(Value::Array(filters)), _) => inner(filters).map_err(|(number, why)| wrong(number, why))?,
        (_, Value::Array(patterns)) => patterns.clone(),
        _ => vec![value],
    };
    if patterns.is_empty() {
        return Err(wrong(1, "there is no pattern; nothing would ever be kept".to_owned()));
    }
    for (place, pattern) in patterns.iter().enumerate() {
        let check = Check { number: place + 1 };
        check.pattern(pattern)?;
    }
    Ok(Patterns(patterns))
}

/// Patterns stand as JSON text inside filter criteria.
fn inner(filters: &[Value]) -> Result<Vec<Value>, (usize, String)> {
    let each = filters.iter().enumerate().map(|(place, filter)| {
        let text = filter.get("Pattern").and_then(Value::as_str);
        let text = text.ok_or_else(|| (place + 1, "expected is {\"Pattern\":\"<JSON text>\"}".to_owned()))?;
        serde_json::from_str(text).map_err(|error| (place + 1, error.to_string()))
    });
    each.collect()
}

struct Check {
    number: usize,
}

impl Check {
    fn wrong(&self, path: &[&str], why: impl Into<String>) -> KitError {
        let place = if path.is_empty() { "its beginning".to_owned() } else { path.join(".") };
        KitError::Pattern { number: self.number, place, why: why.into() }
    }

    fn pattern(&self, pattern: &Value) -> Result<(), KitError> {
        self.object(pattern, &[])
    }

    fn object(&self, value: &Value, path: &[&str]) -> Result<(), KitError> {
        let members = value.as_object().ok_or_else(|| self.wrong(path, "expected is an object"))?;
        if members.is_empty() {
            return Err(self.wrong(path, "an empty object matches nothing in Lambda; leave it out"));
        }
        if path.len() > DEPTH_MAX {
            return Err(self.wrong(path, "it is nested deeper than an item can be"));
        }
        for (name, value) in members {
            let inside: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
            if name == "$or" {
                self.alternatives(value, path, &inside)?;
                continue;
            }
            if !is_seen(&inside) {
                return Err(self.wrong(&inside, "a filter does not see this; it sees eventName, userIdentity.type and .principalId, and dynamodb.Keys, .NewImage and .OldImage"));
            }
            match value {
                Value::Array(matchers) => self.matchers(matchers, &inside)?,
                Value::Object(_) => self.object(value, &inside)?,
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                    return Err(
                        self.wrong(&inside, format!("values to compare with stand in an array: [{value}]"))
                    );
                }
            }
        }
        Ok(())
    }

    fn alternatives(&self, value: &Value, path: &[&str], inside: &[&str]) -> Result<(), KitError> {
        let alternatives = value.as_array().filter(|all| all.len() >= 2);
        let alternatives =
            alternatives.ok_or_else(|| self.wrong(inside, "expected is an array of two objects or more"))?;
        alternatives.iter().try_for_each(|alternative| self.object(alternative, path))
    }

    fn matchers(&self, matchers: &[Value], path: &[&str]) -> Result<(), KitError> {
        if matchers.is_empty() {
            return Err(self.wrong(path, "an empty array matches nothing"));
        }
        matchers.iter().try_for_each(|matcher| match matcher {
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
            Value::Object(comparison) => self.comparison(comparison, path),
            Value::Array(_) => Err(self.wrong(path, "an array in an array compares with nothing")),
        })
    }

    fn comparison(&self, comparison: &Map<String, Value>, path: &[&str]) -> Result<(), KitError> {
        let mut members = comparison.iter();
        let (Some((operator, operand)), None) = (members.next(), members.next()) else {
            return Err(self.wrong(path, "a comparison has exactly one operator"));
        };
        let (fits, expected) = match operator.as_str() {
            "prefix" | "suffix" | "equals-ignore-case" => (operand.is_string(), "a text"),
            "exists" => (operand.is_boolean(), "true or false"),
            "anything-but" => {
                (is_anything_but(operand), "a text, a number, an array of these, or {\"prefix\":\"…\"}")
            }
            "numeric" => (is_numeric(operand), "one or two of <, <=, =, >=, >, each with a number behind it"),
            _ => {
                let known = "prefix, suffix, equals-ignore-case, exists, anything-but, numeric";
                return Err(self.wrong(path, format!("{operator:?} is no operator; there are {known}")));
            }
        };
        if fits { Ok(()) } else { Err(self.wrong(path, format!("{operator:?} takes {expected}"))) }
    }
}

/// Whether a filter is told what lies at this path, or something below it.
fn is_seen(path: &[&str]) -> bool {
    matches!(
        path,
        ["eventName" | "userIdentity" | "dynamodb"]
            | ["userIdentity", "type" | "principalId"]
            | ["dynamodb", "Keys" | "NewImage" | "OldImage", ..]
    )
}

fn is_anything_but(operand: &Value) -> bool {
    let plain = |value: &Value| value.is_string() || value.is_number();
    match operand {
        Value::Array(all) => !all.is_empty() && all.iter().all(plain),
        Value::Object(inner) => {
            inner.len() == 1
                && inner
                    .iter()
                    .all(|(name, value)| matches!(name.as_str(), "prefix" | "suffix") && value.is_string())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => plain(operand),
    }
}

fn is_numeric(operand: &Value) -> bool {
    let Some(parts) = operand.as_array() else { return false };
    let pair = |pair: &[Value]| matches!(pair, [Value::String(sign), Value::Number(_)] if matches!(sign.as_str(), "<" | "<=" | "=" | ">=" | ">"));
    matches!(parts.len(), 2 | 4) && parts.chunks(2).all(pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_of_the_guide_become_a_configuration() {
        let pattern = json!({
            "eventName": ["INSERT", "MODIFY"],
            "dynamodb": { "NewImage": { "status": { "S": [{ "anything-but": ["DRAFT"] }] }, "total": { "N": [{ "numeric": [">", 0, "<=", 100] }] } },
                          "OldImage": { "gone": { "S": [{ "exists": false }, "", null] } } },
            "$or": [{ "userIdentity": { "type": ["Service"] } }, { "dynamodb": { "Keys": { "id": { "S": [{ "prefix": "a" }] } } } }],
        });
        let expected = json!({ "patterns": [pattern] });
        assert_eq!(parse_patterns(&pattern.to_string()).unwrap().config(), expected);
        assert_eq!(parse_patterns(&json!([pattern]).to_string()).unwrap().config(), expected);
        let criteria = json!({ "Filters": [{ "Pattern": pattern.to_string() }] });
        assert_eq!(parse_patterns(&criteria.to_string()).unwrap().config(), expected);
        let mapping = json!({ "UUID": "u", "FilterCriteria": criteria });
        assert_eq!(parse_patterns(&mapping.to_string()).unwrap().count(), 1);
    }

    #[test]
    fn the_section_for_the_configuration_says_the_same() {
        let patterns =
            parse_patterns(r#"[{"eventName":["it's"]},{"dynamodb":{"NewImage":{"a":{"S":[null]}}}}]"#)
                .unwrap();
        let text = format!("[[table]]\nname = \"t\"\n{}", patterns.section("f/x.wasm"));
        let filters = crate::configured_filters(std::path::Path::new("sealog.toml"), &text).unwrap();
        assert_eq!(
            (filters[0].name.as_deref(), filters[0].component.as_str()),
            (Some("lambda-pattern"), "f/x.wasm")
        );
        let texts = filters[0].config["patterns"].as_array().unwrap();
        let back: Vec<Value> =
            texts.iter().map(|text| serde_json::from_str(text.as_str().unwrap()).unwrap()).collect();
        assert_eq!(json!({ "patterns": back }), patterns.config());
    }

    #[test]
    fn what_no_filter_could_obey_is_refused_with_its_place() {
        for (pattern, place, why) in [
            (r#"{"awsRegion":["us-east-1"]}"#, "awsRegion", "does not see"),
            (r#"{"dynamodb":{"SizeBytes":[{"numeric":[">",1]}]}}"#, "dynamodb.SizeBytes", "does not see"),
            (r#"{"eventName":"INSERT"}"#, "eventName", "[\"INSERT\"]"),
            (r#"{"eventName":[]}"#, "eventName", "empty array"),
            (r#"{"eventName":[{"wildcard":"I*"}]}"#, "eventName", "wildcard"),
            (r#"{"eventName":[{"prefix":1}]}"#, "eventName", "takes a text"),
            (r#"{"eventName":[{"prefix":"a","suffix":"b"}]}"#, "eventName", "exactly one"),
            (r#"{"dynamodb":{"Keys":{"a":{"N":[{"numeric":["~",1]}]}}}}"#, "dynamodb.Keys.a.N", "numeric"),
            (r#"{"$or":[{"eventName":["A"]}]}"#, "$or", "two objects"),
            (r#"{"dynamodb":{}}"#, "dynamodb", "empty object"),
            ("[]", "its beginning", "no pattern"),
            ("{}", "its beginning", "empty object"),
            ("7", "its beginning", "an object"),
            ("{", "its beginning", "EOF"),
            (r#"{"Filters":[{"Pattern":{}}]}"#, "its beginning", "JSON text"),
        ] {
            let error = parse_patterns(pattern).unwrap_err().to_string();
            assert!(error.contains(&format!("at {place}: ")) && error.contains(why), "{pattern}: {error}");
        }
    }
}
