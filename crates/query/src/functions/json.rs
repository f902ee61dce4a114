//! `json_extract_scalar(json, path)`, `json_extract(json, path)`: images are DynamoDB-JSON text, as the service sent them.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, exec_datafusion_err, plan_datafusion_err};
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use serde_json::value::RawValue;

use super::json_path::JsonPath;

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        extracting("json_extract_scalar", scalar),
        extracting("json_extract", |found| Some(found.get().to_owned())),
    ]
}

/// The text of a string, a number's digits as they are written, `true` or `false`; `None` for anything else.
fn scalar(found: &RawValue) -> Option<String> {
    let text = found.get();
    match text.bytes().next()? {
        b'"' => serde_json::from_str(text).ok(),
        b'{' | b'[' | b'n' => None,
        _ => Some(text.to_owned()),
    }
}

fn extracting(name: &'static str, show: fn(&RawValue) -> Option<String>) -> ScalarUDF {
    let extract = move |values: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(values)?;
        let [texts, paths] = arrays.as_slice() else {
            return Err(exec_datafusion_err!("{name} takes a JSON text and a path"));
        };
        let found = extract(texts, paths, show)?;
        Ok(ColumnarValue::Array(Arc::new(found)))
    };
    create_udf(
        name,
        vec![DataType::Utf8, DataType::Utf8],
        DataType::Utf8,
        Volatility::Immutable,
        Arc::new(extract),
    )
}

fn extract(texts: &ArrayRef, paths: &ArrayRef, show: fn(&RawValue) -> Option<String>) -> Result<StringArray> {
    let text = |array: &ArrayRef| {
        let array = array.as_string_opt::<i32>().cloned();
        array.ok_or_else(|| exec_datafusion_err!("a JSON text and its path are texts"))
    };
    let (texts, paths) = (text(texts)?, text(paths)?);
    // The path is the same for all rows, as good as always.
    let mut known: Option<(&str, JsonPath)> = None;
    texts
        .iter()
        .zip(paths.iter())
        .map(|(text, path)| {
            let (Some(text), Some(path)) = (text, path) else { return Ok(None) };
            let parsed = match known.take() {
                Some((same, parsed)) if same == path => parsed,
                Some(_) | None => {
                    JsonPath::parse(path).map_err(|problem| plan_datafusion_err!("{problem}"))?
                }
            };
            let found = parsed.find(text).and_then(show);
            known = Some((path, parsed));
            Ok(found)
        })
        .collect()
}
