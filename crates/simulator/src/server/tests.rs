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
async fn a_table_is_described_under_the_name_of_the_other_service() {
    let server = serve_with(Vec::new()).await;
    let mut stream = connect(&server).await;
    for (service, status) in [("DynamoDB_20120810", 200), ("DynamoDBStreams_20120810", 400)] {
        let body = "{\"TableName\":\"orders\"}";
        let request = format!(
            "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: {service}.DescribeTable\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (head, _) = exchange(&mut stream, &request).await.unwrap();
        assert!(head.starts_with(&format!("http/1.1 {status}")), "{service}: {head}");
    }
    let list = LIST.replace("DynamoDBStreams", "DynamoDB");
    assert!(exchange(&mut stream, &list).await.unwrap().0.starts_with("http/1.1 400"));
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

async fn order(stream: &mut TcpStream, path: &str, body: &str) -> String {
    let request = format!(
        "POST /_simulator/{path} HTTP/1.1\r\nhost: x\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    let (head, said) = exchange(stream, &request).await.unwrap();
    let status = head.split(' ').nth(1).unwrap();
    format!("{status} {}", String::from_utf8(said).unwrap().trim_end())
}

#[tokio::test]
async fn items_can_be_written_from_outside() {
    let server = serve_with(Vec::new()).await;
    let mut stream = connect(&server).await;
    let put = r#"{"keys":{"id":{"S":"a"}},"image":{"id":{"S":"a"},"v":{"S":"\u0041"}}}"#;
    let remove = r#"{"keys":{"id":{"S":"a"}},"image":null,"identity":{"PrincipalId":"x","Type":"Service"}}"#;
    for body in [put, put, remove] {
        assert_eq!(order(&mut stream, "write?table=orders", body).await, "200 {}");
    }
    for (path, body, said) in [
        ("write?table=other", put, "404 there is no table"),
        ("write", put, "400 say ?table="),
        ("write?table=orders", "{}", "400 the body is not a write"),
    ] {
        let reply = order(&mut stream, path, body).await;
        assert!(reply.starts_with(said), "{reply}");
    }
    let truth = "GET /_simulator/truth?detail=full HTTP/1.1\r\nhost: x\r\n\r\n";
    let lines = String::from_utf8(exchange(&mut stream, truth).await.unwrap().1).unwrap();
    let new: Vec<serde_json::Value> =
        lines.lines().skip(10).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(new.len(), 2, "putting the same again leaves no record");
    assert_eq!(new[0]["new_image"], r#"{"id":{"S":"a"},"v":{"S":"\u0041"}}"#);
    assert!(
        new[1]["record"].as_str().unwrap().contains(r#""userIdentity":{"PrincipalId":"x","Type":"Service"}"#)
    );
    server.stop().await;
}

#[tokio::test]
async fn events_and_faults_can_be_made_from_outside() {
    let server = serve_with(Vec::new()).await;
    let mut stream = connect(&server).await;
    for body in [r#"{"split":{"shard":0}}"#, r#""disable""#, r#"{"enable":{"view_type":"KEYS_ONLY"}}"#] {
        assert_eq!(order(&mut stream, "happen?table=orders", body).await, "200 {}");
    }
    let (_, listed) = exchange(&mut stream, LIST).await.unwrap();
    let listed: serde_json::Value = serde_json::from_slice(&listed).unwrap();
    // The clock stands still, so the new stream has the label of the old one's end, not of its beginning.
    assert_eq!(listed["Streams"].as_array().unwrap().len(), 2);
    let fault = r#"{"operation":"ListStreams","times":1,"does":{"error":{"code":"ThrottlingException"}}}"#;
    assert_eq!(order(&mut stream, "fault", fault).await, "200 {}");
    assert!(exchange(&mut stream, LIST).await.unwrap().0.starts_with("http/1.1 400"));
    assert!(exchange(&mut stream, LIST).await.unwrap().0.starts_with("http/1.1 200"));
    for (path, body, said) in [
        ("happen?table=orders", r#""explode""#, "400 the body is not what is asked for"),
        ("happen?table=other", r#""disable""#, "404 there is no table"),
        ("fault", r#"{"does":"reset","every":0}"#, "400 the scenario is not playable"),
        ("fault", r#"{"does":"reset","table":"other"}"#, "404 there is no table"),
        ("dance", "", "404 GET truth"),
    ] {
        let reply = order(&mut stream, path, body).await;
        assert!(reply.starts_with(said), "{reply}");
    }
    assert_eq!(order(&mut stream, "happen?table=orders", r#""delete_table""#).await, "200 {}");
    let gone = order(&mut stream, "write?table=orders", r#"{"keys":{"id":{"S":"a"}},"image":null}"#).await;
    assert!(gone.starts_with("404"), "{gone}");
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
