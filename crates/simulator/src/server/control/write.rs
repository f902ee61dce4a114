//! A write as JSON: `{"keys": {...}, "image": {...} or null, "identity": {"PrincipalId": ..., "Type": ...}}`.
//!
//! The image goes into records byte for byte. The keys are spelled anew, so that one item has one spelling.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::scenario::TableSpec;
use crate::world::{Identity, Write};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WriteRequest<'a> {
    keys: BTreeMap<String, Value>,
    #[serde(borrow)]
    image: &'a RawValue,
    identity: Option<IdentityRequest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct IdentityRequest {
    principal_id: String,
    r#type: String,
}

/// The write, or what is wrong with the text.
pub(super) fn parse(table: &TableSpec, body: &[u8]) -> Result<Write, String> {
    let request: WriteRequest<'_> =
        serde_json::from_slice(body).map_err(|e| format!("the body is not a write: {e}"))?;
    let names: Vec<&str> =
        std::iter::once(&table.hash_key).chain(&table.range_key).map(String::as_str).collect();
    if request.keys.len() != names.len() || !names.iter().all(|name| request.keys.contains_key(*name)) {
        return Err(format!("keys must be exactly those of the table: {}", names.join(", ")));
    }
    let image = match request.image.get() {
        "null" => None,
        image => Some(checked_image(image, &request.keys)?),
    };
    let identity = request.identity.map(|it| Identity { principal_id: it.principal_id, kind: it.r#type });
    Ok(Write {
        partition: partition(table, &request.keys)?,
        keys: spelled(&names, &request.keys),
        image,
        identity,
        unreadable: false,
    })
}

/// The text inside the partition key's value, which decides about the shard.
fn partition(table: &TableSpec, keys: &BTreeMap<String, Value>) -> Result<String, String> {
    let typed = keys.get(&table.hash_key).and_then(Value::as_object).filter(|typed| typed.len() == 1);
    let text = typed.and_then(|typed| typed.iter().next()).and_then(|(kind, text)| {
        let key_type = matches!(kind.as_str(), "S" | "N" | "B");
        text.as_str().filter(|_| key_type)
    });
    text.map(str::to_owned).ok_or_else(|| format!("{} must look like {{\"S\": \"a\"}}", table.hash_key))
}

fn checked_image(image: &str, keys: &BTreeMap<String, Value>) -> Result<String, String> {
    let members: BTreeMap<String, Value> =
        serde_json::from_str(image).map_err(|e| format!("image is neither an item nor null: {e}"))?;
    match keys.iter().find(|(name, value)| members.get(*name) != Some(value)) {
        Some((name, _)) => Err(format!("the image must have the key {name} with the same value")),
        None => Ok(image.to_owned()),
    }
}

fn spelled(names: &[&str], keys: &BTreeMap<String, Value>) -> String {
    let members =
        names.iter().filter_map(|name| Some(format!("{}:{}", Value::from(*name), keys.get(*name)?)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> TableSpec {
        TableSpec { range_key: Some("at".into()), ..TableSpec::new("orders") }
    }

    #[test]
    fn an_image_stays_as_it_is_and_keys_have_one_spelling() {
        let image = r#"{ "at" : {"N":"7"}, "v":{"S":"\u0041\/"},"id":{"S":"a"}}"#;
        let body =
            format!(r#"{{"keys": {{"at": {{"N": "7"}}, "id": {{"S": "\u0061"}}}}, "image": {image}}}"#);
        let write = parse(&table(), body.as_bytes()).unwrap();
        assert_eq!(write.image.as_deref(), Some(image));
        assert_eq!(write.keys, r#"{"id":{"S":"a"},"at":{"N":"7"}}"#);
        assert_eq!((write.partition.as_str(), write.identity), ("a", None));
    }

    #[test]
    fn a_delete_by_ttl_can_be_written() {
        let body = r#"{"keys": {"id": {"S": "a"}, "at": {"N": "7"}}, "image": null,
            "identity": {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}}"#;
        let write = parse(&table(), body.as_bytes()).unwrap();
        assert_eq!((write.image, write.identity), (None, Some(Identity::ttl())));
    }

    #[test]
    fn what_is_no_write_is_refused_with_what_would_be_one() {
        for (body, problem) in [
            ("{", "not a write"),
            (r#"{"keys": {"id": {"S": "a"}, "at": {"N": "7"}}}"#, "image"),
            (r#"{"keys": {"id": {"S": "a"}}, "image": null}"#, "id, at"),
            (r#"{"keys": {"id": {"S": "a"}, "by": {"N": "7"}}, "image": null}"#, "id, at"),
            (r#"{"keys": {"id": "a", "at": {"N": "7"}}, "image": null}"#, "look like"),
            (r#"{"keys": {"id": {"BOOL": true}, "at": {"N": "7"}}, "image": null}"#, "look like"),
            (r#"{"keys": {"id": {"S": "a"}, "at": {"N": "7"}}, "image": []}"#, "neither an item nor null"),
            (r#"{"keys": {"id": {"S": "a"}, "at": {"N": "7"}}, "image": {"id": {"S": "a"}}}"#, "the key at"),
            (r#"{"keys": {"id": {"S": "a"}, "at": {"N": "7"}}, "image": null, "ttl": 1}"#, "ttl"),
        ] {
            let refused = parse(&table(), body.as_bytes()).unwrap_err();
            assert!(refused.contains(problem), "{body}: {refused}");
        }
    }
}
