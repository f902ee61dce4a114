//! The lake: what engines read, derived from committed evidence alone, and rebuildable from it at any time.
//!
//! It promises: `lake/fresh` holds each row of each published commit once, as a pure function of the commit and the declared
//! columns; nothing under `commits/`, `evidence/` or `checkpoints/` is ever written; a stalled publisher delays the lake and
//! nothing else. It relies on `store` for conditional writes, on `batch` to decode evidence, on `chain` for commits and their
//! hashes. Lake files have their own schema (see `schema.rs`), which may change with any release: evidence is the truth.

mod athena;
mod cell;
mod check;
mod columns;
mod commit_rows;
mod committed;
mod compact;
mod declaration;
mod entry;
mod error;
mod evidence;
mod fresh;
mod image;
mod marker;
mod names;
mod publish;
mod read;
mod row;
mod rows;
mod schema;
mod standing;
mod tables;
mod view;

pub use athena::{Athena, Statement, selects};
pub use check::{Checked, FlawKind, LakeFlaw, check};
pub use columns::{Column, Columns, Epoch, Kind};
pub use committed::{read_commit, read_evidence};
pub use compact::{
    Cleaned, CompactOptions, Compacted, FILE_BYTES, Pace, Pending, Spill, Unhurried, clean, compact, pending,
    sorted_days,
};
pub use declaration::declared;
pub use error::LakeError;
pub use evidence::{evidence_rows, possible_dates};
pub use publish::{Published, Publisher, first_date, published};
pub use standing::{Reach, Standing, reach, standing};
pub use tables::{DATE, DatedFile, Table, change_schema, commit_lines, dated_files, dated_schema};
pub use view::{DayFiles, ViewFile, view};
