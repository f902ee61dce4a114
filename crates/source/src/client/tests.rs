//! The AWS client against an HTTP client that answers from memory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future::ProvideCredentials as CredentialsFuture;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use super::*;

type Reply = Result<(u16, Vec<(&'static str, String)>, &'static str), &'static str>;

#[derive(Debug, Clone)]
struct Answers(Arc<Mutex<VecDeque<Reply>>>);

impl HttpConnector for Answers {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let reply = self.0.lock().unwrap().pop_front().expect("more calls than answers");
        HttpConnectorFuture::ready(match reply {
            Err(text) => Err(ConnectorError::io(text.into())),
            Ok((status, headers, body)) => {
                let mut reply = HttpResponse::new(status.try_into().unwrap(), SdkBody::from(body));
                for (name, value) in headers {
                    reply.headers_mut().insert(name, value);
                }
                Ok(reply)
            }
        })
    }
}

#[derive(Debug)]
struct NoCredentials;

impl ProvideCredentials for NoCredentials {
    fn provide_credentials<'a>(&'a self) -> CredentialsFuture<'a>
    where
        Self: 'a,
    {
        CredentialsFuture::ready(Err(CredentialsError::not_loaded("none here")))
    }
}

fn config(region: Option<&'static str>, credentials: SharedCredentialsProvider) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(region.map(Region::new))
        .credentials_provider(credentials)
        .build()
}

fn known() -> SharedCredentialsProvider {
    SharedCredentialsProvider::new(Credentials::new("id", "secret", None, None, "test"))
}

fn client(config: &SdkConfig, replies: impl IntoIterator<Item = Reply>) -> (AwsStreamClient, Answers) {
    let answers = Answers(Arc::new(Mutex::new(replies.into_iter().collect())));
    let connector = SharedHttpConnector::new(answers.clone());
    let http: SharedHttpClient = http_client_fn(move |_, _| connector.clone());
    (AwsStreamClient::with_http(config, http), answers)
}

fn ok(body: &'static str) -> Reply {
    Ok((200, vec![("x-amz-crc32", crc32fast::hash(body.as_bytes()).to_string())], body))
}

fn fault(status: u16, code: &'static str) -> Reply {
    let body: &'static str = Box::leak(
        format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{code}","message":"said so"}}"#).into(),
    );
    Ok((status, Vec::new(), body))
}

async fn get_records(replies: impl IntoIterator<Item = Reply>) -> Result<Bytes, ServiceError> {
    let (client, answers) = client(&config(Some("eu-west-1"), known()), replies);
    let result = client.get_records(&ShardIterator::new("i")).await;
    assert!(answers.0.lock().unwrap().is_empty(), "an answer was not fetched: {result:?}");
    result
}

#[tokio::test(start_paused = true)]
async fn the_body_of_a_page_comes_out_as_it_was_sent() {
    let body = r#"{ "Records" : [] ,"x":"\u0041" }"#;
    assert_eq!(get_records([ok(body)]).await.unwrap(), body);
    assert_eq!(get_records([Ok((200, Vec::new(), "no JSON"))]).await.unwrap(), "no JSON");
}

#[tokio::test(start_paused = true)]
async fn throttling_server_faults_resets_and_damage_are_tried_again() {
    let damaged = Ok((200, vec![("x-amz-crc32", "1".to_owned())], "{}"));
    for first in [
        fault(400, "ThrottlingException"),
        fault(500, "InternalServerError"),
        Ok((503, Vec::new(), "<html>")),
        Err("reset"),
        damaged,
    ] {
        let again = get_records([first.clone(), ok("{\"a\":1}")]).await;
        assert_eq!(again.as_deref(), Ok(&b"{\"a\":1}"[..]), "{first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn errors_are_told_apart_by_code_and_status() {
    for (reply, attempts, kind) in [
        (fault(400, "ExpiredIteratorException"), 1, ServiceErrorKind::ExpiredIterator),
        (fault(400, "TrimmedDataAccessException"), 1, ServiceErrorKind::Trimmed),
        (fault(400, "ResourceNotFoundException"), 1, ServiceErrorKind::NotFound),
        (fault(400, "AccessDeniedException"), 1, ServiceErrorKind::Denied),
        (fault(400, "UnrecognizedClientException"), 1, ServiceErrorKind::Denied),
        (fault(400, "ValidationException"), 1, ServiceErrorKind::Invalid),
        (fault(400, "ThrottlingException"), 3, ServiceErrorKind::Throttled),
        (fault(500, "InternalServerError"), 3, ServiceErrorKind::ServerFault),
        (Ok((503, Vec::new(), "<html>ThrottlingException")), 3, ServiceErrorKind::ServerFault),
        (Ok((404, Vec::new(), "<html>")), 1, ServiceErrorKind::Invalid),
        (Err("connection refused"), 3, ServiceErrorKind::Unreachable),
        (Ok((200, vec![("x-amz-crc32", "1".to_owned())], "{}")), 3, ServiceErrorKind::Unreachable),
    ] {
        let error = get_records(vec![reply.clone(); attempts]).await.unwrap_err();
        assert_eq!(error.kind, kind, "{reply:?}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn messages_name_the_cause_and_what_to_do() {
    let error = get_records(vec![Err("connection refused"); 3]).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("connection refused") && text.contains("AWS_ENDPOINT_URL"), "{text}");

    let nobody = config(Some("eu-west-1"), SharedCredentialsProvider::new(NoCredentials));
    let error = client(&nobody, []).0.list_streams("t").await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::NoCredentials, "{error}");
    assert!(error.to_string().contains("AWS_PROFILE"), "{error}");

    let error = client(&config(None, known()), []).0.list_streams("t").await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::NoRegion);
    assert!(error.to_string().contains("AWS_REGION"), "{error}");
}

const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/2026-11-22T00:00:00.000";

fn streams(last: &str) -> Reply {
    let body = format!(r#"{{"Streams":[{{"StreamArn":"{ARN}"}}],{last}"x":1}}"#);
    Ok((200, Vec::new(), Box::leak(body.into())))
}

#[tokio::test(start_paused = true)]
async fn fs_01_streams_are_listed_to_the_end_and_a_repeated_cursor_is_an_error() {
    let more = format!(r#""LastEvaluatedStreamArn":"{ARN}","#);
    let regional = config(Some("eu-west-1"), known());
    let (two_pages, _) = client(&regional, [streams(&more), streams("")]);
    assert_eq!(two_pages.list_streams("t").await.unwrap().len(), 2);
    let (circle, _) = client(&regional, [streams(&more), streams(&more)]);
    assert_eq!(circle.list_streams("t").await.unwrap_err().kind, ServiceErrorKind::Malformed);
}

#[tokio::test(start_paused = true)]
async fn a_description_keeps_parents_and_ranges_and_refuses_what_it_does_not_know() {
    let describe = |status: &str| -> Reply {
        let body = format!(
            r#"{{"StreamDescription":{{"StreamStatus":"{status}","StreamViewType":"NEW_IMAGE","LastEvaluatedShardId":"s2",
            "Shards":[{{"ShardId":"s1","ParentShardId":"s0","SequenceNumberRange":{{"StartingSequenceNumber":"1","EndingSequenceNumber":"9"}}}},
            {{"ShardId":"s2","ParentShardId":"","SequenceNumberRange":{{"StartingSequenceNumber":"10"}}}}]}}}}"#
        );
        Ok((200, Vec::new(), Box::leak(body.into())))
    };
    let (client, _) = client(&config(Some("eu-west-1"), known()), [describe("ENABLED"), describe("ASLEEP")]);
    let arn = ARN.parse().unwrap();
    let page = client.describe_stream(&arn, None).await.unwrap();
    let id = |text: &str| text.parse::<ShardId>().unwrap();
    let number = |text: &str| Some(text.parse().unwrap());
    let shards = [
        Shard { id: id("s1"), parent: Some(id("s0")), starting: number("1"), ending: number("9") },
        Shard { id: id("s2"), parent: None, starting: number("10"), ending: None },
    ];
    assert_eq!((page.status, page.view_type), (StreamStatus::Enabled, ViewType::NewImage));
    assert_eq!((page.shards.as_slice(), page.last_evaluated), (&shards[..], Some(id("s2"))));
    let error = client.describe_stream(&arn, None).await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::Malformed);
}

#[tokio::test(start_paused = true)]
async fn fs_19_a_third_reader_of_a_shard_is_named_as_such() {
    let refused = || fault(400, "LimitExceededException");
    let error = get_records([refused(), refused(), refused()]).await.unwrap_err();
    assert_eq!(error.kind, ServiceErrorKind::LimitExceeded);
    assert!(error.to_string().contains("third reader"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn every_request_is_counted_the_retried_ones_too() {
    let date = || vec![("date", "Sun, 22 Nov 2026 10:15:30 GMT".to_owned())];
    let (client, _) = client(
        &config(Some("eu-west-1"), known()),
        [
            fault(400, "ThrottlingException"),
            Err("reset"),
            Ok((200, date(), "{}")),
            fault(500, "InternalServerError"),
            streams(""),
            fault(400, "ExpiredIteratorException"),
        ],
    );
    let (calls, unseen) = (Arc::new(Calls::default()), Calls::default());
    let iterator = ShardIterator::new("i");
    calls.counting(client.get_records(&iterator)).await.unwrap();
    let counted = Counted::new(Arc::new(client), Arc::clone(&calls));
    counted.list_streams("t").await.unwrap();
    counted.get_records(&iterator).await.unwrap_err();

    let of = |operation| CallOutcome::ALL.map(|outcome| calls.get(operation, outcome));
    assert_eq!(of(Operation::GetRecords), [1, 1, 1, 0, 1]);
    assert_eq!(of(Operation::ListStreams), [1, 0, 0, 1, 0]);
    assert_eq!((calls.sent(Operation::GetRecords), calls.sent(Operation::DescribeTable)), (4, 0));
    assert_eq!(calls.service_clock_ms(), Some(1_795_342_530_000));
    assert_eq!((unseen.sent(Operation::GetRecords), unseen.service_clock_ms()), (0, None));
}
