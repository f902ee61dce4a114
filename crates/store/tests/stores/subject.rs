//! The stores under test, each under a name of its own so that no test sees what another wrote.

use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use bytes::Bytes;
use sealog_chain::{Retention, RetentionMode};
use sealog_store::{Directory, Memory, Retaining, S3, S3Options, Store};

/// One store, and what is behind it.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) server: Option<Server>,
    _folder: Option<tempfile::TempDir>,
}

/// An S3 server as it is, without our code between.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) client: Client,
    pub(crate) endpoint: String,
    pub(crate) bucket: String,
    pub(crate) prefix: String,
}

/// An instant that tests count retention from.
pub(crate) fn now_ms() -> i64 {
    let since = std::fs::metadata("/proc/self").unwrap().modified().unwrap();
    i64::try_from(since.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

pub(crate) fn governance(days: u32) -> S3Options {
    let retention = Retention { mode: RetentionMode::Governance, days };
    S3Options { retention: Some(Retaining { retention, now_ms }), ..S3Options::default() }
}

/// A setting of `tests/setup/with-servers.sh`. Nothing is skipped: without servers the test fails.
pub(crate) fn setting(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| {
        panic!("{name} is not set: run this with tests/setup/with-servers.sh, or `make test`")
    })
}

impl Server {
    pub(crate) fn named(variable: &str, test: &str) -> Self {
        Self::at(&setting(variable), test)
    }

    /// The server that answers at `endpoint`, or what stands before it.
    pub(crate) fn at(endpoint: &str, test: &str) -> Self {
        let client = client(endpoint, RetryConfig::disabled());
        let prefix = format!("{test}-{}", std::process::id());
        Self { client, endpoint: endpoint.to_owned(), bucket: setting("SEALOG_TEST_S3"), prefix }
    }

    /// The store of this crate on it.
    pub(crate) fn store(&self, options: S3Options) -> S3 {
        S3::with_client(self.client.clone(), &self.bucket, &self.prefix, options)
    }

    pub(crate) fn key(&self, key: &str) -> String {
        format!("{}/{key}", self.prefix)
    }
}

/// A client without the environment's endpoint, so that both servers can be asked by one process.
pub(crate) fn client(endpoint: &str, retries: RetryConfig) -> Client {
    let http = aws_smithy_http_client::Builder::new().build_http();
    let keys = Credentials::new(
        setting("AWS_ACCESS_KEY_ID"),
        setting("AWS_SECRET_ACCESS_KEY"),
        None,
        None,
        "with-servers.sh",
    );
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(http)
        .credentials_provider(keys)
        .region(Region::new("us-east-1"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .retry_config(retries)
        .build();
    Client::from_conf(config)
}

pub(crate) fn memory() -> Subject {
    Subject { name: "memory", store: Arc::new(Memory::default()), server: None, _folder: None }
}

pub(crate) async fn directory() -> Subject {
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(Directory::create(folder.path()).await.unwrap());
    Subject { name: "directory", store, server: None, _folder: Some(folder) }
}

pub(crate) fn servers(test: &str) -> Vec<Subject> {
    [("versitygw", "SEALOG_TEST_VERSITYGW"), ("minio", "SEALOG_TEST_MINIO")]
        .map(|(name, variable)| {
            let server = Server::named(variable, test);
            let store = Arc::new(server.store(S3Options::default()));
            Subject { name, store, server: Some(server), _folder: None }
        })
        .into()
}

pub(crate) async fn all(test: &str) -> Vec<Subject> {
    let mut subjects = vec![memory(), directory().await];
    subjects.extend(servers(test));
    subjects
}

pub(crate) fn bytes(text: &str) -> Bytes {
    Bytes::from(text.to_owned())
}
