//! The vocabulary of Sealog: one change of a DynamoDB table, its place in a shard, and the bytes its leaf is made of.
//!
//! This room knows no I/O, no clock and no heavy library; every other room speaks its words.
//! Images are raw DynamoDB-JSON text, exactly as the service sent them: nothing here parses or normalises them.
//!
//! Sources of the rules: the DynamoDB Streams API reference (`Record`, `StreamRecord`, `Shard`) and
//! `crates/chain/FORMAT.md` (evidence columns and leaf encoding).

mod change;
mod gap;
mod leaf;
mod position;
mod sequence;
mod shard;
mod stream;
mod timestamp;

pub use change::{ChangeRecord, Decision, EvidenceRow, Verdict};
pub use gap::{Gap, GapCause, OnGap};
pub use leaf::{decode_leaf, encode_leaf};
pub use position::{ReadFrom, ShardPosition, StartAt};
pub use sequence::SequenceNumber;
pub use shard::{Shard, ShardId};
pub use stream::{StreamArn, StreamEnd, StreamLabel, TableArn, ViewType};
pub use timestamp::Timestamp;

/// A text from outside that does not have the form its type promises.
///
/// Never retry: the same text gives the same error. The message says what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} {text:?} is not valid: {expected}")]
pub struct MalformedText {
    /// What the text was meant to be, such as `sequence number`.
    pub what: &'static str,
    /// The text as it came, cut to its first 200 characters.
    pub text: String,
    /// The form that would have been accepted.
    pub expected: &'static str,
}

impl MalformedText {
    pub(crate) fn new(what: &'static str, text: &str, expected: &'static str) -> Self {
        Self { what, text: text.chars().take(200).collect(), expected }
    }
}

/// Serialises a text newtype as its text and refuses malformed text when reading.
macro_rules! text_serde {
    ($type:ty) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Debug::fmt(self.as_str(), f)
            }
        }
    };
}
pub(crate) use text_serde;
