//! Rows of an archive, to be judged again.

use std::collections::VecDeque;

use sealog_batch::EvidenceReader;
use sealog_chain::{BatchObject, Fold, sha256};
use sealog_record::EvidenceRow;
use sealog_store::Log;
use serde::Deserialize;

use crate::{Change, KitError, Said, said};

/// Tags of Sealog's own begin like this; they are no part of what a filter said.
const OWN_TAGS: &str = "sealog:";

/// One row of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArchivedRow {
    /// Number of its commit.
    pub commit: u64,
    /// Its place in the commit's rows, from 0.
    pub row: u64,
    /// The change, as far as it is there.
    pub change: Change,
    /// What was decided then, by all filters together.
    pub recorded: Said,
    /// Whether its images were not archived.
    pub is_tombstone: bool,
    /// Whether the record could not be read then.
    pub is_unreadable: bool,
}

/// The rows of a log, object by object.
pub struct Rows {
    log: Log,
    objects: VecDeque<(u64, u64, BatchObject)>,
}

impl Rows {
    /// The rows of commits `first` to `last`, both included. Reads all commits, whose chain is checked on the way.
    ///
    /// # Errors
    /// [`KitError::Archive`].
    pub async fn open(log: Log, first: u64, last: Option<u64>) -> Result<Self, KitError> {
        let mut fold = Fold::default();
        let mut objects = VecDeque::new();
        let within = |number: u64| number >= first && last.is_none_or(|last| number <= last);
        let read = log.follow(&mut fold, |_, commit| {
            let mut row = 0;
            for object in
                commit.batch.into_iter().flat_map(|batch| batch.objects).filter(|_| within(commit.number))
            {
                let rows = object.rows;
                objects.push_back((commit.number, row, object));
                row += rows;
            }
        });
        read.await.map_err(|error| KitError::Archive(error.to_string()))?;
        Ok(Self { log, objects })
    }

    /// The rows of the next object; `None` behind the last one.
    ///
    /// # Errors
    /// [`KitError::Archive`] when an object is missing or is not what its commit states.
    pub async fn next(&mut self) -> Result<Option<Vec<ArchivedRow>>, KitError> {
        let Some((commit, before, object)) = self.objects.pop_front() else { return Ok(None) };
        let key = self.log.key(&object.key);
        let broken = |why: &dyn std::fmt::Display| {
            KitError::Archive(format!("{key}, which commit {commit} names: {why}; run `sealog verify`"))
        };
        let end = object.bytes.saturating_add(1);
        let bytes = self
            .log
            .store()
            .read_range(&key, 0..end)
            .await
            .map_err(|error| KitError::Archive(error.to_string()))?;
        let bytes = bytes.ok_or_else(|| broken(&"it is not there"))?;
        if sha256(&bytes) != object.sha256 {
            return Err(broken(&"its bytes are others"));
        }
        let reader = EvidenceReader::open(bytes).map_err(|error| broken(&error))?;
        let mut rows = Vec::new();
        let read = reader.for_each(|place, row, _| rows.push(archived(commit, before + place as u64, row)));
        read.map_err(|error| broken(&error))?;
        Ok(Some(rows))
    }
}

fn archived(commit: u64, row: u64, evidence: &EvidenceRow<'_>) -> ArchivedRow {
    let change = &evidence.change;
    let owned = |text: Option<&str>| text.map(str::to_owned);
    ArchivedRow {
        commit,
        row,
        recorded: recorded(evidence),
        is_tombstone: evidence.decision.verdict == "drop",
        is_unreadable: evidence.decision.reason == Some("fault:unreadable"),
        change: Change {
            sequence: change.sequence_number.to_owned(),
            event_name: owned(change.event_name),
            created_at: change.created_at,
            identity_type: owned(change.user_identity_type),
            identity_principal: owned(change.user_identity_principal_id),
            keys: owned(change.keys),
            old_image: owned(change.old_image),
            new_image: owned(change.new_image),
        },
    }
}

#[derive(Deserialize)]
struct Redaction {
    image: String,
    path: Vec<String>,
}

/// The row's decision in the words of a filter. The reason of a record that was kept is an alert or a fault.
fn recorded(evidence: &EvidenceRow<'_>) -> Said {
    let decision = &evidence.decision;
    let mut tags: std::collections::BTreeMap<String, String> =
        decision.tags.and_then(|tags| serde_json::from_str(tags).ok()).unwrap_or_default();
    tags.retain(|name, _| !name.starts_with(OWN_TAGS));
    let redactions: Vec<Redaction> =
        decision.redactions.and_then(|redactions| serde_json::from_str(redactions).ok()).unwrap_or_default();
    let mut redact: Vec<String> = redactions.iter().map(|it| said::joined(&it.image, &it.path)).collect();
    redact.sort();
    redact.dedup();
    let mut said = Said { verdict: decision.verdict.to_owned(), tags, redact, ..Said::default() };
    let reason = decision.reason.map(str::to_owned);
    match (decision.verdict, decision.reason.and_then(|reason| reason.strip_prefix("fault:"))) {
        ("drop", _) => said.reason = reason,
        (_, Some(class)) => said.fault = Some(class.to_owned()),
        (_, None) => said.alert = reason,
    }
    said
}

#[cfg(test)]
mod tests {
    use sealog_record::{ChangeRecord, Decision};

    use super::*;

    fn row(decision: Decision<'static>) -> ArchivedRow {
        let change = ChangeRecord { sequence_number: "7", keys: Some("{}"), ..ChangeRecord::default() };
        archived(3, 4, &EvidenceRow { stream_label: "l", shard_id: "s", change, decision })
    }

    #[test]
    fn a_decision_reads_as_what_a_filter_says() {
        let tombstone = row(Decision { verdict: "drop", reason: Some("draft"), ..Decision::KEEP });
        assert!(tombstone.is_tombstone);
        assert_eq!(tombstone.recorded.to_string(), "drop draft");
        let redacted = row(Decision {
            verdict: "redact",
            reason: Some("big"),
            tags: Some(r#"{"sealog:by":"a:redact","tenant":"t"}"#),
            redactions: Some(r#"[{"image":"new_image","path":["a","b/c"],"commitment":"00"}]"#),
            ..Decision::KEEP
        });
        assert_eq!(redacted.recorded.to_string(), "redact alert:big tenant=t -new_image/a/b~1c");
        let faulty = row(Decision { reason: Some("fault:trap"), ..Decision::KEEP });
        assert_eq!(faulty.recorded.outcome(), "fault");
        assert!(!faulty.is_unreadable && row(Decision::UNREADABLE).is_unreadable);
        assert_eq!((faulty.commit, faulty.row, faulty.change.keys.as_deref()), (3, 4, Some("{}")));
    }
}
