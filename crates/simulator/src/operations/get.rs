//! GetRecords: pages are copied together from records that were rendered when they were written.

use bytes::{BufMut, Bytes, BytesMut};

use super::request::{GetRecords, limit, required};
use super::{View, shard_not_found};
use crate::iterator::{Place, encode};
use crate::reply::WireError;
use crate::scenario::ShardEnd;
use crate::world::{Record, ShardState, TableState};

/// What a fault makes of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum PageTwist {
    #[default]
    None,
    /// No records, and an iterator for the same place.
    Empty,
    /// So many records that were before the page come first.
    Duplicate(usize),
    /// The first record has no sequence number.
    NoSequenceNumber,
}

pub(crate) fn get_records(
    view: View<'_>,
    request: &GetRecords,
    twist: PageTwist,
) -> Result<Bytes, WireError> {
    required(request.shard_iterator.as_deref(), "shardIterator")?;
    if request.limit.is_some_and(|limit| limit > 1_000) {
        return Err(WireError::with("LimitExceededException", "Limit must not be greater than 1000"));
    }
    let decoded = request.place.as_ref();
    let (arn, place) =
        decoded.ok_or_else(|| WireError::with("ValidationException", "Invalid ShardIterator"))?;
    let (table, stream) = view.stream(arn)?;
    let records_max = limit(request.limit, table.spec.pages.records_max)?;
    if place.issued_ms.saturating_add(view.scenario.iterator_lifetime.0) <= view.now_ms {
        return Err(WireError::usual("ExpiredIteratorException"));
    }
    let shard = stream
        .shards
        .get(place.shard)
        .filter(|shard| view.shard_exists(table, place.shard, shard))
        .ok_or_else(|| shard_not_found(stream, &place.shard.to_string()))?;
    if place.position < shard.trimmed(view.horizon_ms()) {
        return Err(WireError::usual("TrimmedDataAccessException"));
    }
    let from = Place { issued_ms: view.now_ms, ..*place };
    let (first, count, next) = page(view, table, shard, &Cut { from, records_max, twist });
    let next = next.map(|place| encode(&stream.arn, &place));
    let records = shard.records.get(first..first + count).unwrap_or_default();
    Ok(render(records, next.as_deref(), twist))
}

struct Cut {
    from: Place,
    records_max: usize,
    twist: PageTwist,
}

/// Index of the first record, how many, and where the next page begins (`None`: the shard ends here).
fn page(view: View<'_>, table: &TableState, shard: &ShardState, cut: &Cut) -> (usize, usize, Option<Place>) {
    let Cut { from, records_max, twist } = cut;
    if *twist == PageTwist::Empty {
        return (from.position, 0, Some(*from));
    }
    if let Some(empties) = from.empties.checked_sub(1) {
        return (from.position, 0, Some(Place { empties, ..*from }));
    }
    let pages = &table.spec.pages;
    let first = match twist {
        PageTwist::Duplicate(records) => {
            let trimmed = shard.trimmed(view.horizon_ms());
            from.position.saturating_sub(*records).max(trimmed)
        }
        PageTwist::None | PageTwist::Empty | PageTwist::NoSequenceNumber => from.position,
    };
    let bytes_max = usize::try_from(pages.bytes_max).unwrap_or(usize::MAX);
    let count = fitting(shard.records.get(first..).unwrap_or_default(), *records_max, bytes_max);
    // A page of nothing but duplicates still moves on from where the reader was.
    let position = (first + count).max(from.position);
    let at_end = position == shard.records.len() && shard.ending(view.now_ms).is_some();
    let ends = at_end && (pages.end == ShardEnd::WithRecords || count == 0);
    let empties = if count > 0 && !at_end { pages.empty_after_data } else { 0 };
    (first, count, (!ends).then_some(Place { position, empties, ..*from }))
}

fn fitting(records: &[Record], records_max: usize, bytes_max: usize) -> usize {
    let mut bytes = 0_usize;
    let fits = |record: &&Record| {
        bytes = bytes.saturating_add(record.json.len());
        bytes <= bytes_max
    };
    let count = records.iter().take(records_max).take_while(fits).count();
    count.max(usize::from(!records.is_empty()))
}

fn render(records: &[Record], next: Option<&str>, twist: PageTwist) -> Bytes {
    let bytes: usize = records.iter().map(|record| record.json.len() + 1).sum();
    let mut body = BytesMut::with_capacity(bytes + next.map_or(0, str::len) + 64);
    body.put_slice(b"{");
    if let Some(next) = next {
        body.put_slice(b"\"NextShardIterator\":");
        // An ARN has no character that JSON would escape.
        body.put_slice(b"\"");
        body.put_slice(next.as_bytes());
        body.put_slice(b"\",");
    }
    body.put_slice(b"\"Records\":[");
    for (index, record) in records.iter().enumerate() {
        if index > 0 {
            body.put_slice(b",");
        }
        if index == 0 && twist == PageTwist::NoSequenceNumber {
            body.put_slice(&without_number(record));
        } else {
            body.put_slice(&record.json);
        }
    }
    body.put_slice(b"]}");
    body.freeze()
}

/// The member is renamed, so that the record stays JSON of the same length.
fn without_number(record: &Record) -> Vec<u8> {
    String::from_utf8_lossy(&record.json).replacen("\"SequenceNumber\"", "\"sequenceNumber\"", 1).into_bytes()
}
