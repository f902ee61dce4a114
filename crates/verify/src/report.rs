//! What is said of an archive in the end (FORMAT.md, section 8, "Report"; `report.schema.json` has every member).

use sealog_chain::{Hash, SignedCheckpoint};
use sealog_record::Timestamp;
use serde::Serialize;

use crate::coverage::Hour;
use crate::finding::{Code, Finding, Findings};
use crate::options::VerifyOptions;
use crate::scope::Scope;
use crate::verdict::{Completeness, Integrity, Outcome};

/// Format of the report's JSON.
pub const REPORT_FORMAT: &str = "sealog.report/1";

/// What was found in an archive; its JSON is `sealog.report/1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// [`REPORT_FORMAT`].
    pub format: &'static str,
    /// The program that made it.
    pub tool: String,
    /// The archive, as the caller named it.
    pub archive: String,
    /// The instant it was judged at.
    pub checked_at: Timestamp,
    /// That of the worst log.
    pub outcome: Outcome,
    /// The worst of the logs.
    pub integrity: Integrity,
    /// The worst of the logs.
    pub completeness: Completeness,
    /// What came from outside.
    pub trust: TrustReport,
    /// Each log; never empty.
    pub logs: Vec<LogReport>,
}

/// What the auditor held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrustReport {
    /// The verifier key.
    pub key: Option<String>,
    /// The checkpoint, if it is one.
    pub checkpoint: Option<Head>,
}

/// A log's head.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Head {
    /// Whose.
    pub origin: String,
    /// Commits.
    pub size: u64,
    /// Root over them, in hexadecimal digits.
    pub root: Hash,
}

/// A key that the log was signed with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct KeyReport {
    /// The verifier key.
    pub key: String,
    /// Commit that brought it.
    pub commit: u64,
}

/// What was looked at beside the commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct CheckedCounts {
    /// Commits whose evidence was looked at.
    pub commits: u64,
    /// Objects asked for or read.
    pub objects: u64,
    /// Objects whose SHA-256 was compared: their bytes', or the one that the store states.
    pub hashed: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Rows whose hash was computed.
    pub rows: u64,
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
    /// The worst finding of those that speak to it decides.
    pub integrity: Integrity,
    /// As for integrity.
    pub completeness: Completeness,
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
    /// What was asked for.
    pub scope: Scope,
    /// What was looked at.
    pub checked: CheckedCounts,
    /// The root over all commits, if all can be judged.
    pub head: Option<Head>,
    /// Commits that something from outside vouches for, from the first on.
    pub attested: u64,
    /// Keys in force, in the order of the log.
    pub keys: Vec<KeyReport>,
    /// Each hour with commits.
    pub coverage: Vec<Hour>,
    /// By commit (none first), then code, then row.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn new(archive: &str, options: &VerifyOptions, logs: Vec<LogReport>) -> Self {
        let checkpoint = options.checkpoint.as_ref().and_then(|bytes| SignedCheckpoint::parse(bytes).ok());
        let checkpoint = checkpoint.map(|signed| {
            let sealog_chain::Checkpoint { origin, size, root } = signed.checkpoint;
            Head { origin, size, root }
        });
        Self {
            format: REPORT_FORMAT,
            tool: concat!("sealog ", env!("CARGO_PKG_VERSION")).to_owned(),
            archive: archive.to_owned(),
            checked_at: options.now,
            outcome: logs.iter().map(|log| log.outcome).max().unwrap_or(Outcome::Unverifiable),
            integrity: logs.iter().map(|log| log.integrity).max().unwrap_or(Integrity::Unverifiable),
            completeness: logs.iter().map(|log| log.completeness).max().unwrap_or(Completeness::Unverifiable),
            trust: TrustReport { key: options.key.as_ref().map(ToString::to_string), checkpoint },
            logs,
        }
    }
}

impl LogReport {
    pub(crate) fn new(log: &str, scope: Scope, findings: Findings) -> Self {
        let findings = findings.into_ordered();
        Self {
            log: log.to_owned(),
            origin: None,
            outcome: Outcome::of(&findings),
            integrity: Integrity::of(&findings),
            completeness: Completeness::of(&findings),
            commits: 0,
            records: 0,
            objects: 0,
            bytes: 0,
            first_commit_at: None,
            last_commit_at: None,
            scope,
            checked: CheckedCounts::default(),
            head: None,
            attested: 0,
            keys: Vec::new(),
            coverage: Vec::new(),
            findings,
        }
    }

    /// Whether no commit was found at all.
    pub(crate) fn is_vacant(&self) -> bool {
        matches!(self.findings.as_slice(), [only] if only.code == Code::NoLog)
    }
}
