//! An archive in an S3 bucket.
//!
//! Creates with `If-None-Match: *` and a SHA-256 checksum that the service compares. Errors are told apart by HTTP status
//! and error code, never by message text; the SDK does not model 412 and 409 on `PutObject`.

use std::fmt::Debug;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::put_object::PutObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::display::DisplayErrorContext;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use crate::{Created, Entry, Object, Store, StoreError, StoreErrorKind};

/// Longest time for a connection; a reachable endpoint answers in milliseconds.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Longest time for one attempt: a 64 MB object at 2 MB/s.
const ATTEMPT_MAX: Duration = Duration::from_secs(45);

/// A prefix in a bucket.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
    bucket: String,
    prefix: String,
}

impl S3 {
    /// Opens `prefix` (no slash at its ends, may be empty) in `bucket`, with the AWS conventions for credentials, region
    /// and endpoint. Nothing is asked yet.
    pub async fn connect(bucket: &str, prefix: &str) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_MAX)
            .operation_attempt_timeout(ATTEMPT_MAX)
            .build();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts)
            .load()
            .await;
        // Servers that are not AWS rarely have a name for each bucket.
        let custom = config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(custom).build();
        Self { client: Client::from_conf(config), bucket: bucket.to_owned(), prefix: prefix.to_owned() }
    }

    fn name(&self, key: &str) -> String {
        if self.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.prefix) }
    }

    async fn put(&self, key: &str, bytes: Bytes, new: bool) -> Result<PutObjectOutput, Failure> {
        let checksum = STANDARD.encode(sealog_chain::sha256(&bytes).0);
        let request =
            self.client.put_object().bucket(&self.bucket).key(self.name(key)).checksum_sha256(checksum);
        let request = if new { request.if_none_match("*") } else { request };
        request.body(ByteStream::from(bytes)).send().await.map_err(|error| Failure::of(&error))
    }

    fn error(&self, operation: &'static str, key: &str, failure: Failure) -> StoreError {
        let Failure { status, code, cause } = failure;
        let (kind, advice) = classify(status, code.as_deref());
        let seen = match (status, code) {
            (Some(status), Some(code)) => format!("S3 answered {status} {code}"),
            (Some(status), None) => format!("S3 answered {status}"),
            (None, _) => cause,
        };
        StoreError::new(
            operation,
            format!("s3://{}/{}", self.bucket, self.name(key)),
            kind,
            format!("{seen}; {advice}"),
        )
    }
}

/// What a failed call showed.
struct Failure {
    status: Option<u16>,
    code: Option<String>,
    cause: String,
}

impl Failure {
    fn of<E: ProvideErrorMetadata + Debug + std::error::Error + 'static>(
        error: &SdkError<E, HttpResponse>,
    ) -> Self {
        Self {
            status: error.raw_response().map(|response| response.status().as_u16()),
            code: error.code().map(str::to_owned),
            cause: DisplayErrorContext(error).to_string(),
        }
    }
}

/// S3 API reference, "Error responses"; 409 and 412 of conditional writes: user guide, "Conditional requests".
fn classify(status: Option<u16>, code: Option<&str>) -> (StoreErrorKind, &'static str) {
    use StoreErrorKind::{Conflict, Forbidden, Gone, Invalid, NoCredentials, Unknown};
    match (status, code) {
        (_, Some("ExpiredToken" | "InvalidAccessKeyId" | "SignatureDoesNotMatch")) => {
            (NoCredentials, "the credentials are not accepted; renew them or name another profile")
        }
        (_, Some("NoSuchBucket")) => (Gone, "the bucket does not exist; check its name, region and endpoint"),
        (_, Some("RequestTimeTooSkewed")) => (Invalid, "this machine's clock is off; set it"),
        (Some(301 | 307 | 308), _) | (_, Some("AuthorizationHeaderMalformed" | "PermanentRedirect")) => {
            (Gone, "the bucket lies in another region; set AWS_REGION to it")
        }
        (Some(409), _) => (Conflict, "another request for this name is under way; it is tried again"),
        (Some(401 | 403), _) => (
            Forbidden,
            "allow s3:PutObject, s3:GetObject and s3:ListBucket on the archive for this principal",
        ),
        (Some(408 | 429), _) => (Unknown, "it is tried again"),
        (Some(status), _) if status >= 500 => (Unknown, "it is tried again"),
        (Some(_), _) => (Invalid, "the service does not take this request"),
        (None, _) => (
            Unknown,
            "check credentials, region, endpoint and network; the outcome is looked at before anything else is written",
        ),
    }
}

#[async_trait]
impl Store for S3 {
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        match self.put(key, bytes, true).await {
            Ok(reply) => Ok(Created::New { version_id: reply.version_id }),
            Err(Failure { status: Some(412), .. }) => Ok(Created::Exists),
            Err(failure) => Err(self.error("create", key, failure)),
        }
    }

    async fn replace(&self, key: &str, bytes: Bytes) -> Result<(), StoreError> {
        self.put(key, bytes, false).await.map(|_| ()).map_err(|failure| self.error("replace", key, failure))
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        let request = self.client.get_object().bucket(&self.bucket).key(self.name(key));
        let reply = match request.send().await {
            Ok(reply) => reply,
            Err(error) if error.as_service_error().is_some_and(|error| error.is_no_such_key()) => {
                return Ok(None);
            }
            Err(error) => return Err(self.error("read", key, Failure::of(&error))),
        };
        let body = reply.body.collect().await.map_err(|error| {
            let cause = DisplayErrorContext(error).to_string();
            self.error("read", key, Failure { status: None, code: None, cause })
        })?;
        Ok(Some(Object { bytes: body.into_bytes(), version_id: reply.version_id }))
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(self.name(prefix));
        let mut pages = request.set_start_after(after.map(|after| self.name(after))).into_paginator().send();
        let mut entries = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error("list", prefix, Failure::of(&error)))?;
            for object in page.contents.unwrap_or_default() {
                let Some(key) = object.key.as_deref().and_then(|key| self.relative(key)) else { continue };
                let bytes = object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
                entries.push(Entry { key, bytes });
            }
        }
        Ok(entries)
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        let prefix = if self.prefix.is_empty() { String::new() } else { format!("{}/", self.prefix) };
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(&prefix).delimiter("/");
        let mut pages = request.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error("list", "", Failure::of(&error)))?;
            let found =
                page.common_prefixes.unwrap_or_default().into_iter().filter_map(|common| common.prefix);
            names.extend(
                found.filter_map(|name| Some(self.relative(&name)?.trim_end_matches('/').to_owned())),
            );
        }
        Ok(names)
    }

    fn describe(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}

impl S3 {
    fn relative(&self, key: &str) -> Option<String> {
        if self.prefix.is_empty() {
            return Some(key.to_owned());
        }
        Some(key.strip_prefix(&self.prefix)?.strip_prefix('/')?.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_by_status_and_code() {
        use StoreErrorKind::{Conflict, Forbidden, Gone, NoCredentials, Unknown};
        for (status, code, kind) in [
            (Some(409), Some("ConditionalRequestConflict"), Conflict),
            (Some(403), Some("AccessDenied"), Forbidden),
            (Some(403), Some("ExpiredToken"), NoCredentials),
            (Some(404), Some("NoSuchBucket"), Gone),
            (Some(301), Some("PermanentRedirect"), Gone),
            (Some(503), Some("SlowDown"), Unknown),
            (Some(500), None, Unknown),
            (None, None, Unknown),
        ] {
            assert_eq!(classify(status, code).0, kind, "{status:?} {code:?}");
        }
    }
}
