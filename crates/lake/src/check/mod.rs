//! Whether a lake says what the evidence says: every row of every published commit once through the view, under its day, with
//! the cells that its images give; and no name in the prefix that has no place there.
//!
//! Evidence is taken for what its commit names: that it is, a verification of the log says. Nothing of a lake's own statements
//! is believed: leaves are computed from the rows, typed columns from the images.

mod files;
mod places;

use sealog_batch::EvidenceReader;
use sealog_chain::{Commit, commit_key, record_leaf, sha256};
use sealog_record::Timestamp;
use sealog_store::Log;

use crate::compact::Spill;
use crate::error::LakeError;
use crate::row::{LakeRow, date};
use places::{Place, Places, Sorted};

/// Most flaws of one kind that are told.
const FLAWS_MAX: usize = 1_000;

/// What is wrong with a lake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum FlawKind {
    /// A name that has no place in the lake.
    ForeignFile,
    /// A file that the view needs and that is no lake file, or not what its marker names.
    Unreadable,
    /// A row of published evidence that the view does not show.
    Missing,
    /// A row that the view shows more than once.
    Twice,
    /// A row that no published evidence has in this place, or that differs from it, or stands under another day.
    Foreign,
    /// A derived column that is not what the row's images give.
    Cell,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeFlaw {
    /// What.
    pub kind: FlawKind,
    /// The file, relative to the log.
    pub file: Option<String>,
    /// The commit.
    pub commit: Option<u64>,
    /// The row in its batch.
    pub row: Option<u64>,
    /// For people.
    pub message: String,
}

/// What was looked at, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Checked {
    /// Newest published commit.
    pub published: Option<u64>,
    /// Files of the view.
    pub files: u64,
    /// Rows of the view.
    pub rows: u64,
    /// Flaws, by kind at most a thousand.
    pub flaws: Vec<LakeFlaw>,
}

impl Checked {
    fn add(
        &mut self,
        kind: FlawKind,
        file: Option<&str>,
        place: Option<(i64, i64)>,
        message: impl Into<String>,
    ) {
        if self.flaws.iter().filter(|flaw| flaw.kind == kind).count() >= FLAWS_MAX {
            return;
        }
        let number = |number: i64| u64::try_from(number).ok();
        self.flaws.push(LakeFlaw {
            kind,
            file: file.map(str::to_owned),
            commit: place.and_then(|(commit, _)| number(commit)),
            row: place.and_then(|(_, row)| number(row)),
            message: message.into(),
        });
    }
}

/// Checks a log's lake. `now` only says where to begin to look for its end.
///
/// # Errors
/// [`LakeError`] when store or disk fail; a lake that is wrong is no error.
pub async fn check(log: &Log, now: Timestamp, spill: Spill) -> Result<Checked, LakeError> {
    let mut checked = Checked { published: crate::published(log, now).await?, ..Checked::default() };
    files::names(log, &mut checked).await?;
    let places = files::rows(log, Places::new(spill.clone()), &mut checked).await?;
    let mut shown = places.sorted()?;
    let end = checked.published.map_or(0, |newest| newest + 1);
    for number in 0..end {
        let Some(expected) = evidence(log, number).await? else {
            // What cannot be told of a commit is no flaw of the lake.
            while shown.peek().is_some_and(|place| u64::try_from(place.commit) == Ok(number)) {
                take(&mut shown, &spill)?;
            }
            continue;
        };
        for wanted in expected {
            compare(wanted, &mut shown, &spill, &mut checked)?;
        }
    }
    while let Some(place) = take(&mut shown, &spill)? {
        // A commit that is published while this looks is no foreign row.
        if u64::try_from(place.commit).is_ok_and(|commit| commit < end) {
            foreign(place, &mut checked);
        }
    }
    checked.flaws.sort_by(|a, b| (a.kind, a.commit, a.row, &a.file).cmp(&(b.kind, b.commit, b.row, &b.file)));
    Ok(checked)
}

fn take(shown: &mut Sorted, spill: &Spill) -> Result<Option<Place>, LakeError> {
    shown.take().map_err(|error| spill.failed(error))
}

fn foreign(place: Place, checked: &mut Checked) {
    let message =
        format!("under {} stands a row that commit {} does not have so", date(place.day), place.commit);
    checked.add(FlawKind::Foreign, None, Some((place.commit, place.row)), message);
}

/// Takes what is shown up to the place of `wanted`, and says what differs.
fn compare(wanted: Place, shown: &mut Sorted, spill: &Spill, checked: &mut Checked) -> Result<(), LakeError> {
    let at = (wanted.commit, wanted.row);
    let mut found = 0;
    while let Some(place) = shown.peek().filter(|place| (place.commit, place.row) <= at) {
        take(shown, spill)?;
        match place {
            place if place == wanted => found += 1,
            place => foreign(place, checked),
        }
    }
    if found == 0 {
        checked.add(
            FlawKind::Missing,
            None,
            Some(at),
            format!("row {} of commit {} is not shown under {}", at.1, at.0, date(wanted.day)),
        );
    }
    if found > 1 {
        checked.add(
            FlawKind::Twice,
            None,
            Some(at),
            format!("row {} of commit {} is shown {found} times", at.1, at.0),
        );
    }
    Ok(())
}

/// What a commit's evidence has, row by row; `None` if that cannot be told, which the verification of the log says.
async fn evidence(log: &Log, number: u64) -> Result<Option<Vec<Place>>, LakeError> {
    let Some(stored) = log.read(&commit_key(number)).await? else { return Ok(None) };
    let Ok(commit) = Commit::parse(&stored.bytes) else { return Ok(None) };
    let mut places = Vec::new();
    for object in commit.batch.iter().flat_map(|batch| &batch.objects) {
        let Some(bytes) = log.read(&object.key).await?.map(|found| found.bytes) else { return Ok(None) };
        if sha256(&bytes) != object.sha256 {
            return Ok(None);
        }
        let (committed_at, first) = (commit.committed_at.as_millis(), places.len());
        let reading = tokio::task::spawn_blocking(move || {
            let (mut places, mut scratch) = (Vec::new(), Vec::new());
            let each = |index: usize, row: &sealog_record::EvidenceRow<'_>, _: &[u8]| {
                let place = LakeRow {
                    evidence: *row,
                    leaf_hash: &[],
                    commit_number: i64::try_from(number).unwrap_or(i64::MAX),
                    row_index: i64::try_from(first + index).unwrap_or(i64::MAX),
                    committed_at,
                };
                places.push(place_of(&place, place.day(), &mut scratch));
            };
            EvidenceReader::open(bytes).and_then(|reader| reader.for_each(each)).map(|()| places)
        });
        match reading.await.map_err(crate::error::died)? {
            Ok(more) => places.extend(more),
            Err(_unreadable) => return Ok(None),
        }
    }
    Ok(Some(places))
}

/// A row's place, with its leaf as it follows from the row.
fn place_of(row: &LakeRow<'_>, day: i64, scratch: &mut Vec<u8>) -> Place {
    let leaf = record_leaf(&row.evidence, scratch);
    let mut beginning = [0; 16];
    beginning.iter_mut().zip(leaf.0).for_each(|(to, from)| *to = from);
    Place { commit: row.commit_number, row: row.row_index, day, leaf: beginning }
}
