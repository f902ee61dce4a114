//! What can be said of rows before they are read: their date, and the commit they are of.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray,
};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::catalog::Session;
use datafusion::common::{DFSchema, Result};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::PhysicalExpr;
use sealog_lake::DATE;

const COMMIT: &str = "commit_number";
const COMMITTED_AT: &str = "committed_at";

/// What some rows have in common; what is `None` is not known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    pub(crate) date: Option<String>,
    pub(crate) commit_number: Option<i64>,
    /// Milliseconds since 1970-01-01 UTC.
    pub(crate) committed_at: Option<i64>,
}

impl Known {
    fn columns(&self) -> Vec<(&'static str, DataType, ArrayRef)> {
        let mut columns: Vec<(&'static str, DataType, ArrayRef)> = Vec::new();
        if let Some(date) = &self.date {
            columns.push((DATE, DataType::Utf8, Arc::new(StringArray::from(vec![date.as_str()]))));
        }
        if let Some(number) = self.commit_number {
            columns.push((COMMIT, DataType::Int64, Arc::new(Int64Array::from(vec![number]))));
        }
        if let Some(at) = self.committed_at {
            let at = TimestampMillisecondArray::from(vec![at]).with_timezone("UTC");
            columns.push((COMMITTED_AT, at.data_type().clone(), Arc::new(at)));
        }
        columns
    }
}

/// Those of a question's conditions that ask for nothing but what is known beforehand.
pub(crate) struct Conditions {
    schema: Arc<Schema>,
    conditions: Vec<Arc<dyn PhysicalExpr>>,
}

/// Conditions exclude files and commits and come down into the others, but a filter above sees to it that they hold.
pub(crate) fn inexact(filters: &[&Expr]) -> Vec<TableProviderFilterPushDown> {
    vec![TableProviderFilterPushDown::Inexact; filters.len()]
}

impl Conditions {
    /// `example` has what will be known of all rows that are asked about.
    pub(crate) fn new(state: &dyn Session, filters: &[Expr], example: &Known) -> Result<Self> {
        let fields = example.columns().into_iter().map(|(name, kind, _)| Field::new(name, kind, true));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let df_schema = DFSchema::try_from(schema.as_ref().clone())?;
        let is_known = |filter: &&Expr| {
            let asked = filter.column_refs();
            !asked.is_empty()
                && !filter.is_volatile()
                && asked.iter().all(|column| schema.field_with_name(&column.name).is_ok())
        };
        let conditions = filters
            .iter()
            .filter(is_known)
            .map(|filter| state.create_physical_expr(filter.clone(), &df_schema))
            .collect::<Result<Vec<_>>>()?;
        Ok(Self { schema, conditions })
    }

    /// Whether rows of which this is known can answer.
    pub(crate) fn admit(&self, known: &Known) -> Result<bool> {
        if self.conditions.is_empty() {
            return Ok(true);
        }
        let arrays = known.columns().into_iter().map(|(_, _, array)| array).collect();
        let row = RecordBatch::try_new(Arc::clone(&self.schema), arrays)?;
        for condition in &self.conditions {
            let answer = condition.evaluate(&row)?.into_array(1)?;
            if answer.as_boolean_opt().is_some_and(|answer| answer.true_count() == 0) {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
