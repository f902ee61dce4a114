//! [`StreamClient`] over the AWS SDK: endpoints, credentials, signing and retries are the SDK's, bodies are ours.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::config::Credentials;
use aws_sdk_dynamodbstreams::config::retry::RetryConfig;
use aws_sdk_dynamodbstreams::types::{self, ShardIteratorType};
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use bytes::Bytes;
use sealog_record::{Shard, ShardId, StreamArn};

use super::capture::{CapturingClient, capturing};
use super::{
    IteratorStart, ServiceError, ServiceErrorKind, ShardIterator, StreamClient, StreamPage, StreamStatus,
    TableStream,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Until the first byte of a reply.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// One attempt, body included.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
/// A call with all the SDK's attempts.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// The SDK's own quick attempts; patience is the reader's.
const ATTEMPTS: u32 = 3;
const BACKOFF_MAX: Duration = Duration::from_secs(2);
/// As many as one table's readers use. Each keeps the buffer that its largest reply needed, about 100 KB.
const IDLE_CONNECTIONS_MAX: usize = 64;

/// What overrides the environment, the profile and the instance's role. All absent: the usual AWS conventions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsOptions {
    /// Profile to take credentials and region from, instead of `AWS_PROFILE`.
    pub profile: Option<String>,
    /// Region, instead of `AWS_REGION` and the profile's.
    pub region: Option<String>,
    /// Endpoint, instead of `AWS_ENDPOINT_URL_DYNAMODB_STREAMS` and `AWS_ENDPOINT_URL`.
    pub endpoint_url: Option<String>,
    /// Sign with made-up credentials: for a simulator, which does not look at them.
    pub made_up_credentials: bool,
}

impl AwsOptions {
    /// Reaches a simulator at `endpoint_url`, whatever the environment says.
    #[must_use]
    pub fn simulator(endpoint_url: &str) -> Self {
        Self {
            profile: None,
            region: Some("eu-central-1".to_owned()),
            endpoint_url: Some(endpoint_url.to_owned()),
            made_up_credentials: true,
        }
    }
}

/// DynamoDB Streams over HTTP, as the AWS SDK reaches it. Cheap to clone; clones share connections and credentials.
///
/// A call gives up after 3 s without a connection, 10 s without a reply, 15 s without its end; the SDK tries three
/// times, within 60 s.
#[derive(Debug, Clone)]
pub struct AwsStreamClient {
    client: Client,
    tables: aws_sdk_dynamodb::Client,
    has_region: bool,
}

impl AwsStreamClient {
    /// Loads the configuration from `options`, the environment, the profile and the instance, in this order.
    ///
    /// Nothing is asked of the service. What is missing (region, credentials) is said by the first call.
    pub async fn load(options: &AwsOptions) -> Self {
        let http = aws_smithy_http_client::Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring));
        let http = http.pool_max_idle_per_host(IDLE_CONNECTIONS_MAX).build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http.clone());
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &options.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        if options.made_up_credentials {
            loader = loader.credentials_provider(Credentials::new(
                "simulated",
                "simulated",
                None,
                None,
                "simulator",
            ));
        }
        Self::with_http(&loader.load().await, http)
    }

    pub(super) fn with_http(config: &SdkConfig, http: SharedHttpClient) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(CALL_TIMEOUT)
            .build();
        let retries = RetryConfig::standard().with_max_attempts(ATTEMPTS).with_max_backoff(BACKOFF_MAX);
        let service = aws_sdk_dynamodbstreams::config::Builder::from(config)
            .http_client(CapturingClient(http.clone()))
            .timeout_config(timeouts.clone())
            .retry_config(retries.clone())
            .build();
        let mut tables = aws_sdk_dynamodb::config::Builder::from(config)
            .http_client(CapturingClient(http))
            .timeout_config(timeouts)
            .retry_config(retries);
        if let Some(url) = endpoint_of_streams_alone() {
            tables = tables.endpoint_url(url);
        }
        Self {
            has_region: config.region().is_some(),
            client: Client::from_conf(service),
            tables: aws_sdk_dynamodb::Client::from_conf(tables.build()),
        }
    }

    /// DynamoDB itself.
    pub(super) fn tables(&self, operation: &'static str) -> Result<&aws_sdk_dynamodb::Client, ServiceError> {
        if self.has_region { Ok(&self.tables) } else { Err(ServiceError::no_region(operation)) }
    }

    fn client(&self, operation: &'static str) -> Result<&Client, ServiceError> {
        if self.has_region { Ok(&self.client) } else { Err(ServiceError::no_region(operation)) }
    }
}

/// Where an endpoint is set for the streams and none for the tables, the tables are asked there too, or nowhere: whoever
/// reads from a stand-in does not want to reach the real service beside it.
fn endpoint_of_streams_alone() -> Option<String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|url| !url.is_empty());
    if variable("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| variable("AWS_ENDPOINT_URL")).is_some() {
        return None;
    }
    variable("AWS_ENDPOINT_URL_DYNAMODB_STREAMS")
}

#[async_trait]
impl StreamClient for AwsStreamClient {
    async fn list_streams(&self, table: &str) -> Result<Vec<StreamArn>, ServiceError> {
        const CALL: &str = "ListStreams";
        let client = self.client(CALL)?;
        let (mut streams, mut cursors, mut after) = (Vec::new(), BTreeSet::new(), None);
        loop {
            let call = client.list_streams().table_name(table).set_exclusive_start_stream_arn(after.clone());
            let page = call.send().await.map_err(|error| ServiceError::from_sdk(CALL, error))?;
            for stream in page.streams() {
                streams.push(parsed(CALL, "StreamArn", stream.stream_arn())?);
            }
            after = page.last_evaluated_stream_arn().map(str::to_owned);
            let Some(cursor) = after.clone() else { return Ok(streams) };
            if !cursors.insert(cursor) {
                return Err(ServiceError::malformed(CALL, "the service sent the same cursor twice"));
            }
        }
    }

    async fn describe_stream(
        &self,
        stream: &StreamArn,
        after: Option<&ShardId>,
    ) -> Result<StreamPage, ServiceError> {
        const CALL: &str = "DescribeStream";
        let after = after.map(|shard| shard.as_str().to_owned());
        let call = self.client(CALL)?.describe_stream().stream_arn(stream.as_str());
        let reply = call.set_exclusive_start_shard_id(after).send().await;
        let reply = reply.map_err(|error| ServiceError::from_sdk(CALL, error))?;
        let page = reply.stream_description();
        stream_page(page.ok_or_else(|| ServiceError::malformed(CALL, "StreamDescription is missing"))?)
    }

    async fn shard_iterator(
        &self,
        stream: &StreamArn,
        shard: &ShardId,
        start: IteratorStart,
    ) -> Result<ShardIterator, ServiceError> {
        const CALL: &str = "GetShardIterator";
        let (kind, number) = match start {
            IteratorStart::TrimHorizon => (ShardIteratorType::TrimHorizon, None),
            IteratorStart::Latest => (ShardIteratorType::Latest, None),
            IteratorStart::At(number) => (ShardIteratorType::AtSequenceNumber, Some(number)),
            IteratorStart::After(number) => (ShardIteratorType::AfterSequenceNumber, Some(number)),
        };
        let number = number.map(|number| number.as_str().to_owned());
        let call = self.client(CALL)?.get_shard_iterator().stream_arn(stream.as_str());
        let call = call.shard_id(shard.as_str()).shard_iterator_type(kind).set_sequence_number(number);
        let reply = call.send().await.map_err(|error| ServiceError::from_sdk(CALL, error))?;
        let iterator = reply.shard_iterator();
        iterator
            .map(ShardIterator::new)
            .ok_or_else(|| ServiceError::malformed(CALL, "ShardIterator is missing"))
    }

    async fn get_records(&self, iterator: &ShardIterator) -> Result<Bytes, ServiceError> {
        const CALL: &str = "GetRecords";
        let call = self.client(CALL)?.get_records().shard_iterator(iterator.as_str());
        let (reply, body) = capturing(call.send()).await;
        reply.map_err(|error| ServiceError::from_sdk(CALL, error))?;
        body.ok_or_else(|| ServiceError::malformed(CALL, "the reply is a success without HTTP status 200"))
    }

    async fn describe_table(&self, table: &str) -> Result<TableStream, ServiceError> {
        const CALL: &str = "DescribeTable";
        let reply = self.tables(CALL)?.describe_table().table_name(table).send().await;
        let reply = match reply.map_err(|error| ServiceError::from_sdk(CALL, error)) {
            Err(error) if error.kind == ServiceErrorKind::NotFound => return Ok(TableStream::NoTable),
            reply => reply?,
        };
        let stream = reply.table().and_then(|table| table.stream_specification());
        let Some(stream) = stream.filter(|stream| stream.stream_enabled()) else {
            return Ok(TableStream::Off);
        };
        parsed(CALL, "StreamViewType", stream.stream_view_type().map(|view| view.as_str()))
            .map(TableStream::On)
    }
}

fn stream_page(page: &types::StreamDescription) -> Result<StreamPage, ServiceError> {
    const CALL: &str = "DescribeStream";
    let status = match page.stream_status().map(types::StreamStatus::as_str) {
        Some("ENABLING") => StreamStatus::Enabling,
        Some("ENABLED") => StreamStatus::Enabled,
        Some("DISABLING") => StreamStatus::Disabling,
        Some("DISABLED") => StreamStatus::Disabled,
        Some(_) | None => return Err(ServiceError::malformed(CALL, "StreamStatus is missing or not known")),
    };
    let view_type =
        parsed(CALL, "StreamViewType", page.stream_view_type().map(types::StreamViewType::as_str))?;
    let shards = page.shards().iter().map(shard).collect::<Result<_, _>>()?;
    let last_evaluated = optional(CALL, "LastEvaluatedShardId", page.last_evaluated_shard_id())?;
    Ok(StreamPage { status, view_type, shards, last_evaluated })
}

fn shard(shard: &types::Shard) -> Result<Shard, ServiceError> {
    const CALL: &str = "DescribeStream";
    let range = shard.sequence_number_range();
    Ok(Shard {
        id: parsed(CALL, "ShardId", shard.shard_id())?,
        parent: optional(CALL, "ParentShardId", shard.parent_shard_id())?,
        starting: optional(
            CALL,
            "StartingSequenceNumber",
            range.and_then(types::SequenceNumberRange::starting_sequence_number),
        )?,
        ending: optional(
            CALL,
            "EndingSequenceNumber",
            range.and_then(types::SequenceNumberRange::ending_sequence_number),
        )?,
    })
}

pub(super) fn parsed<T: std::str::FromStr<Err = sealog_record::MalformedText>>(
    operation: &'static str,
    member: &str,
    text: Option<&str>,
) -> Result<T, ServiceError> {
    let text = text.ok_or_else(|| ServiceError::malformed(operation, format!("{member} is missing")))?;
    text.parse().map_err(|error| ServiceError::malformed(operation, format!("{member}: {error}")))
}

fn optional<T: std::str::FromStr<Err = sealog_record::MalformedText>>(
    operation: &'static str,
    member: &str,
    text: Option<&str>,
) -> Result<Option<T>, ServiceError> {
    // Some implementations send an empty text for "none".
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| parsed(operation, member, Some(text))).transpose()
}
