//! Records from files: what a Lambda function is sent, what the service and the AWS command line answer, exports of a
//! table to S3.
//!
//! A file is any number of JSON values one after the other (lines, or pretty-printed), each of which is one of:
//! a record (`{"eventName":…,"dynamodb":{…}}`), an event or a reply (`{"Records":[…]}`), an array of records, a line of
//! a full export (`{"Item":{…}}`) or of an incremental export (`{"Metadata":{…},"Keys":{…},"NewImage":{…}}`).
//! Images stay as they are written. At most one value is in memory.

use std::io::Read;

use sealog_record::ChangeRecord;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::KitError;

/// One change, with everything that a filter can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// Place in the shard; where the file has none, its number in the file, from 1.
    pub sequence: String,
    /// INSERT, MODIFY or REMOVE.
    pub event_name: Option<String>,
    /// Milliseconds since 1970-01-01 UTC.
    pub created_at: Option<i64>,
    /// `userIdentity.type`.
    pub identity_type: Option<String>,
    /// `userIdentity.principalId`.
    pub identity_principal: Option<String>,
    /// DynamoDB JSON.
    pub keys: Option<String>,
    /// DynamoDB JSON.
    pub old_image: Option<String>,
    /// DynamoDB JSON.
    pub new_image: Option<String>,
}

impl Change {
    /// What the host is shown.
    #[must_use]
    pub fn as_record(&self) -> ChangeRecord<'_> {
        ChangeRecord {
            sequence_number: &self.sequence,
            event_name: self.event_name.as_deref(),
            created_at: self.created_at,
            user_identity_type: self.identity_type.as_deref(),
            user_identity_principal_id: self.identity_principal.as_deref(),
            keys: self.keys.as_deref(),
            old_image: self.old_image.as_deref(),
            new_image: self.new_image.as_deref(),
            ..ChangeRecord::default()
        }
    }
}

/// The records of one file, in order.
pub struct Input<R: Read> {
    name: String,
    values: serde_json::StreamDeserializer<'static, serde_json::de::IoRead<R>, Box<RawValue>>,
    ready: std::vec::IntoIter<Change>,
    records: u64,
    failed: bool,
}

impl<R: Read> Input<R> {
    /// Reads from `reader`; `name` is what errors call it. The reader should be buffered.
    pub fn new(name: &str, reader: R) -> Self {
        let values = serde_json::Deserializer::from_reader(reader).into_iter();
        Self { name: name.to_owned(), values, ready: Vec::new().into_iter(), records: 0, failed: false }
    }

    fn fail(&mut self, why: &dyn std::fmt::Display) -> KitError {
        self.failed = true;
        KitError::Input {
            place: format!("{}, behind record {}", self.name, self.records),
            why: why.to_string(),
        }
    }
}

impl<R: Read> Iterator for Input<R> {
    type Item = Result<Change, KitError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.failed {
            if let Some(change) = self.ready.next() {
                self.records += 1;
                return Some(Ok(change));
            }
            let value = match self.values.next()? {
                Ok(value) => value,
                Err(error) => return Some(Err(self.fail(&error))),
            };
            match changes(value.get(), self.records) {
                Ok(changes) => self.ready = changes.into_iter(),
                Err(why) => return Some(Err(self.fail(&why))),
            }
        }
        None
    }
}

/// All records of a text.
///
/// # Errors
/// [`KitError::Input`].
pub fn changes_of(name: &str, text: &str) -> Result<Vec<Change>, KitError> {
    Input::new(name, text.as_bytes()).collect()
}

/// Everything that a value may have; which of it is there tells what the value is.
#[derive(Deserialize)]
struct Value<'a> {
    #[serde(rename = "Records", borrow)]
    records: Option<Vec<&'a RawValue>>,
    #[serde(rename = "eventName")]
    event_name: Option<String>,
    #[serde(rename = "userIdentity")]
    user_identity: Option<Identity>,
    #[serde(borrow)]
    dynamodb: Option<Images<'a>>,
    #[serde(rename = "Item", borrow)]
    item: Option<&'a RawValue>,
    #[serde(rename = "Metadata")]
    metadata: Option<Metadata>,
    #[serde(rename = "Keys", borrow)]
    keys: Option<&'a RawValue>,
    #[serde(rename = "OldImage", borrow)]
    old_image: Option<&'a RawValue>,
    #[serde(rename = "NewImage", borrow)]
    new_image: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Identity {
    #[serde(rename = "type", alias = "Type")]
    kind: Option<String>,
    #[serde(rename = "principalId", alias = "PrincipalId")]
    principal: Option<String>,
}

#[derive(Deserialize)]
struct Images<'a> {
    #[serde(rename = "SequenceNumber")]
    sequence: Option<String>,
    #[serde(rename = "ApproximateCreationDateTime")]
    created: Option<Created>,
    #[serde(rename = "Keys", borrow)]
    keys: Option<&'a RawValue>,
    #[serde(rename = "OldImage", borrow)]
    old_image: Option<&'a RawValue>,
    #[serde(rename = "NewImage", borrow)]
    new_image: Option<&'a RawValue>,
}

/// Seconds in events and replies, text in what the AWS command line prints.
#[derive(Deserialize)]
#[serde(untagged)]
enum Created {
    Seconds(f64),
    Text(String),
}

#[derive(Deserialize)]
struct Metadata {
    #[serde(rename = "WriteTimestampMicros")]
    written: Option<Number>,
}

#[derive(Deserialize)]
struct Number {
    #[serde(rename = "N")]
    digits: String,
}

/// The records of one value; `before` records came earlier in the file.
fn changes(text: &str, before: u64) -> Result<Vec<Change>, String> {
    if text.starts_with('[') {
        let values: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        return several(&values, before);
    }
    let value: Value<'_> = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if let Some(records) = &value.records {
        return several(records, before);
    }
    let place = before + 1;
    let change = match (value.dynamodb, value.item) {
        (Some(images), _) => streamed(value.event_name, value.user_identity, images, place),
        (None, Some(item)) => Ok(Change {
            sequence: place.to_string(),
            event_name: Some("INSERT".to_owned()),
            new_image: Some(item.get().to_owned()),
            ..Change::default()
        }),
        (None, None) if value.keys.is_some() || value.metadata.is_some() => Ok(Change {
            sequence: place.to_string(),
            event_name: Some(kind(value.old_image.is_some(), value.new_image.is_some()).to_owned()),
            created_at: value
                .metadata
                .and_then(|metadata| metadata.written?.digits.parse::<i64>().ok())
                .map(|micros| micros / 1000),
            keys: owned(value.keys),
            old_image: owned(value.old_image),
            new_image: owned(value.new_image),
            ..Change::default()
        }),
        (None, None) => Err(format!(
            "this is no record: {}; expected is a record with \"dynamodb\", an event with \"Records\", or a line of an export",
            text.chars().take(80).collect::<String>()
        )),
    }?;
    for image in [&change.keys, &change.old_image, &change.new_image].into_iter().flatten() {
        if !image.starts_with('{') {
            return Err(format!(
                "an image should be an object of attributes, found {}",
                image.chars().take(40).collect::<String>()
            ));
        }
    }
    Ok(vec![change])
}

fn several(values: &[&RawValue], before: u64) -> Result<Vec<Change>, String> {
    let mut all = Vec::new();
    for value in values {
        if value.get().starts_with('[') {
            return Err("an array in an array holds no records".to_owned());
        }
        all.extend(changes(value.get(), before + all.len() as u64)?);
    }
    Ok(all)
}

fn streamed(
    name: Option<String>,
    by: Option<Identity>,
    images: Images<'_>,
    place: u64,
) -> Result<Change, String> {
    let sequence = images.sequence.unwrap_or_else(|| place.to_string());
    let parsed: Result<sealog_record::SequenceNumber, _> = sequence.parse();
    parsed.map_err(|error| error.to_string())?;
    let (identity_type, identity_principal) = by.map_or((None, None), |by| (by.kind, by.principal));
    Ok(Change {
        event_name: name
            .or_else(|| Some(kind(images.old_image.is_some(), images.new_image.is_some()).to_owned())),
        sequence,
        created_at: images.created.map(|created| created.milliseconds()).transpose()?,
        identity_type,
        identity_principal,
        keys: owned(images.keys),
        old_image: owned(images.old_image),
        new_image: owned(images.new_image),
    })
}

/// What happened, as far as images tell: without a new one, the item is gone.
fn kind(old: bool, new: bool) -> &'static str {
    match (old, new) {
        (true, true) => "MODIFY",
        (false, true) => "INSERT",
        (_, false) => "REMOVE",
    }
}

fn owned(image: Option<&RawValue>) -> Option<String> {
    image.map(|image| image.get().to_owned())
}

impl Created {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "saturating, and no time that a service sends is near the limits"
    )]
    fn milliseconds(&self) -> Result<i64, String> {
        match self {
            Self::Seconds(seconds) => Ok((seconds * 1000.0).round() as i64),
            Self::Text(text) => {
                let time: Result<jiff::Timestamp, _> = text.parse();
                time.map(jiff::Timestamp::as_millisecond).map_err(|error| error.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Change {
        let mut changes = changes_of("test", text).unwrap();
        assert_eq!(changes.len(), 1);
        changes.remove(0)
    }

    #[test]
    fn a_record_of_a_lambda_event_is_taken_as_it_is() {
        let text = r#"{"Records":[{"eventID":"e","eventName":"REMOVE","userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"},
            "dynamodb":{"SequenceNumber":"222","ApproximateCreationDateTime":1.4794997415E9,"Keys":{"a":{"N": "1"}},"OldImage":{"a":{"N": "1"}},"NewImage":null}}]}"#;
        let change = one(text);
        assert_eq!(
            (change.sequence.as_str(), change.event_name.as_deref(), change.created_at),
            ("222", Some("REMOVE"), Some(1_479_499_741_500))
        );
        assert_eq!(
            (change.identity_type.as_deref(), change.identity_principal.as_deref()),
            (Some("Service"), Some("dynamodb.amazonaws.com"))
        );
        assert_eq!(change.keys.as_deref(), Some(r#"{"a":{"N": "1"}}"#), "verbatim, with its blank");
        assert_eq!(change.new_image, None);
        assert_eq!(change.as_record().old_image, change.old_image.as_deref());
    }

    #[test]
    fn replies_of_the_command_line_have_texts_as_times() {
        let change = one(
            r#"[{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","ApproximateCreationDateTime":"2026-11-22T10:15:30+00:00","NewImage":{}}}]"#,
        );
        assert_eq!(change.created_at, Some(1_795_342_530_000));
    }

    #[test]
    fn lines_of_exports_are_records_too() {
        let text = "{\"Item\":{\"a\":{\"S\":\"x\"}}}\n\
            {\"Metadata\":{\"WriteTimestampMicros\":{\"N\":\"1680109764000123\"}},\"Keys\":{\"a\":{\"S\":\"y\"}},\"OldImage\":{\"a\":{\"S\":\"y\"}},\"NewImage\":{\"a\":{\"S\":\"y\"}}}\n\
            {\"Metadata\":{\"WriteTimestampMicros\":{\"N\":\"1680109764000123\"}},\"Keys\":{\"a\":{\"S\":\"z\"}}}\n";
        let changes = changes_of("export", text).unwrap();
        let seen: Vec<_> = changes
            .iter()
            .map(|change| (change.sequence.as_str(), change.event_name.as_deref(), change.created_at))
            .collect();
        assert_eq!(
            seen,
            [
                ("1", Some("INSERT"), None),
                ("2", Some("MODIFY"), Some(1_680_109_764_000)),
                ("3", Some("REMOVE"), Some(1_680_109_764_000))
            ]
        );
        assert_eq!(changes[0].new_image.as_deref(), Some(r#"{"a":{"S":"x"}}"#));
        assert_eq!(changes[2].keys.as_deref(), Some(r#"{"a":{"S":"z"}}"#));
    }

    #[test]
    fn what_is_no_record_is_named_by_its_place_and_nothing_behind_it_is_read() {
        let good = r#"{"eventName":"INSERT","dynamodb":{"SequenceNumber":"1","NewImage":{}}}"#;
        for (bad, expected) in [
            ("{\"a\":1}", "this is no record"),
            ("{", "key must be a string"),
            ("7", "invalid type"),
            (r#"{"dynamodb":{"SequenceNumber":"x"}}"#, "sequence number"),
            (r#"{"Item":[]}"#, "should be an object"),
            ("[[]]", "array in an array"),
        ] {
            let read: Vec<_> = Input::new("in.json", format!("{good}\n{bad}\n{good}").as_bytes()).collect();
            assert_eq!(read.len(), 2, "{bad}");
            assert!(read[0].is_ok());
            let error = read[1].as_ref().unwrap_err().to_string();
            assert!(error.starts_with("in.json, behind record 1") && error.contains(expected), "{error}");
        }
        assert_eq!(changes_of("empty", " \n").unwrap(), []);
    }
}
