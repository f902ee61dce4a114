//! Signature algorithms by their C2SP type byte (signed-note, "Signature types"). A further one, ML-DSA-44 say, is a
//! further variant here and nothing elsewhere.

use p256::ecdsa::signature::Verifier as _;

use crate::{ChainError, sha256};

const ED25519: u8 = 0x01;
const ECDSA: u8 = 0x02;

/// What stands before the 32 bytes of an Ed25519 key in its DER SubjectPublicKeyInfo (RFC 8410).
const ED25519_SPKI: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
/// What stands before the 65 bytes of an uncompressed P-256 point in its DER SubjectPublicKeyInfo (RFC 5480).
const P256_SPKI: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// The algorithms that this program checks signatures of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Type 0x01: 32-byte key, 64-byte signature.
    Ed25519,
    /// Type 0x02 on P-256 with SHA-256: the key is its DER SubjectPublicKeyInfo, the signature DER.
    EcdsaP256,
}

/// A public key with its algorithm.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum PublicKey {
    Ed25519(ed25519_dalek::VerifyingKey),
    EcdsaP256(p256::ecdsa::VerifyingKey),
}

impl PublicKey {
    /// From `type ‖ key`, as a verifier key's text has it.
    pub(super) fn from_typed(typed: &[u8]) -> Result<Self, ChainError> {
        match typed.split_first() {
            Some((&ED25519, key)) => Self::ed25519(key),
            Some((&ECDSA, spki)) => Self::p256(spki),
            Some(_) => Err(ChainError::Key(
                "its type is neither Ed25519 (0x01) nor ECDSA (0x02), which is all this version knows",
            )),
            None => Err(ChainError::Key("it is empty")),
        }
    }

    /// From a DER SubjectPublicKeyInfo, as key services give it.
    pub(super) fn from_spki(spki: &[u8]) -> Result<Self, ChainError> {
        match spki.strip_prefix(ED25519_SPKI.as_slice()) {
            Some(key) => Self::ed25519(key),
            None => Self::p256(spki),
        }
    }

    fn ed25519(key: &[u8]) -> Result<Self, ChainError> {
        let key = key.try_into().map_err(|_| ChainError::Key("an Ed25519 key has 32 bytes"))?;
        ed25519_dalek::VerifyingKey::from_bytes(key)
            .map(Self::Ed25519)
            .map_err(|_| ChainError::Key("the 32 bytes are no Ed25519 public key"))
    }

    /// One point has one form here, so that one key has one text.
    fn p256(spki: &[u8]) -> Result<Self, ChainError> {
        const FORM: ChainError =
            ChainError::Key("an ECDSA key is the SubjectPublicKeyInfo of an uncompressed P-256 point");
        let point = spki.strip_prefix(P256_SPKI.as_slice()).filter(|point| point.len() == 65).ok_or(FORM)?;
        p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Self::EcdsaP256).map_err(|_| FORM)
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::EcdsaP256(_) => Algorithm::EcdsaP256,
        }
    }

    /// `type ‖ key`.
    pub(super) fn typed(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => [&[ED25519], key.as_bytes().as_slice()].concat(),
            Self::EcdsaP256(_) => [vec![ECDSA], self.spki()].concat(),
        }
    }

    fn spki(&self) -> Vec<u8> {
        match self {
            Self::Ed25519(key) => [ED25519_SPKI.as_slice(), key.as_bytes()].concat(),
            Self::EcdsaP256(key) => [P256_SPKI.as_slice(), key.to_sec1_point(false).as_bytes()].concat(),
        }
    }

    /// First four bytes of the hash that C2SP names for the type: type 0x02 hashes the SubjectPublicKeyInfo alone.
    pub(super) fn id(&self, name: &str) -> [u8; 4] {
        let message = match self {
            Self::Ed25519(_) => [name.as_bytes(), b"\n", &self.typed()].concat(),
            Self::EcdsaP256(_) => self.spki(),
        };
        let [a, b, c, d, ..] = sha256(&message).0;
        [a, b, c, d]
    }

    /// Strict: no malleable or small-order Ed25519 signatures, no other encoding than DER of an ECDSA one.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
            Self::EcdsaP256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
        }
    }
}
