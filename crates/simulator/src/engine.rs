//! The engine: one scenario in play. Requests and the time go in, replies come out; no I/O, no clock.

use bytes::Bytes;
use std::io;

use crate::faults::{Faults, Hit, Target};
use crate::operations::{
    PageTwist, Request, View, describe_stream, describe_table, get_records, list_streams, shard_iterator,
};
use crate::reply::{Behaviour, Delivery, Reply, WireError};
use crate::rng::Rng;
use crate::scenario::{FaultEffect, FaultSpec, Happening, OperationName, Scenario, ScenarioError, TableSpec};
use crate::throttle::Throttle;
use crate::truth::{self, TruthDetail, TruthRecord, TruthShard};
use crate::world::{TableState, Write};

/// One scenario in play.
///
/// Deterministic: the same scenario, start instant and calls give the same replies, byte for byte.
#[derive(Debug)]
pub struct Engine {
    scenario: Scenario,
    zero_ms: i64,
    now_ms: i64,
    tables: Vec<TableState>,
    faults: Faults,
    per_shard: Throttle<(String, usize)>,
    describes: Throttle<()>,
    lists: Throttle<()>,
    ids: Rng,
}

impl Engine {
    /// Starts a scenario: offsets in it count from `now_ms`, and all that lies in the past has happened on return.
    pub fn new(scenario: Scenario, now_ms: i64) -> Result<Self, ScenarioError> {
        scenario.validate()?;
        let table = |spec| {
            TableState::new(spec, now_ms, scenario.seed).map_err(|e| ScenarioError::Invalid {
                place: format!("table {:?}", spec.name),
                problem: e.to_string(),
            })
        };
        let tables = scenario.tables.iter().map(table).collect::<Result<_, _>>()?;
        let mut engine = Self {
            zero_ms: now_ms,
            now_ms,
            tables,
            faults: Faults::new(&scenario),
            per_shard: Throttle::new(scenario.get_records_per_second),
            describes: Throttle::new(scenario.describe_stream_per_second),
            lists: Throttle::new(scenario.list_streams_per_second),
            ids: Rng::new(scenario.seed, 0x1D5),
            scenario,
        };
        engine.advance(now_ms);
        Ok(engine)
    }

    /// Lets everything happen that is due at `now_ms`; a step backwards is ignored. [`Engine::handle`] does it too.
    pub fn advance(&mut self, now_ms: i64) {
        self.now_ms = self.now_ms.max(now_ms);
        for table in &mut self.tables {
            let advanced = table.advance(self.now_ms);
            // Ids are derived from checked names and digits, so they are well formed.
            debug_assert!(advanced.is_ok());
        }
    }

    /// Answers one call. `operation` is what follows the dot of `X-Amz-Target`.
    #[must_use]
    pub fn handle(&mut self, now_ms: i64, operation: &str, body: &[u8]) -> Reply {
        self.advance(now_ms);
        let Some(operation) = OperationName::from_name(operation) else {
            return self.refuse(&WireError::usual("UnknownOperationException"), Behaviour::default());
        };
        let request = match Request::parse(operation, body) {
            Ok(request) => request,
            Err(error) => return self.refuse(&error, Behaviour::default()),
        };
        let hit = self.hit(operation, &request);
        let behaviour = Behaviour { delay_ms: hit.delay_ms, delivery: delivery(hit.effect.as_ref()) };
        if let Some(reply) = hit.effect.as_ref().and_then(|effect| self.instead(effect, behaviour)) {
            return reply;
        }
        match self.answer(&request, hit.effect.as_ref()) {
            Ok(body) => self.finish(body, hit.effect.as_ref(), behaviour),
            Err(error) => self.refuse(&error, behaviour),
        }
    }

    /// Every record ever offered, trimmed ones included: by table, stream, shard (order of birth), sequence number.
    pub fn truth(&self) -> impl Iterator<Item = TruthRecord<'_>> {
        truth::records(&self.tables, self.scenario.retention.0)
    }

    /// Every shard ever offered, gone ones included: by table, stream, and order of birth.
    pub fn shards(&self) -> impl Iterator<Item = TruthShard<'_>> {
        truth::shards(&self.tables, self.scenario.retention.0)
    }

    /// Writes the truth as lines of JSON (README, "Truth").
    pub fn write_truth(&self, detail: TruthDetail, out: &mut impl io::Write) -> io::Result<()> {
        truth::write_ndjson(self.truth(), detail, out)
    }

    /// Changes an item now; `false` when there is no such table.
    pub fn write(&mut self, now_ms: i64, table: &str, write: Write) -> bool {
        self.advance(now_ms);
        let at_ms = self.now_ms;
        let table = self.tables.iter_mut().find(|state| state.spec.name == table);
        table.map(|table| table.write(at_ms, write)).is_some()
    }

    /// Lets something happen to a table now; `false` when there is no such table.
    pub fn happen(&mut self, now_ms: i64, table: &str, what: &Happening) -> bool {
        self.advance(now_ms);
        let at_ms = self.now_ms;
        let table = self.tables.iter_mut().find(|state| state.spec.name == table);
        table.is_some_and(|table| table.happen(at_ms, what).is_ok())
    }

    /// What a table was made from; `None` when there is no such table, or no more.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&TableSpec> {
        let named = self.tables.iter().find(|table| table.spec.name == name)?;
        named.status(self.now_ms).map(|_| &named.spec)
    }

    /// Adds a fault that counts calls from now on.
    pub fn inject(&mut self, fault: FaultSpec) {
        self.faults.add(fault);
    }

    /// What is played.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The newest instant that the engine was told.
    #[must_use]
    pub fn now_ms(&self) -> i64 {
        self.now_ms
    }

    /// The reply of a fault that keeps the operation from being carried out.
    fn instead(&mut self, effect: &FaultEffect, behaviour: Behaviour) -> Option<Reply> {
        match effect {
            FaultEffect::Error { code, message, status } => {
                let usual = WireError::usual(code);
                let message = message.clone().or(usual.message);
                let status = status.unwrap_or(usual.status);
                Some(self.refuse(&WireError { code: usual.code, status, message }, behaviour))
            }
            FaultEffect::Html503 => {
                let html = "<html><body><b>Http/1.1 Service Unavailable</b></body> </html>";
                let mut reply = self.reply(503, Bytes::from_static(html.as_bytes()), behaviour);
                // A load balancer knows nothing of the service's headers.
                reply.headers = vec![("content-type", "text/html".to_owned())];
                Some(reply)
            }
            FaultEffect::Body { status, body } => {
                Some(self.reply(*status, Bytes::from(body.clone()), behaviour))
            }
            FaultEffect::Reset
            | FaultEffect::Truncate { .. }
            | FaultEffect::Drip { .. }
            | FaultEffect::WrongCrc32
            | FaultEffect::Latency(_)
            | FaultEffect::EmptyPage
            | FaultEffect::Duplicate { .. }
            | FaultEffect::RepeatCursor
            | FaultEffect::CutJson
            | FaultEffect::NoSequenceNumber => None,
        }
    }

    fn hit(&mut self, operation: OperationName, request: &Request) -> Hit {
        let arn = match request {
            Request::List(_) | Request::Table(_) => None,
            Request::Describe(request) => request.stream_arn.as_deref(),
            Request::Iterate(request) => request.stream_arn.as_deref(),
            Request::Get(request) => request.place.as_ref().map(|(arn, _)| arn.as_str()),
        };
        let found = arn.and_then(|arn| {
            self.tables.iter().find_map(|table| {
                let stream = table.streams.iter().find(|stream| stream.arn.as_str() == arn)?;
                Some((table.spec.name.as_str(), stream))
            })
        });
        let shard = match request {
            Request::List(_) | Request::Describe(_) | Request::Table(_) => None,
            Request::Iterate(request) => {
                found.and_then(|(_, stream)| stream.shard_by_id(request.shard_id.as_deref()?))
            }
            Request::Get(request) => request.place.as_ref().map(|(_, place)| place.shard),
        };
        let named = match request {
            Request::List(request) => request.table_name.as_deref(),
            Request::Table(request) => request.table_name.as_deref().map(|name| {
                let view = View { scenario: &self.scenario, tables: &self.tables, now_ms: self.now_ms };
                view.table(name).map_or(name, |table| table.spec.name.as_str())
            }),
            Request::Describe(_) | Request::Iterate(_) | Request::Get(_) => None,
        };
        let target = Target { operation, table: found.map(|(name, _)| name).or(named), shard };
        self.faults.hit(&target, self.now_ms.saturating_sub(self.zero_ms))
    }

    fn answer(&mut self, request: &Request, effect: Option<&FaultEffect>) -> Result<Bytes, WireError> {
        let throttled = || WireError::usual("ThrottlingException");
        let admitted = match request {
            Request::Iterate(_) | Request::Table(_) => true,
            Request::List(_) => self.lists.admit((), self.now_ms),
            Request::Describe(_) => self.describes.admit((), self.now_ms),
            Request::Get(request) => match &request.place {
                Some((arn, place)) if self.scenario.get_records_per_second.is_some() => {
                    self.per_shard.admit((arn.clone(), place.shard), self.now_ms)
                }
                Some(_) | None => true,
            },
        };
        if !admitted {
            return Err(throttled());
        }
        let view = View { scenario: &self.scenario, tables: &self.tables, now_ms: self.now_ms };
        match request {
            Request::List(request) => list_streams(view, request),
            Request::Describe(request) => {
                describe_stream(view, request, effect == Some(&FaultEffect::RepeatCursor))
            }
            Request::Iterate(request) => shard_iterator(view, request),
            Request::Get(request) => get_records(view, request, twist(effect)),
            Request::Table(request) => describe_table(view, request),
        }
    }

    fn finish(&mut self, body: Bytes, effect: Option<&FaultEffect>, behaviour: Behaviour) -> Reply {
        let cut = effect == Some(&FaultEffect::CutJson);
        let body = if cut { body.slice(..body.len() / 2) } else { body };
        let mut reply = self.reply(200, body, behaviour);
        if effect == Some(&FaultEffect::WrongCrc32) {
            for (name, value) in &mut reply.headers {
                if *name == "x-amz-crc32" {
                    *value = (!crc32fast::hash(&reply.body)).to_string();
                }
            }
        }
        reply
    }

    fn refuse(&mut self, error: &WireError, behaviour: Behaviour) -> Reply {
        self.reply(error.status, error.body(), behaviour)
    }

    fn reply(&mut self, status: u16, body: Bytes, behaviour: Behaviour) -> Reply {
        // The service's request ids are 52 characters, digits and capitals, ending so.
        let id: String = (0..3).map(|_| format!("{:016X}", self.ids.next())).collect();
        let headers = vec![
            ("content-type", "application/x-amz-json-1.0".to_owned()),
            ("x-amzn-requestid", format!("{}VV4K", id)),
            ("x-amz-crc32", crc32fast::hash(&body).to_string()),
        ];
        Reply { status, headers, body, behaviour }
    }
}

fn delivery(effect: Option<&FaultEffect>) -> Delivery {
    let size = |bytes: u32| usize::try_from(bytes).unwrap_or(usize::MAX);
    match effect {
        Some(FaultEffect::Reset) => Delivery::Reset,
        Some(FaultEffect::Truncate { bytes }) => Delivery::Truncated { bytes: size(*bytes) },
        Some(FaultEffect::Drip { bytes, pause }) => {
            Delivery::Drip { bytes: size(*bytes).max(1), pause_ms: pause.as_wait_ms() }
        }
        _ => Delivery::Whole,
    }
}

fn twist(effect: Option<&FaultEffect>) -> PageTwist {
    match effect {
        Some(FaultEffect::EmptyPage) => PageTwist::Empty,
        Some(FaultEffect::Duplicate { records }) => {
            PageTwist::Duplicate(usize::try_from(*records).unwrap_or(usize::MAX))
        }
        Some(FaultEffect::NoSequenceNumber) => PageTwist::NoSequenceNumber,
        _ => PageTwist::None,
    }
}

#[cfg(test)]
mod tests;
