//! A second reading of a page, built on `serde_json::value::RawValue`: slow, plain, and independent of the scanner.

use std::collections::BTreeMap;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::record::UNKNOWN_MAX;
use super::scan::LEVELS_MAX;
use super::{RECORDS_MAX, time};

/// The known texts and integers of a record by column name, or `extra` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OracleRecord {
    pub(super) columns: BTreeMap<&'static str, String>,
    pub(super) unreadable: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OraclePage {
    pub(super) next_iterator: Option<String>,
    pub(super) records: Vec<OracleRecord>,
}

struct Member<'a> {
    raw_name: &'a str,
    name: Option<String>,
    value: &'a str,
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<Member<'de>>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<&RawValue>()? {
            let value = map.next_value::<&RawValue>()?;
            members.push(Member { raw_name: name.get(), name: text(name.get()), value: value.get() });
        }
        Ok(members)
    }
}

fn members(raw: &str) -> Option<Vec<Member<'_>>> {
    let mut deserializer = serde_json::Deserializer::from_str(raw);
    let members = deserializer.deserialize_map(Members).ok()?;
    deserializer.end().ok()?;
    Some(members)
}

fn text(raw: &str) -> Option<String> {
    serde_json::from_str(raw).ok()
}

/// Containers that are open at once, at most.
fn levels(raw: &str) -> u32 {
    let (mut open, mut most, mut quoted, mut escaped) = (0_u32, 0, false, false);
    for byte in raw.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                open += 1;
                most = most.max(open);
            }
            b'}' | b']' if !quoted => open -= 1,
            _ => {}
        }
    }
    most
}

fn bounded(raw: &str) -> Option<&str> {
    (levels(raw) <= LEVELS_MAX).then_some(raw)
}

/// `None`: refused.
pub(super) fn page(body: &[u8]) -> Option<OraclePage> {
    let body = std::str::from_utf8(body).ok()?;
    let (mut records, mut next_iterator) = (None, None);
    for member in members(body)? {
        let name = member.name.as_deref().unwrap_or("");
        if name == "Records" {
            if records.replace(self::records(member.value)?).is_some() {
                return None;
            }
        } else if name == "NextShardIterator" {
            bounded(member.value)?;
            let value = if member.value == "null" { None } else { Some(text(member.value)?) };
            if next_iterator.replace(value).is_some() {
                return None;
            }
        } else {
            bounded(member.value)?;
        }
    }
    Some(OraclePage { next_iterator: next_iterator.flatten(), records: records.unwrap_or_default() })
}

fn records(raw: &str) -> Option<Vec<OracleRecord>> {
    if raw == "null" {
        return Some(Vec::new());
    }
    let elements: Vec<&RawValue> = serde_json::from_str(raw).ok()?;
    if elements.len() > RECORDS_MAX {
        return None;
    }
    elements.into_iter().map(|element| record(element.get())).collect()
}

const TEXTS: [(&str, &str, &str); 10] = [
    ("", "eventID", "event_id"),
    ("", "eventName", "event_name"),
    ("", "eventVersion", "event_version"),
    ("", "eventSource", "event_source"),
    ("", "awsRegion", "aws_region"),
    ("dynamodb", "StreamViewType", "stream_view_type"),
    ("userIdentity", "Type", "user_identity_type"),
    ("userIdentity", "type", "user_identity_type"),
    ("userIdentity", "PrincipalId", "user_identity_principal_id"),
    ("userIdentity", "principalId", "user_identity_principal_id"),
];

const IMAGES: [(&str, &str); 3] = [("Keys", "keys"), ("OldImage", "old_image"), ("NewImage", "new_image")];

#[derive(Default)]
struct Building {
    columns: BTreeMap<&'static str, String>,
    seen: Vec<String>,
    unreadable: bool,
    sequences: usize,
    malformed: bool,
    unknown: BTreeMap<&'static str, Vec<String>>,
}

fn record(raw: &str) -> Option<OracleRecord> {
    let mut building = Building::default();
    building.object("", raw)?;
    if building.sequences != 1 || building.malformed || !building.columns.contains_key("sequence_number") {
        return None;
    }
    if building.unreadable {
        building.columns.retain(|column, _| *column == "sequence_number");
        building.columns.insert("extra", raw.to_owned());
    } else if let Some(extra) = building.extra() {
        building.columns.insert("extra", extra);
    }
    Some(OracleRecord { columns: building.columns, unreadable: building.unreadable })
}

impl Building {
    fn object(&mut self, place: &'static str, raw: &str) -> Option<()> {
        if !raw.starts_with('{') {
            self.unreadable |= raw != "null";
            return bounded(raw).map(|_| ());
        }
        for member in members(raw)? {
            let known = member.name.as_deref().unwrap_or("");
            match (place, known) {
                ("", "dynamodb") => {
                    self.note("dynamodb");
                    self.object("dynamodb", member.value)?;
                }
                ("", "userIdentity") => {
                    self.note("userIdentity");
                    self.object("userIdentity", member.value)?;
                }
                _ => {
                    bounded(member.value)?;
                    self.leaf(place, known, &member);
                }
            }
        }
        Some(())
    }

    fn note(&mut self, name: &str) {
        self.unreadable |= self.seen.iter().any(|seen| seen == name);
        self.seen.push(name.to_owned());
    }

    fn leaf(&mut self, place: &'static str, known: &str, member: &Member<'_>) {
        let value = member.value;
        let as_text = TEXTS.iter().find(|(at, name, _)| *at == place && *name == known);
        let as_image = IMAGES.iter().find(|(name, _)| place == "dynamodb" && *name == known);
        if let Some((_, _, column)) = as_text {
            self.note(column);
            self.put(column, value, text(value));
        } else if let Some((_, column)) = as_image {
            self.note(column);
            self.put(column, value, value.starts_with('{').then(|| value.to_owned()));
        } else if (place, known) == ("dynamodb", "SequenceNumber") {
            self.sequences += 1;
            let digits =
                text(value).filter(|t| (1..=40).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit()));
            self.malformed |= digits.is_none() && value != "null";
            self.columns.extend(digits.map(|digits| ("sequence_number", digits)));
        } else if (place, known) == ("dynamodb", "SizeBytes") {
            self.note("size_bytes");
            self.put("size_bytes", value, value.parse::<i64>().ok().map(|n| n.to_string()));
        } else if (place, known) == ("dynamodb", "ApproximateCreationDateTime") {
            self.note("created_at");
            self.time(member);
        } else {
            self.keep(place, member);
        }
    }

    fn put(&mut self, column: &'static str, raw: &str, value: Option<String>) {
        self.unreadable |= value.is_none() && raw != "null";
        self.columns.extend(value.map(|value| (column, value)));
    }

    fn time(&mut self, member: &Member<'_>) {
        if !member.value.starts_with(|c: char| c == '-' || c.is_ascii_digit()) {
            self.unreadable |= member.value != "null";
            return;
        }
        let millis = time::millis(member.value);
        self.columns.extend(millis.floor.map(|floor| ("created_at", floor.to_string())));
        if !millis.exact {
            self.keep("dynamodb", member);
        }
    }

    fn keep(&mut self, place: &'static str, member: &Member<'_>) {
        let kept: usize = self.unknown.values().map(Vec::len).sum();
        self.unreadable |= kept == UNKNOWN_MAX;
        if kept < UNKNOWN_MAX {
            self.unknown.entry(place).or_default().push(format!("{}:{}", member.raw_name, member.value));
        }
    }

    fn extra(&self) -> Option<String> {
        let mut parts = self.unknown.get("").cloned().unwrap_or_default();
        for place in ["dynamodb", "userIdentity"] {
            if let Some(members) = self.unknown.get(place) {
                let mut nested = String::new();
                nested.extend(["\"", place, "\":{", &members.join(","), "}"]);
                parts.push(nested);
            }
        }
        (!parts.is_empty()).then(|| format!("{{{}}}", parts.join(",")))
    }
}
