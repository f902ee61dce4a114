//! Why a reply is not a page.

/// A `GetRecords` reply that cannot be understood as a whole. Nothing of it may be used.
///
/// Offsets are bytes into the body, record indexes count from 0. No text of the body is repeated: it may hold personal
/// data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PageError {
    /// More bytes than any page has.
    #[error("the reply has {bytes} bytes, more than the {bytes_max} that are accepted")]
    TooLarge {
        /// Bytes of the body.
        bytes: usize,
        /// The most that is accepted.
        bytes_max: usize,
    },
    /// Not UTF-8 text.
    #[error("the reply is not UTF-8 text")]
    NotUtf8,
    /// Not JSON, or nested too deep.
    #[error("the reply is not valid JSON at byte {at}{}: expected {expected}", in_record(*record))]
    Json {
        /// Offset of the byte that is wrong.
        at: usize,
        /// The record it lies in.
        record: Option<usize>,
        /// What would have been right.
        expected: &'static str,
    },
    /// The page itself or one of its members has the wrong type.
    #[error("{member} of the reply is not {expected}")]
    WrongType {
        /// The member; `the whole` for the page.
        member: &'static str,
        /// The type that it must have.
        expected: &'static str,
    },
    /// More records than any page has.
    #[error("the reply has more than the {records_max} records that are accepted")]
    TooManyRecords {
        /// The most that are accepted.
        records_max: usize,
    },
    /// `Records` or `NextShardIterator` occurs twice: which one holds cannot be known.
    #[error("the reply has two members named {member}")]
    DuplicateMember {
        /// The member's name.
        member: &'static str,
    },
    /// A record has no usable sequence number, so nobody could say where it belongs.
    #[error("record {record} of the reply: {problem}")]
    SequenceNumber {
        /// The record's index.
        record: usize,
        /// What is wrong with it.
        problem: SequenceProblem,
    },
}

/// What is wrong with a record's sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequenceProblem {
    /// There is none.
    Missing,
    /// There are two.
    Duplicate,
    /// It is not a text of 1 to 40 decimal digits.
    Malformed,
}

impl std::fmt::Display for SequenceProblem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Missing => "it has no SequenceNumber",
            Self::Duplicate => "it has two members named SequenceNumber",
            Self::Malformed => "its SequenceNumber is not a text of 1 to 40 decimal digits",
        })
    }
}

fn in_record(record: Option<usize>) -> String {
    record.map(|index| format!(" (record {index})")).unwrap_or_default()
}
