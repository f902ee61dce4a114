//! GetShardIterator.

use bytes::Bytes;
use serde_json::json;

use super::request::{GetShardIterator, required};
use super::{View, shard_not_found};
use crate::iterator::{Place, encode};
use crate::reply::WireError;
use crate::world::ShardState;

pub(crate) fn shard_iterator(view: View<'_>, request: &GetShardIterator) -> Result<Bytes, WireError> {
    let (table, stream) = view.stream(required(request.stream_arn.as_deref(), "streamArn")?)?;
    let id = required(request.shard_id.as_deref(), "shardId")?;
    let kind = required(request.shard_iterator_type.as_deref(), "shardIteratorType")?;
    let found = stream.shard_by_id(id).and_then(|index| Some((index, stream.shards.get(index)?)));
    let (index, shard) = found
        .filter(|(index, shard)| view.shard_exists(table, *index, shard))
        .ok_or_else(|| shard_not_found(stream, id))?;
    let position = match kind {
        "TRIM_HORIZON" => shard.trimmed(view.now_ms, view.retention_ms()),
        "LATEST" => shard.records.len(),
        "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER" => {
            numbered(view, shard, request.sequence_number.as_deref(), kind == "AFTER_SEQUENCE_NUMBER")?
        }
        other => {
            return Err(WireError::validation(&format!(
                "Value '{other}' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value \
                 set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_SEQUENCE_NUMBER, TRIM_HORIZON]"
            )));
        }
    };
    let place = Place { shard: index, position, issued_ms: view.now_ms, empties: 0 };
    Ok(Bytes::from(json!({ "ShardIterator": encode(&stream.arn, &place) }).to_string()))
}

fn numbered(
    view: View<'_>,
    shard: &ShardState,
    number: Option<&str>,
    after: bool,
) -> Result<usize, WireError> {
    let text = required(number, "sequenceNumber")?;
    let invalid = || WireError::with("ValidationException", format!("Invalid SequenceNumber: {text}"));
    if !(21..=40).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(invalid());
    }
    let number: u128 = text.parse().map_err(|_| invalid())?;
    if number < shard.starting || shard.ending(view.now_ms).is_some_and(|ending| number > ending) {
        return Err(invalid());
    }
    let position = shard
        .records
        .partition_point(|record| record.sequence < number || (after && record.sequence == number));
    let trimmed = shard.trimmed(view.now_ms, view.retention_ms());
    let newest_trimmed = trimmed.checked_sub(1).and_then(|index| shard.records.get(index));
    let older = newest_trimmed.is_some_and(|record| number <= record.sequence);
    let nothing_lost = after && position >= trimmed && view.scenario.accept_after_trimmed;
    if older && !nothing_lost { Err(WireError::usual("TrimmedDataAccessException")) } else { Ok(position) }
}
