//! The signed head of a log (C2SP tlog-checkpoint).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{ChainError, Hash, NoteSignature, SignedNote, SigningKey, VerifierKey};

/// A log's size and root: origin, size and base64 root, one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Number of commits.
    pub size: u64,
    /// Root of the log tree over them.
    pub root: Hash,
}

/// A checkpoint with the note that carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    /// What it says.
    pub checkpoint: Checkpoint,
    note: SignedNote,
}

impl Checkpoint {
    /// What is signed: the note's text.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root.0))
    }

    fn parse(text: &str) -> Result<Self, ChainError> {
        let mut lines = text.split('\n');
        let (Some(origin), Some(size), Some(root)) = (lines.next(), lines.next(), lines.next()) else {
            return Err(ChainError::Note("a checkpoint has at least three lines"));
        };
        if origin.is_empty() {
            return Err(ChainError::Note("a checkpoint's first line is its origin"));
        }
        let number: u64 =
            size.parse().map_err(|_| ChainError::Note("a checkpoint's second line is its size"))?;
        if number.to_string() != size {
            return Err(ChainError::Note("a checkpoint's size has no sign and no leading zeros"));
        }
        let root = STANDARD.decode(root).ok().and_then(|bytes| bytes.try_into().ok());
        let root = Hash(root.ok_or(ChainError::Note("a checkpoint's third line is a base64 SHA-256"))?);
        Ok(Self { origin: origin.to_owned(), size: number, root })
    }

    /// Signs with each key, in order; all signatures stand under one note.
    #[must_use]
    pub fn sign(self, keys: &[&SigningKey]) -> SignedCheckpoint {
        let text = self.text();
        let signatures = keys.iter().map(|key| key.sign_note(&text)).collect();
        self.with_signatures(signatures)
    }

    /// With lines that were made elsewhere; none of them is checked.
    #[must_use]
    pub fn with_signatures(self, signatures: Vec<NoteSignature>) -> SignedCheckpoint {
        let note = SignedNote { text: self.text(), signatures };
        SignedCheckpoint { checkpoint: self, note }
    }
}

impl SignedCheckpoint {
    /// Reads stored bytes; no signature is checked yet. Extension lines are allowed and ignored.
    ///
    /// # Errors
    /// [`ChainError::Note`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        let note = SignedNote::parse(bytes)?;
        Ok(Self { checkpoint: Checkpoint::parse(&note.text)?, note })
    }

    /// Its signature lines.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.note.signatures
    }

    /// The bytes to store.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        self.note.render()
    }

    /// Whether `key` signed it; see [`SignedNote::signed_by`].
    ///
    /// # Errors
    /// [`ChainError::Signature`] when a line claims to be this key's and does not hold.
    pub fn signed_by(&self, key: &VerifierKey) -> Result<bool, ChainError> {
        self.note.signed_by(key)
    }

    /// Keeps the lines that `key` would check, and drops those of all others. Whether one is left, the result tells.
    #[must_use]
    pub fn only_by(mut self, key: &VerifierKey) -> Self {
        self.note.signatures.retain(|line| line.name == key.name() && line.id == key.id());
        self
    }

    /// Whether there are signatures, each by one of `keys`, and all of them hold.
    ///
    /// # Errors
    /// [`ChainError::Signature`] for one that does not hold, [`ChainError::Signer`] for one by somebody else, or none.
    pub fn signed_by_all(&self, keys: &[VerifierKey]) -> Result<(), ChainError> {
        let known =
            |line: &NoteSignature| keys.iter().find(|key| line.name == key.name() && line.id == key.id());
        for line in &self.note.signatures {
            let key = known(line).ok_or_else(|| ChainError::Signer(line.name.clone()))?;
            self.note.signed_by(key)?;
        }
        if self.note.signatures.is_empty() {
            return Err(ChainError::Signer("nobody".to_owned()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EMPTY_ROOT;

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "sealog/o".to_owned(), size: 7, root: EMPTY_ROOT }
    }

    #[test]
    fn a_signed_checkpoint_reads_back() {
        let key = SigningKey::from_seed("k", [1; 32]).unwrap();
        let signed = checkpoint().sign(&[&key]);
        let read = SignedCheckpoint::parse(&signed.render()).unwrap();
        assert_eq!(read.checkpoint, checkpoint());
        assert_eq!(read.signed_by(key.verifier()), Ok(true));
    }

    #[test]
    fn sizes_have_one_text_and_lines_have_an_order() {
        let key = SigningKey::from_seed("k", [1; 32]).unwrap();
        for text in ["o\n07\nx\n", "o\n+7\nx\n", "\n7\nx\n", "o\n7\n", "o\n7\nAAAA\n"] {
            let note = SignedNote { text: text.to_owned(), signatures: vec![key.sign_note(text)] };
            assert!(SignedCheckpoint::parse(&note.render()).is_err(), "{text:?}");
        }
    }
}
