//! One record: its JSON is rendered once, when it is written, and copied into pages from then on.

use std::ops::Range;

use bytes::Bytes;
use sealog_record::ViewType;

use super::Sequence;
use crate::scenario::CreatedAt;

/// Who made a change, where the service says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// `PrincipalId`, such as `dynamodb.amazonaws.com`.
    pub principal_id: String,
    /// `Type`, such as `Service`.
    pub kind: String,
}

impl Identity {
    /// What TTL deletes carry.
    #[must_use]
    pub fn ttl() -> Self {
        Self { principal_id: "dynamodb.amazonaws.com".to_owned(), kind: "Service".to_owned() }
    }
}

/// A change before it is rendered; images are JSON objects of typed attributes.
pub(crate) struct Change<'a> {
    pub(crate) keys: &'a str,
    pub(crate) old: Option<&'a str>,
    pub(crate) new: Option<&'a str>,
    pub(crate) identity: Option<&'a Identity>,
    pub(crate) at_ms: i64,
    pub(crate) unreadable: bool,
}

/// What stays the same in all records of a stream.
pub(crate) struct RecordStyle<'a> {
    pub(crate) region: &'a str,
    pub(crate) event_version: &'a str,
    pub(crate) created_at: CreatedAt,
    pub(crate) clock_skew_ms: i64,
    pub(crate) unknown_members: bool,
    pub(crate) view_type: ViewType,
}

#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) sequence: Sequence,
    pub(crate) at_ms: i64,
    pub(crate) json: Bytes,
    keys: Range<usize>,
    old: Option<Range<usize>>,
    new: Option<Range<usize>>,
}

impl Record {
    pub(crate) fn keys(&self) -> &[u8] {
        self.json.get(self.keys.clone()).unwrap_or_default()
    }

    pub(crate) fn old_image(&self) -> Option<&[u8]> {
        self.json.get(self.old.clone()?)
    }

    pub(crate) fn new_image(&self) -> Option<&[u8]> {
        self.json.get(self.new.clone()?)
    }

    /// Renders a change as the service spells it.
    pub(crate) fn render(
        sequence: Sequence,
        event_id: u128,
        change: &Change<'_>,
        style: &RecordStyle<'_>,
    ) -> Self {
        let (with_old, with_new) = match style.view_type {
            ViewType::KeysOnly => (false, false),
            ViewType::NewImage => (false, true),
            ViewType::OldImage => (true, false),
            ViewType::NewAndOldImages => (true, true),
        };
        let old = change.old.filter(|_| with_old);
        let new = change.new.filter(|_| with_new);
        let images = old.map_or(0, str::len) + new.map_or(0, str::len);
        let mut out = String::with_capacity(images + change.keys.len() + 480);
        out.push_str("{\"awsRegion\":\"");
        out.push_str(style.region);
        out.push_str("\",\"dynamodb\":{");
        created_at(&mut out, change.at_ms.saturating_add(style.clock_skew_ms), style.created_at);
        out.push_str("\"Keys\":");
        let keys = put(&mut out, change.keys);
        let new = new.map(|image| member(&mut out, ",\"NewImage\":", image));
        let old = old.map(|image| member(&mut out, ",\"OldImage\":", image));
        let size = change.keys.len() + images;
        let size = if change.unreadable { format!("\"{size} bytes\"") } else { size.to_string() };
        let unknown = if style.unknown_members { UNKNOWN_INNER } else { "" };
        for text in [",\"SequenceNumber\":\"", &sequence.to_string(), "\",\"SizeBytes\":", &size, unknown] {
            out.push_str(text);
        }
        for text in [",\"StreamViewType\":\"", style.view_type.as_str(), "\"},"] {
            out.push_str(text);
        }
        envelope(&mut out, event_id, change, style);
        Self { sequence, at_ms: change.at_ms, json: Bytes::from(out), keys, old, new }
    }
}

/// Members of a future service: an object and a text, with white space that a copy must keep.
const UNKNOWN_INNER: &str = ",\"CommitContext\": { \"Region\" : \"eu-west-1\" }";
const UNKNOWN_OUTER: &str = ",\"eventPartition\": \"p-7\"";

/// What stands around `dynamodb`, to the end of the record.
fn envelope(out: &mut String, event_id: u128, change: &Change<'_>, style: &RecordStyle<'_>) {
    let event = match (change.old, change.new) {
        (None, _) => "INSERT",
        (Some(_), Some(_)) => "MODIFY",
        (Some(_), None) => "REMOVE",
    };
    let id = format!("{event_id:032x}");
    for text in ["\"eventID\":\"", &id, "\",\"eventName\":\"", event, "\",\"eventSource\":\"aws:dynamodb\","]
    {
        out.push_str(text);
    }
    for text in ["\"eventVersion\":\"", style.event_version, "\""] {
        out.push_str(text);
    }
    if let Some(Identity { principal_id, kind }) = change.identity {
        let json = |text: &str| serde_json::Value::from(text).to_string();
        let (principal_id, kind) = (json(principal_id), json(kind));
        for text in [",\"userIdentity\":{\"PrincipalId\":", &principal_id, ",\"Type\":", &kind, "}"] {
            out.push_str(text);
        }
    }
    out.push_str(if style.unknown_members { UNKNOWN_OUTER } else { "" });
    out.push('}');
}

fn put(out: &mut String, json: &str) -> Range<usize> {
    let start = out.len();
    out.push_str(json);
    start..out.len()
}

fn member(out: &mut String, name: &str, json: &str) -> Range<usize> {
    out.push_str(name);
    put(out, json)
}

/// The service rounds down to the second.
fn created_at(out: &mut String, at_ms: i64, style: CreatedAt) {
    let seconds = at_ms.div_euclid(1_000).to_string();
    let text = match style {
        CreatedAt::Absent => return,
        CreatedAt::Integer => seconds,
        CreatedAt::Exponent => exponent(&seconds),
    };
    out.push_str("\"ApproximateCreationDateTime\":");
    out.push_str(&text);
    out.push(',');
}

/// `1764489600` as `1.7644896E9`.
fn exponent(digits: &str) -> String {
    let power = digits.len().saturating_sub(1);
    let (first, rest) = digits.split_at_checked(1).unwrap_or((digits, ""));
    let fraction = rest.trim_end_matches('0');
    if fraction.is_empty() { format!("{first}.0E{power}") } else { format!("{first}.{fraction}E{power}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(change: &Change<'_>, view_type: ViewType) -> Record {
        let style = RecordStyle {
            region: "r",
            event_version: "1.1",
            created_at: CreatedAt::Integer,
            clock_skew_ms: 2_000,
            unknown_members: false,
            view_type,
        };
        Record::render(Sequence::default(), 2, change, &style)
    }

    #[test]
    fn each_view_type_carries_its_images_and_no_other() {
        let change = Change {
            keys: "{}",
            old: Some("{\"o\":1}"),
            new: Some("{\"n\":1}"),
            identity: None,
            at_ms: 0,
            unreadable: false,
        };
        for (view, old, new) in [
            (ViewType::KeysOnly, false, false),
            (ViewType::NewImage, false, true),
            (ViewType::OldImage, true, false),
            (ViewType::NewAndOldImages, true, true),
        ] {
            let record = render(&change, view);
            assert_eq!((record.old_image().is_some(), record.new_image().is_some()), (old, new), "{view}");
            let text = std::str::from_utf8(&record.json).unwrap();
            assert_eq!((text.contains("OldImage"), text.contains("NewImage")), (old, new), "{view}");
        }
    }

    #[test]
    fn the_parts_are_the_bytes_in_the_record() {
        let identity = Identity::ttl();
        let change = Change {
            keys: "{\"k\":{\"S\":\"1\"}}",
            old: Some("{\"o\":1}"),
            new: None,
            identity: Some(&identity),
            at_ms: 1_999,
            unreadable: false,
        };
        let record = render(&change, ViewType::NewAndOldImages);
        assert_eq!(record.keys(), change.keys.as_bytes());
        assert_eq!(record.old_image(), Some("{\"o\":1}".as_bytes()));
        let value: serde_json::Value = serde_json::from_slice(&record.json).unwrap();
        assert_eq!(value["eventName"], "REMOVE");
        assert_eq!(
            value["dynamodb"]["ApproximateCreationDateTime"], 3,
            "skewed by two seconds, rounded down"
        );
        assert_eq!(value["userIdentity"]["PrincipalId"], "dynamodb.amazonaws.com");
    }

    #[test]
    fn exponents_keep_the_number() {
        assert_eq!(exponent("1764489600"), "1.7644896E9");
        assert_eq!(exponent("2000000000"), "2.0E9");
        assert_eq!(exponent("1764489601").parse::<f64>().unwrap(), 1_764_489_601.0);
    }
}
