//! Removes what a compaction made superfluous, once no query can still need it.

use sealog_record::Timestamp;
use sealog_store::{Log, Replaced};

use super::{begun_at, read_marker};
use crate::error::LakeError;
use crate::marker::{Marker, marker_key, sorted_key};
use crate::names::{DAYS, FRESH, SORTED, date_of, number_of};

/// What was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cleaned {
    /// Fresh files whose rows are in a generation.
    pub fresh: u64,
    /// Files of superseded generations, and of such that never became visible.
    pub sorted: u64,
}

/// Removes fresh files that a marker has covered, and generations that have been superseded or abandoned, for `grace_ms`.
///
/// # Errors
/// [`LakeError`]; what is left is removed the next time.
pub async fn clean(log: &Log, now: Timestamp, grace_ms: i64) -> Result<Cleaned, LakeError> {
    let over = now.as_millis().saturating_sub(grace_ms);
    let mut cleaned = Cleaned::default();
    for entry in log.store().list(&log.key(DAYS), None).await? {
        let Some(date) = date_of(&entry.key) else { continue };
        let (Some(marker), Some(object)) = read_marker(log, date).await? else { continue };
        cleaned.fresh += covered(log, &marker, over).await?;
        cleaned.sorted += superseded(log, &marker, over).await?;
        let kept = marker.superseded.iter().filter(|(_, at)| *at > over).cloned().collect::<Vec<_>>();
        if kept.len() < marker.superseded.len() {
            let shorter = Marker { superseded: kept, ..marker };
            // Whoever compacts meanwhile takes the longer list on; the next time shortens it.
            let key = log.key(&marker_key(date));
            match log.store().replace(&key, shorter.render()?, Some(&object)).await? {
                Replaced::Done(_) | Replaced::Changed => {}
            }
        }
    }
    cleaned.sorted += abandoned(log, over).await?;
    Ok(cleaned)
}

/// Fresh files of commits that a generation covers which was visible before `over`.
async fn covered(log: &Log, marker: &Marker, over: i64) -> Result<u64, LakeError> {
    let old = marker.superseded.iter().map(|(generation, _)| generation);
    let visible = old.chain([&marker.valid]).filter(|generation| generation.made_at <= over);
    let Some(through) = visible.map(|generation| generation.through_commit).max() else { return Ok(0) };
    let mut removed = 0;
    for entry in log.store().list(&log.key(&format!("{FRESH}dt={}/", marker.date)), None).await? {
        let number = number_of(&entry.key).and_then(|number| i64::try_from(number).ok());
        if number.is_some_and(|number| number <= through) {
            log.store().remove(&entry.key).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

async fn superseded(log: &Log, marker: &Marker, over: i64) -> Result<u64, LakeError> {
    let mut removed = 0;
    for (generation, _) in marker.superseded.iter().filter(|(_, at)| *at <= over) {
        let prefix = log.key(&sorted_key(&marker.date, &format!("{}-", generation.name)));
        for entry in log.store().list(&prefix, None).await? {
            log.store().remove(&entry.key).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Files that no marker names and that were begun before `over`: of a compaction that died, or lost.
async fn abandoned(log: &Log, over: i64) -> Result<u64, LakeError> {
    let (mut removed, mut marker): (u64, Option<(String, Option<Marker>)>) = (0, None);
    for entry in log.store().list(&log.key(SORTED), None).await? {
        let Some(date) = date_of(&entry.key) else { continue };
        let Some(generation) = generation_of(&entry.key) else { continue };
        if begun_at(generation).is_none_or(|second| second.saturating_mul(1000) > over) {
            continue;
        }
        let known = match &marker {
            Some((of, known)) if of == date => known,
            _ => &marker.insert((date.to_owned(), read_marker(log, date).await?.0)).1,
        };
        let is_named = known.as_ref().is_some_and(|marker| {
            marker.valid.name == generation || marker.superseded.iter().any(|(old, _)| old.name == generation)
        });
        if !is_named {
            log.store().remove(&entry.key).await?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// `<commit>-<seconds and writer>` of `…/<commit>-<seconds and writer>-<part>.parquet`.
pub(crate) fn generation_of(key: &str) -> Option<&str> {
    let (generation, _) = key.rsplit('/').next()?.rsplit_once('-')?;
    generation.contains('-').then_some(generation)
}
