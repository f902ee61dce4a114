//! What can be said of a commit's bytes without its log (FORMAT.md, section 3).
//!
//! The types are those of `chain`; what they must add up to is checked here anew.

use sealog_chain::{
    Batch, BatchObject, COMMIT_BYTES_MAX, Commit, Decisions, EMPTY_ROOT, FORMAT, Fact, FilterUse, SCHEMA,
    Segment, SegmentFrom, VerifierKey, evidence_key,
};
use serde::Deserialize;

const INTEGER_MAX: u64 = (1 << 53) - 1;
/// FORMAT.md, section 8, "Reading".
const COMMIT_OF_ANY_FORMAT_MAX: usize = 4 << 20;

/// Bytes that are no commit of the format that this program knows.
pub(crate) enum Unfit {
    /// A newer reader may know it; its format.
    Unknown(String),
    /// Not a commit; why.
    Malformed(String),
}

/// Reads a commit.
pub(crate) fn read(bytes: &[u8]) -> Result<Commit, Unfit> {
    if bytes.len() > COMMIT_OF_ANY_FORMAT_MAX {
        return Err(Unfit::Malformed("it has more than 4 MiB, which no format allows".to_owned()));
    }
    if let Some(format) = unknown_format(bytes) {
        return Err(Unfit::Unknown(format));
    }
    if bytes.len() > COMMIT_BYTES_MAX {
        return Err(Unfit::Malformed(format!(
            "it has {} bytes, {COMMIT_BYTES_MAX} is the most",
            bytes.len()
        )));
    }
    let commit: Commit =
        serde_json::from_slice(bytes).map_err(|error| Unfit::Malformed(error.to_string()))?;
    let rendered = serde_json::to_vec(&commit).map_err(|error| Unfit::Malformed(error.to_string()))?;
    if rendered != bytes {
        return Err(Unfit::Malformed(
            "it differs from its own rendering, the only form it may have".to_owned(),
        ));
    }
    flaw(&commit).map_or(Ok(commit), |flaw| Err(Unfit::Malformed(flaw)))
}

fn unknown_format(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Probe {
        format: String,
    }
    // Members that are skipped are not checked for UTF-8 otherwise.
    let Probe { format } = serde_json::from_str(std::str::from_utf8(bytes).ok()?).ok()?;
    (format.starts_with("sealog.commit/") && format != FORMAT).then_some(format)
}

/// What the types let through and the format does not.
fn flaw(commit: &Commit) -> Option<String> {
    if commit.format != FORMAT {
        return Some(format!("its format {:?} is not {FORMAT}", commit.format));
    }
    if (commit.number == 0) != commit.previous.is_none() {
        return Some("previous is null in commit 0 and only there".to_owned());
    }
    let judged = match &commit.batch {
        Some(batch) => batch_flaw(batch),
        None => commit.facts.is_empty().then(|| "it has neither batch nor facts".to_owned()),
    };
    judged.or_else(|| too_large([commit.number])).or_else(|| commit.facts.iter().find_map(fact_flaw))
}

fn batch_flaw(batch: &Batch) -> Option<String> {
    if batch.segments.is_empty() {
        return Some("a batch has at least one segment".to_owned());
    }
    too_large([batch.records])
        .or_else(|| count_flaw(batch))
        .or_else(|| batch.objects.iter().find_map(object_flaw))
        .or_else(|| batch.segments.iter().find_map(segment_flaw))
        .or_else(|| batch.filters.iter().find_map(filter_flaw))
}

fn count_flaw(batch: &Batch) -> Option<String> {
    let Decisions { keep, drop, redact, fault } = batch.decisions;
    let objects = sum(batch.objects.iter().map(|object| object.rows));
    let segments = sum(batch.segments.iter().map(|segment| segment.rows));
    let decisions = sum([keep, drop, redact, fault].into_iter());
    let all = [("objects", objects), ("segments", segments), ("decisions", decisions)];
    for (what, count) in all {
        if count != Some(batch.records) {
            let count = count.map_or("too many".to_owned(), |count| count.to_string());
            return Some(format!("records is {}, but its {what} add up to {count}", batch.records));
        }
    }
    let idle = batch.records == 0 && batch.records_root != EMPTY_ROOT;
    idle.then(|| "a batch without rows has the records_root SHA-256(\"\")".to_owned())
}

fn sum(mut counts: impl Iterator<Item = u64>) -> Option<u64> {
    counts.try_fold(0, u64::checked_add)
}

fn object_flaw(object: &BatchObject) -> Option<String> {
    let BatchObject { key, schema, bytes, sha256, rows } = object;
    if schema != SCHEMA {
        return Some(format!("schema {schema:?} of {key:?} is not {SCHEMA}"));
    }
    if *key != evidence_key(sha256) {
        return Some(format!("object {key:?} is not named by its SHA-256 {sha256}"));
    }
    if *rows == 0 {
        return Some(format!("object {key} has no rows"));
    }
    too_large([*bytes])
}

fn segment_flaw(segment: &Segment) -> Option<String> {
    if (segment.from == SegmentFrom::After) != segment.after.is_some() {
        return Some(format!("`from` and `after` of shard {} contradict each other", segment.shard));
    }
    ((segment.rows == 0) != segment.last.is_none())
        .then(|| format!("`rows` and `last` of shard {} contradict each other", segment.shard))
}

fn fact_flaw(fact: &Fact) -> Option<String> {
    match fact {
        Fact::Genesis { holds, .. } if holds != "dynamodb-changes" => {
            Some(format!("a log of this format holds dynamodb-changes, not {holds:?}"))
        }
        Fact::Genesis { key, policies, .. } => {
            key_flaw(key).or_else(|| too_large([policies.heartbeat_seconds]))
        }
        Fact::KeyRotated { from, to, .. } => key_flaw(from).or_else(|| key_flaw(to)),
        Fact::PolicyChanged { policies } => too_large([policies.heartbeat_seconds]),
        Fact::FilterPinned { filter, .. } if filter.decisions != Decisions::default() => {
            Some(format!("filter {:?} is pinned with counts other than 0", filter.name))
        }
        Fact::FilterPinned { filter, .. } => filter_flaw(filter),
        Fact::Gap(gap) if gap.shard.is_none() && (gap.after.is_some() || gap.first.is_some()) => {
            Some(format!("a gap over all of stream {} names records of a shard", gap.stream))
        }
        Fact::HoldAdded { first, last, .. } => too_large([*first, *last]),
        Fact::StreamOpened { .. }
        | Fact::StreamClosed { .. }
        | Fact::Gap(_)
        | Fact::FilterRemoved { .. }
        | Fact::FilterBypassed { .. }
        | Fact::Heartbeat { .. }
        | Fact::ClockWentBack { .. }
        | Fact::CaptureStarted {}
        | Fact::CaptureStopped { .. }
        | Fact::HoldRemoved { .. }
        | Fact::LogClosed { .. } => None,
    }
}

fn key_flaw(text: &str) -> Option<String> {
    match VerifierKey::parse(text) {
        Ok(key) if key.to_string() == text => None,
        Ok(_) => Some(format!("verifier key {text:?} is not in its only form")),
        Err(error) => Some(format!("verifier key {text:?}: {error}")),
    }
}

fn filter_flaw(filter: &FilterUse) -> Option<String> {
    let Decisions { keep, drop, redact, fault } = filter.decisions;
    too_large([keep, drop, redact, fault])
}

fn too_large<const N: usize>(numbers: [u64; N]) -> Option<String> {
    let number = numbers.into_iter().find(|number| *number > INTEGER_MAX)?;
    Some(format!("{number} is more than 2^53-1, the largest integer of a commit"))
}
