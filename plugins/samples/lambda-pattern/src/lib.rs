//! Takes the patterns of Lambda's event filtering as its configuration: a change is kept if one of the patterns matches it,
//! as Lambda would have handed it to the function; else it is dropped, with a tombstone.
//!
//! Source of the meaning: AWS Lambda Developer Guide, "Using event filtering with a DynamoDB event source" and "Control which
//! events Lambda sends to your function". Where a pattern could never match there, it is refused here with what to write
//! instead: Lambda would have been silent, and a table's changes would be dropped for a typing error.

mod compile;
mod rule;
mod test;
mod tree;

use sealog_filter_sdk::{Change, Declare, DropCode, Filter, Verdict};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::test::Test;

/// The patterns.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// One that matches is enough. Each as an object, as the text that Lambda's `Pattern` takes, or as one of Lambda's
    /// `Filters`: `{"Pattern": "…"}`.
    patterns: Vec<Json>,
}

/// The filter.
#[derive(Debug)]
pub struct LambdaPattern {
    patterns: Vec<Test>,
    no_match: DropCode,
}

impl Filter for LambdaPattern {
    const NAME: &'static str = "lambda-pattern";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: Option<&'static str> = Some(include_str!("../config.schema.json"));
    type Config = Config;

    fn configure(config: Config, declare: &mut Declare) -> Result<Self, String> {
        if config.patterns.is_empty() {
            return Err("no pattern would keep anything; without patterns, leave the filter out".to_owned());
        }
        let numbered = config.patterns.into_iter().enumerate();
        let compiled = numbered.map(|(number, pattern)| {
            let pattern = unwrapped(pattern).map_err(|error| format!("pattern {number}: {error}"))?;
            compile::pattern(&pattern, declare).map_err(|error| format!("pattern {number}: {error}"))
        });
        let patterns = compiled.collect::<Result<_, _>>()?;
        Ok(Self { patterns, no_match: declare.drop("no-pattern-matched") })
    }

    fn judge(&self, change: &Change<'_>) -> Verdict {
        if self.patterns.iter().any(|pattern| pattern.matches(change)) {
            Verdict::keep()
        } else {
            Verdict::drop(&self.no_match)
        }
    }
}

fn unwrapped(pattern: Json) -> Result<Json, String> {
    let alone = pattern.as_object().filter(|members| members.len() == 1);
    let text = alone.and_then(|members| members.get("Pattern")).unwrap_or(&pattern).as_str();
    match text.map(serde_json::from_str) {
        Some(parsed) => parsed.map_err(|error| format!("not JSON: {error}")),
        None => Ok(pattern),
    }
}

sealog_filter_sdk::export!(LambdaPattern);

#[cfg(test)]
mod tests;
