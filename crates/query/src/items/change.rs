//! One change of an item, as a history shows it.

use sealog_chain::record_leaf;
use sealog_record::Timestamp;
use serde_json::Value as Json;

use super::diff::{AttributeChange, differences};
use super::facts::SignedHead;
use super::gaps::DeclaredGap;
use super::image::{Image, Unknown, image_with};
use super::path::{Redaction, Side, redactions};
use super::row::Row;

/// Who a TTL delete is made by (developer guide, "Working with expired items and time to live").
const TTL: (&str, &str) = ("Service", "dynamodb.amazonaws.com");

/// One change of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its place among all changes of the item in this log, from 1.
    pub version: u64,
    /// When it was made, to the second.
    pub at: Timestamp,
    /// INSERT, MODIFY or REMOVE; `None` where the record could not be read.
    pub event: Option<String>,
    /// Label of the stream.
    pub stream: String,
    /// The shard.
    pub shard: String,
    /// Its sequence number.
    pub sequence: String,
    /// What it changed.
    pub changed: Changed,
    /// Who made it.
    pub who: Who,
    /// What filters said of it.
    pub verdict: VerdictOn,
    /// Where it is sealed.
    pub proof: Proof,
    /// Whether it begins from what the change before it left.
    pub continuity: Continuity,
    /// Gaps that may hide changes of the item between the one before and this one.
    pub gaps: Vec<DeclaredGap>,
}

/// What a change did to its item.
#[derive(Debug, Clone, PartialEq)]
pub enum Changed {
    /// These attributes; none: it was written as it was.
    Attributes {
        /// In order of name.
        attributes: Vec<AttributeChange>,
        /// The stream does not carry the item before the change: it is what the change before left.
        inferred: bool,
    },
    /// It cannot be known.
    Unknown(Unknown),
}

/// Who made a change, as far as the service says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// The item had expired, and DynamoDB removed it.
    TimeToLive,
    /// Somebody whom the record names.
    Named {
        /// `userIdentity.type`
        kind: String,
        /// `userIdentity.principalId`
        principal: String,
    },
    /// The service names nobody for changes that applications make.
    NotStated,
}

/// What filters said of a change.
#[derive(Debug, Clone, PartialEq)]
pub struct VerdictOn {
    /// `keep`, `drop` or `redact`.
    pub verdict: String,
    /// Reason code of the filter, or `fault:<class>`.
    pub reason: Option<String>,
    /// Tags by name; null without any.
    pub tags: Json,
    /// What was taken out.
    pub redactions: Vec<Redaction>,
    /// SHA-256 of the component that decided.
    pub filter: Option<String>,
}

impl VerdictOn {
    /// Whether a filter failed, so that the record was kept without its word.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        self.reason.as_deref().is_some_and(|reason| reason.starts_with("fault:"))
    }
}

/// Where a change is sealed, as far as the row itself tells; `sealog prove COMMIT/ROW` proves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Proof {
    /// Number of the commit.
    pub commit: u64,
    /// Place in the commit's batch, from 0.
    pub row: u64,
    /// Date of the commit.
    pub committed_at: Timestamp,
    /// Whether the leaf hash that was read is that of the row as it was read.
    pub is_leaf_right: bool,
    /// Whether the commit is under the log's signed head.
    pub is_signed: bool,
}

/// Whether a change begins from what the one before it left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continuity {
    /// The item's first change in this log, and it made the item.
    Begins,
    /// The item's first change in this log, and the item was there before.
    BeginsEarlier,
    /// Its old image is the new image of the change before.
    Joins,
    /// It is not, and no gap lies between: a change that was never sealed, or evidence that is not what it was. Ask
    /// `sealog verify`.
    Broken,
    /// It cannot be told: an image is not known, a gap lies between, or another stream begins.
    NotJudged,
}

impl Continuity {
    /// Its word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Begins => "begins",
            Self::BeginsEarlier => "begins_earlier",
            Self::Joins => "joins",
            Self::Broken => "broken",
            Self::NotJudged => "not_judged",
        }
    }
}

/// What the next change is held against.
#[derive(Debug, Clone)]
pub(crate) struct Left {
    pub(crate) stream: String,
    pub(crate) new: Image,
}

/// Makes a change of a row; gives what it leaves for the next.
pub(crate) fn change(
    row: &Row,
    version: u64,
    before: Option<&Left>,
    gaps: Vec<DeclaredGap>,
    signed: &SignedHead,
) -> (Change, Left) {
    let evidence = row.evidence();
    let stated = redactions(evidence.decision.redactions);
    let old = image_with(&evidence, Side::OldImage, &stated);
    let new = image_with(&evidence, Side::NewImage, &stated);
    // Between two streams, and in a gap, anything may have happened.
    let joined = before.filter(|before| gaps.is_empty() && before.stream == evidence.stream_label);
    let text = |text: Option<&str>| text.map(str::to_owned);
    let change = Change {
        version,
        at: row.at(),
        event: text(evidence.change.event_name),
        stream: evidence.stream_label.to_owned(),
        shard: evidence.shard_id.to_owned(),
        sequence: evidence.change.sequence_number.to_owned(),
        changed: changed(&old, &new, joined),
        who: who(evidence.change.user_identity_type, evidence.change.user_identity_principal_id),
        verdict: VerdictOn {
            verdict: evidence.decision.verdict.to_owned(),
            reason: text(evidence.decision.reason),
            tags: evidence.decision.tags.and_then(|tags| serde_json::from_str(tags).ok()).unwrap_or_default(),
            redactions: stated,
            filter: text(evidence.decision.filter),
        },
        proof: proof(row, signed),
        continuity: match before {
            None if evidence.change.event_name == Some("INSERT") => Continuity::Begins,
            None => Continuity::BeginsEarlier,
            Some(_) => continuity(joined, &old),
        },
        gaps,
    };
    (change, Left { stream: evidence.stream_label.to_owned(), new })
}

fn continuity(joined: Option<&Left>, old: &Image) -> Continuity {
    match joined {
        Some(before) if before.new.contradicts(old) => Continuity::Broken,
        Some(before) if before.new == *old && !matches!(old, Image::Unknown(_)) => Continuity::Joins,
        Some(_) | None => Continuity::NotJudged,
    }
}

fn changed(old: &Image, new: &Image, joined: Option<&Left>) -> Changed {
    let attributes = |old: &Image, inferred| Changed::Attributes {
        attributes: differences(old.item(), new.item()),
        inferred,
    };
    match (old, new) {
        (_, Image::Unknown(why)) => Changed::Unknown(why.clone()),
        (Image::Unknown(why), _) => match joined.map(|before| &before.new) {
            Some(left @ (Image::Present { .. } | Image::Absent)) if matches!(why, Unknown::ViewType(_)) => {
                attributes(left, true)
            }
            _ => Changed::Unknown(why.clone()),
        },
        (Image::Present { .. } | Image::Absent, _) => attributes(old, false),
    }
}

fn who(kind: Option<&str>, principal: Option<&str>) -> Who {
    match (kind, principal) {
        (None, None) => Who::NotStated,
        (Some(kind), Some(principal)) if (kind, principal) == TTL => Who::TimeToLive,
        (kind, principal) => Who::Named {
            kind: kind.unwrap_or_default().to_owned(),
            principal: principal.unwrap_or_default().to_owned(),
        },
    }
}

fn proof(row: &Row, signed: &SignedHead) -> Proof {
    let leaf = record_leaf(&row.evidence(), &mut Vec::new());
    Proof {
        commit: row.commit(),
        row: row.row(),
        committed_at: row.committed_at(),
        is_leaf_right: leaf.0.as_slice() == row.leaf_hash,
        is_signed: signed.covers(row.commit()),
    }
}
