//! GetShardIterator.

use bytes::Bytes;
use serde_json::json;

use super::request::{GetShardIterator, required};
use super::{View, shard_not_found};
use crate::iterator::{Place, encode};
use crate::reply::WireError;
use crate::world::{Sequence, ShardState, TableState};

pub(crate) fn shard_iterator(view: View<'_>, request: &GetShardIterator) -> Result<Bytes, WireError> {
    let (table, stream) = view.stream(required(request.stream_arn.as_deref(), "streamArn")?)?;
    let id = required(request.shard_id.as_deref(), "shardId")?;
    let kind = required(request.shard_iterator_type.as_deref(), "shardIteratorType")?;
    let found = stream.shard_by_id(id).and_then(|index| Some((index, stream.shards.get(index)?)));
    let (index, shard) = found
        .filter(|(index, shard)| view.shard_exists(table, *index, shard))
        .ok_or_else(|| shard_not_found(stream, id))?;
    let position = match kind {
        "TRIM_HORIZON" => shard.trimmed(view.horizon_ms()),
        "LATEST" => shard.records.len(),
        "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER" => {
            numbered(view, shard, request.sequence_number.as_deref(), kind == "AFTER_SEQUENCE_NUMBER")?
        }
        "AT_TIMESTAMP" => timed(view, table, shard, request.timestamp)?,
        other => {
            return Err(WireError::validation(&format!(
                "Value '{other}' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value \
                 set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"
            )));
        }
    };
    let place = Place { shard: index, position, issued_ms: view.now_ms, empties: 0 };
    Ok(Bytes::from(json!({ "ShardIterator": encode(&stream.arn, &place) }).to_string()))
}

/// The first record whose `ApproximateCreationDateTime` is not before the timestamp (model, `GetShardIteratorInput`).
fn timed(
    view: View<'_>,
    table: &TableState,
    shard: &ShardState,
    timestamp: Option<f64>,
) -> Result<usize, WireError> {
    let seconds = timestamp.ok_or_else(|| {
        WireError::validation(
            "Value null at 'timestamp' failed to satisfy constraint: Member must not be null",
        )
    })?;
    let skew_ms = table.spec.clock_skew.0;
    if seconds * 1_000.0 > view.now_ms.saturating_add(skew_ms) as f64 {
        return Err(WireError::with("ValidationException", "Timestamp must not be in the future"));
    }
    let created_s = |at_ms: i64| at_ms.saturating_add(skew_ms).div_euclid(1_000) as f64;
    let position = shard.records.partition_point(|record| created_s(record.at_ms) < seconds);
    Ok(position.max(shard.trimmed(view.horizon_ms())))
}

fn numbered(
    view: View<'_>,
    shard: &ShardState,
    number: Option<&str>,
    after: bool,
) -> Result<usize, WireError> {
    let text = required(number, "sequenceNumber")?;
    let invalid = || WireError::with("ValidationException", format!("Invalid SequenceNumber: {text}"));
    let number = Sequence::parse(text).filter(|_| text.len() >= 21).ok_or_else(invalid)?;
    if number < shard.starting || shard.ending(view.now_ms).is_some_and(|ending| number > ending) {
        return Err(invalid());
    }
    let position = shard
        .records
        .partition_point(|record| record.sequence < number || (after && record.sequence == number));
    let trimmed = shard.trimmed(view.horizon_ms());
    let newest_trimmed = trimmed.checked_sub(1).and_then(|index| shard.records.get(index));
    let older = newest_trimmed.is_some_and(|record| number <= record.sequence);
    let nothing_lost = after && position >= trimmed && view.scenario.accept_after_trimmed;
    if older && !nothing_lost { Err(WireError::usual("TrimmedDataAccessException")) } else { Ok(position) }
}
