//! Lists and maps: `element_at`, `contains`.

use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::functions::expr_fn::strpos;
use datafusion::functions_nested::expr_fn::{array_element, array_has, map_extract};
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, ReturnFieldArgs, ScalarUDF, cast, lit};

use super::rewritten::{rewritten, taken};

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        rewritten("element_at", 2, element_type, element_at),
        rewritten("contains", 2, |_| Ok(DataType::Boolean), contains),
    ]
}

fn element_type(arguments: &ReturnFieldArgs<'_>) -> Result<DataType> {
    let of = arguments.arg_fields.first().map(|field| field.data_type());
    if let Some(DataType::List(element)) = of {
        return Ok(element.data_type().clone());
    }
    if let Some(DataType::Map(entries, _)) = of
        && let DataType::Struct(parts) = entries.data_type()
        && let Some(value) = parts.get(1)
    {
        return Ok(value.data_type().clone());
    }
    plan_err!("element_at takes a map and a key, or a list and a place from 1")
}

/// The value itself, where DataFusion's function of this name gives a list of it.
fn element_at(_: &'static str, arguments: Vec<Expr>, context: &SimplifyContext) -> Result<Expr> {
    let [of, place] = taken(arguments)?;
    if matches!(context.get_data_type(&of)?, DataType::Map(..)) {
        return Ok(array_element(map_extract(of, place), lit(1_i64)));
    }
    Ok(array_element(of, cast(place, DataType::Int64)))
}

/// Whether a list has an element; of two texts, whether one holds the other, as DataFusion means it.
fn contains(_: &'static str, arguments: Vec<Expr>, context: &SimplifyContext) -> Result<Expr> {
    let [of, wanted] = taken(arguments)?;
    if let DataType::List(element) = context.get_data_type(&of)? {
        return Ok(array_has(of, cast(wanted, element.data_type().clone())));
    }
    Ok(strpos(cast(of, DataType::Utf8), cast(wanted, DataType::Utf8)).gt(lit(0)))
}
