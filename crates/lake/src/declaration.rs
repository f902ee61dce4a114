//! By which declaration a lake was made: its newest file states it, in the footer.

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use sealog_store::Log;

use crate::columns::Columns;
use crate::compact::read_marker;
use crate::error::LakeError;
use crate::marker::sorted_key;
use crate::names::{DAYS, FRESH, date_of, number_of};
use crate::read::contained;
use crate::schema::COLUMNS_KEY;

/// Bytes of a file's end that are read first: most footers are smaller.
const FOOTER_BYTES: u64 = 64 << 10;
/// Times that a footer may turn out to be longer.
const LONGER_MAX: usize = 2;

/// A file's name and size.
type Sized = (String, u64);

/// The typed columns that the newest file of a lake was made by; `None` where there is no file. Only its footer is read.
///
/// # Errors
/// [`LakeError`].
pub async fn declared(log: &Log) -> Result<Option<Columns>, LakeError> {
    let fresh = log.store().list(&log.key(FRESH), None).await?;
    let newest = fresh.into_iter().max_by_key(|entry| number_of(&entry.key));
    let newest = match newest {
        Some(entry) => Some((entry.key, entry.bytes)),
        None => newest_sorted(log).await?,
    };
    let Some(file) = newest else { return Ok(None) };
    let Some(footer) = footer(log, &file).await? else { return Ok(None) };
    let stated = footer.file_metadata().key_value_metadata();
    let stated = stated.and_then(|all| all.iter().find(|it| it.key == COLUMNS_KEY));
    Ok(Some(stated.and_then(|it| it.value.as_deref()).and_then(Columns::from_json).unwrap_or_default()))
}

async fn newest_sorted(log: &Log) -> Result<Option<Sized>, LakeError> {
    let days = log.store().list(&log.key(DAYS), None).await?;
    let Some(date) = days.last().and_then(|entry| date_of(&entry.key)) else { return Ok(None) };
    let (marker, _) = read_marker(log, date).await?;
    let file = marker.and_then(|marker| marker.files.into_iter().next());
    Ok(file.map(|file| (log.key(&sorted_key(date, &file.name)), u64::try_from(file.bytes).unwrap_or(0))))
}

/// What a footer gives, or how many bytes of the file's end it takes.
enum Parsed {
    Whole(Box<ParquetMetaData>),
    Longer(u64),
}

async fn footer(log: &Log, (key, bytes): &Sized) -> Result<Option<ParquetMetaData>, LakeError> {
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
