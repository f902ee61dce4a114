//! SQL over an archive: over its lake, or over committed evidence itself.
//!
//! It promises: only queries are accepted and nothing is written; every row is answered once, whatever a publisher or a
//! compaction does meanwhile; what a question does not need is not read; memory is bounded, and what does not fit goes to a
//! temporary folder. Tables and views have the names, columns and SQL of Athena's (`lake/athena`), which also run here.
//! It relies on `lake` for which files answer and for what a row of evidence looks like there, on `store` for reading.

mod adapt;
mod bridge;
mod error;
mod evidence;
mod files;
mod functions;
pub mod items;
mod known;
mod metered;
mod question;
mod render;
mod scan;
mod session;
mod tables;

pub use error::QueryError;
pub use metered::Reading;
pub use render::{Format, RenderError, Rendering, TABLE_ROWS_MAX};
pub use session::{Answer, Behind, Session, SessionOptions};

/// What a running query gives: record batches, one after the other.
pub use datafusion::execution::SendableRecordBatchStream;
