//! Numbers and text: `abs`, and `regexp_replace` of every match.

use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::functions::expr_fn::regexp_replace;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, ReturnFieldArgs, ScalarUDF, cast, lit, when};

use super::rewritten::{rewritten, taken};

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![
        rewritten("abs", 1, number_type, abs),
        rewritten("regexp_replace", 3, |_| Ok(DataType::Utf8), replace_all),
    ]
}

fn number_type(arguments: &ReturnFieldArgs<'_>) -> Result<DataType> {
    match arguments.arg_fields.first().map(|field| field.data_type()).filter(|kind| kind.is_numeric()) {
        Some(kind) => Ok(kind.clone()),
        None => plan_err!("abs takes a number"),
    }
}

fn abs(_: &'static str, arguments: Vec<Expr>, context: &SimplifyContext) -> Result<Expr> {
    let [of] = taken(arguments)?;
    let kind = context.get_data_type(&of)?;
    let none = cast(lit(0_i64), kind);
    when(of.clone().lt(none), Expr::Negative(Box::new(of.clone()))).otherwise(of)
}

/// DataFusion replaces the first match unless it is told otherwise.
fn replace_all(_: &'static str, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<Expr> {
    let [of, pattern, with]: [Expr; 3] = taken(arguments)?;
    let [of, pattern, with] = [of, pattern, with].map(|argument| cast(argument, DataType::Utf8));
    Ok(regexp_replace(of, pattern, with, Some(lit("g"))))
}
