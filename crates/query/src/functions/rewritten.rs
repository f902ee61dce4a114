//! A function that is another expression: what it means is written once, in the planner, and runs as DataFusion's own.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{Result, internal_err};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

/// The type that it gives.
pub(super) type Returns = fn(&ReturnFieldArgs<'_>) -> Result<DataType>;
/// The expression that it is; the name is that by which it was called.
pub(super) type Rewrite = fn(&'static str, Vec<Expr>, &SimplifyContext) -> Result<Expr>;

#[derive(Debug)]
struct Rewritten {
    name: &'static str,
    signature: Signature,
    returns: Returns,
    rewrite: Rewrite,
}

/// A function of so many arguments, of any type that `returns` takes.
pub(super) fn rewritten(
    name: &'static str,
    arguments: usize,
    returns: Returns,
    rewrite: Rewrite,
) -> ScalarUDF {
    let signature = Signature::any(arguments, Volatility::Immutable);
    ScalarUDF::from(Rewritten { name, signature, returns, rewrite })
}

impl PartialEq for Rewritten {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Rewritten {}

impl Hash for Rewritten {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Rewritten {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        internal_err!("{} is asked for its type with its arguments", self.name)
    }

    fn return_field_from_args(&self, arguments: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name, (self.returns)(&arguments)?, true)))
    }

    fn simplify(&self, arguments: Vec<Expr>, context: &SimplifyContext) -> Result<ExprSimplifyResult> {
        Ok(ExprSimplifyResult::Simplified((self.rewrite)(self.name, arguments, context)?))
    }

    fn invoke_with_args(&self, _: ScalarFunctionArgs) -> Result<ColumnarValue> {
        internal_err!("{} is rewritten before it runs", self.name)
    }
}

/// The arguments, of which the signature has counted as many.
pub(super) fn taken<const N: usize>(arguments: Vec<Expr>) -> Result<[Expr; N]> {
    match arguments.try_into() {
        Ok(arguments) => Ok(arguments),
        Err(arguments) => internal_err!("{} arguments instead of {N}", Vec::len(&arguments)),
    }
}
