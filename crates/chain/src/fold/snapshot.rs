//! The fold as bytes, so that a log need not be read from its beginning (FORMAT.md, "Snapshots").
//!
//! A hint and no more. Its signature says that a writer of the log made it; the commit that it names as the last one says
//! that it belongs to this log; what follows is folded as ever. Bytes that are anything else are as good as none.

use serde::{Deserialize, Serialize};

use super::Fold;
use crate::{ChainError, Checkpoint, SignedCheckpoint, VerifierKey, sha256};

/// The format this program writes, and the only one it reads: another one is no snapshot to it.
const FORMAT: &str = "sealog.snapshot/1";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Snapshot<F> {
    format: String,
    size: u64,
    fold: F,
}

impl Fold {
    /// The state as one line of JSON, and what is to be signed over it; [`Fold::with_signature`] puts both together.
    ///
    /// # Errors
    /// [`ChainError::Genesis`] without any commit.
    pub fn snapshot(&self) -> Result<(Vec<u8>, Checkpoint), ChainError> {
        let origin = self.origin().ok_or(ChainError::Genesis("an empty log has no snapshot"))?;
        let snapshot = Snapshot { format: FORMAT.to_owned(), size: self.size(), fold: self };
        let line = serde_json::to_vec(&snapshot).map_err(|error| ChainError::Malformed(error.to_string()))?;
        let signed = Checkpoint { origin: signed_origin(origin), size: self.size(), root: sha256(&line) };
        Ok((line, signed))
    }

    /// The bytes to store.
    #[must_use]
    pub fn with_signature(mut line: Vec<u8>, signed: &SignedCheckpoint) -> Vec<u8> {
        line.push(b'\n');
        line.extend(signed.render());
        line
    }

    /// The state that a snapshot signed by `key` holds. It is still to be confirmed by [`Fold::ends_with`].
    ///
    /// # Errors
    /// [`ChainError`]: no snapshot of this format, or not signed by that key.
    pub fn restore(bytes: &[u8], key: &VerifierKey) -> Result<Self, ChainError> {
        let malformed = |what: &str| ChainError::Malformed(format!("snapshot: {what}"));
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or_else(|| malformed("it has one line"))?;
        let (line, note) = bytes.split_at(end);
        let signed = SignedCheckpoint::parse(note.get(1..).unwrap_or_default())?;
        if !signed.signed_by(key)? || signed.checkpoint.root != sha256(line) {
            return Err(malformed("it is not signed by the writer's key"));
        }
        let Snapshot { format, size, fold } =
            serde_json::from_slice::<Snapshot<Self>>(line).map_err(|error| malformed(&error.to_string()))?;
        let origin = fold.origin().map(signed_origin);
        let stands = (size, origin.as_ref()) == (signed.checkpoint.size, Some(&signed.checkpoint.origin));
        if format != FORMAT || !stands || size != fold.size() || !fold.tree.is_sound() {
            return Err(malformed("it contradicts itself"));
        }
        Ok(fold)
    }

    /// Whether its newest commit is this one. Each commit names the one before, so no other log ends with it.
    #[must_use]
    pub fn ends_with(&self, commit: &[u8]) -> bool {
        self.head.as_ref().is_some_and(|head| head.sha256 == sha256(commit))
    }
}

/// No log has an origin of this form, so that no signature over a snapshot can be taken for one over a head.
fn signed_origin(origin: &str) -> String {
    format!("{FORMAT} {origin}")
}

/// Maps whose keys are no texts, as lists of pairs.
pub(super) mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(in super::super) fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(map)
    }

    pub(in super::super) fn deserialize<'de, K, V, D>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Deserialize<'de> + Ord,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(Vec::<(K, V)>::deserialize(deserializer)?.into_iter().collect())
    }
}
