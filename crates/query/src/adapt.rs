//! Older lake files: a typed column that was declared later is NULL there; one that was declared otherwise is refused, since
//! whatever a cast made of it would not be exact.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};

/// Reads files by the columns declared now.
#[derive(Debug)]
pub(crate) struct Declared {
    /// Name of the log, for people.
    pub(crate) log: String,
}

impl PhysicalExprAdapterFactory for Declared {
    fn create(&self, wanted: SchemaRef, found: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        for field in wanted.fields() {
            let Ok(there) = found.field_with_name(field.name()) else { continue };
            if there.data_type() != field.data_type() {
                return Err(DataFusionError::Execution(format!(
                    "column {} is {} in some files of log {} and {} in its newest; run `sealog lake rebuild`, or ask the \
                     evidence with --evidence",
                    field.name(),
                    there.data_type(),
                    self.log,
                    field.data_type(),
                )));
            }
        }
        DefaultPhysicalExprAdapterFactory.create(wanted, found)
    }
}
