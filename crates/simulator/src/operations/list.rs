//! ListStreams.

use bytes::Bytes;
use serde_json::{Value, json};

use super::View;
use super::request::{ListStreams, limit};
use crate::reply::WireError;

/// Streams that were switched off stay in the list while they can be read. A table without one gives an empty list.
pub(crate) fn list_streams(view: View<'_>, request: &ListStreams) -> Result<Bytes, WireError> {
    let limit = limit(request.limit, 100)?;
    let mut streams: Vec<_> = view
        .tables
        .iter()
        .filter(|table| request.table_name.as_ref().is_none_or(|name| *name == table.spec.name))
        .flat_map(|table| table.streams.iter().map(move |stream| (table, stream)))
        .filter(|(_, stream)| stream.exists(view.horizon_ms()))
        .collect();
    streams.sort_by(|(_, a), (_, b)| a.arn.cmp(&b.arn));
    let after = request.exclusive_start_stream_arn.as_deref().unwrap_or_default();
    let rest: Vec<_> = streams.into_iter().filter(|(_, stream)| stream.arn.as_str() > after).collect();
    let page: Vec<Value> = rest
        .iter()
        .take(limit)
        .map(|(table, stream)| {
            json!({ "StreamArn": stream.arn, "TableName": table.spec.name, "StreamLabel": stream.label })
        })
        .collect();
    let mut body = json!({ "Streams": page });
    if rest.len() > limit
        && let (Some((_, last)), Some(body)) = (rest.get(limit - 1), body.as_object_mut())
    {
        body.insert("LastEvaluatedStreamArn".to_owned(), json!(last.arn));
    }
    Ok(Bytes::from(body.to_string()))
}
