//! What can go wrong while a filter judges.

/// How a filter failed at a record. Its text stands in the row's `reason`, behind `fault:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultClass {
    /// It trapped: unreachable code, a bad access, too deep a recursion.
    Trap,
    /// What it answered cannot be read: a case that does not exist, text that is not UTF-8, a list that reaches beyond
    /// its memory or is far too long.
    Malformed,
    /// It used up its fuel.
    OutOfFuel,
    /// It asked for more memory than it may have.
    OutOfMemory,
    /// It ran longer than the wall clock allows. Another run need not repeat it.
    HostTimeout,
    /// This machine could not give it what it is entitled to. Another run need not repeat it.
    HostFailure,
    /// It gave more or fewer verdicts than it saw changes.
    Count,
    /// It gave a verdict, a reason or a column that its manifest does not declare.
    Undeclared,
    /// It gave something longer, or made of other characters, than the interface allows.
    Limit,
    /// It answered with an error.
    Refused,
}

impl FaultClass {
    /// The word behind `fault:`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::OutOfFuel => "out-of-fuel",
            Self::OutOfMemory => "out-of-memory",
            Self::Malformed => "malformed",
            Self::HostTimeout => "host-timeout",
            Self::HostFailure => "host-failure",
            Self::Count => "count",
            Self::Undeclared => "undeclared",
            Self::Limit => "limit",
            Self::Refused => "refused",
        }
    }
}

impl FaultClass {
    /// Whether another run of the same record would end the same way.
    #[must_use]
    pub const fn is_reproducible(self) -> bool {
        !matches!(self, Self::HostTimeout | Self::HostFailure)
    }
}

impl std::fmt::Display for FaultClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure of a filter, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Its class.
    pub class: FaultClass,
    /// What happened, one line, escaped: a guest has a say in it.
    pub message: String,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.class, self.message)
    }
}
