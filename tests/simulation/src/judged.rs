//! What filters have to make of a record, computed from what its guests do and not by the host's code.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sealog_chain::{FilterMode, FilterUse};
use sealog_record::{ChangeRecord, EvidenceRow, decode_leaf, encode_leaf};
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::guests::{self, Act, REASON, REDACTED, TAG};
use crate::oracle::Row;

/// The secret of all tests, see [`guests::secret`].
const SECRET: [u8; 32] = [0x5a; 32];

/// A guest that had something to say.
struct Word<'a> {
    name: &'a str,
    component: String,
    act: Act,
}

/// The row that a record has to become which was offered as `offered`, where `filters` judged.
///
/// # Panics
/// For a filter that no test made.
#[must_use]
pub fn expected(offered: &Row, filters: &[FilterUse]) -> Row {
    if filters.is_empty() {
        return offered.clone();
    }
    let row = decode_leaf(&offered.leaf).unwrap();
    if row.decision.reason == Some("fault:unreadable") {
        return offered.clone();
    }
    let words = words(&row.change, filters);
    let Some(first) = words.first() else { return offered.clone() };
    let drop = words.iter().find(|word| word.act == Act::Drop);
    let fault = words.iter().find(|word| word.act.fault().is_some());
    let author = drop.or(fault).unwrap_or(first);
    let alert = words.iter().any(|word| word.act == Act::Alert).then_some(REASON);
    let reason = match (drop, fault) {
        (Some(_), _) => Some(REASON),
        (None, Some(fault)) => fault.act.fault(),
        (None, None) => alert,
    };
    let redacted = redacted(&row, drop.is_none() && words.iter().any(|word| word.act == Act::Redact));
    let (old, new, redactions) = redacted;
    let mut judged = row;
    judged.decision.verdict = match (drop, &redactions) {
        (Some(_), _) => "drop",
        (None, Some(_)) => "redact",
        (None, None) => "keep",
    };
    judged.decision.reason = reason;
    let tags = tags(&words);
    judged.decision.tags = tags.as_deref();
    judged.decision.redactions = redactions.as_deref();
    judged.decision.filter = Some(&author.component);
    let image = |edited: &'_ Option<String>| edited.clone().filter(|_| drop.is_none());
    let (old, new) = (image(&old), image(&new));
    judged.change = ChangeRecord { old_image: old.as_deref(), new_image: new.as_deref(), ..judged.change };
    let mut leaf = Vec::new();
    encode_leaf(&judged, &mut leaf);
    Row { old_image: old.clone(), new_image: new.clone(), leaf, ..offered.clone() }
}

/// What those filters say whose word counts, until one drops the record.
fn words<'a>(change: &ChangeRecord<'_>, filters: &'a [FilterUse]) -> Vec<Word<'a>> {
    let images = [change.old_image, change.new_image];
    // To redact what is not there is to keep.
    let says_nothing = |act: Act| match act {
        Act::Keep => true,
        Act::Redact => images.iter().flatten().all(|image| places(image).is_empty()),
        Act::Drop | Act::Tag | Act::Alert => false,
        Act::Trap | Act::Loop | Act::Memory | Act::Undeclared | Act::Refuse | Act::Miscount => false,
    };
    let digit = change.sequence_number.bytes().last().map_or(0, |byte| usize::from(byte - b'0'));
    let mut words = Vec::new();
    for FilterUse { name, component, .. } in
        filters.iter().filter(|filter| filter.mode == FilterMode::Enforce)
    {
        let act = guests::acts_of(component)[digit];
        if !says_nothing(act) {
            words.push(Word { name, component: component.to_string(), act });
        }
        if act == Act::Drop {
            break;
        }
    }
    words
}

fn tags(words: &[Word<'_>]) -> Option<String> {
    let mut tags = Vec::new();
    if words.iter().any(|word| word.act == Act::Tag) {
        tags.push(format!("\"{}\":\"{}\"", TAG.0, TAG.1));
    }
    if words.len() > 1 {
        let by = |word: &Word<'_>| {
            let did = match word.act {
                Act::Drop => "drop",
                Act::Redact => "redact",
                Act::Tag => "tag",
                Act::Alert => "alert",
                Act::Keep => "keep",
                Act::Trap | Act::Loop | Act::Memory | Act::Undeclared | Act::Refuse | Act::Miscount => {
                    "fault"
                }
            };
            format!("{}:{did}", word.name)
        };
        let by: Vec<_> = words.iter().map(by).collect();
        tags.push(format!("\"sealog:by\":\"{}\"", by.join(",")));
    }
    (!tags.is_empty()).then(|| format!("{{{}}}", tags.join(",")))
}

type Images = (Option<String>, Option<String>, Option<String>);

/// Both images and what the row says of what is gone from them.
fn redacted(row: &EvidenceRow<'_>, is_asked: bool) -> Images {
    let mut stated = Vec::new();
    let mut edit = |image: &str, text: Option<&str>| {
        let text = text?;
        let mut edited = text.to_owned();
        let mut places = if is_asked { places(text) } else { Vec::new() };
        for (start, end) in &places {
            let commitment = commitment(row, image, &text[*start..*end]);
            stated
                .push(format!(r#"{{"image":"{image}","path":["{REDACTED}"],"commitment":"{commitment}"}}"#));
        }
        places.reverse();
        for (start, end) in places {
            edited.replace_range(start..end, r#"{"NULL":true}"#);
        }
        Some(edited)
    };
    let old = edit("old_image", row.change.old_image);
    let new = edit("new_image", row.change.new_image);
    (old, new, (!stated.is_empty()).then(|| format!("[{}]", stated.join(","))))
}

fn commitment(row: &EvidenceRow<'_>, image: &str, value: &str) -> String {
    let mut key = [0; 64];
    key[..32].copy_from_slice(&SECRET);
    let mut mac = Hmac::<Sha256>::new(&key.into());
    for part in [row.stream_label, row.shard_id, row.change.sequence_number, image, REDACTED] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    let salt = mac.finalize().into_bytes();
    hex::encode(Sha256::new().chain_update(salt).chain_update(value).finalize())
}

/// Where the values of [`REDACTED`] lie in an image, each that there is.
fn places(image: &str) -> Vec<(usize, usize)> {
    let Members(members) = serde_json::from_str(image).unwrap();
    let start = |value: &RawValue| value.get().as_ptr().addr() - image.as_ptr().addr();
    let named = members.iter().filter(|(name, _)| name == REDACTED);
    named.map(|(_, value)| (start(value), start(value) + value.get().len())).collect()
}

/// Members of an object as they stand, also those that stand twice.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Each;
        impl<'de> Visitor<'de> for Each {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an image")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Each)
    }
}
