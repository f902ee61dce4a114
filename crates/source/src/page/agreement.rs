//! What must hold of the reading of any bytes: property tests and the fuzz target ask the same question.
//!
//! [`check`] compares with the oracle, which shares no scanner with the parser, and then asks for what the reader relies
//! on. Its answer is a text for the person who has to mend the parser; it may repeat what the page holds.

use std::collections::BTreeMap;

use bytes::Bytes;
use sealog_record::{ChangeRecord, SequenceNumber};
use serde_json::value::RawValue;

use super::oracle::{self, OraclePage, OracleRecord};
use super::{Page, PageError, PageRecord, RECORDS_MAX};

/// Says what is wrong with `parsed`, the outcome of [`Page::parse`] on `body`.
pub(crate) fn check(body: &Bytes, parsed: &Result<Page, PageError>) -> Result<(), String> {
    match (parsed, oracle::page(body)) {
        (Err(error), None) => check_error(error, body.len()),
        (Ok(page), Some(expected)) => {
            let ours = as_oracle(page);
            if ours != expected {
                return Err(format!("the oracle reads\n{expected:?}\nthe parser\n{ours:?}"));
            }
            check_page(page)?;
            page.records().enumerate().try_for_each(|(index, record)| {
                check_record(body, &record).map_err(|why| format!("record {index}: {why}"))
            })
        }
        (Ok(page), None) => Err(format!("accepted, and the oracle refuses it: {:?}", as_oracle(page))),
        (Err(error), Some(expected)) => Err(format!("refused ({error}), and the oracle reads {expected:?}")),
    }
}

fn holds(it: bool, what: &str) -> Result<(), String> {
    if it { Ok(()) } else { Err(format!("it does not hold that {what}")) }
}

/// An error leads a person to the place, and its message can be printed.
fn check_error(error: &PageError, bytes: usize) -> Result<(), String> {
    holds(!error.to_string().is_empty(), "the error says something")?;
    match error {
        PageError::Json { at, .. } => holds(*at <= bytes, "the error's place lies in the body"),
        PageError::SequenceNumber { record, .. } => {
            holds(*record < RECORDS_MAX, "the error's record is within the bound")
        }
        PageError::TooLarge { .. }
        | PageError::NotUtf8
        | PageError::WrongType { .. }
        | PageError::TooManyRecords { .. }
        | PageError::DuplicateMember { .. } => Ok(()),
    }
}

/// The ways of looking at a page agree, and it says honestly how large it is.
fn check_page(page: &Page) -> Result<(), String> {
    let count = page.records().count();
    holds(page.len() == count && page.is_empty() == (count == 0), "the length is the number of records")?;
    holds(page.records().len() == count, "the iterator knows its length")?;
    holds(
        page.record(count).is_none() && page.sequence(count).is_none(),
        "nothing lies behind the last record",
    )?;
    holds(page.footprint() >= page.bytes(), "the footprint counts the body")?;
    for (index, record) in page.records().enumerate() {
        holds(page.record(index) == Some(record), "a record is the same by index and by iterator")?;
        holds(page.records().nth(index) == Some(record), "a record is the same by `nth` and by iterator")?;
        let sequence = page.sequence(index).ok_or("a record has no sequence number")?;
        holds(sequence.as_str() == record.change.sequence_number, "the sequence number is the text")?;
    }
    Ok(())
}

/// Images are pieces of the body, untouched; a number is a number; nothing is invented.
fn check_record(body: &Bytes, record: &PageRecord<'_>) -> Result<(), String> {
    let change = record.change;
    let number: Result<SequenceNumber, _> = change.sequence_number.parse();
    holds(number.is_ok(), "the sequence number is one")?;
    for image in [change.keys, change.old_image, change.new_image].into_iter().flatten() {
        holds(lies_in(body, image), "an image is a piece of the body")?;
        holds(is_object(image), "an image is a JSON object")?;
    }
    let Some(extra) = change.extra else {
        return holds(!record.unreadable, "an unreadable record is kept whole");
    };
    holds(is_object(extra), "what we do not know is a JSON object")?;
    if record.unreadable {
        holds(lies_in(body, extra), "an unreadable record is a piece of the body")?;
        let nothing = ChangeRecord {
            sequence_number: change.sequence_number,
            extra: change.extra,
            ..ChangeRecord::default()
        };
        holds(change == nothing, "nothing is taken out of an unreadable record")?;
    }
    Ok(())
}

fn lies_in(body: &Bytes, piece: &str) -> bool {
    let (body, piece) = (body.as_ptr_range(), piece.as_bytes().as_ptr_range());
    body.start <= piece.start && piece.end <= body.end
}

fn is_object(text: &str) -> bool {
    text.starts_with('{') && serde_json::from_str::<&RawValue>(text).is_ok_and(|raw| raw.get() == text)
}

fn as_oracle(page: &Page) -> OraclePage {
    let read =
        |record: PageRecord<'_>| OracleRecord { columns: columns(&record), unreadable: record.unreadable };
    OraclePage {
        next_iterator: page.next_iterator().map(str::to_owned),
        records: page.records().map(read).collect(),
    }
}

fn columns(record: &PageRecord<'_>) -> BTreeMap<&'static str, String> {
    let ChangeRecord {
        sequence_number,
        event_id,
        event_name,
        event_version,
        event_source,
        aws_region,
        created_at,
        size_bytes,
        stream_view_type,
        user_identity_type,
        user_identity_principal_id,
        keys,
        old_image,
        new_image,
        extra,
    } = record.change;
    [
        ("sequence_number", Some(sequence_number.to_owned())),
        ("event_id", event_id.map(str::to_owned)),
        ("event_name", event_name.map(str::to_owned)),
        ("event_version", event_version.map(str::to_owned)),
        ("event_source", event_source.map(str::to_owned)),
        ("aws_region", aws_region.map(str::to_owned)),
        ("created_at", created_at.map(|n| n.to_string())),
        ("size_bytes", size_bytes.map(|n| n.to_string())),
        ("stream_view_type", stream_view_type.map(str::to_owned)),
        ("user_identity_type", user_identity_type.map(str::to_owned)),
        ("user_identity_principal_id", user_identity_principal_id.map(str::to_owned)),
        ("keys", keys.map(str::to_owned)),
        ("old_image", old_image.map(str::to_owned)),
        ("new_image", new_image.map(str::to_owned)),
        ("extra", extra.map(str::to_owned)),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}
