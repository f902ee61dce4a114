//! The wire: HTTP/1.1 on loopback, kept alive, one task a connection.
//!
//! `POST /` with `X-Amz-Target: DynamoDBStreams_20120810.<Operation>` (or `DynamoDB_20120810.DescribeTable`) is the service.
//! What lies under `/_simulator/` is for whoever runs the simulator from outside (`control`). Signatures are not checked.

mod body;
mod control;
mod socket;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::reply::{Delivery, Reply};
use crate::scenario::OperationName;
use crate::simulator::Simulator;
use body::{ReplyBody, wait};
use control::{Order, control};
use socket::Socket;

/// No request of the service comes near it.
const REQUEST_BYTES_MAX: usize = 1 << 20;

/// A running server. Dropping it without [`Server::stop`] leaves it running until the runtime ends.
#[derive(Debug)]
pub struct Server {
    local_addr: SocketAddr,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    /// Binds `addr` (port 0: any free one) and serves the simulator in the background of the calling runtime.
    pub async fn start(addr: SocketAddr, simulator: Arc<Simulator>) -> io::Result<Self> {
        let listener = TcpListener::bind(addr).await?;
        let local_addr = listener.local_addr()?;
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(accept(listener, simulator, cancel.clone(), tasks.clone()));
        Ok(Self { local_addr, cancel, tasks })
    }

    /// Where it listens.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Stops at once: connections are closed, replies under way are cut. Returns when the port is free.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

async fn accept(
    listener: TcpListener,
    simulator: Arc<Simulator>,
    cancel: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => return,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    tasks.spawn(serve(stream, Arc::clone(&simulator), cancel.clone()));
                }
                Err(error) => {
                    // Out of file descriptors, most likely: others must close first.
                    tracing::warn!(%error, "cannot accept a connection");
                    wait(50).await;
                }
            },
        }
    }
}

async fn serve(stream: TcpStream, simulator: Arc<Simulator>, cancel: CancellationToken) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection was gone before it was served");
        return;
    }
    let reset = Arc::new(AtomicBool::new(false));
    let io = TokioIo::new(Socket::new(stream, Arc::clone(&reset)));
    let service = service_fn(move |request| answer(request, Arc::clone(&simulator), Arc::clone(&reset)));
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(io, service);
    tokio::select! {
        biased;
        () = cancel.cancelled() => {}
        served = connection => if let Err(error) = served {
            tracing::debug!(%error, "a connection ended early, as a fault or a client wanted it");
        },
    }
}

/// The connection shall be torn down without an answer.
#[derive(Debug, thiserror::Error)]
#[error("reset by the scenario")]
struct ResetByScenario;

async fn answer(
    request: Request<Incoming>,
    simulator: Arc<Simulator>,
    reset: Arc<AtomicBool>,
) -> Result<Response<ReplyBody>, ResetByScenario> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, REQUEST_BYTES_MAX).collect().await else {
        return Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, Bytes::new()));
    };
    let body = body.to_bytes();
    if let Some(action) = head.uri.path().strip_prefix("/_simulator/") {
        let order =
            Order { method: &head.method, action, query: head.uri.query().unwrap_or_default(), body: &body };
        return Ok(control(&simulator, &order));
    }
    let target = head.headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let operation = match head.method {
        Method::POST => OperationName::from_target(target).map_or("", OperationName::as_str),
        _ => "",
    };
    let reply = simulator.handle(operation, &body);
    if reply.behaviour.delay_ms > 0 {
        wait(reply.behaviour.delay_ms).await;
    }
    if reply.behaviour.delivery == Delivery::Reset {
        reset.store(true, Ordering::SeqCst);
        return Err(ResetByScenario);
    }
    Ok(response(reply))
}

fn response(reply: Reply) -> Response<ReplyBody> {
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    let body = ReplyBody::new(reply.body, reply.behaviour.delivery);
    response.body(body).unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, Bytes::new()))
}

fn plain(status: StatusCode, body: Bytes) -> Response<ReplyBody> {
    let mut response = Response::new(ReplyBody::new(body, Delivery::Whole));
    *response.status_mut() = status;
    response
}

#[cfg(test)]
mod tests;
