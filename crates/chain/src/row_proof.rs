//! One row's proof in one file: the row, its path to the batch's root, the commit, its path to the log's root, and the
//! signed checkpoint (FORMAT.md, "Proof of a row"). Nothing else is needed to check it but the signer's key.

use sealog_record::{EvidenceRow, decode_leaf};

use crate::{
    ChainError, Commit, Hash, Segment, SignedCheckpoint, TlogProof, VerifierKey, leaf_hash, verify_inclusion,
};

const EXTRA_FORMAT: &[u8] = b"sealog.proof/1\n";
/// Largest file that is read: a row is at most some megabytes, and base64 adds a third.
pub const PROOF_BYTES_MAX: usize = 16 << 20;

/// What is in the file. Nothing of it is judged before [`RowProof::check`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowProof {
    /// Place of the row in its batch, from 0, over all objects.
    pub row: u64,
    /// Hashes from the row's leaf up to `records_root`.
    pub row_path: Vec<Hash>,
    /// Leaf encoding of the row (FORMAT.md, section 4).
    pub encoded: Vec<u8>,
    /// Stored bytes of the commit.
    pub commit: Vec<u8>,
    /// Number of the commit.
    pub number: u64,
    /// Hashes from the commit's leaf up to the log's root.
    pub log_path: Vec<Hash>,
    /// The head that covers the commit.
    pub head: SignedCheckpoint,
}

/// What a proof proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvenRow<'a> {
    /// The row, as sealed.
    pub row: EvidenceRow<'a>,
    /// Its commit.
    pub commit: Commit,
    /// Place in `commit`'s batch.
    pub place: u64,
    /// Size of the head that covers it.
    pub size: u64,
}

impl RowProof {
    /// The bytes of the file.
    ///
    /// # Errors
    /// [`ChainError::ProofFile`] for parts that no proof has: a commit above 65,535 bytes, a path above 255 hashes.
    pub fn render(&self) -> Result<Vec<u8>, ChainError> {
        const LARGE: ChainError = ChainError::ProofFile("a part of it is too large");
        let hashes = u8::try_from(self.row_path.len()).map_err(|_| LARGE)?;
        let encoded = u32::try_from(self.encoded.len()).map_err(|_| LARGE)?;
        let commit = u16::try_from(self.commit.len()).map_err(|_| LARGE)?;
        let mut extra = EXTRA_FORMAT.to_vec();
        extra.extend_from_slice(&self.row.to_be_bytes());
        extra.push(hashes);
        extra.extend(self.row_path.iter().flat_map(|hash| hash.0));
        extra.extend_from_slice(&encoded.to_be_bytes());
        extra.extend_from_slice(&self.encoded);
        extra.extend_from_slice(&commit.to_be_bytes());
        extra.extend_from_slice(&self.commit);
        let proof = TlogProof {
            extra: Some(extra),
            index: self.number,
            path: self.log_path.clone(),
            head: self.head.clone(),
        };
        Ok(proof.render())
    }

    /// Reads a file.
    ///
    /// # Errors
    /// [`ChainError::ProofFile`] or [`ChainError::Note`] for what is no proof of this form.
    pub fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(ChainError::ProofFile("it is too large"));
        }
        let TlogProof { extra, index, path, head } = TlogProof::parse(bytes)?;
        let extra = extra.ok_or(ChainError::ProofFile("it has no extra line, and so no row"))?;
        let mut parts = Parts(&extra);
        if parts.take(EXTRA_FORMAT.len()) != Some(EXTRA_FORMAT) {
            return Err(ChainError::ProofFile("its extra data does not begin with sealog.proof/1"));
        }
        parts.read(index, path, head).ok_or(ChainError::ProofFile("its extra data is cut off or too long"))
    }

    /// Follows the proof from the row to the signature. Every signature line must be by one of `keys` and hold, so that no
    /// byte of the file can differ unseen.
    ///
    /// # Errors
    /// [`ChainError`]: the first step that does not hold.
    pub fn check(&self, keys: &[VerifierKey]) -> Result<ProvenRow<'_>, ChainError> {
        self.head.signed_by_all(keys)?;
        self.follow()
    }

    /// Follows the proof from the row to the head's root. Who signed that head is not judged: it proves nothing yet.
    ///
    /// # Errors
    /// As [`RowProof::check`].
    pub fn follow(&self) -> Result<ProvenRow<'_>, ChainError> {
        let head = &self.head.checkpoint;
        verify_inclusion(leaf_hash(&self.commit), self.number, head.size, &self.log_path, head.root)?;
        let commit = Commit::parse(&self.commit)?;
        if commit.number != self.number {
            return Err(ChainError::Number { expected: self.number, found: commit.number });
        }
        if commit.origin != head.origin {
            return Err(ChainError::Origin { expected: head.origin.clone(), found: commit.origin });
        }
        let batch = commit.batch.as_ref().ok_or(ChainError::ProofFile("its commit seals no rows"))?;
        verify_inclusion(
            leaf_hash(&self.encoded),
            self.row,
            batch.records,
            &self.row_path,
            batch.records_root,
        )?;
        let row = decode_leaf(&self.encoded).ok_or(ChainError::ProofFile("its row is none"))?;
        if !segment_of(&batch.segments, self.row).is_some_and(|segment| {
            segment.stream.as_str() == row.stream_label && segment.shard.as_str() == row.shard_id
        }) {
            return Err(ChainError::ProofFile(
                "its row is not of the shard that the commit states in its place",
            ));
        }
        Ok(ProvenRow { row, place: self.row, size: head.size, commit })
    }
}

fn segment_of(segments: &[Segment], row: u64) -> Option<&Segment> {
    let mut end = 0_u64;
    segments.iter().find(|segment| {
        end = end.saturating_add(segment.rows);
        row < end
    })
}

/// What is left of the extra data.
struct Parts<'a>(&'a [u8]);

impl<'a> Parts<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (part, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(part)
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn read(mut self, number: u64, log_path: Vec<Hash>, head: SignedCheckpoint) -> Option<RowProof> {
        let row = u64::from_be_bytes(self.chunk()?);
        let [hashes] = self.chunk()?;
        let row_path = (0..hashes).map(|_| self.chunk().map(Hash)).collect::<Option<Vec<_>>>()?;
        let encoded = usize::try_from(u32::from_be_bytes(self.chunk()?)).ok()?;
        let encoded = self.take(encoded)?.to_vec();
        let commit = usize::from(u16::from_be_bytes(self.chunk()?));
        let commit = self.take(commit)?.to_vec();
        self.0.is_empty().then_some(RowProof { row, row_path, encoded, commit, number, log_path, head })
    }
}

#[cfg(test)]
mod tests;
