//! The tables and views of a session, and their names: those of Athena (`<log>_changes` …), and without the log's name where
//! there is only one.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion::common::Result;
use datafusion::prelude::SessionContext;
use sealog_lake::{Athena, Columns, selects};
use sealog_store::Log;

/// As Athena calls its catalogue and as `sealog athena ddl` calls the database, so that longer names are found, too.
pub(crate) const CATALOG: &str = "awsdatacatalog";
pub(crate) const DATABASE: &str = "sealog";

/// The tables that everything else is a view over.
pub(crate) struct Base {
    pub(crate) changes: Arc<dyn TableProvider>,
    pub(crate) commits: Arc<dyn TableProvider>,
    pub(crate) days: Arc<dyn TableProvider>,
}

/// Makes the tables and views of one log known.
pub(crate) async fn register(
    context: &SessionContext,
    log: &Log,
    columns: &Columns,
    base: Base,
    is_only: bool,
) -> Result<()> {
    let prefix = Athena::name_of(log.name());
    let name = |name: &str, provider: Arc<dyn TableProvider>| -> Result<()> {
        context.register_table(format!("{prefix}_{name}"), Arc::clone(&provider))?;
        if is_only {
            context.register_table(name, provider)?;
        }
        Ok(())
    };
    name("changes", base.changes)?;
    name("commits", base.commits)?;
    name("days", base.days)?;
    for (view, select) in selects(DATABASE, &prefix, columns) {
        name(view, context.sql(&select).await?.into_view())?;
    }
    Ok(())
}
