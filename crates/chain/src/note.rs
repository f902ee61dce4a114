//! Signed notes (C2SP signed-note).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{ChainError, VerifierKey};

const NOTE_BYTES_MAX: usize = 1_000_000;
const SIGNATURES_MAX: usize = 100;

/// A text and the signatures under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    /// The signed text; ends with a line feed.
    pub text: String,
    /// Signatures in their order.
    pub signatures: Vec<NoteSignature>,
}

/// One signature line: `— <name> <base64(key id ‖ signature)>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Id of the key.
    pub id: [u8; 4],
    /// The signature proper.
    pub signature: Vec<u8>,
}

impl SignedNote {
    /// Reads a note; no signature is checked yet.
    ///
    /// # Errors
    /// [`ChainError::Note`] when the bytes are not of the form that the specification gives.
    pub fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        let bytes =
            if bytes.len() > NOTE_BYTES_MAX { return Err(ChainError::Note("it is too long")) } else { bytes };
        let note = std::str::from_utf8(bytes).map_err(|_| ChainError::Note("it is not UTF-8"))?;
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(ChainError::Note("it holds control characters"));
        }
        let split = note.rfind("\n\n").ok_or(ChainError::Note("no blank line before the signatures"))?;
        let (text, lines) =
            (note.get(..=split).unwrap_or_default(), note.get(split + 2..).unwrap_or_default());
        let lines = lines.strip_suffix('\n').ok_or(ChainError::Note("it does not end with a line feed"))?;
        let lines = lines.split('\n').take(SIGNATURES_MAX + 1);
        let signatures = lines.map(NoteSignature::parse).collect::<Result<Vec<_>, _>>()?;
        if signatures.len() > SIGNATURES_MAX {
            return Err(ChainError::Note("it has too many signatures"));
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The bytes to store.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        let mut out = format!("{}\n", self.text);
        for NoteSignature { name, id, signature } in &self.signatures {
            out.push_str(&format!(
                "\u{2014} {name} {}\n",
                STANDARD.encode([id.as_slice(), signature].concat())
            ));
        }
        out.into_bytes()
    }

    /// Whether `key` signed the text. Signatures of other keys are ignored, as the specification asks.
    ///
    /// # Errors
    /// [`ChainError::Signature`] when a line claims to be this key's and does not hold.
    pub fn signed_by(&self, key: &VerifierKey) -> Result<bool, ChainError> {
        let mut lines = self.signatures.iter().filter(|line| line.name == key.name() && line.id == key.id());
        let Some(line) = lines.next() else { return Ok(false) };
        if lines.next().is_none() && key.verifies(self.text.as_bytes(), &line.signature) {
            Ok(true)
        } else {
            Err(ChainError::Signature(key.name().to_owned()))
        }
    }
}

impl NoteSignature {
    fn parse(line: &str) -> Result<Self, ChainError> {
        const FORM: ChainError = ChainError::Note("a signature line is '\u{2014} <name> <base64>'");
        let (name, encoded) =
            line.strip_prefix("\u{2014} ").and_then(|rest| rest.split_once(' ')).ok_or(FORM)?;
        let bytes = STANDARD.decode(encoded).map_err(|_| FORM)?;
        let (id, signature) = bytes.split_first_chunk::<4>().ok_or(FORM)?;
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+') || signature.is_empty() {
            return Err(FORM);
        }
        Ok(Self { name: name.to_owned(), id: *id, signature: signature.to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SigningKey;
    use proptest::prelude::*;

    /// Text, key and signature of the Go module golang.org/x/mod/sumdb/note, package example.
    const PUBLISHED: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n\n\
        \u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    const KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_published_note_holds_and_a_changed_one_does_not() {
        let key = VerifierKey::parse(KEY).unwrap();
        let note = SignedNote::parse(PUBLISHED.as_bytes()).unwrap();
        assert_eq!(note.signed_by(&key), Ok(true));
        assert_eq!(note.render(), PUBLISHED.as_bytes());
        let bent = SignedNote::parse(PUBLISHED.replace("answer", "Answer").as_bytes()).unwrap();
        assert_eq!(bent.signed_by(&key), Err(ChainError::Signature("PeterNeumann".to_owned())));
    }

    /// The example of C2SP signed-note, "Verifier keys".
    #[test]
    fn the_specification_s_example_holds() {
        const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
        const NOTE: &str = "This is an example message.\n\n\u{2014} example.com/foo \
            Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
        let key = VerifierKey::parse(KEY).unwrap();
        assert_eq!(key.to_string(), KEY);
        assert_eq!(SignedNote::parse(NOTE.as_bytes()).unwrap().signed_by(&key), Ok(true));
    }

    #[test]
    fn a_stranger_s_signature_is_ignored() {
        let mine = SigningKey::from_seed("mine", [1; 32]).unwrap();
        let other = SigningKey::from_seed("other", [2; 32]).unwrap();
        let note = SignedNote { text: "t\n".to_owned(), signatures: vec![other.sign_note("t\n")] };
        assert_eq!(note.signed_by(mine.verifier()), Ok(false));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ignored = SignedNote::parse(&bytes);
        }

        #[test]
        fn what_reads_prints_the_same(text in "([a-z ]{0,20}\n){1,4}", seed: [u8; 32]) {
            let key = SigningKey::from_seed("k", seed).unwrap();
            let note = SignedNote { signatures: vec![key.sign_note(&text)], text };
            let read = SignedNote::parse(&note.render()).unwrap();
            prop_assert_eq!(read.signed_by(key.verifier()), Ok(true));
            prop_assert_eq!(read, note);
        }
    }
}
