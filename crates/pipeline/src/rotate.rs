//! Replaces the key of a log, by the word of the key in force (FORMAT.md, section 6).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealog_chain::{Fact, VerifierKey, key_rotation_message};

use crate::{Committer, PipelineError, Sealed, Signer};

/// States in the log that `to` signs from now on; returns the commit that does, `None` if it was stated before.
///
/// `from` must sign with the key in force. The head over that commit needs a line by `to`: `committer` signs with both.
/// A crash within leaves the log as it was, or with the fact; doing it again goes on.
///
/// # Errors
/// [`PipelineError::Rotation`] for an empty log or a `from` that is not in force; the store's and the signer's errors.
pub async fn rotate_key(
    committer: &mut Committer,
    from: &Arc<dyn Signer>,
    to: &VerifierKey,
) -> Result<Option<u64>, PipelineError> {
    let log = committer.log().name().to_owned();
    let refuse = |problem: String| Err(PipelineError::Rotation { log: log.clone(), problem });
    let (Some(origin), Some(in_force)) = (committer.fold().origin(), committer.fold().key()) else {
        return refuse("there are no commits yet; configure the new key and start".to_owned());
    };
    let (old, new) = (from.verifier().to_string(), to.to_string());
    if in_force == new {
        return Ok(None);
    }
    if in_force != old {
        return refuse(format!(
            "{in_force} signs it, and only that key can say who follows; configured is {old}"
        ));
    }
    let signature = from.sign_bytes(&key_rotation_message(origin, &old, &new)).await?;
    let fact = Fact::KeyRotated { from: old, to: new, signature: STANDARD.encode(signature) };
    committer.commit(Sealed { facts: vec![fact], ..Sealed::default() }).await?;
    Ok(Some(committer.fold().size().saturating_sub(1)))
}
