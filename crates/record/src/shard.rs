//! Shards: the pieces of a stream that are read one after another.

use std::str::FromStr;
use std::sync::Arc;

use crate::{MalformedText, SequenceNumber, text_serde};

/// A shard's name, unique within its stream: 1–128 visible ASCII characters, cheap to clone.
///
/// The service promises 28–65 characters; the wider bound tolerates other implementations without letting anything
/// through that could break a key or a log line.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(Arc<str>);

impl ShardId {
    /// The name as the service wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ShardId {
    type Err = MalformedText;

    fn from_str(text: &str) -> Result<Self, MalformedText> {
        if (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
            Ok(Self(Arc::from(text)))
        } else {
            Err(MalformedText::new("shard id", text, "1 to 128 visible ASCII characters"))
        }
    }
}

text_serde!(ShardId);

/// One shard as `DescribeStream` lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// The shard's name.
    pub id: ShardId,
    /// The shard it came from; it may no longer be listed itself, because it was trimmed.
    pub parent: Option<ShardId>,
    /// First number the shard may hold, where the service says it.
    pub starting: Option<SequenceNumber>,
    /// Last number the shard holds; `None` while the shard is open.
    pub ending: Option<SequenceNumber>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_break_a_log_line_are_refused() {
        for text in ["", "a b", "a\nb", "ü", &"x".repeat(129)] {
            assert!(text.parse::<ShardId>().is_err(), "{text:?}");
        }
        assert!("shardId-00000001764489600000-1f2e3d4c".parse::<ShardId>().is_ok());
    }
}
