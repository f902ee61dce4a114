//! Two keys under every head, while one replaces the other.

use std::sync::Arc;

use async_trait::async_trait;
use sealog_chain::{Checkpoint, NoteSignature, SignedCheckpoint, VerifierKey};

use super::Signer;
use crate::PipelineError;

/// A signer beside another one: both sign each head.
pub struct Cosigned {
    first: Arc<dyn Signer>,
    also: Arc<dyn Signer>,
}

impl Cosigned {
    /// `first` is the one that new logs begin with.
    #[must_use]
    pub fn new(first: Arc<dyn Signer>, also: Arc<dyn Signer>) -> Self {
        Self { first, also }
    }
}

#[async_trait]
impl Signer for Cosigned {
    fn verifier(&self) -> &VerifierKey {
        self.first.verifier()
    }

    fn has(&self, key: &str) -> bool {
        self.first.has(key) || self.also.has(key)
    }

    async fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, PipelineError> {
        self.first.sign_bytes(message).await
    }

    async fn sign(&self, checkpoint: Checkpoint) -> Result<SignedCheckpoint, PipelineError> {
        let first = self.first.sign(checkpoint.clone()).await?;
        let also = self.also.sign(checkpoint.clone()).await?;
        let mut lines = first.signatures().to_vec();
        // One key given twice is one line.
        let is_new = |line: &&NoteSignature| {
            !first.signatures().iter().any(|known| (&known.name, known.id) == (&line.name, line.id))
        };
        lines.extend(also.signatures().iter().filter(is_new).cloned());
        Ok(checkpoint.with_signatures(lines))
    }
}
