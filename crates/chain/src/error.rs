//! What can be wrong with bytes that claim to be part of a chain.

use crate::Hash;

/// Bytes that are not what FORMAT.md says, or that do not continue the chain they are put on.
///
/// None of these goes away by trying again: the same bytes give the same error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChainError {
    /// Not a commit of a format that this program knows.
    #[error("not a readable commit: {0}")]
    Malformed(String),
    /// A commit that would not fit the 65,535 bytes of a log entry.
    #[error(
        "the commit would have {bytes} bytes and {max} is the most; split the batch over several commits"
    )]
    TooLarge {
        /// Bytes it would have.
        bytes: usize,
        /// Most bytes allowed.
        max: usize,
    },
    /// A commit with another number than its place.
    #[error("the commit says it is number {found}, its place is {expected}")]
    Number {
        /// Number of its place.
        expected: u64,
        /// Number it states.
        found: u64,
    },
    /// A commit that names another predecessor.
    #[error("the commit names {found} as the hash of its predecessor, which is {expected}")]
    Previous {
        /// Hash of the commit before it; all zeros for none.
        expected: Hash,
        /// Hash it states; all zeros for none.
        found: Hash,
    },
    /// A commit of another log.
    #[error("the commit belongs to the log {found:?}, this is {expected:?}")]
    Origin {
        /// Origin that the genesis fixed.
        expected: String,
        /// Origin it states.
        found: String,
    },
    /// Time went backwards between two commits.
    #[error("the commit is dated {found}, before its predecessor's {previous}")]
    Time {
        /// Date of the commit before it.
        previous: String,
        /// Date it states.
        found: String,
    },
    /// The first commit holds no genesis, or a later one does.
    #[error("{0}")]
    Genesis(&'static str),
    /// A segment that does not continue its shard.
    #[error("shard {shard}: {problem}")]
    Segment {
        /// The shard.
        shard: String,
        /// What does not fit, with both places.
        problem: String,
    },
    /// Counts that contradict each other.
    #[error("counts disagree: {0}")]
    Counts(String),
    /// A fact that contradicts the log.
    #[error("fact: {0}")]
    Fact(String),
    /// Not a signed note or checkpoint.
    #[error("not a readable checkpoint: {0}")]
    Note(&'static str),
    /// Not a key in C2SP form.
    #[error("not a readable key: {0}")]
    Key(&'static str),
    /// A signature by a known key that does not hold.
    #[error("the signature of {0} does not hold")]
    Signature(String),
    /// Not a tile of a tlog.
    #[error("not a readable tile: {0}")]
    Tile(&'static str),
    /// Not a proof of a row, or one that contradicts itself.
    #[error("not a proof of a row: {0}")]
    ProofFile(&'static str),
    /// No signature by any of the keys at hand, or one by somebody else beside it.
    #[error("it is signed by {0}, and not by the given key alone")]
    Signer(String),
    /// A Merkle proof that does not lead to the root.
    #[error("the proof does not lead to the root")]
    Proof,
}
