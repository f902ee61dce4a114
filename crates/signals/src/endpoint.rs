//! The endpoint that a run is watched at: `/metrics`, `/livez`, `/readyz` and `/status`, read-only, over plain HTTP.
//!
//! It has no users and no secrets: bind it to loopback or to a network of those who may look.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::Watch;
use crate::prometheus;

/// Connections at once; whoever comes later waits.
const CONNECTIONS_MAX: usize = 64;
/// How long a client may take to send its request.
const REQUEST_MAX: Duration = Duration::from_secs(10);

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// An address that is listened on.
#[derive(Debug)]
pub struct Endpoint {
    listener: TcpListener,
}

impl Endpoint {
    /// Listens; port 0 takes any free one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        Ok(Self { listener: TcpListener::bind(address).await? })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the system does not know.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers; never ends. Dropping it closes every connection.
    pub async fn serve(self, watch: Arc<Watch>) {
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                Some(_) = connections.join_next(), if !connections.is_empty() => {}
                accepted = self.listener.accept(), if connections.len() < CONNECTIONS_MAX => match accepted {
                    Ok((stream, _)) => {
                        connections.spawn(converse(stream, Arc::clone(&watch)));
                    }
                    Err(error) => {
                        // Out of file descriptors, most likely: others must close first.
                        tracing::warn!(%error, "the signals endpoint cannot accept a connection");
                        watch.clock.sleep(Duration::from_millis(100)).await;
                    }
                },
            }
        }
    }
}

async fn converse(stream: TcpStream, watch: Arc<Watch>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let reply = answer(request.method(), request.uri().path(), &watch);
        async move { Ok::<_, Infallible>(reply) }
    });
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(REQUEST_MAX);
    if let Err(error) = http.serve_connection(TokioIo::new(stream), service).await {
        tracing::debug!(%error, "a connection to the signals endpoint ended early");
    }
}

fn answer(method: &Method, path: &str, watch: &Watch) -> Response<Full<Bytes>> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return reply(StatusCode::METHOD_NOT_ALLOWED, TEXT, "GET and HEAD only\n".to_owned());
    }
    match path {
        "/metrics" => reply(StatusCode::OK, prometheus::CONTENT_TYPE, watch.metrics()),
        "/livez" => reply(StatusCode::OK, TEXT, "ok\n".to_owned()),
        "/readyz" => match watch.reasons() {
            reasons if reasons.is_empty() => reply(StatusCode::OK, TEXT, "ready\n".to_owned()),
            reasons => reply(StatusCode::SERVICE_UNAVAILABLE, TEXT, reasons.join("\n") + "\n"),
        },
        "/status" => reply(StatusCode::OK, JSON, format!("{}\n", watch.status())),
        _ => {
            reply(StatusCode::NOT_FOUND, TEXT, "there are /metrics, /livez, /readyz and /status\n".to_owned())
        }
    }
}

fn reply(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut reply = Response::new(Full::new(Bytes::from(body)));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}
