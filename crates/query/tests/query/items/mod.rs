//! Histories of items, tables at an instant, and what cannot be known.

mod history;
mod keys;
mod lacking;
mod replay;
mod sealed;
mod states;

use sealog_query::items::{
    Change, Comparison, Completeness, Facts, HistoryEnd, ItemAt, ItemComparison, ItemHistory, ItemKey,
    Period, Snapshot,
};
use sealog_query::{QueryError, Session};
use sealog_record::Timestamp;

type Asked = (Session, Facts);

fn key(text: &str) -> ItemKey {
    ItemKey::parse(text, None).unwrap()
}

async fn history(
    asked: &Asked,
    key: ItemKey,
    period: Period,
) -> Result<(Vec<Change>, HistoryEnd), QueryError> {
    let mut history = ItemHistory::open(&asked.0, &asked.1, key, period).await?;
    let mut changes = Vec::new();
    while let Some(change) = history.next().await? {
        changes.push(change);
    }
    Ok((changes, history.end().await?))
}

async fn whole_history(asked: &Asked, text: &str) -> (Vec<Change>, HistoryEnd) {
    history(asked, key(text), Period::default()).await.unwrap()
}

async fn as_of(
    asked: &Asked,
    at: Timestamp,
    key: Option<ItemKey>,
) -> Result<(Vec<ItemAt>, Completeness), QueryError> {
    let mut snapshot = Snapshot::open(&asked.0, &asked.1, at, key).await?;
    let mut items = Vec::new();
    while let Some(item) = snapshot.next().await? {
        items.push(item);
    }
    Ok((items, snapshot.end().await?))
}

async fn diff(
    asked: &Asked,
    period: (Timestamp, Timestamp),
    key: Option<ItemKey>,
) -> Result<(Vec<ItemComparison>, Completeness), QueryError> {
    let mut comparison = Comparison::open(&asked.0, &asked.1, period, key).await?;
    let mut items = Vec::new();
    while let Some(item) = comparison.next().await? {
        items.push(item);
    }
    Ok((items, comparison.end().await?))
}

/// The image of an item with one number.
fn image(id: &str, n: &str) -> String {
    format!(r#"{{"id":{{"S":"{id}"}},"n":{{"N":"{n}"}}}}"#)
}

fn keys_of(id: &str) -> String {
    format!(r#"{{"id":{{"S":"{id}"}}}}"#)
}
