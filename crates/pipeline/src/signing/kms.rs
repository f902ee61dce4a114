//! A key in AWS KMS: the secret never leaves the service, and each signature is one call.
//!
//! Ed25519 (`ECC_NIST_EDWARDS25519`) and ECDSA on P-256 (`ECC_NIST_P256`). Messages are sent whole (`RAW`): a head has a
//! few hundred bytes, the service takes 4,096. The role needs `kms:GetPublicKey` and `kms:Sign` on the key.

use std::time::Duration;

use async_trait::async_trait;
use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_kms::Client;
use aws_sdk_kms::error::{DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{MessageType, SigningAlgorithmSpec};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use sealog_chain::{Algorithm, VerifierKey};

use super::Signer;
use crate::PipelineError;

const CONNECT_MAX: Duration = Duration::from_secs(5);
const ATTEMPT_MAX: Duration = Duration::from_secs(10);
const CALL_MAX: Duration = Duration::from_secs(40);
const ATTEMPTS_MAX: u32 = 5;
/// What the service says of a key that will not sign, today or tomorrow. All else may pass.
const FOR_GOOD: [&str; 8] = [
    "AccessDeniedException",
    "DisabledException",
    "InvalidArnException",
    "InvalidKeyUsageException",
    "KMSInvalidStateException",
    "NotFoundException",
    "UnsupportedOperationException",
    "ValidationException",
];

/// A key of the service, by its id, ARN or alias.
pub struct KmsKey {
    client: Client,
    id: String,
    verifier: VerifierKey,
}

impl KmsKey {
    /// Asks for the public half; `name` is the key's name in signatures.
    ///
    /// # Errors
    /// [`PipelineError::Signing`] when the service does not answer, refuses, or holds another kind of key under that id.
    pub async fn load(id: &str, name: &str) -> Result<Self, PipelineError> {
        let client = client().await;
        let answer = client.get_public_key().key_id(id).send().await;
        let answer = answer.map_err(|error| failed(id, "kms:GetPublicKey", &error))?;
        let spki = answer.public_key().map(Blob::as_ref).unwrap_or_default();
        let verifier = VerifierKey::from_spki(name, spki).map_err(|error| PipelineError::Signing {
            key: format!("kms:{id}"),
            problem: format!(
                "{error}; make a key of the spec ECC_NIST_EDWARDS25519 or ECC_NIST_P256, for signing"
            ),
            may_pass: false,
        })?;
        Ok(Self { client, id: id.to_owned(), verifier })
    }

    fn algorithm(&self) -> SigningAlgorithmSpec {
        match self.verifier.algorithm() {
            Algorithm::Ed25519 => SigningAlgorithmSpec::Ed25519Sha512,
            Algorithm::EcdsaP256 => SigningAlgorithmSpec::EcdsaSha256,
        }
    }
}

#[async_trait]
impl Signer for KmsKey {
    fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    async fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, PipelineError> {
        let call = self.client.sign().key_id(&self.id).message(Blob::new(message));
        let call = call.message_type(MessageType::Raw).signing_algorithm(self.algorithm());
        let answer = call.send().await.map_err(|error| failed(&self.id, "kms:Sign", &error))?;
        let signature = answer.signature().map(|it| it.as_ref().to_vec()).unwrap_or_default();
        // What is published stays: a signature that does not hold would make the log look forged.
        if self.verifier.verifies(message, &signature) {
            return Ok(signature);
        }
        Err(PipelineError::Signing {
            key: format!("kms:{}", self.id),
            problem: "the service's signature does not hold; an alias may point to another key now: configure the key's own id"
                .to_owned(),
            may_pass: true,
        })
    }
}

async fn client() -> Client {
    let http =
        aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_MAX)
        .operation_attempt_timeout(ATTEMPT_MAX)
        .operation_timeout(CALL_MAX)
        .build();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS_MAX))
        .load()
        .await;
    Client::new(&config)
}

fn failed<E, R>(id: &str, action: &str, error: &SdkError<E, R>) -> PipelineError
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    let may_pass = code.is_none_or(|code| !FOR_GOOD.contains(&code))
        && !matches!(error, SdkError::ConstructionFailure(_));
    let advice = match code {
        Some("AccessDeniedException") => format!("; allow {action} on this key"),
        Some("NotFoundException") => "; check the key's id and AWS_REGION".to_owned(),
        Some("DisabledException" | "KMSInvalidStateException") => "; enable the key".to_owned(),
        Some(_) | None => String::new(),
    };
    let problem = format!("{action}: {}{advice}", DisplayErrorContext(error));
    PipelineError::Signing { key: format!("kms:{id}"), problem, may_pass }
}
