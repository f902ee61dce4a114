//! One filter, loaded and configured.

mod answer;

use std::sync::Arc;

use sealog_record::ChangeRecord;
use sha2::{Digest, Sha256};

use crate::columns::{Cell, Columns, text_of};
use crate::json::Marks;
use crate::sandbox::Program;
use crate::{Fault, FaultClass, FilterDigest, Host, Limits, Manifest, Mode, OnFault, wit};

/// Most changes of a batch.
pub(crate) const BATCH_MAX: usize = 1_000;

/// One filter, loaded and configured. Cheap to clone.
#[derive(Clone)]
pub struct Filter {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) name: String,
    pub(crate) digest: FilterDigest,
    pub(crate) config: String,
    pub(crate) manifest: Manifest,
    pub(crate) columns: Columns,
    pub(crate) mode: Mode,
    pub(crate) on_fault: OnFault,
    pub(crate) limits: Limits,
    pub(crate) program: Program,
    /// Keeps the clock running that stops this filter.
    pub(crate) _host: Host,
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filter")
            .field("name", &self.name())
            .field("digest", &self.digest())
            .finish_non_exhaustive()
    }
}

impl Filter {
    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner) }
    }

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
        Sha256::digest(self.inner.config.as_bytes()).into()
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

    /// Judges one batch of at most 1,000 changes in one fresh instance. Blocks, as long as the limits allow.
    ///
    /// The batch runs on the fuel that its poorest record has alone, so a fault of a batch of several says nothing yet
    /// about any of them; [`crate::Panel`] splits such a batch.
    #[must_use]
    pub fn evaluate(&self, records: &[ChangeRecord<'_>]) -> Evaluation {
        if records.is_empty() {
            return Evaluation { answers: Ok(Vec::new()), usage: Usage::default() };
        }
        if records.len() > BATCH_MAX {
            let message = format!("a batch has at most {BATCH_MAX} changes, this one {}", records.len());
            let answers = Err(Fault { class: FaultClass::Limit, message });
            return Evaluation { answers, usage: Usage::default() };
        }
        let mut cells = Vec::with_capacity(records.len() * self.inner.columns.count());
        let mut marks = Marks::default();
        let mut fuel = u64::MAX;
        for record in records {
            let start = cells.len();
            self.inner.columns.project(record, &mut marks, &mut cells);
            let bytes = cells.get(start..).unwrap_or_default().iter().map(Cell::size).sum();
            fuel = fuel.min(self.inner.limits.fuel_for(bytes));
        }
        let (verdicts, usage) = self.ask(records, &cells, fuel);
        let answers = verdicts.map(|verdicts| self.check(verdicts, records, &cells));
        Evaluation { answers, usage }
    }

    fn ask(
        &self,
        records: &[ChangeRecord<'_>],
        cells: &[Cell<'_>],
        fuel: u64,
    ) -> (Result<Vec<wit::Verdict>, Fault>, Usage) {
        let Inner { program, limits, config, manifest, .. } = self.inner.as_ref();
        let (started, usage) = program.start(limits, config);
        let running = match started {
            Ok((running, Ok(said))) if manifest.is(&said) => running,
            Ok(_) => {
                let message = "its `configure` does not give the manifest that it gave before".to_owned();
                return (Err(Fault { class: FaultClass::Undeclared, message }), usage);
            }
            Err(fault) => return (Err(fault), usage),
        };
        let values: Vec<_> = cells.iter().map(Cell::value).collect();
        let count = self.inner.columns.count();
        let batch: Vec<_> = records
            .iter()
            .enumerate()
            .map(|(place, record)| {
                change(record, values.get(place * count..(place + 1) * count).unwrap_or_default())
            })
            .collect();
        let (verdicts, usage) = running.evaluate(&batch, fuel, limits);
        let counted = verdicts.and_then(|verdicts| {
            if verdicts.len() == records.len() {
                return Ok(verdicts);
            }
            let message = format!("it gave {} verdicts for {} changes", verdicts.len(), records.len());
            Err(Fault { class: FaultClass::Count, message })
        });
        (counted, usage)
    }

    fn check(
        &self,
        verdicts: Vec<wit::Verdict>,
        records: &[ChangeRecord<'_>],
        cells: &[Cell<'_>],
    ) -> Vec<Result<Answer, Fault>> {
        let Inner { manifest, columns, .. } = self.inner.as_ref();
        let mut answers = Vec::with_capacity(verdicts.len());
        for (place, (verdict, record)) in verdicts.into_iter().zip(records).enumerate() {
            let own = cells.get(place * columns.count()..(place + 1) * columns.count()).unwrap_or_default();
            // An absent value cannot be redacted; of two members of one name, the one that does not count can be.
            let is_there = |column: usize| {
                own.get(column).is_some_and(|cell| *cell != Cell::Absent)
                    || manifest.columns.get(column).is_some_and(|declared| {
                        let text = text_of(record, declared.image).unwrap_or_default();
                        columns.find(declared.image, text).iter().any(|(found, _)| *found == column)
                    })
            };
            answers.push(answer::checked(verdict, manifest, &is_there));
        }
        answers
    }

    pub(crate) fn columns(&self) -> &Columns {
        &self.inner.columns
    }
}

/// A change as the interface says it.
fn change<'a>(record: &ChangeRecord<'a>, cells: &'a [wit::Value<'a>]) -> wit::Change<'a> {
    let kind = match record.event_name {
        Some("INSERT") => wit::ChangeKind::Insert,
        Some("MODIFY") => wit::ChangeKind::Modify,
        Some("REMOVE") => wit::ChangeKind::Remove,
        _ => wit::ChangeKind::Other,
    };
    let (kind_text, principal) = (record.user_identity_type, record.user_identity_principal_id);
    let identity = (kind_text.is_some() || principal.is_some()).then(|| wit::Identity {
        kind: kind_text.unwrap_or_default(),
        principal: principal.unwrap_or_default(),
    });
    wit::Change { kind, created_ms: record.created_at, sequence: record.sequence_number, identity, cells }
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
        /// Indexes into the manifest's columns, ascending, each once, of values that are there.
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
    /// One answer per change, or what is wrong with its answer; or why there are none at all.
    pub answers: Result<Vec<Result<Answer, Fault>>, Fault>,
    /// What it needed.
    pub usage: Usage,
}
