//! Instants as a person writes them.

use sealog_record::Timestamp;

/// A text that is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no time{hint}: write a date, 2026-11-22 (its first moment, in UTC), or a time with its zone, 2026-11-22T10:15:30Z or 2026-11-22T11:15:30+01:00"
)]
pub struct MalformedInstant {
    text: String,
    hint: &'static str,
}

/// Reads an instant: ISO 8601 with `Z` or an offset, or a date alone, which is its first moment in UTC. What is finer than
/// a millisecond is cut off.
///
/// # Errors
/// [`MalformedInstant`], which says what is missing.
pub fn instant(text: &str) -> Result<Timestamp, MalformedInstant> {
    let malformed = |hint| MalformedInstant { text: text.to_owned(), hint };
    // jiff takes the date out of a text with a time, too.
    let is_date = !text.contains([':', 'T', 't', ' ']);
    if is_date {
        let date: jiff::civil::Date = text.parse().map_err(|_| malformed(""))?;
        let midnight = date.to_zoned(jiff::tz::TimeZone::UTC).map_err(|_| malformed(""))?;
        return Ok(Timestamp::from_millis(midnight.timestamp().as_millisecond()));
    }
    match text.parse::<jiff::Timestamp>() {
        Ok(at) => Ok(Timestamp::from_millis(
            at.as_nanosecond().div_euclid(1_000_000).try_into().unwrap_or(i64::MAX),
        )),
        Err(_) if text.parse::<jiff::civil::DateTime>().is_ok() => Err(malformed(" with a zone")),
        Err(_) => Err(malformed("")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_or_a_date_is_taken_and_anything_else_refused() {
        let said = |text: &str| instant(text).map(|at| at.to_string());
        assert_eq!(said("2026-11-22").unwrap(), "2026-11-22T00:00:00.000Z");
        assert_eq!(said("2026-11-22T10:15:30Z").unwrap(), "2026-11-22T10:15:30.000Z");
        assert_eq!(said("2026-11-22T11:15:30.1239+01:00").unwrap(), "2026-11-22T10:15:30.123Z");
        assert!(said("2026-11-22T10:15:30").unwrap_err().to_string().contains("no time with a zone"));
        for wrong in ["", "yesterday", "2026-13-01", "10:15", "2026-11-22T25:00:00Z", "1795342530"] {
            assert!(said(wrong).unwrap_err().to_string().contains("write a date"), "{wrong}");
        }
    }
}
