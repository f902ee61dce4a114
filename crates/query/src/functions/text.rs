//! Text: `regexp_replace` of every match.

use arrow::datatypes::DataType;
use datafusion::common::Result;
use datafusion::functions::expr_fn::regexp_replace;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, ScalarUDF, cast, lit};

use super::rewritten::{rewritten, taken};

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![rewritten("regexp_replace", 3, |_| Ok(DataType::Utf8), replace_all)]
}

/// DataFusion replaces the first match unless it is told otherwise.
fn replace_all(_: &'static str, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<Expr> {
    let [of, pattern, with]: [Expr; 3] = taken(arguments)?;
    let [of, pattern, with] = [of, pattern, with].map(|argument| cast(argument, DataType::Utf8));
    Ok(regexp_replace(of, pattern, with, Some(lit("g"))))
}
