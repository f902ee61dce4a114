//! DescribeStream: pages of shards.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::request::{DescribeStream, limit, required};
use super::{View, key_schema, shard_not_found};
use crate::reply::WireError;
use crate::scenario::ListingOrder;
use crate::world::{StreamState, TableState};

/// The cursor of an empty first page: before every shard.
const BEFORE_ALL: &str = "shardId-00000000000000000000-00000000";

/// `repeat_cursor` makes the reply's cursor the one that the caller sent.
pub(crate) fn describe_stream(
    view: View<'_>,
    request: &DescribeStream,
    repeat_cursor: bool,
) -> Result<Bytes, WireError> {
    let (table, stream) = view.stream(required(request.stream_arn.as_deref(), "streamArn")?)?;
    let page_max = limit(request.limit, table.spec.listing.page_size)?;
    let parent = child_filter(stream, request)?;
    let after = request.exclusive_start_shard_id.as_deref();
    let mut description = head(view, table, stream);
    if after.is_none() && table.spec.listing.empty_first_page {
        description.insert("Shards".to_owned(), json!([]));
        description.insert("LastEvaluatedShardId".to_owned(), json!(BEFORE_ALL));
        return Ok(Bytes::from(json!({ "StreamDescription": description }).to_string()));
    }
    // One more than the page holds tells whether it is the last.
    let rest: Vec<usize> =
        listing(view, table, stream, &Wanted { parent, after }).take(page_max + 1).collect();
    let page: Vec<Value> = rest.iter().take(page_max).map(|index| shard(view, stream, *index)).collect();
    let id = |index: Option<&usize>| {
        index.and_then(|index| stream.shards.get(*index)).map(|shard| shard.id.as_str())
    };
    let last = id(rest.get(page_max.saturating_sub(1))).filter(|_| rest.len() > page_max);
    let cursor = if repeat_cursor { after.or_else(|| id(rest.first())) } else { last };
    description.insert("Shards".to_owned(), page.into());
    if let Some(cursor) = cursor {
        description.insert("LastEvaluatedShardId".to_owned(), json!(cursor));
    }
    Ok(Bytes::from(json!({ "StreamDescription": description }).to_string()))
}

fn child_filter(stream: &StreamState, request: &DescribeStream) -> Result<Option<usize>, WireError> {
    let Some(filter) = &request.shard_filter else { return Ok(None) };
    if filter.r#type.as_deref() != Some("CHILD_SHARDS") {
        return Err(WireError::validation(
            "Value at 'shardFilter.type' failed to satisfy constraint: Member must satisfy enum value set: [CHILD_SHARDS]",
        ));
    }
    let id = required(filter.shard_id.as_deref(), "shardFilter.shardId")?;
    stream.shard_by_id(id).map(Some).ok_or_else(|| shard_not_found(stream, id))
}

/// Which shards a listing shows.
struct Wanted<'a> {
    /// Only the children of this one.
    parent: Option<usize>,
    /// The cursor: it need not be listed any more, what counts is its place in the order.
    after: Option<&'a str>,
}

/// Shards by birth order, in the order in which they are listed.
fn listing<'a>(
    view: View<'a>,
    table: &'a TableState,
    stream: &'a StreamState,
    wanted: &Wanted<'_>,
) -> impl Iterator<Item = usize> + use<'a> {
    let backwards = table.spec.listing.order == ListingOrder::ChildrenFirst;
    let after = wanted.after.filter(|cursor| *cursor != BEFORE_ALL);
    let parent = wanted.parent;
    stream.in_order(after, backwards).filter(move |index| {
        stream.shards.get(*index).is_some_and(|shard| {
            shard.listed_from_ms <= view.now_ms
                && view.shard_exists(table, *index, shard)
                && (parent.is_none() || shard.parent == parent)
        })
    })
}

fn head(view: View<'_>, table: &TableState, stream: &StreamState) -> Map<String, Value> {
    let head = [
        ("StreamArn", json!(stream.arn)),
        ("StreamLabel", json!(stream.label)),
        ("StreamStatus", json!(stream.status(view.now_ms))),
        ("StreamViewType", json!(stream.view_type)),
        ("CreationRequestDateTime", json!(stream.created_ms as f64 / 1_000.0)),
        ("TableName", json!(table.spec.name)),
        ("KeySchema", key_schema(&table.spec)),
    ];
    head.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn shard(view: View<'_>, stream: &StreamState, index: usize) -> Value {
    let Some(shard) = stream.shards.get(index) else { return Value::Null };
    let mut range = Map::new();
    range.insert("StartingSequenceNumber".to_owned(), json!(shard.starting.to_string()));
    if let Some(ending) = shard.ending(view.now_ms) {
        range.insert("EndingSequenceNumber".to_owned(), json!(ending.to_string()));
    }
    let mut out = Map::new();
    out.insert("ShardId".to_owned(), json!(shard.id));
    out.insert("SequenceNumberRange".to_owned(), range.into());
    if let Some(parent) = shard.parent.and_then(|parent| stream.shards.get(parent)) {
        out.insert("ParentShardId".to_owned(), json!(parent.id));
    }
    out.into()
}
