//! The AWS SDK for Rust, with a transport that hands out bodies from memory.

use std::sync::{Arc, Mutex};

use aws_config::{BehaviorVersion, Region};
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::config::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use bytes::Bytes;
use tokio::runtime::Runtime;

#[derive(Debug, Clone, Default)]
struct Answers(Arc<Mutex<Vec<Bytes>>>);

impl HttpConnector for Answers {
    fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
        let body = self.0.lock().unwrap().pop().expect("more calls than bodies");
        HttpConnectorFuture::ready(Ok(HttpResponse::new(200.try_into().unwrap(), SdkBody::from(body))))
    }
}

/// A client as its users have it: made-up credentials, real signing, the default retries and timeouts.
pub(crate) struct Sdk {
    client: Client,
    answers: Answers,
    runtime: Runtime,
}

impl Sdk {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let answers = Answers::default();
        let connector = SharedHttpConnector::new(answers.clone());
        let config = aws_sdk_dynamodbstreams::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new("id", "secret", None, None, "bench"))
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Self { client: Client::from_conf(config), answers, runtime }
    }

    /// One call for each body; the records that have a new image.
    pub(crate) fn read(&self, bodies: &[Bytes]) -> usize {
        *self.answers.0.lock().unwrap() = bodies.to_vec();
        self.runtime.block_on(async {
            let mut seen = 0;
            for _ in bodies {
                let reply = self.client.get_records().shard_iterator("x").send().await.unwrap();
                let changes = reply.records().iter().filter_map(|record| record.dynamodb());
                seen += changes.filter(|change| change.new_image().is_some()).count();
            }
            seen
        })
    }
}
