//! Keys in the text forms of C2SP signed-note.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signer as _;

use crate::{ChainError, NoteSignature};

mod algorithm;

pub use algorithm::Algorithm;
use algorithm::PublicKey;

const ED25519: u8 = 0x01;
const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";

/// A public key that checks notes: `<name>+<key id, 8 hex digits>+<base64(type ‖ key)>`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: [u8; 4],
    key: PublicKey,
}

/// A private key that signs notes, in the same form with `PRIVATE+KEY+` before it and the seed inside.
pub struct SigningKey {
    verifier: VerifierKey,
    key: ed25519_dalek::SigningKey,
}

/// What the old key signs when a log's key is rotated; see FORMAT.md, "Key rotation".
#[must_use]
pub fn key_rotation_message(origin: &str, from: &str, to: &str) -> Vec<u8> {
    format!("sealog.key-rotation/1\n{origin}\n{from}\n{to}\n").into_bytes()
}

impl VerifierKey {
    /// Reads the C2SP text form.
    ///
    /// # Errors
    /// [`ChainError::Key`] when the text is not of that form, the id does not belong to the key, or the type is neither
    /// Ed25519 (0x01) nor ECDSA (0x02).
    pub fn parse(text: &str) -> Result<Self, ChainError> {
        let (name, id, typed) = split(text.trim())?;
        let verifier = Self::new(name, PublicKey::from_typed(&typed)?)?;
        if verifier.id == id {
            Ok(verifier)
        } else {
            Err(ChainError::Key("the key id does not belong to the key"))
        }
    }

    /// From the DER SubjectPublicKeyInfo that key services give, Ed25519 or P-256.
    ///
    /// # Errors
    /// [`ChainError::Key`] for another kind of key, or a name that no key has.
    pub fn from_spki(name: &str, spki: &[u8]) -> Result<Self, ChainError> {
        Self::new(name, PublicKey::from_spki(spki)?)
    }

    fn new(name: &str, key: PublicKey) -> Result<Self, ChainError> {
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c == '+' || c.is_control()) {
            return Err(ChainError::Key("a key's name has no white space and no '+'"));
        }
        Ok(Self { name: name.to_owned(), id: key.id(name), key })
    }

    /// How it signs.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.key.algorithm()
    }

    /// The key's name, as it stands in signature lines.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells the keys of one name apart; how it is made depends on the algorithm.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        self.id
    }

    /// Whether `signature` is this key's over `message`.
    #[must_use]
    pub fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        self.key.verifies(message, signature)
    }

    /// The signature line of a note, from this key's raw signature over the note's text.
    #[must_use]
    pub fn line(&self, signature: Vec<u8>) -> NoteSignature {
        NoteSignature { name: self.name.clone(), id: self.id, signature }
    }
}

impl std::fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id), STANDARD.encode(self.key.typed()))
    }
}

impl std::fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl SigningKey {
    /// A key from 32 random bytes, which the caller draws.
    ///
    /// # Errors
    /// [`ChainError::Key`] when the name is empty or holds white space or `+`.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, ChainError> {
        let key = ed25519_dalek::SigningKey::from_bytes(&seed);
        Ok(Self { verifier: VerifierKey::new(name, PublicKey::Ed25519(key.verifying_key()))?, key })
    }

    /// Reads the text form.
    ///
    /// # Errors
    /// [`ChainError::Key`], which never repeats any part of the text.
    pub fn parse(text: &str) -> Result<Self, ChainError> {
        let text = text
            .trim()
            .strip_prefix(PRIVATE_PREFIX)
            .ok_or(ChainError::Key("a private key begins with PRIVATE+KEY+"))?;
        let (name, id, typed) = split(text)?;
        let key = Self::from_seed(name, untyped(&typed)?)?;
        if key.verifier.id == id {
            Ok(key)
        } else {
            Err(ChainError::Key("the key id does not belong to the key"))
        }
    }

    /// The text to keep secret.
    #[must_use]
    pub fn to_private_text(&self) -> String {
        let VerifierKey { name, id, .. } = &self.verifier;
        format!("{PRIVATE_PREFIX}{name}+{}+{}", hex::encode(id), typed(self.key.as_bytes()))
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Raw signature over `message`; Ed25519 gives the same bytes each time.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }

    /// Signature line over a note's text.
    #[must_use]
    pub fn sign_note(&self, text: &str) -> NoteSignature {
        self.verifier.line(self.sign(text.as_bytes()).to_vec())
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey of {}", self.verifier)
    }
}

fn typed(key: &[u8; 32]) -> String {
    let mut bytes = vec![ED25519];
    bytes.extend_from_slice(key);
    STANDARD.encode(bytes)
}

fn untyped(typed: &[u8]) -> Result<[u8; 32], ChainError> {
    let (kind, key) = typed.split_first().ok_or(ChainError::Key("it is empty"))?;
    if *kind != ED25519 {
        return Err(ChainError::Key("its type is not Ed25519 (0x01), the only one of key files"));
    }
    key.try_into().map_err(|_| ChainError::Key("an Ed25519 key has 32 bytes"))
}

/// `<name>+<id>+<base64>`; the base64 may itself hold `+`.
fn split(text: &str) -> Result<(&str, [u8; 4], Vec<u8>), ChainError> {
    const FORM: ChainError = ChainError::Key("its form is <name>+<8 hex digits>+<base64>");
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(FORM);
    };
    let mut id_bytes = [0; 4];
    hex::decode_to_slice(id, &mut id_bytes).map_err(|_| FORM)?;
    Ok((name, id_bytes, STANDARD.decode(key).map_err(|_| FORM)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key pair of the Go module golang.org/x/mod/sumdb/note, package example ("PeterNeumann").
    const PRIVATE: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

    #[test]
    fn a_published_key_pair_reads_and_prints_as_published() {
        let key = SigningKey::parse(PRIVATE).unwrap();
        assert_eq!(key.verifier().to_string(), PUBLIC);
        assert_eq!(key.to_private_text(), PRIVATE);
        assert_eq!(VerifierKey::parse(PUBLIC).unwrap(), *key.verifier());
    }

    #[test]
    fn a_key_whose_id_is_another_keys_is_refused() {
        assert!(VerifierKey::parse(&PUBLIC.replace("c74f20a3", "c74f20a4")).is_err());
        assert!(VerifierKey::parse(&PUBLIC.replace("PeterNeumann", "EnochRoot")).is_err());
        assert!(VerifierKey::parse("sealog").is_err());
    }

    /// Key and signature by Python's cryptography (OpenSSL): type 0x02, whose id is the hash of the SubjectPublicKeyInfo.
    const P256: &str = "kms+f857ae4e+AjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABG/wO5SSQc4drdQ1GeaWDgqFtBppoFwygQOqK84VlMoWPE91OlW/AdxT9sCwx+7ni0DG/30lqW4igrmJzvccFEo=";
    const P256_SIGNATURE: &str =
        "MEUCICcI1bRqgzGM0dMus4bWwRlJptg+YGWYkDxbEOOr7mTMAiEA09xLYHYkrqwmn0VH5E6FvBPdZZ50YntkmWPA2hE/VP0=";

    #[test]
    fn an_ecdsa_key_has_the_id_of_its_spki_and_checks_der_signatures() {
        let key = VerifierKey::parse(P256).unwrap();
        assert_eq!((key.to_string().as_str(), key.algorithm()), (P256, Algorithm::EcdsaP256));
        let spki = &STANDARD.decode(P256.rsplit('+').next().unwrap()).unwrap_or_default();
        if let Some(spki) = spki.get(1..) {
            assert_eq!(VerifierKey::from_spki("kms", spki).unwrap(), key);
        }
        let signature = STANDARD.decode(P256_SIGNATURE).unwrap();
        assert!(key.verifies(b"a note\n", &signature));
        assert!(!key.verifies(b"a note", &signature));
        for place in 0..signature.len() {
            for bit in 0..8 {
                let mut bent = signature.clone();
                bent[place] ^= 1 << bit;
                assert!(!key.verifies(b"a note\n", &bent), "bit {bit} of byte {place}");
            }
        }
        assert!(!key.verifies(b"a note\n", &[signature, vec![0]].concat()));
    }

    #[test]
    fn keys_of_other_kinds_are_refused() {
        for typed in [&b"\x03"[..], b"\x04", b"\xff", b"", b"\x02\x30\x59"] {
            let text = format!("k+00000000+{}", STANDARD.encode(typed));
            assert!(matches!(VerifierKey::parse(&text), Err(ChainError::Key(_))), "{typed:?}");
        }
        assert!(VerifierKey::from_spki("k", &[0x30, 0x2a]).is_err());
    }

    #[test]
    fn an_error_never_shows_the_secret() {
        let error = SigningKey::parse(&PRIVATE.replace("c74f20a3", "00000000")).unwrap_err();
        assert!(!error.to_string().contains("AYEKFALVF"));
    }
}
