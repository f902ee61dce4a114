//! `count_if(condition)`: how many rows there are of which it is true.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{Accumulator, AggregateUDF, Volatility, create_udaf};

pub(super) fn function() -> AggregateUDF {
    create_udaf(
        "count_if",
        vec![DataType::Boolean],
        Arc::new(DataType::Int64),
        Volatility::Immutable,
        Arc::new(|_| Ok(Box::new(CountIf::default()))),
        Arc::new(vec![DataType::Int64]),
    )
}

#[derive(Debug, Default)]
struct CountIf {
    count: i64,
}

impl CountIf {
    fn value(&self) -> ScalarValue {
        ScalarValue::Int64(Some(self.count))
    }
}

fn trues(values: &[ArrayRef]) -> i64 {
    let conditions = values.first().and_then(|array| array.as_boolean_opt());
    conditions.map_or(0, |conditions| i64::try_from(conditions.true_count()).unwrap_or(i64::MAX))
}

impl Accumulator for CountIf {
    fn update_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.count += trues(values);
        Ok(())
    }

    fn evaluate(&mut self) -> Result<ScalarValue> {
        Ok(self.value())
    }

    fn size(&self) -> usize {
        size_of::<Self>()
    }

    fn state(&mut self) -> Result<Vec<ScalarValue>> {
        Ok(vec![self.value()])
    }

    fn merge_batch(&mut self, states: &[ArrayRef]) -> Result<()> {
        let counts = states.first().and_then(|array| array.as_primitive_opt::<Int64Type>());
        self.count += counts.into_iter().flatten().flatten().sum::<i64>();
        Ok(())
    }

    fn retract_batch(&mut self, values: &[ArrayRef]) -> Result<()> {
        self.count -= trues(values);
        Ok(())
    }

    fn supports_retract_batch(&self) -> bool {
        true
    }
}
