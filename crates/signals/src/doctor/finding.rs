//! One thing that was looked at.

/// How it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FindingState {
    /// As it should be.
    Good,
    /// Not looked at, because these credentials may not; nothing depends on it.
    Unseen,
    /// It works, and could be better or will not for long.
    Weak,
    /// It could not be found out.
    Unknown,
    /// It does not work, or changes will be lost.
    Bad,
}

impl FindingState {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unseen => "unseen",
            Self::Weak => "weak",
            Self::Unknown => "unknown",
            Self::Bad => "bad",
        }
    }
}

/// One thing that was looked at, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, in a word that programs can rely on.
    pub code: &'static str,
    /// Of what: a table, a bucket, a file.
    pub subject: String,
    /// How it stands.
    pub state: FindingState,
    /// What was found.
    pub found: String,
    /// What to do; empty where nothing is to be done.
    pub remedy: String,
}

impl Finding {
    fn new(code: &'static str, subject: &str, state: FindingState, found: impl Into<String>) -> Self {
        Self { code, subject: subject.to_owned(), state, found: found.into(), remedy: String::new() }
    }

    fn with(self, remedy: impl Into<String>) -> Self {
        Self { remedy: remedy.into(), ..self }
    }

    pub(super) fn good(code: &'static str, subject: &str, found: impl Into<String>) -> Self {
        Self::new(code, subject, FindingState::Good, found)
    }

    pub(super) fn unseen(code: &'static str, subject: &str, found: impl Into<String>) -> Self {
        Self::new(code, subject, FindingState::Unseen, found)
    }

    pub(super) fn unknown(code: &'static str, subject: &str, found: impl Into<String>) -> Self {
        Self::new(code, subject, FindingState::Unknown, found)
    }

    pub(super) fn weak(
        code: &'static str,
        subject: &str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(code, subject, FindingState::Weak, found).with(remedy)
    }

    pub(super) fn bad(
        code: &'static str,
        subject: &str,
        found: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(code, subject, FindingState::Bad, found).with(remedy)
    }
}
