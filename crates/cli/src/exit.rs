//! Exit codes, and errors that know theirs.

/// What the process says to the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// All is good.
    Good,
    /// What a verification found; its code is FORMAT.md's.
    Verdict(u8),
    /// What a child of ours says to its parent.
    Child(u8),
    /// Wrong usage.
    Usage,
    /// A service cannot be reached, refuses, or something could not be verified.
    Unreachable,
    /// It may pass; try again.
    TryAgain,
    /// The configuration is wrong.
    Configuration,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Good => 0,
            Self::Verdict(code) | Self::Child(code) => code,
            Self::Usage => 2,
            Self::Unreachable => 69,
            Self::TryAgain => 75,
            Self::Configuration => 78,
        }
    }
}

/// An error for a person: one message that says what to do, and an exit code.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        Self { exit, error: anyhow::Error::msg(message.to_string()) }
    }

    pub(crate) fn usage(message: impl std::fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) fn configuration(message: impl std::fmt::Display) -> Self {
        Self::new(Exit::Configuration, message)
    }

    pub(crate) fn unreachable(message: impl std::fmt::Display) -> Self {
        Self::new(Exit::Unreachable, message)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.error)
    }
}

impl From<sealog_pipeline::PipelineError> for Failure {
    fn from(error: sealog_pipeline::PipelineError) -> Self {
        Self::new(exit_of(&error), &error)
    }
}

impl From<sealog_pipeline::ConfigError> for Failure {
    fn from(error: sealog_pipeline::ConfigError) -> Self {
        Self::configuration(&error)
    }
}

impl From<sealog_store::StoreError> for Failure {
    fn from(error: sealog_store::StoreError) -> Self {
        Self::new(exit_of(&error.clone().into()), &error)
    }
}

/// Output that nobody reads any more (a closed pipe) is no reason to go on.
impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::unreachable(format!("output: {error}"))
    }
}

/// The exit code that an error of the pipeline leads to.
pub(crate) fn exit_of(error: &sealog_pipeline::PipelineError) -> Exit {
    match error.remedy() {
        sealog_pipeline::Remedy::TryAgain => Exit::TryAgain,
        sealog_pipeline::Remedy::CallAPerson => Exit::Unreachable,
        sealog_pipeline::Remedy::Configure => Exit::Configuration,
    }
}
