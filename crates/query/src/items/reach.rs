//! Whether a log was read up to an instant: what was changed until then is sealed, or may still be on its way.

use std::collections::BTreeSet;

use sealog_record::{ShardId, StreamEnd, StreamLabel, Timestamp};

use super::facts::Facts;
use super::literal::instant;
use super::row::{Spot, count, each};
use super::search::rows;
use crate::error::QueryError;
use crate::session::Session;

/// How far behind an instant rows are looked for at first: shards of the service live for some hours.
const NEAR_MS: i64 = 24 * 3_600_000;

/// What lies between an instant and what is known to be sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// Of these shards nothing says that they were read up to the instant.
    Shards {
        /// How many; none is known yet if 0.
        shards: u64,
        /// Every shard was read up to this instant; `None`: no heartbeat says so.
        polled_since: Option<Timestamp>,
        /// Date of the newest commit.
        head_at: Option<Timestamp>,
    },
    /// The last stream ended before: what was changed after it was recorded nowhere.
    StreamEnded {
        /// Why.
        cause: StreamEnd,
        /// When it was noticed.
        at: Timestamp,
    },
}

/// What is not known to be read up to `at`; of one item, if its last change is given. `None`: all was.
pub(crate) async fn unread(
    session: &Session,
    facts: &Facts,
    at: Timestamp,
    last: Option<&Spot>,
) -> Result<Option<Unread>, QueryError> {
    if facts.polled_since.is_some_and(|polled| polled >= at) {
        return Ok(None);
    }
    if let Some((cause, ended)) = ended(facts) {
        let sql = format!(
            "SELECT count(*) FROM (SELECT 1 FROM {} AND created_at > {} LIMIT 1)",
            rows(facts),
            instant(at)
        );
        let is_read = count(session.sql(&sql).await?).await? > 0;
        return Ok((!is_read).then_some(Unread::StreamEnded { cause, at: ended }));
    }
    let mut open = facts.frontier();
    if let Some(last) = last {
        open.retain(|(stream, shard)| {
            *stream != last.stream || facts.lineage.may_share(stream, shard, &last.shard)
        });
    }
    let is_unknown = open.is_empty();
    let near = Timestamp::from_millis(at.as_millis().saturating_add(NEAR_MS));
    for until in [Some(near), None] {
        if open.is_empty() {
            break;
        }
        let read = read_behind(session, facts, at, until).await?;
        open.retain(|(stream, shard)| {
            !facts.lineage.line(stream, shard).any(|older| read.contains(&(stream.clone(), older.clone())))
        });
    }
    let unread = Unread::Shards {
        shards: open.len() as u64,
        polled_since: facts.polled_since,
        head_at: facts.fold.committed_at(),
    };
    Ok((is_unknown || !open.is_empty()).then_some(unread))
}

/// Of the last stream, if it ended.
fn ended(facts: &Facts) -> Option<(StreamEnd, Timestamp)> {
    facts.streams.values().max_by_key(|stream| stream.opened_at)?.ended
}

/// Shards with changes made after `at`.
async fn read_behind(
    session: &Session,
    facts: &Facts,
    at: Timestamp,
    until: Option<Timestamp>,
) -> Result<BTreeSet<(StreamLabel, ShardId)>, QueryError> {
    let until = until.map_or_else(String::new, |until| format!(" AND created_at <= {}", instant(until)));
    let sql = format!(
        "SELECT stream_label, shard_id, '0' AS sequence_number FROM {} AND created_at > {}{until} \
         GROUP BY stream_label, shard_id",
        rows(facts),
        instant(at)
    );
    let mut read = BTreeSet::new();
    each(session.sql(&sql).await?, |row| {
        let Spot { stream, shard, .. } = row.spot()?;
        read.insert((stream, shard));
        Ok(())
    })
    .await?;
    Ok(read)
}
