//! The two verdicts, and the one outcome with its exit code (FORMAT.md, section 8, "Outcome").

use std::fmt;

use serde::Serialize;

use crate::finding::{Finding, Level};

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

/// Whether what is there is what was sealed. Ordered from the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Integrity {
    /// It is, and something from outside vouches for it.
    Intact,
    /// Nothing contradicts itself, but nothing from outside vouches for all of it.
    Consistent,
    /// It could not be judged.
    Unverifiable,
    /// It is not.
    Tampered,
}

/// Whether all that should be there is. Ordered from the best.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Completeness {
    /// It is.
    Complete,
    /// What is missing is declared.
    CompleteWithDeclaredGaps,
    /// Up to the newest commit, which is older than it should be.
    Stale,
    /// It could not be judged.
    Unverifiable,
    /// Something is missing, or out of order, that is not declared.
    Incomplete,
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

    pub(crate) fn of(findings: &[Finding]) -> Self {
        match findings.iter().map(|finding| finding.level).max() {
            None | Some(Level::Notice) => Self::Intact,
            Some(Level::Gap) => Self::IntactWithDeclaredGaps,
            Some(Level::Unattested) => Self::Consistent,
            Some(Level::Stale) => Self::Stale,
            Some(Level::Unverifiable) => Self::Unverifiable,
            Some(Level::Tampered) => Self::Tampered,
        }
    }
}

impl Integrity {
    pub(crate) fn of(findings: &[Finding]) -> Self {
        let spoken = findings.iter().filter(|finding| finding.verdict.is_of_integrity());
        match spoken.map(|finding| finding.level).max() {
            None | Some(Level::Notice | Level::Gap | Level::Stale) => Self::Intact,
            Some(Level::Unattested) => Self::Consistent,
            Some(Level::Unverifiable) => Self::Unverifiable,
            Some(Level::Tampered) => Self::Tampered,
        }
    }
}

impl Completeness {
    pub(crate) fn of(findings: &[Finding]) -> Self {
        let spoken = findings.iter().filter(|finding| finding.verdict.is_of_completeness());
        match spoken.map(|finding| finding.level).max() {
            None | Some(Level::Notice | Level::Unattested) => Self::Complete,
            Some(Level::Gap) => Self::CompleteWithDeclaredGaps,
            Some(Level::Stale) => Self::Stale,
            Some(Level::Unverifiable) => Self::Unverifiable,
            Some(Level::Tampered) => Self::Incomplete,
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

impl fmt::Display for Integrity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Intact => "INTACT",
            Self::Consistent => "CONSISTENT",
            Self::Unverifiable => "UNVERIFIABLE",
            Self::Tampered => "TAMPERED",
        })
    }
}

impl fmt::Display for Completeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete => "COMPLETE",
            Self::CompleteWithDeclaredGaps => "COMPLETE WITH DECLARED GAPS",
            Self::Stale => "STALE",
            Self::Unverifiable => "UNVERIFIABLE",
            Self::Incomplete => "INCOMPLETE",
        })
    }
}

impl Serialize for Outcome {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Integrity {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl Serialize for Completeness {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
