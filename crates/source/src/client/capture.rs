//! An HTTP client for the SDK that keeps the bodies of `GetRecords` replies for ourselves.
//!
//! The SDK's deserialiser costs a multiple of our parser and destroys the bytes as received. So the body of a 200 reply
//! is collected here into a slot of the calling task, and the SDK gets `{}`. Everything else passes untouched: error
//! replies keep their types, and a body that is cut, too long or damaged is an I/O error, which the SDK retries.
//! Every request is counted on its way.

use std::cell::RefCell;
use std::future::Future;
use std::sync::Arc;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::{Buf, BufMut as _, Bytes};
use http_body_util::{BodyExt as _, Limited};

use super::calls::{CallOutcome, Calls, Operation};
use super::error;
use crate::page::PAGE_BYTES_MAX;

tokio::task_local! {
    static SLOT: RefCell<Option<Bytes>>;
}

/// Runs `call`; with its result comes the body of the last `GetRecords` reply that it received.
pub(super) async fn capturing<T>(call: impl Future<Output = T>) -> (T, Option<Bytes>) {
    let scope = SLOT.scope(RefCell::new(None), async {
        let result = call.await;
        (result, SLOT.with(RefCell::take))
    });
    scope.await
}

/// Wraps the SDK's HTTP client.
#[derive(Debug)]
pub(super) struct CapturingClient(pub(super) SharedHttpClient);

impl HttpClient for CapturingClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(CapturingConnector(self.0.http_connector(settings, components)))
    }

    fn validate_base_client_config(
        &self,
        components: &RuntimeComponentsBuilder,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_base_client_config(&self.0, components, config)
    }

    fn validate_final_config(
        &self,
        components: &RuntimeComponents,
        config: &ConfigBag,
    ) -> Result<(), BoxError> {
        HttpClient::validate_final_config(&self.0, components, config)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.0.connector_metadata()
    }
}

#[derive(Debug)]
struct CapturingConnector(SharedHttpConnector);

impl HttpConnector for CapturingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        // Requests for credentials go through the same client, and in the same task.
        let operation = request.headers().get("x-amz-target").and_then(Operation::of_target);
        let reply = self.0.call(request);
        let Some(operation) = operation else { return reply };
        let calls = Calls::of_task();
        HttpConnectorFuture::new(async move {
            let reply = counted(reply, operation, calls).await?;
            if operation == Operation::GetRecords { take_body(reply).await } else { Ok(reply) }
        })
    }
}

/// Counts what a request comes to. The body of an error is collected for its code, and put back.
async fn counted(
    reply: HttpConnectorFuture,
    operation: Operation,
    calls: Option<Arc<Calls>>,
) -> Result<HttpResponse, ConnectorError> {
    let count = |outcome| {
        if let Some(calls) = &calls {
            calls.count(operation, outcome);
        }
    };
    let mut reply = reply.await.inspect_err(|_| count(CallOutcome::NoAnswer))?;
    if let (Some(calls), Some(date)) = (&calls, reply.headers().get("date")) {
        calls.answered_at(date);
    }
    let status = reply.status().as_u16();
    if status == 200 {
        count(CallOutcome::Ok);
        return Ok(reply);
    }
    let body = Limited::new(reply.take_body(), PAGE_BYTES_MAX).collect().await;
    let body = body.inspect_err(|_| count(CallOutcome::NoAnswer)).map_err(ConnectorError::io)?.to_bytes();
    count(CallOutcome::of_error(error::kind_of_reply(status, &body)));
    *reply.body_mut() = SdkBody::from(body);
    Ok(reply)
}

async fn take_body(mut reply: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    if reply.status().as_u16() != 200 {
        return Ok(reply);
    }
    let body = Limited::new(reply.take_body(), PAGE_BYTES_MAX).collect().await.map_err(ConnectorError::io)?;
    let body = of_its_own(body.aggregate());
    check_crc32(&reply, &body)?;
    // Without a slot nobody asked for the body: the SDK keeps it.
    let kept = SLOT.try_with(|slot| slot.replace(Some(body.clone()))).is_ok();
    *reply.body_mut() = if kept { SdkBody::from("{}") } else { SdkBody::from(body) };
    Ok(reply)
}

/// A body in memory of its own size. As received it may be a window into the connection's read buffer, which is many times
/// as large and lives as long as the page does; a budget counts bodies, not buffers.
fn of_its_own(received: impl Buf) -> Bytes {
    let mut body = Vec::with_capacity(received.remaining());
    body.put(received);
    body.into()
}

/// DynamoDB sends the CRC-32 of each body in `x-amz-crc32`; the SDK does not look at it.
fn check_crc32(reply: &HttpResponse, body: &[u8]) -> Result<(), ConnectorError> {
    let Some(announced) = reply.headers().get("x-amz-crc32") else { return Ok(()) };
    let actual = crc32fast::hash(body);
    if announced.parse() == Ok(actual) {
        return Ok(());
    }
    Err(ConnectorError::io(Damaged { announced: announced.to_owned(), actual }.into()))
}

/// A body that is not what the service sent.
#[derive(Debug, thiserror::Error)]
#[error("the reply is damaged: its CRC-32 is {actual}, and x-amz-crc32 says {announced}")]
struct Damaged {
    announced: String,
    actual: u32,
}
