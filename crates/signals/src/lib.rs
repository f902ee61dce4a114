//! What those who operate Sealog see of a run: metrics, readiness, alarms; and what it costs.
//!
//! Names of metrics and thresholds of alarms live in [`catalog`] and [`alarms`] and nowhere else: rules, dashboards and
//! documents are checked against them. This room only looks: nothing is read, written or left out because of it, and no
//! item's key ever gets into a signal.

pub mod alarms;
pub mod catalog;
pub mod cost;
pub mod doctor;
mod emf;
mod endpoint;
mod fetch;
mod page;
mod process;
mod prometheus;
mod status;
mod verification;
mod watch;

pub use emf::{Emf, NAMESPACE};
pub use endpoint::Endpoint;
pub use fetch::{FetchError, fetch};
pub use verification::{OUTCOMES, verification};
pub use watch::{Watch, WatchedTable, Watching};
