//! How long the engine takes for 1,000 shards of 200 records: `many_shards [SHARDS] [RECORDS]`, each figure per call.

#![allow(clippy::print_stdout, reason = "figures on standard output are what this program is for")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]

use std::error::Error;
use std::time::{Duration, Instant};

use sealog_simulator::{Engine, Scenario};
use serde_json::{Value, json};

const NOW_MS: i64 = 1_763_769_600_000;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Calls the engine and adds up how many calls of each operation there were and how long they took.
struct Caller {
    engine: Engine,
    calls: u32,
    took: Duration,
}

impl Caller {
    fn call(&mut self, operation: &str, request: &Value) -> Outcome<Value> {
        let body = request.to_string();
        let started = Instant::now();
        let reply = self.engine.handle(NOW_MS, operation, body.as_bytes());
        self.took += started.elapsed();
        self.calls += 1;
        if reply.status != 200 {
            return Err(String::from_utf8_lossy(&reply.body).into());
        }
        Ok(serde_json::from_slice(&reply.body)?)
    }

    /// One member of the reply; null where there is none.
    fn ask(&mut self, operation: &str, request: &Value, member: &str) -> Outcome<Value> {
        Ok(self.call(operation, request)?.get_mut(member).map(Value::take).unwrap_or_default())
    }

    fn report(&mut self, what: &str) {
        println!("{what}: {} calls, {:.1?} each", self.calls, self.took / self.calls.max(1));
        (self.calls, self.took) = (0, Duration::ZERO);
    }
}

fn main() -> Outcome<()> {
    let mut numbers = std::env::args().skip(1).map(|arg| arg.parse::<u32>());
    let shards = numbers.next().transpose()?.unwrap_or(1_000);
    let records = numbers.next().transpose()?.unwrap_or(200);
    let started = Instant::now();
    let scenario = Scenario::generated("volume", shards, u64::from(shards) * u64::from(records), 1_000, 1);
    let mut caller = Caller { engine: Engine::new(scenario, NOW_MS)?, calls: 0, took: Duration::ZERO };
    println!("made in {:.1?}", started.elapsed());

    let listed = caller.call("ListStreams", &json!({}))?;
    let arn = listed.pointer("/Streams/0/StreamArn").cloned().unwrap_or_default();
    caller.report("ListStreams");
    let ids = shard_ids(&mut caller, &arn)?;
    caller.report("DescribeStream");
    let mut iterators = Vec::new();
    for id in &ids {
        let request = json!({ "StreamArn": arn, "ShardId": id, "ShardIteratorType": "TRIM_HORIZON" });
        iterators.push(caller.ask("GetShardIterator", &request, "ShardIterator")?);
    }
    caller.report("GetShardIterator");
    for iterator in &mut iterators {
        *iterator = caller.ask("GetRecords", &json!({ "ShardIterator": iterator }), "NextShardIterator")?;
    }
    caller.report("GetRecords, full pages");
    for _ in 0..20 {
        for iterator in &mut iterators {
            let request = json!({ "ShardIterator": iterator });
            *iterator = caller.ask("GetRecords", &request, "NextShardIterator")?;
        }
    }
    caller.report("GetRecords, empty pages");
    let started = Instant::now();
    println!("truth: {} records in {:.1?}", caller.engine.truth().count(), started.elapsed());
    Ok(())
}

fn shard_ids(caller: &mut Caller, arn: &Value) -> Outcome<Vec<Value>> {
    let (mut ids, mut after) = (Vec::new(), Value::Null);
    loop {
        let request = json!({ "StreamArn": arn, "ExclusiveStartShardId": after });
        let mut page = caller.ask("DescribeStream", &request, "StreamDescription")?;
        let shards = page.get_mut("Shards").map(Value::take).unwrap_or_default();
        let shards = shards.as_array().into_iter().flatten();
        ids.extend(shards.filter_map(|shard| shard.get("ShardId").cloned()));
        after = page.get_mut("LastEvaluatedShardId").map(Value::take).unwrap_or_default();
        if after.is_null() {
            return Ok(ids);
        }
    }
}
