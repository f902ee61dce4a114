//! How fast the simulator makes a scenario and serves it: `throughput [RECORDS] [BYTES]`, 200,000 records of 1,600 bytes by default.

#![allow(clippy::print_stdout, reason = "figures on standard output are what this program is for")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use sealog_simulator::{Scenario, Server, Simulator};
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Outcome<()> {
    let mut numbers = std::env::args().skip(1).map(|arg| arg.parse::<u32>());
    let records = numbers.next().transpose()?.unwrap_or(200_000);
    let bytes = numbers.next().transpose()?.unwrap_or(1_600);
    let started = Instant::now();
    let demo = Simulator::start(Scenario::ledger()?)?;
    println!("demo made in {:.2?}, {} records", started.elapsed(), demo.engine().truth().count());
    let started = Instant::now();
    let simulator =
        Arc::new(Simulator::start(Scenario::generated("volume", 4, u64::from(records), bytes, 1))?);
    println!("{records} records made in {:.2?}", started.elapsed());
    for pass in ["in process, first time", "in process, again"] {
        report(pass, || read(&mut |operation, body| Ok(simulator.handle(operation, body.as_bytes()).body)))?;
    }
    let server = Server::start("127.0.0.1:0".parse()?, Arc::clone(&simulator)).await?;
    let addr = server.local_addr();
    tokio::task::spawn_blocking(move || {
        let stream = TcpStream::connect(addr).map_err(|e| e.to_string());
        let over_http = || {
            let mut stream = stream?;
            read(&mut |operation, body| Ok(Bytes::from(post(&mut stream, operation, body)?)))
        };
        report("over HTTP", over_http).map_err(|e| e.to_string())
    })
    .await??;
    server.stop().await;
    Ok(())
}

fn report(how: &str, read: impl FnOnce() -> Outcome<usize>) -> Outcome<()> {
    let (started, worked) = (Instant::now(), cpu_seconds());
    let megabytes = read()? as f64 / 1e6;
    let rate = megabytes / started.elapsed().as_secs_f64();
    print!("{how}: {megabytes:.0} MB at {rate:.0} MB/s");
    match (worked, cpu_seconds()) {
        (Some(before), Some(after)) if after > before => {
            println!(
                ", {:.0} MB for each second of CPU time (this program's reading included)",
                megabytes / (after - before)
            );
        }
        _ => println!(),
    }
    Ok(())
}

/// What this process has used of the processor, in user and kernel mode; only Linux tells. On a busy machine it says more
/// than the clock.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // Fields 14 and 15, counted behind the program's name in brackets; in ticks of 10 ms.
    let ticks = stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2);
    Some(ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / 100.0)
}

/// Reads every shard to its present end, looking at no more than the iterator that a page begins with.
fn read(call: &mut dyn FnMut(&str, &str) -> Outcome<Bytes>) -> Outcome<usize> {
    let mut ask = |operation: &str, request: Value| -> Outcome<Value> {
        Ok(serde_json::from_slice(&call(operation, &request.to_string())?)?)
    };
    let listed = ask("ListStreams", json!({}))?;
    let arn = listed.pointer("/Streams/0/StreamArn").cloned().unwrap_or_default();
    let described = ask("DescribeStream", json!({ "StreamArn": arn }))?;
    let shards = described.pointer("/StreamDescription/Shards").and_then(Value::as_array).cloned();
    let mut iterators = Vec::new();
    for shard in shards.unwrap_or_default() {
        let request =
            json!({ "StreamArn": arn, "ShardId": shard.get("ShardId"), "ShardIteratorType": "TRIM_HORIZON" });
        let reply = ask("GetShardIterator", request)?;
        iterators.push(reply.get("ShardIterator").and_then(Value::as_str).unwrap_or_default().to_owned());
    }
    let mut bytes = 0;
    for mut iterator in iterators {
        loop {
            let page = call("GetRecords", &json!({ "ShardIterator": iterator }).to_string())?;
            if page.len() < 1_000 {
                break;
            }
            bytes += page.len();
            let head = page.get(..400).unwrap_or_default();
            let head = String::from_utf8_lossy(head).into_owned();
            let next = head.split_once("\"NextShardIterator\":\"").and_then(|(_, rest)| rest.split_once('"'));
            let Some((next, _)) = next else { break };
            iterator = next.to_owned();
        }
    }
    Ok(bytes)
}

fn post(stream: &mut TcpStream, operation: &str, body: &str) -> Outcome<Vec<u8>> {
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nx-amz-target: DynamoDBStreams_20120810.{operation}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    let mut reply = vec![0; 16 << 10];
    let mut filled = 0;
    let end = loop {
        filled += stream.read(reply.get_mut(filled..).unwrap_or_default())?;
        let got = reply.get(..filled).unwrap_or_default();
        if let Some(at) = got.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(reply.get(..end).unwrap_or_default()).to_ascii_lowercase();
    let length =
        head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()).unwrap_or_default();
    reply.resize(end + length.parse::<usize>()?, 0);
    stream.read_exact(reply.get_mut(filled..).unwrap_or_default())?;
    Ok(reply.split_off(end))
}
