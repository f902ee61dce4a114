//! What is said of an archive in the end (FORMAT.md, section 8, "Outcome" and "Report").

use std::fmt;

use sealog_record::Timestamp;
use serde::Serialize;

use crate::finding::{Code, Finding, Findings, Level};

/// Format of the report's JSON.
pub const REPORT_FORMAT: &str = "sealog.report/1";

/// What is said of a log or an archive. Ordered from the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As it was sealed, complete, attested from outside.
    Intact,
    /// As it was sealed, attested; what could not be read any more is admitted.
    IntactWithDeclaredGaps,
    /// Nothing contradicts itself, but nothing from outside vouches for all of it.
    Consistent,
    /// Nothing newer than the heartbeat allows: a tail may have been cut off.
    Stale,
    /// It could not be judged.
    Unverifiable,
    /// It is not as it was sealed.
    Tampered,
}

impl Outcome {
    /// Exit code of a program that reports it.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Intact => 0,
            Self::IntactWithDeclaredGaps => 3,
            Self::Consistent => 5,
            Self::Stale => 4,
            Self::Unverifiable => 69,
            Self::Tampered => 1,
        }
    }

    fn of(worst: Option<Level>) -> Self {
        match worst {
            None | Some(Level::Notice) => Self::Intact,
            Some(Level::Gap) => Self::IntactWithDeclaredGaps,
            Some(Level::Unattested) => Self::Consistent,
            Some(Level::Stale) => Self::Stale,
            Some(Level::Unverifiable) => Self::Unverifiable,
            Some(Level::Tampered) => Self::Tampered,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Intact => "INTACT",
            Self::IntactWithDeclaredGaps => "INTACT WITH DECLARED GAPS",
            Self::Consistent => "CONSISTENT",
            Self::Stale => "STALE",
            Self::Unverifiable => "UNVERIFIABLE",
            Self::Tampered => "TAMPERED",
        })
    }
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What was found in an archive; its JSON is `sealog.report/1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// [`REPORT_FORMAT`].
    pub format: &'static str,
    /// The archive, as the caller named it.
    pub archive: String,
    /// The instant it was judged at.
    pub checked_at: Timestamp,
    /// That of the worst log.
    pub outcome: Outcome,
    /// Each log; never empty.
    pub logs: Vec<LogReport>,
}

/// What was found in one log. Counts are those that its well-formed commits state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LogReport {
    /// Name of the log.
    pub log: String,
    /// Origin that commit 0 states.
    pub origin: Option<String>,
    /// The worst finding decides.
    pub outcome: Outcome,
    /// Commits that are there.
    pub commits: u64,
    /// Rows.
    pub records: u64,
    /// Evidence objects.
    pub objects: u64,
    /// Bytes of the evidence objects.
    pub bytes: u64,
    /// Date of the first commit that can be read.
    pub first_commit_at: Option<Timestamp>,
    /// Date of the last commit that can be read.
    pub last_commit_at: Option<Timestamp>,
    /// By commit (none first), then code, then row.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn new(archive: &str, checked_at: Timestamp, logs: Vec<LogReport>) -> Self {
        let outcome = logs.iter().map(|log| log.outcome).max().unwrap_or(Outcome::Unverifiable);
        Self { format: REPORT_FORMAT, archive: archive.to_owned(), checked_at, outcome, logs }
    }
}

impl LogReport {
    pub(crate) fn new(log: &str, findings: Findings) -> Self {
        Self {
            log: log.to_owned(),
            origin: None,
            outcome: Outcome::of(findings.worst()),
            commits: 0,
            records: 0,
            objects: 0,
            bytes: 0,
            first_commit_at: None,
            last_commit_at: None,
            findings: findings.into_ordered(),
        }
    }

    /// Whether no commit was found at all.
    pub(crate) fn is_vacant(&self) -> bool {
        matches!(self.findings.as_slice(), [only] if only.code == Code::NoLog)
    }
}
