//! Filters: components that judge records. Untrusted code stops here.
//!
//! A [`Host`] loads components ([`Host::load`]): checked before they are compiled, compiled in a child process, configured
//! once. A [`Filter`] answers one batch in one fresh instance ([`Filter::evaluate`]). A [`Panel`] holds the filters of one
//! table and says what becomes of each record ([`Panel::judge`]): whatever goes wrong inside a filter, the record is kept
//! and flagged.
//!
//! A verdict is a function of the configuration and the one record: how records are batched, and what a filter saw before,
//! has no influence on it. Only a wall-clock timeout cannot be repeated; it is a class of its own.
//!
//! Sources of the rules: `wit/filter-1.0.0/filter.wit` and `crates/chain/FORMAT.md` (section 4).

mod cache;
mod clock;
mod columns;
mod compile;
mod config;
mod digest;
mod engine;
mod error;
mod fault;
mod filter;
mod host;
mod json;
mod limits;
mod manifest;
mod options;
mod panel;
mod sandbox;
mod structure;
mod text;
mod wit;

pub use compile::compile_child_main;
pub use digest::FilterDigest;
pub use error::FilterError;
pub use fault::{Fault, FaultClass};
pub use filter::{Answer, Evaluation, Filter, LogLine, Tag, Usage};
pub use host::{Host, HostBuilder, Inspection};
pub use limits::Limits;
pub use manifest::{Column, Image, Manifest, Verdicts};
pub use options::{FilterOptions, Mode, OnFault};
pub use panel::{Counts, Halted, Judged, Judgement, Notice, Opinion, Panel, RedactionSecret, Standing};

/// The WIT world that filters are run as, as a commit names it.
pub const WORLD: &str = "sealog:filter/filter@1.0.0";

/// The engine that runs them, as a commit names it.
pub const ENGINE: &str = "wasmtime 48.0.8";
