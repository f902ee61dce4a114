//! One change, and the evidence row that keeps it.

/// One change of one item, borrowed from the bytes that carried it.
///
/// Envelope texts are decoded; `keys`, `old_image`, `new_image` and `extra` are **verbatim JSON text** as received,
/// white space and escapes included. `None` means that the service did not send the member (or sent `null`, which the
/// AWS JSON protocol treats alike): nothing is ever invented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangeRecord<'a> {
    /// Place in the shard; decimal digits, see [`crate::SequenceNumber`].
    pub sequence_number: &'a str,
    /// `eventID`.
    pub event_id: Option<&'a str>,
    /// `eventName`: INSERT, MODIFY or REMOVE.
    pub event_name: Option<&'a str>,
    /// `eventVersion`, such as `1.1`.
    pub event_version: Option<&'a str>,
    /// `eventSource`, such as `aws:dynamodb`.
    pub event_source: Option<&'a str>,
    /// `awsRegion`.
    pub aws_region: Option<&'a str>,
    /// `ApproximateCreationDateTime` in milliseconds since 1970-01-01 UTC. The service rounds it down to the second;
    /// never order by it.
    pub created_at: Option<i64>,
    /// `SizeBytes`.
    pub size_bytes: Option<i64>,
    /// `StreamViewType`.
    pub stream_view_type: Option<&'a str>,
    /// `userIdentity.type`; `Service` for TTL deletes.
    pub user_identity_type: Option<&'a str>,
    /// `userIdentity.principalId`; `dynamodb.amazonaws.com` for TTL deletes.
    pub user_identity_principal_id: Option<&'a str>,
    /// `Keys`, verbatim.
    pub keys: Option<&'a str>,
    /// `OldImage`, verbatim.
    pub old_image: Option<&'a str>,
    /// `NewImage`, verbatim.
    pub new_image: Option<&'a str>,
    /// Members that we do not know, as one JSON object (FORMAT.md, "Unknown members"); for an unreadable record the
    /// whole record.
    pub extra: Option<&'a str>,
}

/// What was decided about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Archived as it came.
    Keep,
    /// Only a tombstone is archived.
    Drop,
    /// Archived with some values replaced by commitments.
    Redact,
}

impl Verdict {
    /// The word that stands in an evidence row.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Drop => "drop",
            Self::Redact => "redact",
        }
    }
}

/// A verdict with its reasons, as the evidence row carries it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// `keep`, `drop` or `redact`; text, so that a row read back from an archive can be shown as it is.
    pub verdict: &'a str,
    /// Reason code of the filter, or `fault:<class>`.
    pub reason: Option<&'a str>,
    /// JSON object of texts, keys sorted.
    pub tags: Option<&'a str>,
    /// JSON array of what was redacted.
    pub redactions: Option<&'a str>,
    /// SHA-256 (hex) of the component that decided.
    pub filter: Option<&'a str>,
}

impl Decision<'_> {
    /// What a record gets when no filter judges it.
    pub const KEEP: Self = Self { verdict: "keep", reason: None, tags: None, redactions: None, filter: None };

    /// What a record gets whose sequence number can be read and whose rest cannot.
    pub const UNREADABLE: Self = Self { reason: Some("fault:unreadable"), ..Self::KEEP };
}

/// One row of evidence: a change, where it was read, and what was decided about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvidenceRow<'a> {
    /// Label of the stream it was read from.
    pub stream_label: &'a str,
    /// Shard it was read from.
    pub shard_id: &'a str,
    /// The change.
    pub change: ChangeRecord<'a>,
    /// The decision.
    pub decision: Decision<'a>,
}
