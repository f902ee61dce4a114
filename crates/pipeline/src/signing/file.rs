//! A key in a file that nobody but its owner can read.

use std::path::Path;

use async_trait::async_trait;
use sealog_chain::{SigningKey, VerifierKey};

use super::Signer;
use crate::PipelineError;

/// A key that was read from a file.
#[derive(Debug)]
pub struct KeyFile(SigningKey);

impl KeyFile {
    /// Reads the file.
    ///
    /// # Errors
    /// [`PipelineError::Key`] when it cannot be read, others can read it, or it holds no key.
    pub fn load(path: &Path) -> Result<Self, PipelineError> {
        let wrong = |problem: String| PipelineError::Key { file: path.to_owned(), problem };
        let text = std::fs::read_to_string(path)
            .map_err(|error| wrong(format!("{error}; make one with `sealog keys generate --out FILE`")))?;
        refuse_if_shared(path).map_err(wrong)?;
        SigningKey::parse(&text).map(Self).map_err(|error| wrong(error.to_string()))
    }
}

#[async_trait]
impl Signer for KeyFile {
    fn verifier(&self) -> &VerifierKey {
        self.0.verifier()
    }

    async fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, PipelineError> {
        Ok(self.0.sign(message).to_vec())
    }
}

/// Refuses a file that others than its owner can read.
#[cfg(unix)]
pub(crate) fn refuse_if_shared(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt as _;
    let mode = std::fs::metadata(path).map_err(|error| error.to_string())?.mode();
    if mode & 0o077 == 0 {
        return Ok(());
    }
    Err(format!("others can read it (mode {:03o}); run `chmod 600 {}`", mode & 0o777, path.display()))
}

#[cfg(not(unix))]
pub(crate) fn refuse_if_shared(_path: &Path) -> Result<(), String> {
    Ok(())
}
