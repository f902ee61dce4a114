//! DynamoDB values as texts that are equal if the values are.
//!
//! The service promises no order of a map's members and a set's elements, and JSON has several spellings of one text; so
//! two images are compared as values. What is no DynamoDB JSON has no digest, and nothing is said of it.

use sealog_chain::sha256;
use serde_json::{Map, Value};

/// Values within values; the service allows 32.
const DEPTH_MAX: usize = 40;

/// Digest of an item or its keys: an object whose members are attribute values.
pub(super) fn digest(text: &str) -> Option<[u8; 16]> {
    let Value::Object(item) = serde_json::from_str(text).ok()? else { return None };
    let mut out = Vec::with_capacity(text.len() + 16);
    members(&item, DEPTH_MAX, &mut out)?;
    sha256(&out).0.first_chunk().copied()
}

fn members(map: &Map<String, Value>, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    count(map.len(), out);
    // Whether the map is sorted depends on how the JSON library was built.
    let mut map: Vec<_> = map.iter().collect();
    map.sort_unstable_by_key(|(name, _)| *name);
    for (name, value) in map {
        text(name, out);
        attribute(value, depth, out)?;
    }
    Some(())
}

/// One attribute value: an object with one member, the type's letters.
fn attribute(value: &Value, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let object = value.as_object().filter(|object| object.len() == 1)?;
    let (kind, value) = object.iter().next()?;
    text(kind, out);
    match kind.as_str() {
        "S" | "N" | "B" => text(value.as_str()?, out),
        "BOOL" | "NULL" => out.push(u8::from(value.as_bool()?)),
        "SS" | "NS" | "BS" => {
            let mut elements = value.as_array()?.iter().map(Value::as_str).collect::<Option<Vec<_>>>()?;
            elements.sort_unstable();
            count(elements.len(), out);
            elements.into_iter().for_each(|element| text(element, out));
        }
        "L" => {
            let elements = value.as_array()?;
            count(elements.len(), out);
            for element in elements {
                attribute(element, depth, out)?;
            }
        }
        "M" => members(value.as_object()?, depth, out)?,
        _ => return None,
    }
    Some(())
}

fn text(text: &str, out: &mut Vec<u8>) {
    count(text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

fn count(count: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&(count as u64).to_be_bytes());
}
