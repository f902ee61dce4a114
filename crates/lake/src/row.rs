//! A row of the lake: an evidence row, where it was committed, and what is derived from both.

use std::collections::BTreeMap;

use sealog_record::{EvidenceRow, Timestamp};

use crate::cell::Cell;
use crate::columns::Columns;
use crate::image::{Item, differing};

const MS_PER_DAY: i64 = 86_400_000;
/// A change that claims to be older than this against its commit stands under the commit's date: the service keeps changes
/// for 24 hours, and a partition nobody looks for would hide it.
pub(crate) const LATE_MAX_DAYS: i64 = 7;

/// One row with its place. (log, commit, row) leads to its proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LakeRow<'a> {
    pub(crate) evidence: EvidenceRow<'a>,
    pub(crate) leaf_hash: &'a [u8],
    pub(crate) commit_number: i64,
    /// Over all objects of the batch, from 0.
    pub(crate) row_index: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub(crate) committed_at: i64,
}

/// What is derived from the images of a row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Derived<'a> {
    pub(crate) pk: Option<String>,
    pub(crate) sk: Option<String>,
    /// `None`: cannot be known from what the stream shows.
    pub(crate) changed: Option<Vec<String>>,
    pub(crate) tags: Option<BTreeMap<String, String>>,
    /// Of each typed column the old and the new cell.
    pub(crate) cells: Vec<[Cell<'a>; 2]>,
}

impl<'a> LakeRow<'a> {
    /// The UTC day that it belongs to, counted from 1970-01-01: that of the change, unless that is missing, long past or
    /// still to come when it was committed.
    pub(crate) fn day(&self) -> i64 {
        let committed = self.committed_at.div_euclid(MS_PER_DAY);
        let created = self.evidence.change.created_at.map(|at| at.div_euclid(MS_PER_DAY));
        created.filter(|day| (committed - LATE_MAX_DAYS..=committed).contains(day)).unwrap_or(committed)
    }

    pub(crate) fn derive(&self, columns: &Columns) -> Derived<'a> {
        let change = &self.evidence.change;
        let (old, new) = (change.old_image.and_then(Item::parse), change.new_image.and_then(Item::parse));
        let (pk, sk) = key_texts(change.keys, columns);
        let cells = columns.typed().iter().map(|column| {
            let cell = |image: &Option<Item<'a>>| {
                Cell::of(image.as_ref().and_then(|image| image.attribute(&column.path)), column.kind)
            };
            [cell(&old), cell(&new)]
        });
        let cells = cells.collect();
        Derived {
            pk,
            sk,
            changed: self
                .is_change_known(old.is_some(), new.is_some())
                .then(|| differing(old.as_ref(), new.as_ref())),
            tags: self.evidence.decision.tags.and_then(|tags| serde_json::from_str(tags).ok()),
            cells,
        }
    }

    /// Whether both images are known, be it that one is known not to exist.
    fn is_change_known(&self, old: bool, new: bool) -> bool {
        let change = &self.evidence.change;
        let unread = (change.old_image.is_some() && !old) || (change.new_image.is_some() && !new);
        let both_shown = change.stream_view_type == Some("NEW_AND_OLD_IMAGES");
        match (old, new) {
            _ if unread => false,
            (true, true) => true,
            (true, false) => both_shown || change.event_name == Some("REMOVE"),
            (false, true) => both_shown || change.event_name == Some("INSERT"),
            (false, false) => false,
        }
    }
}

/// Text of the partition key and of the sort key.
pub(crate) fn key_texts(keys: Option<&str>, columns: &Columns) -> (Option<String>, Option<String>) {
    let Some(item) = keys.and_then(Item::parse) else { return (None, None) };
    let names: Vec<String> = if columns.keys().is_empty() {
        item.names().map(str::to_owned).collect()
    } else {
        columns.keys().to_vec()
    };
    let mut texts = names.iter().take(2).map(|name| {
        let attribute = item.attribute(std::slice::from_ref(name))?;
        attribute.into_text().map(std::borrow::Cow::into_owned)
    });
    (texts.next().flatten(), texts.next().flatten())
}

/// A day as `2026-11-22`.
pub(crate) fn date(day: i64) -> String {
    let text = Timestamp::from_millis(day.saturating_mul(MS_PER_DAY)).to_string();
    text.get(..10).unwrap_or_default().to_owned()
}

/// The day of an instant.
pub(crate) fn day_of(at: Timestamp) -> i64 {
    at.as_millis().div_euclid(MS_PER_DAY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealog_record::{ChangeRecord, Decision};

    const DAY: i64 = MS_PER_DAY;

    fn row(change: ChangeRecord<'_>) -> LakeRow<'_> {
        let evidence = EvidenceRow { stream_label: "l", shard_id: "s", change, decision: Decision::KEEP };
        LakeRow { evidence, leaf_hash: &[], commit_number: 0, row_index: 0, committed_at: 20_000 * DAY + 5 }
    }

    #[test]
    fn a_row_belongs_to_the_day_of_its_change_within_reason() {
        let day = |created_at| row(ChangeRecord { created_at, ..ChangeRecord::default() }).day();
        assert_eq!(day(Some(19_999 * DAY)), 19_999);
        assert_eq!(day(Some(20_000 * DAY - 1)), 19_999);
        assert_eq!(day(Some(19_993 * DAY)), 19_993);
        for other in
            [None, Some(19_993 * DAY - 1), Some(20_001 * DAY), Some(i64::MAX), Some(i64::MIN), Some(-1)]
        {
            assert_eq!(day(other), 20_000, "{other:?}");
        }
        assert_eq!(date(20_000), "2024-10-04");
    }

    #[test]
    fn what_changed_is_null_where_it_cannot_be_known() {
        let changed = |view, event, old, new| {
            let change = ChangeRecord {
                stream_view_type: Some(view),
                event_name: Some(event),
                old_image: old,
                new_image: new,
                ..ChangeRecord::default()
            };
            row(change).derive(&Columns::default()).changed
        };
        let (a, b) = (Some(r#"{"x":{"N":"1"},"y":{"N":"1"}}"#), Some(r#"{"x":{"N":"2"},"y":{"N":"1"}}"#));
        let some = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(changed("NEW_AND_OLD_IMAGES", "MODIFY", a, b), some(&["x"]));
        assert_eq!(changed("NEW_AND_OLD_IMAGES", "INSERT", None, b), some(&["x", "y"]));
        assert_eq!(changed("NEW_IMAGE", "INSERT", None, b), some(&["x", "y"]));
        assert_eq!(changed("NEW_IMAGE", "MODIFY", None, b), None);
        assert_eq!(changed("OLD_IMAGE", "REMOVE", a, None), some(&["x", "y"]));
        assert_eq!(changed("OLD_IMAGE", "MODIFY", a, None), None);
        assert_eq!(changed("KEYS_ONLY", "MODIFY", None, None), None);
        assert_eq!(changed("NEW_AND_OLD_IMAGES", "MODIFY", a, Some("[]")), None);
    }

    #[test]
    fn keys_of_every_type_have_a_text() {
        let columns = |keys: &[&str]| {
            let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
            Columns::declared(&keys, std::iter::empty()).unwrap()
        };
        let keys = Some(r#"{"zone":{"N":"7"},"at":{"B":"AAE="}}"#);
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(key_texts(keys, &columns(&["zone", "at"])), (some("7"), some("AAE=")));
        assert_eq!(key_texts(keys, &columns(&[])), (some("AAE="), some("7")));
        assert_eq!(key_texts(keys, &columns(&["zone"])), (some("7"), None));
        let odd = Some(r#"{"k":{"S":"a/'\"\n\u00e9 "}}"#);
        assert_eq!(key_texts(odd, &columns(&[])), (some("a/'\"\n\u{e9} "), None));
        assert_eq!(key_texts(None, &columns(&[])), (None, None));
    }
}
