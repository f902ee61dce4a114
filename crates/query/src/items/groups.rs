//! All changes, item by item, each item's in order. The engine sorts, and spills what does not fit in memory; here one row
//! is held.

use std::sync::Arc;

use sealog_record::Timestamp;

use super::facts::Facts;
use super::key::ItemKey;
use super::literal::instant;
use super::row::{IN_ORDER, Row, Rows};
use super::search;
use super::value::{Item, item_to_json};
use crate::error::QueryError;
use crate::session::Session;

/// What the state of an item is told by, without its images.
const COLUMNS: &str = "pk, sk, stream_label, shard_id, sequence_number, event_name, created_at, committed_at, \
     stream_view_type, keys, verdict, reason, redactions, commit_number, row_index";

/// Reads rows, and gives them in groups, one an item.
pub(crate) struct Groups {
    rows: Rows,
    next: Option<Row>,
    key: Option<ItemKey>,
}

impl Groups {
    /// Of all items, or of one. Images are read as far as they tell states at `from` and `to` and between: of a change up to
    /// `from` only the new one, of a change behind `to` only the old one.
    pub(crate) async fn open(
        session: &Session,
        facts: &Facts,
        key: Option<ItemKey>,
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Option<Self>, QueryError> {
        let at = "coalesce(created_at, committed_at)";
        let (from, to) = (instant(from), instant(to));
        let images = format!(
            "CASE WHEN {at} > {from} THEN old_image END AS old_image, CASE WHEN {at} <= {to} THEN new_image END AS new_image"
        );
        let conditions = match &key {
            Some(key) => search::conditions(key),
            None => vec!["pk IS NOT NULL".to_owned()],
        };
        let rows = search::rows(facts);
        for condition in conditions {
            let sql = format!(
                "SELECT {COLUMNS}, {images} FROM {rows} AND ({condition}) ORDER BY pk, sk NULLS FIRST, {IN_ORDER}"
            );
            let mut groups = Self { rows: Rows::new(session.sql(&sql).await?), next: None, key: key.clone() };
            groups.next = groups.row().await?;
            if groups.next.is_some() {
                return Ok(Some(groups));
            }
        }
        Ok(None)
    }

    /// Shows every change of the next item, and gives its key attributes; `None` at the end.
    ///
    /// # Errors
    /// [`QueryError::Failed`] where the lake takes two items for one; else what the engine says.
    pub(crate) async fn next(&mut self, mut show: impl FnMut(&Arc<Row>)) -> Result<Option<Item>, QueryError> {
        let Some(first) = self.next.take() else { return Ok(None) };
        let item = keys(&first)?;
        let first = Arc::new(first);
        show(&first);
        while let Some(row) = self.row().await? {
            if !self.continues(&item, &first, &row)? {
                self.next = Some(row);
                break;
            }
            show(&Arc::new(row));
        }
        Ok(Some(item))
    }

    async fn row(&mut self) -> Result<Option<Row>, QueryError> {
        match &self.key {
            Some(key) => Ok(search::next(&mut self.rows, key).await?.map(|(row, _)| row)),
            None => self.rows.next().await,
        }
    }

    /// Whether a row is of the item of the group's first.
    fn continues(&self, item: &Item, first: &Row, row: &Row) -> Result<bool, QueryError> {
        let same_keys = row.evidence().change.keys == first.evidence().change.keys;
        match &self.key {
            Some(_) if same_keys => Ok(true),
            Some(key) => search::same(item, &keys(row)?, key).map(|()| true),
            None if row.group() != first.group() => Ok(false),
            None if same_keys || keys(row)? == *item => Ok(true),
            None => Err(QueryError::Failed(format!(
                "{} and {} have one key in the lake, so `keys` in its configuration does not name all key attributes; \
                 correct it and run `sealog lake rebuild`",
                item_to_json(item),
                item_to_json(&keys(row)?)
            ))),
        }
    }
}

/// The key attributes of a row that has a key.
fn keys(row: &Row) -> Result<Item, QueryError> {
    row.keys().ok_or_else(|| {
        let (commit, row) = (row.commit(), row.row());
        QueryError::Failed(format!("row {row} of commit {commit} has a key in the lake and none of its own; run `sealog verify --level lake`"))
    })
}
