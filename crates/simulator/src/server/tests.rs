use std::io::ErrorKind;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::clock::VirtualClock;
use crate::scenario::{FaultEffect, FaultSpec, Millis, Scenario, TableSpec, WriterSpec};

const LIST: &str = "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: DynamoDBStreams_20120810.ListStreams\r\ncontent-length: 2\r\n\r\n{}";

async fn serve_with(faults: Vec<FaultEffect>) -> Server {
    let table = TableSpec::new("orders").writer(WriterSpec::count(10, Millis::minutes(-5), Millis(0)));
    let scenario = faults.into_iter().fold(Scenario::new(1).table(table), |scenario, does| {
        scenario.fault(FaultSpec::new(None, does).calls(0, 1))
    });
    let clock = Arc::new(VirtualClock::new(1_763_769_600_000));
    let simulator = Simulator::new(scenario, clock).unwrap();
    Server::start("127.0.0.1:0".parse().unwrap(), Arc::new(simulator)).await.unwrap()
}

/// Sends a request and reads one whole reply: its head and its body.
async fn exchange(stream: &mut TcpStream, request: &str) -> io::Result<(String, Vec<u8>)> {
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    let length =
        head.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok((head, body))
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.local_addr()).await.unwrap()
}

#[tokio::test]
async fn a_connection_is_kept_and_every_reply_has_its_headers() {
    let server = serve_with(Vec::new()).await;
    let mut stream = connect(&server).await;
    let (first, body) = exchange(&mut stream, LIST).await.unwrap();
    let (second, again) = exchange(&mut stream, LIST).await.unwrap();
    assert_eq!(body, again);
    for head in [&first, &second] {
        assert!(head.starts_with("http/1.1 200"));
        assert!(head.contains("content-type: application/x-amz-json-1.0\r\n"));
        assert!(head.contains(&format!("x-amz-crc32: {}\r\n", crc32fast::hash(&body))));
        let id = head.split("x-amzn-requestid: ").nth(1).unwrap().split("\r\n").next().unwrap();
        assert_eq!(id.len(), 52);
    }
    assert_ne!(first, second, "request ids differ");
    server.stop().await;
}

#[tokio::test]
async fn what_is_not_the_service_is_refused_as_it_refuses() {
    let server = serve_with(Vec::new()).await;
    let mut stream = connect(&server).await;
    for request in [
        "GET / HTTP/1.1\r\nhost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: DynamoDB_20120810.ListTables\r\ncontent-length: 2\r\n\r\n{}",
    ] {
        let (head, body) = exchange(&mut stream, request).await.unwrap();
        assert!(head.starts_with("http/1.1 400"));
        assert!(String::from_utf8(body).unwrap().contains("#UnknownOperationException"));
    }
    server.stop().await;
}

#[tokio::test]
async fn a_cut_reply_ends_before_its_length() {
    let cut = |bytes| FaultEffect::Truncate { bytes };
    let server = serve_with(vec![cut(20), cut(0)]).await;
    for bytes in [20, 0] {
        let mut stream = connect(&server).await;
        let request = LIST.replace("host: x", "host: x\r\nconnection: close");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut all = Vec::new();
        assert!(stream.read_to_end(&mut all).await.is_ok());
        let text = String::from_utf8(all).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert_eq!(body.len(), bytes);
        assert!(!head.contains(&format!("content-length: {bytes}\r\n")));
    }
    assert!(exchange(&mut connect(&server).await, LIST).await.is_ok(), "only once");
    server.stop().await;
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let server = serve_with(vec![FaultEffect::Reset]).await;
    let mut stream = connect(&server).await;
    assert_eq!(exchange(&mut stream, LIST).await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert!(exchange(&mut connect(&server).await, LIST).await.is_ok());
    server.stop().await;
}

#[tokio::test]
async fn drips_and_delays_change_nothing_but_time() {
    let drip = FaultEffect::Drip { bytes: 40, pause: Millis(1) };
    let server = serve_with(vec![FaultEffect::Latency(Millis(3)), drip]).await;
    let mut stream = connect(&server).await;
    let (_, slow) = exchange(&mut stream, LIST).await.unwrap();
    let (_, fast) = exchange(&mut stream, LIST).await.unwrap();
    assert_eq!(slow, fast);
    server.stop().await;
}

#[tokio::test]
async fn the_truth_and_the_clock_can_be_reached_from_outside() {
    let server = serve_with(Vec::new()).await;
    let mut stream = connect(&server).await;
    let (_, numbers) =
        exchange(&mut stream, "GET /_simulator/truth HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let (_, full) =
        exchange(&mut stream, "GET /_simulator/truth?detail=full HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    assert_eq!(numbers.split(|byte| *byte == b'\n').count(), 11);
    assert!(full.len() > numbers.len());
    let line: serde_json::Value =
        serde_json::from_slice(full.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    let record = line["record"].as_str().unwrap();
    assert_eq!(line["record_crc32"], crc32fast::hash(record.as_bytes()));
    assert!(record.contains(line["new_image"].as_str().unwrap()));
    let advance = "POST /_simulator/advance?ms=500 HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(exchange(&mut stream, advance).await.unwrap().1, b"1763769600500\n");
    server.stop().await;
}

#[tokio::test]
async fn stopping_closes_connections_and_frees_the_port() {
    let server = serve_with(Vec::new()).await;
    let addr = server.local_addr();
    let mut stream = connect(&server).await;
    exchange(&mut stream, LIST).await.unwrap();
    server.stop().await;
    assert!(exchange(&mut stream, LIST).await.is_err());
    assert!(TcpListener::bind(addr).await.is_ok());
}
