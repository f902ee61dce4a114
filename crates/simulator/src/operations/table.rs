//! DescribeTable, of DynamoDB itself: what it says about the table's stream, and no more than identifies the table.
//!
//! `StreamSpecification` is there while a stream is wanted; `LatestStreamArn` and `LatestStreamLabel` stay those of the
//! newest stream, also when that is off (API reference, "TableDescription").

use bytes::Bytes;
use serde_json::{Value, json};

use super::request::{DescribeTable, required};
use super::{View, key_schema};
use crate::reply::WireError;
use crate::world::TableState;

pub(crate) fn describe_table(view: View<'_>, request: &DescribeTable) -> Result<Bytes, WireError> {
    let name = required(request.table_name.as_deref(), "tableName")?;
    let described = view.table(name).and_then(|table| Some((table, table.status(view.now_ms)?)));
    let (table, status) = described.ok_or_else(|| {
        let message = format!("Requested resource not found: Table: {name} not found");
        WireError::with("ResourceNotFoundException", message)
    })?;
    let mut description = json!({
        "TableName": table.spec.name,
        "TableArn": table.arn(),
        "TableStatus": status,
        "KeySchema": key_schema(&table.spec),
        "AttributeDefinitions": attribute_definitions(table),
        "CreationDateTime": table.created_ms() as f64 / 1_000.0,
    });
    if let (Some(stream), Some(description)) = (table.streams.last(), description.as_object_mut()) {
        if stream.is_wanted() {
            let specification = json!({ "StreamEnabled": true, "StreamViewType": stream.view_type });
            description.insert("StreamSpecification".to_owned(), specification);
        }
        description.insert("LatestStreamArn".to_owned(), json!(stream.arn));
        description.insert("LatestStreamLabel".to_owned(), json!(stream.label));
    }
    Ok(Bytes::from(json!({ "Table": description }).to_string()))
}

fn attribute_definitions(table: &TableState) -> Value {
    let mut definitions = vec![json!({ "AttributeName": table.spec.hash_key, "AttributeType": "S" })];
    if let Some(range) = &table.spec.range_key {
        definitions.push(json!({ "AttributeName": range, "AttributeType": "N" }));
    }
    definitions.into()
}
