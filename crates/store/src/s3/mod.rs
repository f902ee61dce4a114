//! An archive in an S3 bucket.
//!
//! Creates with `If-None-Match: *`, overwrites with `If-Match`, and sends a SHA-256 checksum with each write, which the
//! service compares with what arrives and states again when it is read. Never copies: S3 ignores conditions on copies.
//!
//! One call is up to [`ATTEMPTS_MAX`] attempts with jitter between them, for time-outs, resets, 5xx and throttling. An
//! attempt whose reply was lost may have taken effect; the next then finds the object, and [`crate::Log`] compares bytes.

mod answer;
mod bucket;
mod lock;
mod permission;
mod policy;
mod stat;
mod versions;

use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{ChecksumMode, ObjectLockMode, ServerSideEncryption};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_types::error::display::DisplayErrorContext;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use sealog_chain::{Retention, RetentionMode, sha256};

use crate::object::{is_removable, never_removed};
use crate::{Created, Entry, Object, Replaced, Stat, Store, StoreError, StoreErrorKind, Version, Versioning};
use answer::Failure;

pub use bucket::{Aspect, State};
pub use lock::Canary;

/// Longest time for a connection; a reachable endpoint answers in milliseconds.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Longest time for one attempt, and for the body of a reply: a 64 MB object at 2 MB/s.
const ATTEMPT_MAX: Duration = Duration::from_secs(45);
/// Attempts at one call, the first included.
const ATTEMPTS_MAX: u32 = 4;
/// Longest time between two attempts; what is drawn lies between nothing and this, doubling from a fifth of a second.
const BACKOFF_MAX: Duration = Duration::from_secs(5);
const BACKOFF_FIRST: Duration = Duration::from_millis(200);
/// Longest time for a call with all its attempts.
const CALL_MAX: Duration = Duration::from_secs(120);
const MS_PER_DAY: i64 = 86_400_000;

/// How objects are written. The default leaves retention and encryption to the bucket.
#[derive(Debug, Clone, Default)]
pub struct S3Options {
    /// Retention of each created object, from the moment of its writing; the bucket must have Object Lock.
    pub retention: Option<Retaining>,
    /// Encryption at rest.
    pub encryption: Encryption,
}

/// Retention, and the clock that its end is counted from.
#[derive(Debug, Clone, Copy)]
pub struct Retaining {
    /// Mode and days.
    pub retention: Retention,
    /// Milliseconds since 1970-01-01 UTC, now.
    pub now_ms: fn() -> i64,
}

/// Encryption at rest, by S3 (user guide, "Using server-side encryption").
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Encryption {
    /// What the bucket does by default; S3 encrypts with its own keys unless told otherwise.
    #[default]
    BucketDefault,
    /// S3's own keys (SSE-S3).
    S3,
    /// A key of AWS KMS (SSE-KMS). Who reads needs `kms:Decrypt` on it; losing the key loses the archive.
    Kms {
        /// Its id, ARN or alias; `None`: the account's key for S3.
        key: Option<String>,
        /// One data key for many objects: far fewer calls of KMS, and its audit trail names the bucket, not the object.
        bucket_key: bool,
    },
}

/// A prefix in a bucket.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
    bucket: String,
    prefix: String,
    options: S3Options,
}

impl S3 {
    /// Opens `prefix` (no slash at its ends, may be empty) in `bucket`, with the AWS conventions for credentials, region
    /// and endpoint. Nothing is asked yet.
    pub async fn connect(bucket: &str, prefix: &str, options: S3Options) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build_https();
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_MAX)
            .operation_attempt_timeout(ATTEMPT_MAX)
            .operation_timeout(CALL_MAX)
            .build();
        let retries = RetryConfig::standard()
            .with_max_attempts(ATTEMPTS_MAX)
            .with_initial_backoff(BACKOFF_FIRST)
            .with_max_backoff(BACKOFF_MAX);
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .timeout_config(timeouts)
            .retry_config(retries)
            .load()
            .await;
        // Servers that are not AWS rarely have a name for each bucket.
        let custom = config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let config = aws_sdk_s3::config::Builder::from(&config).force_path_style(custom).build();
        Self::with_client(Client::from_conf(config), bucket, prefix, options)
    }

    /// Opens `prefix` in `bucket` with a client of the caller's making.
    #[must_use]
    pub fn with_client(client: Client, bucket: &str, prefix: &str, options: S3Options) -> Self {
        Self { client, bucket: bucket.to_owned(), prefix: prefix.to_owned(), options }
    }

    fn name(&self, key: &str) -> String {
        if self.prefix.is_empty() { key.to_owned() } else { format!("{}/{key}", self.prefix) }
    }

    fn relative(&self, key: &str) -> Option<String> {
        if self.prefix.is_empty() {
            return Some(key.to_owned());
        }
        Some(key.strip_prefix(&self.prefix)?.strip_prefix('/')?.to_owned())
    }

    /// A write of `bytes`: checksum and encryption; the caller adds its condition.
    fn put(&self, key: &str, bytes: &Bytes) -> PutObjectFluentBuilder {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(self.name(key))
            .checksum_sha256(checksum(bytes))
            .body(ByteStream::from(bytes.clone()));
        match &self.options.encryption {
            Encryption::BucketDefault => request,
            Encryption::S3 => request.server_side_encryption(ServerSideEncryption::Aes256),
            Encryption::Kms { key, bucket_key } => request
                .server_side_encryption(ServerSideEncryption::AwsKms)
                .set_ssekms_key_id(key.clone())
                .bucket_key_enabled(*bucket_key),
        }
    }

    /// Sends a write; `None`: its condition did not hold.
    async fn send(
        &self,
        operation: &'static str,
        key: &str,
        request: PutObjectFluentBuilder,
        bytes: Bytes,
    ) -> Result<Option<Object>, StoreError> {
        let reply = match request.send().await.map_err(|error| Failure::of(&error)) {
            Ok(reply) => reply,
            Err(failure) if failure.is_refused_condition() => return Ok(None),
            // What was to be overwritten is gone.
            Err(failure) if operation == "replace" && failure.is_absent() => return Ok(None),
            Err(failure) => return Err(self.error(operation, key, &failure)),
        };
        // Not every server states it.
        if reply.checksum_sha256.as_ref().is_some_and(|stored| *stored != checksum(&bytes)) {
            return Err(StoreError::new(
                operation,
                self.place(key),
                StoreErrorKind::Invalid,
                "S3 states another SHA-256 for what it stored than was sent; do not trust this endpoint",
            ));
        }
        Ok(Some(Object { bytes, version_id: reply.version_id, etag: reply.e_tag }))
    }

    async fn get(&self, key: &str, range: Option<String>) -> Result<Option<Object>, StoreError> {
        let request = self.client.get_object().bucket(&self.bucket).key(self.name(key));
        // The SDK compares the body with the checksum that was stored with it.
        let request = request.checksum_mode(ChecksumMode::Enabled).set_range(range);
        let reply = match request.send().await.map_err(|error| Failure::of(&error)) {
            Ok(reply) => reply,
            Err(failure) if failure.is_absent() => return Ok(None),
            // The object ends before the range begins.
            Err(failure) if failure.status == Some(416) => return Ok(Some(Object::plain(Bytes::new()))),
            Err(failure) => return Err(self.error("read", key, &failure)),
        };
        let GetObjectOutput { version_id, e_tag, body, .. } = reply;
        // The SDK's bound on an attempt ends where the body begins.
        let attempt_max =
            self.client.config().timeout_config().and_then(|timeouts| timeouts.operation_attempt_timeout());
        let body = match tokio::time::timeout(attempt_max.unwrap_or(ATTEMPT_MAX), body.collect()).await {
            Ok(Ok(body)) => body.into_bytes(),
            Ok(Err(error)) => {
                let failure = Failure::broken_off(DisplayErrorContext(error).to_string());
                return Err(self.error("read", key, &failure));
            }
            Err(_elapsed) => {
                return Err(self.error("read", key, &Failure::broken_off("the body came too slowly")));
            }
        };
        Ok(Some(Object { bytes: body, version_id, etag: e_tag }))
    }

    fn place(&self, key: &str) -> String {
        format!("s3://{}/{}", self.bucket, self.name(key))
    }

    fn error(&self, operation: &'static str, key: &str, failure: &Failure) -> StoreError {
        let kind = failure.kind();
        let advice = match kind {
            StoreErrorKind::Forbidden => self.permission(operation),
            StoreErrorKind::Conflict
            | StoreErrorKind::Unknown
            | StoreErrorKind::NoCredentials
            | StoreErrorKind::Gone
            | StoreErrorKind::Full
            | StoreErrorKind::Invalid => failure.advice().to_owned(),
        };
        StoreError::new(operation, self.place(key), kind, format!("{}; {advice}", failure.seen()))
    }
}

fn checksum(bytes: &Bytes) -> String {
    STANDARD.encode(sha256(bytes).0)
}

impl Retaining {
    fn until(&self) -> DateTime {
        DateTime::from_millis((self.now_ms)().saturating_add(i64::from(self.retention.days) * MS_PER_DAY))
    }

    fn mode(&self) -> ObjectLockMode {
        match self.retention.mode {
            RetentionMode::Compliance => ObjectLockMode::Compliance,
            RetentionMode::Governance => ObjectLockMode::Governance,
        }
    }
}

#[async_trait]
impl Store for S3 {
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        let mut request = self.put(key, &bytes).if_none_match("*");
        if let Some(retaining) = &self.options.retention {
            request =
                request.object_lock_mode(retaining.mode()).object_lock_retain_until_date(retaining.until());
        }
        Ok(match self.send("create", key, request, bytes).await? {
            Some(object) => Created::New { version_id: object.version_id },
            None => Created::Exists,
        })
    }

    async fn replace(&self, key: &str, bytes: Bytes, seen: Option<&Object>) -> Result<Replaced, StoreError> {
        let request = self.put(key, &bytes);
        let request = match seen {
            Some(seen) => request.if_match(seen.etag.as_deref().unwrap_or_default()),
            None => request.if_none_match("*"),
        };
        let sent = self.send("replace", key, request, bytes).await?;
        Ok(sent.map_or(Replaced::Changed, Replaced::Done))
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.get(key, None).await
    }

    async fn read_range(&self, key: &str, range: Range<u64>) -> Result<Option<Bytes>, StoreError> {
        let Some(last) = range.end.checked_sub(1).filter(|last| *last >= range.start) else {
            return Ok(Some(Bytes::new()));
        };
        let header = format!("bytes={}-{last}", range.start);
        Ok(self.get(key, Some(header)).await?.map(|object| object.bytes))
    }

    async fn stat(&self, key: &str) -> Result<Option<Stat>, StoreError> {
        self.head(key).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(self.name(prefix));
        let mut pages = request.set_start_after(after.map(|after| self.name(after))).into_paginator().send();
        let mut entries = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error("list", prefix, &Failure::of(&error)))?;
            for object in page.contents.unwrap_or_default() {
                let Some(key) = object.key.as_deref().and_then(|key| self.relative(key)) else { continue };
                let bytes = object.size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0);
                entries.push(Entry { key, bytes });
            }
        }
        Ok(entries)
    }

    async fn remove(&self, key: &str) -> Result<(), StoreError> {
        if !is_removable(key) {
            return Err(never_removed(key));
        }
        let request = self.client.delete_object().bucket(&self.bucket).key(self.name(key));
        match request.send().await.map_err(|error| Failure::of(&error)) {
            Ok(_) => Ok(()),
            Err(failure) if failure.is_absent() => Ok(()),
            Err(failure) => Err(self.error("remove", key, &failure)),
        }
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        let prefix = if self.prefix.is_empty() { String::new() } else { format!("{}/", self.prefix) };
        let request = self.client.list_objects_v2().bucket(&self.bucket).prefix(&prefix).delimiter("/");
        let mut pages = request.into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| self.error("list", "", &Failure::of(&error)))?;
            let found =
                page.common_prefixes.unwrap_or_default().into_iter().filter_map(|common| common.prefix);
            names.extend(
                found.filter_map(|name| Some(self.relative(&name)?.trim_end_matches('/').to_owned())),
            );
        }
        Ok(names)
    }

    async fn versioning(&self) -> Result<Versioning, StoreError> {
        self.bucket_versioning().await
    }

    async fn versions(&self, prefix: &str) -> Result<Vec<Version>, StoreError> {
        self.list_versions(prefix).await
    }

    fn describe(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }
}
