//! A filter's configuration: its one text, and whether it fits the schema that the filter gave.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Draft;
use serde_json::Value;

use crate::FilterError;
use crate::text::escaped;

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";
/// References of a schema; a person's has a handful.
const REFERENCES_MAX: usize = 64;

/// The text of a configuration: members sorted, so that one configuration has one hash.
pub(crate) fn text(config: &Value) -> String {
    sorted(config).to_string()
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let mut names: Vec<_> = members.keys().collect();
            names.sort_unstable();
            let member = |name: &String| Some((name.clone(), sorted(members.get(name)?)));
            Value::Object(names.into_iter().filter_map(member).collect())
        }
        Value::Array(elements) => Value::Array(elements.iter().map(sorted).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

/// Checks a configuration against the schema; without one it has to be the empty object.
pub(crate) fn check(config: &Value, schema: Option<&str>) -> Result<(), FilterError> {
    let Some(schema) = schema else {
        return match config.as_object() {
            Some(members) if members.is_empty() => Ok(()),
            _ => Err(FilterError::Config { why: "it takes none: leave `config` out".to_owned() }),
        };
    };
    let bad_schema = |why: String| FilterError::Manifest { why: format!("its config-schema {why}") };
    let schema: Value =
        serde_json::from_str(schema).map_err(|error| bad_schema(format!("is not JSON: {error}")))?;
    check_schema(&schema).map_err(bad_schema)?;
    let validator = jsonschema::options()
        .with_draft(Draft::Draft202012)
        .with_pattern_options(jsonschema::PatternOptions::regex())
        .build(&schema)
        .map_err(|error| bad_schema(format!("is not a JSON Schema: {}", escaped(&error.to_string(), 300))))?;
    let wrong: Vec<_> = validator
        .iter_errors(config)
        .take(5)
        .map(|error| {
            let place = error.instance_path().to_string();
            let place = if place.is_empty() { String::new() } else { format!("at {place}: ") };
            escaped(&format!("{place}{error}"), 300)
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(FilterError::Config { why: wrong.join("; ") }) }
}

/// What a schema may not have: a dialect of its own, or references that lead out of it or round in a circle.
fn check_schema(schema: &Value) -> Result<(), String> {
    if let Some(dialect) = schema.get("$schema") {
        let named = dialect.as_str().map(|name| name.trim_end_matches('#'));
        if named != Some(DIALECT) {
            return Err(format!("is of another dialect: `$schema` has to be {DIALECT}, or left out"));
        }
    }
    check_circles(schema)?;
    let mut references = 0;
    walk(schema, &mut |name, value| {
        match name {
            "$dynamicRef" | "$recursiveRef" | "$dynamicAnchor" | "$id" => {
                return Err(format!(
                    "uses `{name}`, which is not taken here: name definitions by `$defs` and `$ref`"
                ));
            }
            "$ref" => {
                references += 1;
                let inside = value.as_str().is_some_and(|target| target.starts_with("#/$defs/"));
                if !inside || references > REFERENCES_MAX {
                    return Err(format!(
                        "has a `$ref` that does not lead to `#/$defs/…`, or more than {REFERENCES_MAX} of them"
                    ));
                }
            }
            _ => {}
        }
        Ok(())
    })
}

/// Definitions that lead to each other have no end, wherever they do; a filter's configuration needs none of them.
fn check_circles(schema: &Value) -> Result<(), String> {
    let definitions = schema.get("$defs").and_then(Value::as_object);
    let mut uses: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (name, definition) in definitions.into_iter().flatten() {
        let mut targets = BTreeSet::new();
        walk(definition, &mut |keyword, value| {
            if let ("$ref", Some(target)) = (keyword, value.as_str()) {
                let inside = target.strip_prefix("#/$defs/").unwrap_or_default();
                targets.insert(inside.split('/').next().unwrap_or_default().to_owned());
            }
            Ok(())
        })?;
        uses.insert(name, targets);
    }
    // Take away what leads nowhere any more; what is left at last leads round.
    while let Some(end) = uses.iter().find_map(|(name, targets)| {
        targets.iter().all(|target| !uses.contains_key(target.as_str())).then_some(*name)
    }) {
        uses.remove(end);
    }
    match uses.keys().next() {
        None => Ok(()),
        Some(name) => Err(format!("goes round in a circle at `#/$defs/{}`", escaped(name, 80))),
    }
}

fn walk(value: &Value, look: &mut impl FnMut(&str, &Value) -> Result<(), String>) -> Result<(), String> {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                look(name, member)?;
                walk(member, look)?;
            }
        }
        Value::Array(elements) => {
            for element in elements {
                walk(element, look)?;
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    Ok(())
}
