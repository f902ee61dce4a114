//! Between the world's two functions and a [`Filter`]: what [`export!`](crate::export) and [`testing`](crate::testing) call.

use std::fmt;

use crate::bindings::sealog::filter::types;
use crate::{Change, Declare, Filter};

/// A filter that has its configuration.
pub struct Configured<F> {
    filter: F,
    columns: usize,
}

/// Without the filter itself, which need not be printable.
impl<F> fmt::Debug for Configured<F> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Configured").field("columns", &self.columns).finish_non_exhaustive()
    }
}

/// Configures a filter and gives its manifest.
///
/// # Errors
/// The configuration does not fit the filter, or the filter declares what the host would refuse.
pub fn configure<F: Filter>(config: &str) -> Result<(Configured<F>, types::Manifest), String> {
    let config = serde_json::from_str(config).map_err(|error| format!("the configuration: {error}"))?;
    let mut declare = Declare::default();
    let filter = F::configure(config, &mut declare)?;
    let columns = declare.columns().len();
    let manifest = declare.finish(F::NAME, F::VERSION, F::CONFIG_SCHEMA)?;
    Ok((Configured { filter, columns }, manifest))
}

/// Asks a filter about a batch: one verdict a change, in order.
///
/// # Errors
/// The filter refused a change; or the host did not keep to the interface.
pub fn evaluate<F: Filter>(
    filter: Option<&Configured<F>>,
    batch: &[types::Change],
) -> Result<Vec<types::Verdict>, String> {
    let Some(Configured { filter, columns }) = filter else {
        return Err("evaluate was called before configure".to_owned());
    };
    let judge = |change: &types::Change| {
        if change.cells.len() != *columns {
            return Err(format!("{} cells came for {columns} columns", change.cells.len()));
        }
        filter.judge(&Change::new(change)).into_wit()
    };
    batch.iter().map(judge).collect()
}
