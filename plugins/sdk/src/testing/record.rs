//! From a DynamoDB Streams record to what a filter gets to see of it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::bindings::sealog::filter::types;
use crate::{ChangeKind, Image, Value};

/// Kept as raw text: a filter gets maps, lists and sets as the service wrote them.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(rename = "eventName", default)]
    name: String,
    #[serde(rename = "userIdentity", default)]
    identity: Option<Identity>,
    #[serde(borrow)]
    dynamodb: Change<'a>,
}

/// `GetRecords` writes the names with capitals, Lambda without.
#[derive(Deserialize)]
struct Identity {
    #[serde(rename = "type", alias = "Type", default)]
    kind: String,
    #[serde(rename = "principalId", alias = "PrincipalId", default)]
    principal: String,
}

#[derive(Deserialize)]
struct Change<'a> {
    #[serde(rename = "Keys", borrow, default)]
    keys: Option<&'a RawValue>,
    #[serde(rename = "OldImage", borrow, default)]
    old_image: Option<&'a RawValue>,
    #[serde(rename = "NewImage", borrow, default)]
    new_image: Option<&'a RawValue>,
    #[serde(rename = "SequenceNumber", default)]
    sequence: Option<String>,
    #[serde(rename = "ApproximateCreationDateTime", default)]
    created: Option<serde_json::Number>,
}

/// The change, with one cell for each column.
pub(super) fn change(record: &str, columns: &[types::Column]) -> Result<types::Change, String> {
    let Record { name, identity, dynamodb } =
        serde_json::from_str(record).map_err(|error| format!("not a DynamoDB Streams record: {error}"))?;
    let cell = |column: &types::Column| {
        let image = match column.image {
            Image::Keys => dynamodb.keys,
            Image::OldImage => dynamodb.old_image,
            Image::NewImage => dynamodb.new_image,
        };
        image.map_or(Ok(Value::Absent), |image| look_up(image.get(), &column.path))
    };
    Ok(types::Change {
        kind: match name.as_str() {
            "INSERT" => ChangeKind::Insert,
            "MODIFY" => ChangeKind::Modify,
            "REMOVE" => ChangeKind::Remove,
            _ => ChangeKind::Other,
        },
        created_ms: dynamodb.created.as_ref().map(milliseconds).transpose()?,
        sequence: dynamodb.sequence.unwrap_or_else(|| "1".to_owned()),
        identity: identity.map(|Identity { kind, principal }| types::Identity { kind, principal }),
        cells: columns.iter().map(cell).collect::<Result<_, String>>()?,
    })
}

/// Seconds, perhaps with a fraction that is zero.
fn milliseconds(seconds: &serde_json::Number) -> Result<i64, String> {
    let text = seconds.to_string();
    let whole = text.split_once('.').map_or(text.as_str(), |(whole, _)| whole);
    let whole: i64 = whole.parse().map_err(|_| format!("{text} is no time in seconds"))?;
    whole.checked_mul(1_000).ok_or_else(|| format!("{text} seconds are too far away"))
}

fn look_up(image: &str, path: &[String]) -> Result<Value, String> {
    let Some((name, rest)) = path.split_first() else { return Ok(Value::Json(image.to_owned())) };
    let members: BTreeMap<String, &RawValue> = read(image)?;
    members.get(name).map_or(Ok(Value::Absent), |attribute| look_into(attribute.get(), rest))
}

fn look_into(attribute: &str, path: &[String]) -> Result<Value, String> {
    let Some((name, rest)) = path.split_first() else { return value(attribute) };
    let (kind, inner) = typed(attribute)?;
    match kind.as_str() {
        "M" => look_up(inner, path),
        "L" => {
            let elements: Vec<&RawValue> = read(inner)?;
            let element = name.parse::<usize>().ok().and_then(|index| elements.get(index));
            element.map_or(Ok(Value::Absent), |element| look_into(element.get(), rest))
        }
        _ => Ok(Value::Absent),
    }
}

fn value(attribute: &str) -> Result<Value, String> {
    let (kind, inner) = typed(attribute)?;
    Ok(match kind.as_str() {
        "S" => Value::Text(read(inner)?),
        "N" => Value::Number(read(inner)?),
        "BOOL" => Value::Boolean(read(inner)?),
        "NULL" => Value::Nil,
        "B" => Value::Bytes(
            STANDARD.decode(read::<String>(inner)?).map_err(|error| format!("{inner}: {error}"))?,
        ),
        "M" | "L" | "SS" | "NS" | "BS" => Value::Json(attribute.to_owned()),
        other => return Err(format!("unknown type {other} in {attribute}")),
    })
}

/// The type and what it holds.
fn typed(attribute: &str) -> Result<(String, &str), String> {
    let members: BTreeMap<String, &RawValue> = read(attribute)?;
    let mut members = members.into_iter();
    match (members.next(), members.next()) {
        (Some((kind, inner)), None) => Ok((kind, inner.get())),
        _ => Err(format!("not one attribute with one type: {attribute}")),
    }
}

fn read<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("{json}: {error}"))
}
