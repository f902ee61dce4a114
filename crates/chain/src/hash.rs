//! SHA-256 with the domain separation of RFC 6962, section 2.1.

use std::fmt;
use std::str::FromStr;

use sealog_record::{EvidenceRow, encode_leaf};
use sha2::{Digest, Sha256};

use crate::ChainError;

/// A SHA-256 hash; its text is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Hash(pub [u8; 32]);

/// Root of a tree without leaves: `SHA-256("")`.
pub const EMPTY_ROOT: Hash = Hash([
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27,
    0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
]);

/// Plain SHA-256, as objects and commits are named by.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// Leaf of a tree: `SHA-256(0x00 ‖ entry)`.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update([0]).chain_update(entry).finalize().into())
}

/// Inner node of a tree: `SHA-256(0x01 ‖ left ‖ right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    let (head, tail) = bytes.split_at_mut(33);
    if let Some(place) = head.get_mut(1..) {
        place.copy_from_slice(&left.0);
    }
    tail.copy_from_slice(&right.0);
    sha256(&bytes)
}

/// Leaf hash of an evidence row. `scratch` is reused between rows to save allocations; its content is overwritten.
#[must_use]
pub fn record_leaf(row: &EvidenceRow<'_>, scratch: &mut Vec<u8>) -> Hash {
    scratch.clear();
    scratch.push(0);
    encode_leaf(row, scratch);
    sha256(scratch)
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Hash {
    type Err = ChainError;

    fn from_str(text: &str) -> Result<Self, ChainError> {
        let malformed =
            || ChainError::Malformed(format!("a hash has 64 lower-case hexadecimal digits, not {text:?}"));
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).map_err(|_| malformed())?;
        let hash = Self(bytes);
        if hash.to_string() == text { Ok(hash) } else { Err(malformed()) }
    }
}

impl serde::Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_root_is_the_hash_of_nothing() {
        assert_eq!(sha256(b""), EMPTY_ROOT);
    }

    /// Leaf of the empty entry and of one byte: RFC 6962 test vectors as used by Certificate Transparency
    /// implementations (inputs "" and 0x00).
    #[test]
    fn leaves_match_published_vectors() {
        assert_eq!(
            leaf_hash(b"").to_string(),
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        );
        assert_eq!(
            leaf_hash(&[0]).to_string(),
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
        );
    }

    #[test]
    fn upper_case_is_refused() {
        assert!("E3".repeat(32).parse::<Hash>().is_err());
        assert_eq!(EMPTY_ROOT.to_string().parse::<Hash>().unwrap(), EMPTY_ROOT);
    }
}
