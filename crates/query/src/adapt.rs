//! Older lake files: a typed column that was declared later is NULL there; one that was declared otherwise is refused, since
//! whatever a cast made of it would not be exact.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::common::{Result, exec_err};
use datafusion::physical_expr::utils::collect_columns;
use datafusion::physical_expr_adapter::{
    DefaultPhysicalExprAdapterFactory, PhysicalExprAdapter, PhysicalExprAdapterFactory,
};
use datafusion::physical_plan::PhysicalExpr;

/// Reads files by the columns declared now.
#[derive(Debug)]
pub(crate) struct Declared {
    /// Name of the log, for people.
    pub(crate) log: String,
}

impl PhysicalExprAdapterFactory for Declared {
    fn create(&self, wanted: SchemaRef, found: SchemaRef) -> Result<Arc<dyn PhysicalExprAdapter>> {
        let usual = DefaultPhysicalExprAdapterFactory.create(Arc::clone(&wanted), Arc::clone(&found))?;
        Ok(Arc::new(Adapter { log: self.log.clone(), wanted, found, usual }))
    }
}

/// For one file.
#[derive(Debug)]
struct Adapter {
    log: String,
    wanted: SchemaRef,
    found: SchemaRef,
    usual: Arc<dyn PhysicalExprAdapter>,
}

impl PhysicalExprAdapter for Adapter {
    fn rewrite(&self, expression: Arc<dyn PhysicalExpr>) -> Result<Arc<dyn PhysicalExpr>> {
        for column in collect_columns(&expression) {
            let name = column.name();
            let (Ok(wanted), Ok(found)) =
                (self.wanted.field_with_name(name), self.found.field_with_name(name))
            else {
                continue;
            };
            if wanted.data_type() != found.data_type() {
                return exec_err!(
                    "column {name} is {} in some files of log {} and {} in its newest; run `sealog lake rebuild`, or ask \
                     the evidence with --evidence",
                    found.data_type(),
                    self.log,
                    wanted.data_type()
                );
            }
        }
        self.usual.rewrite(expression)
    }
}
