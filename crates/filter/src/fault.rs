//! What can go wrong while a filter judges.

/// How a filter failed at a record. Its text stands in the row's `reason`, behind `fault:`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultClass {
    /// It trapped: unreachable code, a bad access, too deep a recursion, a result that is not what the interface says.
    Trap,
    /// It used up its fuel.
    OutOfFuel,
    /// It asked for more memory than it may have.
    OutOfMemory,
    /// It ran longer than the wall clock allows. The only class that another run need not repeat.
    HostTimeout,
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
            Self::HostTimeout => "host-timeout",
            Self::Count => "count",
            Self::Undeclared => "undeclared",
            Self::Limit => "limit",
            Self::Refused => "refused",
        }
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
