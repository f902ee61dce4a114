//! The files of a lake: their names, and what the rows of those that the view needs say.

use std::collections::BTreeSet;

use bytes::Bytes;
use sealog_chain::sha256;
use sealog_store::Log;

use super::places::Places;
use super::{Checked, FlawKind, place_of};
use crate::compact::{generation_of, read_marker};
use crate::error::{LakeError, died};
use crate::marker::{marker_key, sorted_key};
use crate::names::{COMMITS, DAYS, FRESH, SORTED, date_of, day_number, number_of};
use crate::read::{Flaw, WholeFile};
use crate::rows::Rows;

/// Every name under `lake/` must be one that a publisher or a compaction gives.
pub(super) async fn names(log: &Log, checked: &mut Checked) -> Result<(), LakeError> {
    let prefix = log.key("");
    for entry in log.store().list(&log.key("lake/"), None).await? {
        let Some(name) = entry.key.strip_prefix(&prefix) else { continue };
        if !has_place(name) {
            let message =
                format!("{name} is no name that a lake has: whoever put it there wanted it to be read");
            checked.add(FlawKind::ForeignFile, Some(name), None, message);
        }
    }
    Ok(())
}

fn has_place(name: &str) -> bool {
    let Some(date) = date_of(name) else { return false };
    let plain = |folder: &str, file: &str| name == format!("{folder}dt={date}/{file}");
    let file = name.rsplit('/').next().unwrap_or_default();
    let numbered = number_of(name).is_some() && (plain(FRESH, file) || plain(COMMITS, file));
    let is_sorted = plain(SORTED, file) && generation_of(name).is_some() && file.ends_with(".parquet");
    numbered || is_sorted || name == marker_key(date)
}

/// What a file of the view is.
struct Part {
    key: String,
    name: String,
    date: String,
    day: i64,
    sha256: Option<String>,
    generation: Option<String>,
}

/// The places of all rows that the view shows; flaws of their cells are told.
pub(super) async fn rows(log: &Log, mut places: Places, checked: &mut Checked) -> Result<Places, LakeError> {
    for part in parts(log, checked).await? {
        let Some(object) = log.store().read(&part.key).await? else {
            checked.add(FlawKind::Unreadable, Some(&part.name), None, format!("{} is not there", part.name));
            continue;
        };
        checked.files += 1;
        let looking = tokio::task::spawn_blocking(move || {
            let seen = look(&part, object.bytes, &mut places);
            (places, part, seen)
        });
        let (back, part, seen) = looking.await.map_err(died)?;
        places = back;
        match seen? {
            Ok(Seen { rows, cells }) => {
                checked.rows += rows;
                for (at, column) in cells {
                    let message = format!(
                        "column {column} of {} under {} is not what the images give",
                        part.name, part.date
                    );
                    checked.add(FlawKind::Cell, Some(&part.name), Some(at), message);
                }
            }
            Err(flaw) => {
                checked.add(FlawKind::Unreadable, Some(&part.name), None, format!("{}: {flaw}", part.name))
            }
        }
    }
    Ok(places)
}

async fn parts(log: &Log, checked: &mut Checked) -> Result<Vec<Part>, LakeError> {
    let (prefix, mut parts, mut marked) = (log.key(""), Vec::new(), Vec::new());
    let listed = log.store().list(&log.key(DAYS), None).await?;
    let dates: BTreeSet<String> =
        listed.iter().filter_map(|entry| date_of(&entry.key).map(str::to_owned)).collect();
    for date in dates {
        match read_marker(log, &date).await {
            Ok((Some(marker), _)) => marked.push((date, marker)),
            Ok((None, _)) => {}
            Err(LakeError::Broken { key, what }) => {
                checked.add(FlawKind::Unreadable, Some(&key), None, format!("{key}: {what}"));
            }
            Err(error) => return Err(error),
        }
    }
    for (date, marker) in &marked {
        parts.extend(marker.files.iter().map(|file| Part {
            key: log.key(&sorted_key(date, &file.name)),
            name: sorted_key(date, &file.name),
            date: date.clone(),
            day: day_number(date).unwrap_or_default(),
            sha256: Some(file.sha256.clone()),
            generation: Some(marker.valid.name.clone()),
        }));
    }
    for entry in log.store().list(&log.key(FRESH), None).await? {
        let (Some(date), Some(number)) = (date_of(&entry.key), number_of(&entry.key)) else { continue };
        let through = marked.iter().find(|(of, _)| of == date).map(|(_, marker)| marker.valid.through_commit);
        if through.is_none_or(|through| i64::try_from(number).is_ok_and(|number| number > through)) {
            parts.push(Part {
                name: entry.key.strip_prefix(&prefix).unwrap_or(&entry.key).to_owned(),
                date: date.to_owned(),
                day: day_number(date).unwrap_or_default(),
                sha256: None,
                generation: None,
                key: entry.key,
            });
        }
    }
    Ok(parts)
}

struct Seen {
    rows: u64,
    /// Rows and columns that are not what they should be.
    cells: Vec<((i64, i64), String)>,
}

fn look(part: &Part, bytes: Bytes, places: &mut Places) -> Result<Result<Seen, Flaw>, LakeError> {
    if part.sha256.as_ref().is_some_and(|stated| *stated != sha256(&bytes).to_string()) {
        return Ok(Err("it is not what its day's marker names".to_owned()));
    }
    let (mut seen, mut scratch) = (Seen { rows: 0, cells: Vec::new() }, Vec::new());
    let mut file = match WholeFile::open(bytes) {
        Ok(file) => file,
        Err(flaw) => return Ok(Err(flaw)),
    };
    let mut expected = Rows::new(file.columns(), part.generation.as_deref());
    loop {
        let (batch, given) = match file.next() {
            Ok(Some(next)) => next,
            Ok(None) => return Ok(Ok(seen)),
            Err(flaw) => return Ok(Err(flaw)),
        };
        for index in 0..given.len() {
            let row = given.row(index);
            places.push(place_of(&row, part.day, &mut scratch))?;
            expected.push(&row)?;
            seen.rows += 1;
        }
        let wanted = expected.take()?;
        for (field, wanted) in wanted.schema().fields().iter().zip(wanted.columns()) {
            let found = batch.column_by_name(field.name());
            if found.is_some_and(|found| found == wanted) {
                continue;
            }
            // Which row it is, one by one: only where something is wrong.
            let differs = |index: &usize| {
                found.is_none_or(|found| {
                    found.data_type() != wanted.data_type()
                        || found.slice(*index, 1) != wanted.slice(*index, 1)
                })
            };
            let rows = (0..given.len()).filter(differs).take(10);
            seen.cells.extend(rows.map(|index| {
                let row = given.row(index);
                ((row.commit_number, row.row_index), field.name().clone())
            }));
        }
    }
}
