//! By which declaration a lake was made: its newest file states it, in the footer.

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use sealog_store::Log;

use crate::columns::Columns;
use crate::error::LakeError;
use crate::read::contained;
use crate::schema::COLUMNS_KEY;
use crate::view::{DayFiles, ViewFile};

/// Bytes of a file's end that are read first: most footers are smaller.
const FOOTER_BYTES: u64 = 64 << 10;
/// Times that a footer may turn out to be longer.
const LONGER_MAX: usize = 2;

/// The typed columns that the newest of these files was made by; `None` where there is no file. Only its footer is read.
///
/// # Errors
/// [`LakeError`].
pub async fn declared(log: &Log, days: &[DayFiles]) -> Result<Option<Columns>, LakeError> {
    let fresh = days.iter().flat_map(|day| &day.fresh).map(|file| (file.commit_number, file));
    let sorted = days.iter().filter_map(|day| Some((day.through_commit, day.sorted.first()?)));
    // A day that is sorted up to a commit was sorted after that commit was published.
    let Some((_, file)) = fresh.chain(sorted).max_by_key(|(number, _)| *number) else { return Ok(None) };
    let Some(footer) = footer(log, file).await? else { return Ok(None) };
    let stated = footer.file_metadata().key_value_metadata();
    let stated = stated.and_then(|all| all.iter().find(|it| it.key == COLUMNS_KEY));
    Ok(Some(stated.and_then(|it| it.value.as_deref()).and_then(Columns::from_json).unwrap_or_default()))
}

/// What a footer gives, or how many bytes of the file's end it takes.
enum Parsed {
    Whole(Box<ParquetMetaData>),
    Longer(u64),
}

async fn footer(
    log: &Log,
    ViewFile { key, bytes, .. }: &ViewFile,
) -> Result<Option<ParquetMetaData>, LakeError> {
    let broken = |what: String| LakeError::Broken { key: key.clone(), what };
    let mut length = FOOTER_BYTES;
    for _ in 0..LONGER_MAX {
        let end = log.store().read_range(key, bytes.saturating_sub(length)..*bytes).await?;
        let Some(end) = end else { return Ok(None) };
        match contained(|| parse(&end, *bytes)).map_err(broken)? {
            Parsed::Whole(footer) => return Ok(Some(*footer)),
            Parsed::Longer(needed) => length = needed,
        }
    }
    Err(broken("its footer has no end".to_owned()))
}

fn parse(end: &Bytes, bytes: u64) -> Result<Parsed, String> {
    let mut reader = ParquetMetaDataReader::new();
    match reader.try_parse_sized(end, bytes) {
        Ok(()) => {
            let footer = reader.finish().map_err(|error| error.to_string())?;
            Ok(Parsed::Whole(Box::new(footer)))
        }
        Err(ParquetError::NeedMoreData(needed)) => Ok(Parsed::Longer(needed as u64)),
        Err(error) => Err(format!("not readable as a lake file: {error}")),
    }
}
