//! What keeps a filter from being used.

use std::path::PathBuf;

use crate::FilterDigest;

/// Why a filter cannot be loaded. Never retry: a person has to change something, and the message says what.
#[derive(Debug, thiserror::Error)]
pub enum FilterError {
    /// The file is no component that could be a filter.
    #[error("this file is not used as a filter: {why}")]
    Unsuited {
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// It is not the component that was pinned.
    #[error(
        "the component's SHA-256 is {found}, pinned is {pinned}: put the pinned file back, or review the new one and pin \
         it with `sealog filter pin`"
    )]
    OtherThanPinned {
        /// What was pinned.
        pinned: FilterDigest,
        /// What the file is.
        found: FilterDigest,
    },
    /// It could not be compiled within the limits of compiling.
    #[error("the component cannot be compiled: {why}")]
    Compile {
        /// What the compiler said.
        why: String,
    },
    /// The directory of compiled components cannot be used.
    #[error("the filter cache {path} cannot be used: {why}", path = path.display())]
    Cache {
        /// The directory or a file in it.
        path: PathBuf,
        /// Why not, and what to do.
        why: String,
    },
    /// `configure` failed or refused the configuration.
    #[error("the filter does not start: {why}")]
    Configure {
        /// What happened, or what the filter said (escaped).
        why: String,
    },
    /// The manifest breaks the rules of the interface.
    #[error("the filter's manifest is not valid: {why}")]
    Manifest {
        /// Which rule.
        why: String,
    },
    /// The configuration does not fit the filter's schema.
    #[error("the filter's `config` does not fit its schema: {why}")]
    Config {
        /// Where and why.
        why: String,
    },
    /// Filters that cannot be used together, or not as they are configured.
    #[error("filter {filter:?}: {why}")]
    Panel {
        /// The filter's name.
        filter: String,
        /// Why not, and what to do.
        why: String,
    },
    /// The engine itself could not be set up.
    #[error("the WebAssembly engine cannot be set up: {why}")]
    Engine {
        /// What it said.
        why: String,
    },
}
