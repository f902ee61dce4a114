//! Redaction: values out of the text of an image, and nothing else touched.

use std::ops::Range;

use hmac::{Hmac, KeyInit, Mac};
use sealog_record::ChangeRecord;
use sha2::{Digest, Sha256};

use super::RedactionSecret;
use crate::columns::text_of;
use crate::json::quote;
use crate::{Filter, Image};

const REMOVED: &str = r#"{"NULL":true}"#;

/// A value that is to go, and how the row says so.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Removal {
    start: usize,
    end: usize,
    path: Vec<String>,
}

/// Where the record was read; part of what its salts are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) stream: &'a str,
    pub(super) shard: &'a str,
    pub(super) sequence: &'a str,
}

/// What redacting a record leaves.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Redacted {
    /// JSON array of what was removed (FORMAT.md, section 4), in the order old image, new image, place in the text.
    pub(super) redactions: String,
    pub(super) old_image: Option<String>,
    pub(super) new_image: Option<String>,
}

/// Removes what filters asked for: for each, its columns. `None` when nothing of it is there.
pub(super) fn redact(
    record: &ChangeRecord<'_>,
    place: Place<'_>,
    asked: &[(&Filter, &[usize])],
    secret: &RedactionSecret,
) -> Option<Redacted> {
    let mut redacted = Redacted::default();
    for image in [Image::OldImage, Image::NewImage] {
        let Some(text) = text_of(record, image) else { continue };
        let removals = removals(asked, image, text);
        if removals.is_empty() {
            continue;
        }
        for removal in &removals {
            let value = text.get(removal.start..removal.end).unwrap_or_default();
            let salt = salt(secret, place, image, &removal.path);
            let commitment = Sha256::new().chain_update(salt).chain_update(value).finalize();
            state(&mut redacted.redactions, image, &removal.path, &commitment);
        }
        let edited = Some(without(text, removals.iter().map(|removal| removal.start..removal.end)));
        match image {
            Image::OldImage => redacted.old_image = edited,
            Image::NewImage => redacted.new_image = edited,
            Image::Keys => {}
        }
    }
    if redacted.redactions.is_empty() {
        return None;
    }
    redacted.redactions.push(']');
    Some(redacted)
}

/// All values that are asked for, in the order of the text, an outer one before those in it, each once.
fn removals(asked: &[(&Filter, &[usize])], image: Image, text: &str) -> Vec<Removal> {
    let mut removals = Vec::new();
    for (filter, columns) in asked {
        for (column, range) in filter.columns().find(image, text) {
            if let Some(declared) =
                filter.manifest().columns.get(column).filter(|_| columns.contains(&column))
            {
                removals.push(Removal { start: range.start, end: range.end, path: declared.path.clone() });
            }
        }
    }
    removals.sort_by(|a, b| a.start.cmp(&b.start).then(b.end.cmp(&a.end)).then_with(|| a.path.cmp(&b.path)));
    removals.dedup();
    removals
}

/// `text` with each range replaced; one that lies in another goes with it.
fn without(text: &str, ranges: impl Iterator<Item = Range<usize>>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut behind = 0;
    for range in ranges {
        if range.start < behind {
            continue;
        }
        out.push_str(text.get(behind..range.start).unwrap_or_default());
        out.push_str(REMOVED);
        behind = range.end;
    }
    out.push_str(text.get(behind..).unwrap_or_default());
    out
}

/// The salt of one value: what a person with the secret can compute again from the row alone.
fn salt(secret: &RedactionSecret, place: Place<'_>, image: Image, path: &[String]) -> [u8; 32] {
    // A key is filled up with noughts to a block, says RFC 2104.
    let mut key = [0; 64];
    key.iter_mut().zip(secret.0).for_each(|(byte, secret)| *byte = secret);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    let mut part = |text: &str| {
        mac.update(&(text.len() as u64).to_be_bytes());
        mac.update(text.as_bytes());
    };
    for text in [place.stream, place.shard, place.sequence, image.as_str()] {
        part(text);
    }
    path.iter().for_each(|name| part(name));
    mac.finalize().into_bytes().into()
}

fn state(out: &mut String, image: Image, path: &[String], commitment: &[u8]) {
    out.push(if out.is_empty() { '[' } else { ',' });
    out.push_str("{\"image\":\"");
    out.push_str(image.as_str());
    out.push_str("\",\"path\":[");
    for (place, name) in path.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        quote(name, out);
    }
    out.push_str("],\"commitment\":\"");
    out.push_str(&hex::encode(commitment));
    out.push_str("\"}");
}
