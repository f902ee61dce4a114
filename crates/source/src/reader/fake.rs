//! A stream service in memory: a scripted shard tree, and faults that answer the next calls.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use sealog_record::{SequenceNumber, Shard, ShardId, StreamArn, ViewType};

use crate::{
    IteratorStart, ServiceError, ServiceErrorKind, ShardIterator, StreamClient, StreamPage, StreamStatus,
    TableStream,
};

pub(super) fn arn(label: &str) -> StreamArn {
    format!("arn:aws:dynamodb:eu-west-1:123456789012:table/t/stream/{label}").parse().unwrap()
}

pub(super) fn id(text: &str) -> ShardId {
    text.parse().unwrap()
}

pub(super) fn number(value: u64) -> SequenceNumber {
    value.to_string().parse().unwrap()
}

#[derive(Debug, Clone, Default)]
pub(super) struct FakeShard {
    pub(super) parent: Option<&'static str>,
    /// Sequence number and time in seconds.
    pub(super) records: Vec<(u64, i64)>,
    pub(super) closed: bool,
    pub(super) hidden: bool,
    /// Reading answers "not found".
    pub(super) gone: bool,
    /// Records up to this number are trimmed.
    pub(super) trimmed: u64,
    /// Whoever asks behind a trimmed record gets what is left, without a word.
    pub(super) silent: bool,
    /// Its listed starting number.
    pub(super) starting: Option<u64>,
    /// Answers of the next GetRecords calls, before the shard itself answers.
    pub(super) faults: VecDeque<Fault>,
}

#[derive(Debug, Clone)]
pub(super) enum Fault {
    Fail(ServiceErrorKind),
    Empty,
    Body(&'static str),
}

#[derive(Debug)]
pub(super) struct FakeStream {
    pub(super) status: StreamStatus,
    pub(super) shards: BTreeMap<&'static str, FakeShard>,
    pub(super) gone: bool,
}

#[derive(Debug, Default)]
pub(super) struct World {
    pub(super) streams: BTreeMap<&'static str, FakeStream>,
    /// GetRecords calls by shard.
    pub(super) calls: BTreeMap<String, u32>,
    pub(super) iterators: Vec<(ShardId, IteratorStart)>,
    /// What the table says of itself; `None`: nobody may ask.
    pub(super) table: Option<TableStream>,
    pub(super) table_asked: u32,
    pub(super) listings: u32,
    /// Answers of the next calls that list.
    pub(super) list_faults: VecDeque<ServiceErrorKind>,
    pub(super) page_size: usize,
    pub(super) repeat_cursor: bool,
    /// Streams are found and not listed.
    pub(super) unlisted: bool,
    /// At this number of GetRecords calls for the one shard, the other is listed.
    pub(super) reveal: Option<(&'static str, u32, &'static str)>,
}

#[derive(Debug, Clone)]
pub(super) struct Fake(pub(super) Arc<Mutex<World>>);

impl Fake {
    pub(super) fn new(shards: impl IntoIterator<Item = (&'static str, FakeShard)>) -> Self {
        let stream =
            FakeStream { status: StreamStatus::Enabled, shards: shards.into_iter().collect(), gone: false };
        let streams = BTreeMap::from([("1", stream)]);
        Self(Arc::new(Mutex::new(World { streams, page_size: 100, ..World::default() })))
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut World)) {
        change(&mut self.0.lock().unwrap());
    }

    pub(super) fn shard(&self, shard: &str, change: impl FnOnce(&mut FakeShard)) {
        self.change(|world| {
            change(world.streams.values_mut().find_map(|stream| stream.shards.get_mut(shard)).unwrap());
        });
    }
}

fn fail(operation: &'static str, kind: ServiceErrorKind) -> ServiceError {
    ServiceError { operation, kind, code: None, message: "scripted".into() }
}

impl World {
    fn listing_fault(&mut self, operation: &'static str) -> Result<(), ServiceError> {
        self.list_faults.pop_front().map_or(Ok(()), |kind| Err(fail(operation, kind)))
    }

    fn shard(&mut self, stream: &str, shard: &str) -> Result<&mut FakeShard, ServiceError> {
        let stream = self.streams.get_mut(stream).filter(|stream| !stream.gone);
        let shard = stream.and_then(|stream| stream.shards.get_mut(shard)).filter(|shard| !shard.gone);
        shard.ok_or_else(|| fail("GetRecords", ServiceErrorKind::NotFound))
    }
}

#[async_trait]
impl StreamClient for Fake {
    async fn list_streams(&self, _: &str) -> Result<Vec<StreamArn>, ServiceError> {
        let mut world = self.0.lock().unwrap();
        world.listing_fault("ListStreams")?;
        if world.unlisted {
            return Ok(Vec::new());
        }
        Ok(world.streams.iter().filter(|(_, stream)| !stream.gone).map(|(label, _)| arn(label)).collect())
    }

    async fn describe_stream(
        &self,
        stream: &StreamArn,
        after: Option<&ShardId>,
    ) -> Result<StreamPage, ServiceError> {
        let mut world = self.0.lock().unwrap();
        world.listings += u32::from(after.is_none());
        world.listing_fault("DescribeStream")?;
        let size = world.page_size;
        let repeat = world.repeat_cursor;
        let found = world.streams.get(stream.label().as_str()).filter(|stream| !stream.gone);
        let found = found.ok_or_else(|| fail("DescribeStream", ServiceErrorKind::NotFound))?;
        let from = after.filter(|_| !repeat).map_or("", |after| after.as_str());
        let rest: Vec<_> = found.shards.iter().filter(|(name, s)| **name > from && !s.hidden).collect();
        let last = (rest.len() > size || repeat).then(|| id(rest[size.min(rest.len()) - 1].0));
        let shard = |(name, shard): &(&&'static str, &FakeShard)| Shard {
            id: id(name),
            parent: shard.parent.map(id),
            starting: shard.starting.map(number),
            ending: shard.closed.then(|| number(u64::MAX)),
        };
        Ok(StreamPage {
            status: found.status,
            view_type: ViewType::NewImage,
            shards: rest.iter().take(size).map(shard).collect(),
            last_evaluated: last,
        })
    }

    async fn shard_iterator(
        &self,
        stream: &StreamArn,
        shard: &ShardId,
        start: IteratorStart,
    ) -> Result<ShardIterator, ServiceError> {
        let mut world = self.0.lock().unwrap();
        world.iterators.push((shard.clone(), start));
        let found = world.shard(stream.label().as_str(), shard.as_str())?;
        let digits = |number: SequenceNumber| number.as_str().parse::<u64>().unwrap();
        // Like the service: a number that is itself trimmed is refused, whether or not anything behind it is.
        let (after, named) = match start {
            IteratorStart::TrimHorizon => (found.trimmed, u64::MAX),
            IteratorStart::Latest => (found.records.last().map_or(0, |record| record.0), u64::MAX),
            IteratorStart::At(number) => (digits(number) - 1, digits(number)),
            IteratorStart::After(number) => (digits(number), digits(number)),
        };
        let trimmed = found.records.iter().any(|record| record.0 <= found.trimmed && record.0 >= named);
        if trimmed && !found.silent {
            return Err(fail("GetShardIterator", ServiceErrorKind::Trimmed));
        }
        let after = after.max(found.trimmed);
        Ok(ShardIterator::new(&format!("{}/{shard}/{after}", stream.label())))
    }

    async fn get_records(&self, iterator: &ShardIterator) -> Result<Bytes, ServiceError> {
        let mut world = self.0.lock().unwrap();
        let parts: Vec<&str> = iterator.as_str().split('/').collect();
        let [stream, name, after] = parts[..] else { panic!("{iterator:?}") };
        *world.calls.entry(name.to_owned()).or_default() += 1;
        if let Some((_, _, other)) =
            world.reveal.filter(|(of, at, _)| *of == name && world.calls[name] == *at)
        {
            world.shard(stream, other)?.hidden = false;
        }
        let shard = world.shard(stream, name)?;
        let after: u64 = after.parse().unwrap();
        match shard.faults.pop_front() {
            None => {}
            Some(Fault::Fail(kind)) => return Err(fail("GetRecords", kind)),
            Some(Fault::Empty) => {
                return Ok(
                    format!(r#"{{"Records":[],"NextShardIterator":"{stream}/{name}/{after}"}}"#).into()
                );
            }
            Some(Fault::Body(body)) => return Ok(Bytes::from_static(body.as_bytes())),
        }
        if after < shard.trimmed {
            return Err(fail("GetRecords", ServiceErrorKind::Trimmed));
        }
        let page: Vec<_> = shard.records.iter().filter(|record| record.0 > after).take(3).collect();
        let last = page.last().map_or(after, |record| record.0);
        let at_end = shard.records.last().is_none_or(|record| record.0 <= last);
        let next = if shard.closed && at_end {
            String::new()
        } else {
            format!(r#","NextShardIterator":"{stream}/{name}/{last}""#)
        };
        let record = |(number, at): &(u64, i64)| {
            format!(r#"{{"dynamodb":{{"SequenceNumber":"{number}","ApproximateCreationDateTime":{at}}}}}"#)
        };
        let records: Vec<String> = page.into_iter().map(record).collect();
        Ok(format!(r#"{{"Records":[{}]{next}}}"#, records.join(",")).into())
    }

    async fn describe_table(&self, _: &str) -> Result<TableStream, ServiceError> {
        let mut world = self.0.lock().unwrap();
        world.table_asked += 1;
        world.table.ok_or_else(|| fail("DescribeTable", ServiceErrorKind::Denied))
    }
}
