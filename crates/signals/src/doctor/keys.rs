//! The signing key: it is there, it signs, and nobody else can read it.

use std::path::Path;
use std::sync::Arc;

use sealog_pipeline::{Config, KeySource, PipelineError, Signer, open_signer};
use sealog_store::Location;

use super::Finding;

/// What is signed to see whether the key signs: no head of any log.
const TRIAL: &[u8] = b"sealog doctor tries whether this key signs\n";

pub(super) async fn examine(config: &Config) -> (Option<Arc<dyn Signer>>, Vec<Finding>) {
    let subject = shown(&config.signing.key);
    let mut found = Vec::new();
    let keys = [Some(&config.signing.key), config.signing.also.as_ref()];
    for key in keys.into_iter().flatten() {
        found.extend(beside_the_archive(key, &config.archive));
    }
    let signer = match open_signer(&config.signing).await {
        Ok(signer) => signer,
        Err(error) => {
            found.push(refused(&subject, &error));
            return (None, found);
        }
    };
    match signer.sign_bytes(TRIAL).await {
        Ok(_) => {
            let verifier = signer.verifier();
            found.push(Finding::good(
                "signing-key",
                &subject,
                format!("it signs; auditors check with {verifier}"),
            ));
        }
        Err(error) => found.push(refused(&subject, &error)),
    }
    (Some(signer), found)
}

fn shown(key: &KeySource) -> String {
    match key {
        KeySource::File(path) => format!("key {}", path.display()),
        KeySource::Kms(id) => format!("key kms:{id}"),
    }
}

fn refused(subject: &str, error: &PipelineError) -> Finding {
    let remedy = "nothing can be sealed without it: do as it says; for a key of KMS the role needs kms:GetPublicKey and kms:Sign";
    Finding::bad("signing-key", subject, error.to_string(), remedy)
}

/// Who can write the archive could sign another one.
fn beside_the_archive(key: &KeySource, archive: &Location) -> Option<Finding> {
    let (KeySource::File(file), Location::Directory(folder)) = (key, archive) else { return None };
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let inside = real(file)?.starts_with(real(folder)?);
    inside.then(|| {
        Finding::bad(
            "key-in-archive",
            &shown(key),
            "it lies inside the archive: whoever gets a copy of the archive can sign another one",
            "move it out of the archive's directory, and replace it with `sealog keys rotate`",
        )
    })
}
