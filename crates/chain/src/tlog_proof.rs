//! Offline proofs that an entry lies in a log (C2SP tlog-proof): the text form, read and printed, nothing judged.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{ChainError, Hash, SignedCheckpoint};

const FIRST_LINE: &str = "c2sp.org/tlog-proof@v1";
/// A path in a tree of 2^64 leaves.
const PATH_MAX: usize = 64;

/// Place of an entry in a log, the path from it to a root, and the signed checkpoint with that root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// What the application adds; nothing in the log vouches for it.
    pub extra: Option<Vec<u8>>,
    /// Number of the entry.
    pub index: u64,
    /// Hashes from the leaf's sibling up.
    pub path: Vec<Hash>,
    /// The head that the path leads to.
    pub head: SignedCheckpoint,
}

impl TlogProof {
    /// The bytes of the file.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        let mut text = format!("{FIRST_LINE}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", STANDARD.encode(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.path {
            text.push_str(&STANDARD.encode(hash.0));
            text.push('\n');
        }
        text.push('\n');
        [text.into_bytes(), self.head.render()].concat()
    }

    /// Reads a file; only what prints the same is taken, so that no byte of it can differ unseen.
    ///
    /// # Errors
    /// [`ChainError::ProofFile`] or [`ChainError::Note`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        const CUT: ChainError = ChainError::ProofFile("it ends before its checkpoint");
        let split = bytes.windows(2).position(|pair| pair == b"\n\n").ok_or(CUT)?;
        let (header, note) = bytes.split_at_checked(split + 2).ok_or(CUT)?;
        let header =
            std::str::from_utf8(header).map_err(|_| ChainError::ProofFile("its first part is not UTF-8"))?;
        let mut lines = header.trim_end_matches('\n').split('\n').peekable();
        if lines.next() != Some(FIRST_LINE) {
            return Err(ChainError::ProofFile("its first line is not c2sp.org/tlog-proof@v1"));
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let extra = extra.and_then(|line| line.strip_prefix("extra ")).map(decoded).transpose()?;
        let index =
            lines.next().and_then(|line| line.strip_prefix("index ")).and_then(|text| text.parse().ok());
        let index = index.ok_or(ChainError::ProofFile("it has no line with the index"))?;
        let path = lines.map(hash).take(PATH_MAX + 1).collect::<Result<Vec<_>, _>>()?;
        let proof = Self { extra, index, path, head: SignedCheckpoint::parse(note)? };
        if proof.path.len() > PATH_MAX || proof.render() != bytes {
            return Err(ChainError::ProofFile("it is not in the one form that a proof has"));
        }
        Ok(proof)
    }
}

fn decoded(text: &str) -> Result<Vec<u8>, ChainError> {
    STANDARD.decode(text).map_err(|_| ChainError::ProofFile("its extra data is no base64"))
}

fn hash(text: &str) -> Result<Hash, ChainError> {
    let bytes: Option<[u8; 32]> = STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.map(Hash).ok_or(ChainError::ProofFile("a line of its path is no base64 SHA-256"))
}
