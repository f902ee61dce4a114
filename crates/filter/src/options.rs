//! How one filter is to be used.

use crate::{FilterDigest, Limits};

/// Whether what a filter says has an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It has.
    Enforce,
    /// It is only counted.
    Shadow,
}

/// What a fault of a filter does to the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFault {
    /// The record is kept and flagged.
    Keep,
    /// The table stops before the record is archived.
    Halt,
}

/// How one filter is to be used.
#[derive(Debug, Clone)]
pub struct FilterOptions {
    /// Its name in the log; none takes the manifest's.
    pub name: Option<String>,
    /// Its configuration; must fit the schema of its manifest.
    pub config: serde_json::Value,
    /// Whether what it says has an effect.
    pub mode: Mode,
    /// What it may use up.
    pub limits: Limits,
    /// What a fault does.
    pub on_fault: OnFault,
    /// The only component that is accepted.
    pub pinned: Option<FilterDigest>,
}

impl Default for FilterOptions {
    fn default() -> Self {
        Self {
            name: None,
            config: serde_json::Value::Object(serde_json::Map::new()),
            mode: Mode::Shadow,
            limits: Limits::default(),
            on_fault: OnFault::Keep,
            pinned: None,
        }
    }
}
