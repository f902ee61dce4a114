//! Which files hold each row once: the rule of the SQL view `changes`, for readers of our own.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sealog_store::Log;

use crate::compact::read_marker;
use crate::error::LakeError;
use crate::marker::sorted_key;
use crate::names::{DAYS, FRESH, date_of, number_of};

/// Markers read at once: seven years have 2,557 days.
const READS_AT_ONCE: usize = 32;

/// One day's files, by their names in the store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DayFiles {
    /// `2026-11-22`
    pub date: String,
    /// Files of the valid generation; together in order of (pk, sk, sequence number).
    pub sorted: Vec<ViewFile>,
    /// Commits up to this one are in them.
    pub through_commit: Option<i64>,
    /// Files of later commits, in order of commit.
    pub fresh: Vec<ViewFile>,
}

/// One file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ViewFile {
    /// Its name in the store.
    pub key: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The commit whose rows it holds; `None`: those of many.
    pub commit_number: Option<i64>,
}

/// Files that together hold each published row once, day by day. Files of this answer stay for the grace period; a row that
/// is published meanwhile may be in it or not.
///
/// # Errors
/// [`LakeError`].
pub async fn view(log: &Log) -> Result<Vec<DayFiles>, LakeError> {
    // The markers first: what becomes sorted after that is still there as fresh.
    let mut days: BTreeMap<String, DayFiles> = BTreeMap::new();
    let listed = log.store().list(&log.key(DAYS), None).await?;
    let dates: BTreeSet<&str> = listed.iter().filter_map(|entry| date_of(&entry.key)).collect();
    let markers = stream::iter(dates)
        .map(|date| async move { Ok::<_, LakeError>((date, read_marker(log, date).await?.0)) });
    let markers: Vec<_> = markers.buffered(READS_AT_ONCE).try_collect().await?;
    for (date, marker) in markers {
        let Some(marker) = marker else { continue };
        let sorted = marker.files.iter().map(|file| ViewFile {
            key: log.key(&sorted_key(date, &file.name)),
            bytes: u64::try_from(file.bytes).unwrap_or(0),
            commit_number: None,
        });
        let files = DayFiles {
            date: date.to_owned(),
            sorted: sorted.collect(),
            through_commit: Some(marker.valid.through_commit),
            fresh: Vec::new(),
        };
        days.insert(date.to_owned(), files);
    }
    for entry in log.store().list(&log.key(FRESH), None).await? {
        let (Some(date), Some(number)) = (date_of(&entry.key), number_of(&entry.key)) else { continue };
        let day = days
            .entry(date.to_owned())
            .or_insert_with(|| DayFiles { date: date.to_owned(), ..DayFiles::default() });
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        if day.through_commit.is_none_or(|through| number > through) {
            day.fresh.push(ViewFile { key: entry.key, bytes: entry.bytes, commit_number: Some(number) });
        }
    }
    Ok(days.into_values().collect())
}
