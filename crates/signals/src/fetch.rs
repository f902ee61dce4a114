//! Reads the endpoint of a run that goes on, for `sealog status`.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Uri};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A status of thousands of shards is a few megabytes.
const REPLY_BYTES_MAX: usize = 64 << 20;
const REPLY_MAX: Duration = Duration::from_secs(10);

/// The endpoint did not answer as one does.
#[derive(Debug, thiserror::Error)]
#[error(
    "{address}: {problem}; name the address that `listen` in [signals] has, such as http://127.0.0.1:9464"
)]
pub struct FetchError {
    address: String,
    problem: String,
}

/// Gets `path` from the endpoint at `address`, `http://host:port` or `host:port`.
///
/// # Errors
/// [`FetchError`]: nobody is there, or the answer is no success.
pub async fn fetch(address: &str, path: &str) -> Result<Bytes, FetchError> {
    let failed = |problem: String| FetchError { address: address.to_owned(), problem };
    match tokio::time::timeout(REPLY_MAX, get(address, path)).await {
        Ok(got) => got.map_err(failed),
        Err(_elapsed) => Err(failed(format!("no answer within {} s", REPLY_MAX.as_secs()))),
    }
}

async fn get(address: &str, path: &str) -> Result<Bytes, String> {
    let host = address.strip_prefix("http://").unwrap_or(address).trim_end_matches('/');
    let uri: Uri = format!("http://{host}{path}").parse().map_err(|error| format!("{error}"))?;
    let authority = uri.authority().ok_or("it names no host")?.clone();
    let place = (authority.host().trim_matches(['[', ']']).to_owned(), authority.port_u16().unwrap_or(80));
    let stream = TcpStream::connect(place).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let request = Request::get(path).header("host", authority.as_str()).body(Empty::<Bytes>::new());
    let request = request.map_err(|error| error.to_string())?;
    // The connection moves while it is polled, and ends with this function.
    let mut moving = JoinSet::new();
    moving.spawn(connection);
    let reply = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let status = reply.status();
    let body = Limited::new(reply.into_body(), REPLY_BYTES_MAX).collect().await;
    let body = body.map_err(|error| error.to_string())?.to_bytes();
    if status.is_success() { Ok(body) } else { Err(format!("it answered {status}")) }
}
