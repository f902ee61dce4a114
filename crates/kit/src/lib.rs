//! Tools for authors of filters: a new project, its build, its tests, runs on records, replays over an archive.
//!
//! Nothing here judges for the record: whatever is asked of a filter here is asked through `sealog-filter`, in the same
//! sandbox and under the same limits as in production, and nothing is written but the project and what it was built to.
//! Toolchains of the guests' languages are other programs ([`Tools`] finds them); turning what they make into a component is
//! done here, so that no author has to install the component tools.
//!
//! Sources of the rules: `wit/filter-1.0.0/filter.wit`; for records, the AWS documentation of DynamoDB Streams records, of
//! exports to S3 and of Lambda event filtering.

mod archive;
mod bench;
mod build;
mod command;
mod error;
mod fixture;
mod input;
mod judge;
mod pattern;
mod pin;
mod project;
mod replay;
mod said;
mod template;
mod tools;

pub use archive::{ArchivedRow, Rows};
pub use bench::{Bench, bench};
pub use build::{BuildOptions, Built, build, prepare};
pub use error::{KitError, Remedy};
pub use fixture::{Fixture, Mismatch, TestReport, Tested, bless, fixtures, test};
pub use input::{Change, Input, changes_of};
pub use judge::{Asked, BATCH_MAX, ask};
pub use pattern::{Patterns, parse_patterns};
pub use pin::{ConfiguredFilter, configured_filters, pin};
pub use project::{Language, PROJECT_FILE, Project};
pub use replay::{Changed, Replay};
pub use said::Said;
pub use template::create;
pub use tools::{Checkup, Found, Tool, Tools};
