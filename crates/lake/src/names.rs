//! Names of the lake's files, relative to `<archive>/<log>/`.

use crate::row::date;

pub(crate) const FRESH: &str = "lake/fresh/";
pub(crate) const SORTED: &str = "lake/sorted/";
pub(crate) const DAYS: &str = "lake/days/";
/// Not `lake/commits`: the bucket policy denies to write over anything under a folder of that name.
pub(crate) const COMMITS: &str = "lake/log/";

/// The rows of one commit whose changes fell on one day.
pub(crate) fn fresh_key(day: i64, number: u64) -> String {
    format!("{}{number:020}.parquet", fresh_prefix(day))
}

/// All fresh rows of a day.
pub(crate) fn fresh_prefix(day: i64) -> String {
    format!("{FRESH}dt={}/", date(day))
}

/// One commit, flattened.
pub(crate) fn commit_rows_key(day: i64, number: u64) -> String {
    format!("{}{number:020}.parquet", commit_rows_prefix(day))
}

/// All commits of a day.
pub(crate) fn commit_rows_prefix(day: i64) -> String {
    format!("{COMMITS}dt={}/", date(day))
}

/// Number of the commit in a name of `fresh` or `log`; `None` for any other name.
pub(crate) fn number_of(key: &str) -> Option<u64> {
    let (_, name) = key.rsplit_once('/')?;
    let digits = name.strip_suffix(".parquet")?;
    (digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.parse().ok())?
}

/// Day in a name of `fresh`, `sorted` or `log`, as `2026-11-22`; `None` for any other name.
pub(crate) fn date_of(key: &str) -> Option<&str> {
    let (_, rest) = key.split_once("/dt=")?;
    let (date, _) = rest.split_once('/')?;
    (date.len() == 10 && day_number(date).is_some()).then_some(date)
}

/// A date as a day counted from 1970-01-01.
pub(crate) fn day_number(date: &str) -> Option<i64> {
    let day: jiff::civil::Date = date.parse().ok()?;
    let midnight = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    let number = midnight.timestamp().as_second().div_euclid(86_400);
    (crate::row::date(number) == date).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_days_and_numbers() {
        let key = fresh_key(20_779, 42);
        assert_eq!(key, "lake/fresh/dt=2026-11-22/00000000000000000042.parquet");
        assert_eq!((date_of(&key), number_of(&key)), (Some("2026-11-22"), Some(42)));
        assert_eq!(day_number("2026-11-22"), Some(20_779));
        for other in [
            "lake/fresh/dt=2026-13-22/x",
            "lake/fresh/x",
            "lake/fresh/dt=2026-11-2/00000000000000000042.parquet",
        ] {
            assert_eq!(date_of(other), None, "{other}");
        }
        assert_eq!(number_of("lake/fresh/dt=2026-11-22/42.parquet"), None);
    }
}
