//! Uploads that do not come to their end, sent by hand: no client of ours would.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use sealog_store::{S3Options, Store as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::conformance::{Checked, Property, holds};
use crate::subject::{Server, bytes};

pub(crate) const PROPERTIES: &[Property] = &[
    Property {
        name: "creates beside an upload that stands still",
        check: Checked::S3(|it| Box::pin(beside(it))),
    },
    Property {
        name: "stores nothing of an upload that is cut short",
        check: Checked::S3(|it| Box::pin(cut(it))),
    },
];

type Held = Result<(), String>;

/// Bytes that come, of twice as many that were announced.
const HALF: usize = 1_500_000;

/// Sends the first half of an upload, unsigned and without checksum; the rest is the caller's to send.
async fn half(server: &Server, key: &str, condition: Option<&str>) -> Result<TcpStream, String> {
    let said = |error: &dyn std::fmt::Debug| format!("{error:?}");
    let config = PresigningConfig::expires_in(Duration::from_secs(60)).map_err(|error| said(&error))?;
    // Left alone, the SDK would sign a checksum, too.
    let plain = server.client.config().to_builder();
    let plain = plain.request_checksum_calculation(RequestChecksumCalculation::WhenRequired).build();
    let put = Client::from_conf(plain).put_object().bucket(&server.bucket).key(server.key(key));
    let put = put.set_if_none_match(condition.map(str::to_owned));
    let put = put.body(ByteStream::from(vec![b'x'; 2 * HALF])).presigned(config).await;
    let put = put.map_err(|error| said(&error))?;
    let address = server.endpoint.strip_prefix("http://").unwrap();
    let path = put.uri().strip_prefix(&server.endpoint).unwrap().to_owned();
    let mut head = format!("PUT {path} HTTP/1.1\r\nhost: {address}\r\n");
    for (name, value) in put.headers().filter(|(name, _)| *name != "content-length") {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", 2 * HALF));
    let mut stream = TcpStream::connect(address).await.map_err(|error| said(&error))?;
    stream.write_all(head.as_bytes()).await.map_err(|error| said(&error))?;
    stream.write_all(&vec![b'x'; HALF]).await.map_err(|error| said(&error))?;
    stream.flush().await.map_err(|error| said(&error))?;
    Ok(stream)
}

async fn beside(server: &Server) -> Held {
    let standing = half(server, "p/beside", Some("*")).await?;
    let store = server.store(S3Options::default());
    // By the last of these the server has seen the upload; one that locks the name lets readers wait, too.
    for _ in 0..20 {
        let read = tokio::time::timeout(Duration::from_secs(1), store.read("p/beside")).await;
        let Ok(read) = read else { return Err("readers of the name wait for it".to_owned()) };
        read.map_err(|error| error.to_string())?;
    }
    let created = tokio::time::timeout(Duration::from_secs(5), store.create("p/beside", bytes("x"))).await;
    drop(standing);
    holds(created.is_ok_and(|created| created.is_ok()), "another creator waits for it")
}

async fn cut(server: &Server) -> Held {
    let mut stream = half(server, "p/cut", None).await?;
    stream.shutdown().await.map_err(|error| error.to_string())?;
    let mut reply = Vec::new();
    let _closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut reply)).await;
    let there = server.store(S3Options::default()).read("p/cut").await.map_err(|error| error.to_string())?;
    holds(
        there.is_none(),
        there.map(|object| format!("{} of {} bytes are stored", object.bytes.len(), 2 * HALF)),
    )
}
