//! Looking for one item among all rows, and what to say where it is not.

use super::facts::Facts;
use super::key::ItemKey;
use super::row::{Row, Rows, count, each};
use super::value::{Item, item_to_json};
use crate::error::QueryError;
use crate::session::Session;

/// What is asked: rows of the commits that the facts are of. What is committed meanwhile would come without its facts, so that
/// a gap before it would be taken for a break.
pub(crate) fn rows(facts: &Facts) -> String {
    format!("changes WHERE commit_number < {}", facts.commits())
}

/// Conditions to look by, the quick one first; a later one only where the one before found nothing.
pub(crate) fn conditions(key: &ItemKey) -> Vec<String> {
    [Some(key.condition()), key.wide_condition()].into_iter().flatten().collect()
}

/// The next row of an item that may be meant, and its key attributes.
pub(crate) async fn next(rows: &mut Rows, key: &ItemKey) -> Result<Option<(Row, Item)>, QueryError> {
    while let Some(row) = rows.next().await? {
        if let Some(item) = row.keys().filter(|item| key.is(item)) {
            return Ok(Some((row, item)));
        }
    }
    Ok(None)
}

/// # Errors
/// [`QueryError::Question`] where two items may be meant.
pub(crate) fn same(item: &Item, other: &Item, key: &ItemKey) -> Result<(), QueryError> {
    if item == other {
        return Ok(());
    }
    Err(QueryError::Question(format!(
        "{key} may be the key of two items, {} and {}; write the one that is meant as --key '{}'",
        item_to_json(item),
        item_to_json(other),
        item_to_json(item)
    )))
}

/// That an item is not in the log, with what was looked through.
pub(crate) async fn nothing(
    session: &Session,
    facts: &Facts,
    key: &ItemKey,
) -> Result<QueryError, QueryError> {
    let kindred = format!("SELECT keys FROM {} AND ({}) LIMIT 1", rows(facts), key.kindred());
    let mut like = String::new();
    each(session.sql(&kindred).await?, |row| {
        if let Some(keys) = row.evidence().change.keys {
            like = format!(
                "; an item with one of its values is {keys}: name all key attributes (--key PK --sort-key SK)"
            );
        }
        Ok(())
    })
    .await?;
    let behind = match behind(session) {
        0 => String::new(),
        commits => format!("; {commits} commits are not in the lake yet: ask the evidence with --evidence"),
    };
    let since =
        facts.beginning().map_or_else(String::new, |begin| format!(", which reads since {}", begin.since));
    Ok(QueryError::Nothing(format!(
        "none of the {} records in {} commits of log {}{since}, is of the item {key}{like}{behind}",
        facts.records(),
        facts.commits(),
        facts.log
    )))
}

/// Records that could not be read: which item they changed, nobody knows.
pub(crate) async fn unreadable(session: &Session, facts: &Facts) -> Result<u64, QueryError> {
    count(session.sql(&format!("SELECT count(*) FROM {} AND pk IS NULL", rows(facts))).await?).await
}

/// Commits that the session does not answer from.
pub(crate) fn behind(session: &Session) -> u64 {
    session.behind().iter().map(|behind| behind.commits).sum()
}
