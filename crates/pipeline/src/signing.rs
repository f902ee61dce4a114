//! Signing keys: who may sign, and where a key comes from.
//!
//! [`Signer`] is the seam; [`KeyFile`] and [`KmsKey`] stand behind it, and [`Cosigned`] joins two while one key replaces
//! another.

mod cosigned;
mod file;
mod kms;

use std::sync::Arc;

use async_trait::async_trait;
use sealog_chain::{Checkpoint, SignedCheckpoint, VerifierKey};

pub use cosigned::Cosigned;
pub use file::KeyFile;
pub(crate) use file::refuse_if_shared;
pub use kms::KmsKey;

use crate::PipelineError;
use crate::config::{KeySource, Signing};

/// Signs heads of logs.
#[async_trait]
pub trait Signer: Send + Sync + 'static {
    /// The public half. Of several keys the one that a new log begins with.
    fn verifier(&self) -> &VerifierKey;

    /// Whether this signer signs with that key too; `key` is a verifier key's text.
    fn has(&self, key: &str) -> bool {
        self.verifier().to_string() == key
    }

    /// Raw signature over a message, by [`Signer::verifier`]. It may differ from one call to the next.
    ///
    /// # Errors
    /// [`PipelineError::Signing`] or [`PipelineError::Key`] when the key cannot be used now.
    async fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, PipelineError>;

    /// Signs a head.
    ///
    /// # Errors
    /// As [`Signer::sign_bytes`].
    async fn sign(&self, checkpoint: Checkpoint) -> Result<SignedCheckpoint, PipelineError> {
        let signature = self.sign_bytes(checkpoint.text().as_bytes()).await?;
        let line = self.verifier().line(signature);
        Ok(checkpoint.with_signatures(vec![line]))
    }
}

/// The signer that a configuration names. A key service is asked for the public half.
///
/// # Errors
/// [`PipelineError::Key`] or [`PipelineError::Signing`].
pub async fn open_signer(signing: &Signing) -> Result<Arc<dyn Signer>, PipelineError> {
    let first = open_key(&signing.key, &signing.name).await?;
    match &signing.also {
        None => Ok(first),
        Some(also) => Ok(Arc::new(Cosigned::new(first, open_key(also, &signing.name).await?))),
    }
}

/// The signer of one key. A file holds its name; `name` is for keys of a service.
///
/// # Errors
/// As [`open_signer`].
pub async fn open_key(source: &KeySource, name: &str) -> Result<Arc<dyn Signer>, PipelineError> {
    match source {
        KeySource::File(path) => Ok(Arc::new(KeyFile::load(path)?)),
        KeySource::Kms(id) => Ok(Arc::new(KmsKey::load(id, name).await?)),
    }
}
