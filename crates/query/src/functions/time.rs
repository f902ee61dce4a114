//! Instants: their parts, distances and sums. All of the archive's are UTC, to the millisecond.

use std::sync::Arc;

use arrow::array::{Array, AsArray, Int64Array, StringArray, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Int64Type, TimeUnit, TimestampMillisecondType};
use datafusion::common::{Result, ScalarValue, exec_datafusion_err, plan_err};
use datafusion::functions::expr_fn::date_part;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarUDF, Volatility, cast, create_udf, lit,
};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::rewritten::{rewritten, taken};

/// Trino's function, and the part as DataFusion calls it.
const PARTS: [(&str, &str); 15] = [
    ("year", "year"),
    ("year_of_week", "isoyear"),
    ("quarter", "quarter"),
    ("month", "month"),
    ("week", "week"),
    ("week_of_year", "week"),
    ("day", "day"),
    ("day_of_month", "day"),
    ("day_of_week", "isodow"),
    ("dow", "isodow"),
    ("day_of_year", "doy"),
    ("doy", "doy"),
    ("hour", "hour"),
    ("minute", "minute"),
    ("second", "second"),
];

fn instant() -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()))
}

pub(super) fn functions() -> Vec<ScalarUDF> {
    let mut functions: Vec<ScalarUDF> =
        PARTS.iter().map(|(name, _)| rewritten(name, 1, |_| Ok(DataType::Int64), part)).collect();
    functions.push(rewritten("at_timezone", 2, zone_type, at_timezone));
    for name in ["date", "from_iso8601_date"] {
        functions.push(rewritten(name, 1, |_| Ok(DataType::Date32), date));
    }
    functions.extend([from_iso8601_timestamp(), date_diff(), date_add()]);
    functions
}

fn part(name: &'static str, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<Expr> {
    let [of] = taken(arguments)?;
    let part = PARTS.iter().find(|(known, _)| *known == name).map_or(name, |(_, part)| part);
    Ok(cast(date_part(lit(part), of), DataType::Int64))
}

fn date(_: &'static str, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<Expr> {
    let [of] = taken(arguments)?;
    Ok(cast(of, DataType::Date32))
}

fn in_zone(zone: &str) -> DataType {
    DataType::Timestamp(TimeUnit::Millisecond, Some(zone.into()))
}

fn zone_type(arguments: &ReturnFieldArgs<'_>) -> Result<DataType> {
    let zone = arguments.scalar_arguments.get(1).copied().flatten();
    named_zone(zone).map(in_zone)
}

/// The same instant, shown and taken apart as in a zone.
fn at_timezone(_: &'static str, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<Expr> {
    let [of, zone] = taken(arguments)?;
    let zone = named_zone(if let Expr::Literal(zone, _) = &zone { Some(zone) } else { None })?;
    Ok(cast(cast(of, instant()), in_zone(zone)))
}

fn named_zone(zone: Option<&ScalarValue>) -> Result<&str> {
    match zone.and_then(ScalarValue::try_as_str).flatten() {
        Some(zone) => Ok(zone),
        None => plan_err!("at_timezone takes the zone as a text: at_timezone(created_at, 'Europe/Berlin')"),
    }
}

type Texts = StringArray;
type Instants = TimestampMillisecondArray;

fn texts(values: &[Arc<dyn Array>], place: usize) -> Result<Texts> {
    let array = values.get(place).and_then(|array| array.as_string_opt::<i32>()).cloned();
    array.ok_or_else(|| exec_datafusion_err!("argument {} should be text", place + 1))
}

fn instants(values: &[Arc<dyn Array>], place: usize) -> Result<Instants> {
    let array =
        values.get(place).and_then(|array| array.as_primitive_opt::<TimestampMillisecondType>()).cloned();
    array.ok_or_else(|| exec_datafusion_err!("argument {} should be an instant", place + 1))
}

/// RFC 3339, or without an offset, which then is UTC.
fn from_iso8601_timestamp() -> ScalarUDF {
    let parse = |text: &str| -> Result<i64> {
        let stamp = text.parse::<Timestamp>().or_else(|_| {
            let civil: jiff::civil::DateTime = text.parse()?;
            civil.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp())
        });
        let wrong = |_| exec_datafusion_err!("{text:?} is no instant, such as 2026-11-22T10:15:30Z");
        Ok(stamp.map_err(wrong)?.as_millisecond())
    };
    let all = move |values: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(values)?;
        let texts = texts(&arrays, 0)?;
        let stamps = texts.iter().map(|text| text.map(parse).transpose()).collect::<Result<Instants>>()?;
        Ok(ColumnarValue::Array(Arc::new(stamps.with_timezone("UTC"))))
    };
    create_udf(
        "from_iso8601_timestamp",
        vec![DataType::Utf8],
        instant(),
        Volatility::Immutable,
        Arc::new(all),
    )
}

/// Whole units from the first instant to the second; less than none where the second is earlier.
fn date_diff() -> ScalarUDF {
    let all = |values: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(values)?;
        let (units, from, to) = (texts(&arrays, 0)?, instants(&arrays, 1)?, instants(&arrays, 2)?);
        let between = units.iter().zip(from.iter().zip(to.iter())).map(|(unit, ends)| match (unit, ends) {
            (Some(unit), (Some(from), Some(to))) => Length::named(unit)?.between(from, to).map(Some),
            _ => Ok(None),
        });
        Ok(ColumnarValue::Array(Arc::new(between.collect::<Result<Int64Array>>()?)))
    };
    create_udf(
        "date_diff",
        vec![DataType::Utf8, instant(), instant()],
        DataType::Int64,
        Volatility::Immutable,
        Arc::new(all),
    )
}

/// An instant so many units later.
fn date_add() -> ScalarUDF {
    let all = |values: &[ColumnarValue]| {
        let arrays = ColumnarValue::values_to_arrays(values)?;
        let (units, from) = (texts(&arrays, 0)?, instants(&arrays, 2)?);
        let counts = arrays.get(1).and_then(|array| array.as_primitive_opt::<Int64Type>());
        let counts = counts.ok_or_else(|| exec_datafusion_err!("argument 2 should be an integer"))?;
        let later = units.iter().zip(counts.iter().zip(from.iter())).map(|(unit, sum)| match (unit, sum) {
            (Some(unit), (Some(count), Some(from))) => Length::named(unit)?.later(from, count).map(Some),
            _ => Ok(None),
        });
        Ok(ColumnarValue::Array(Arc::new(later.collect::<Result<Instants>>()?.with_timezone("UTC"))))
    };
    create_udf(
        "date_add",
        vec![DataType::Utf8, DataType::Int64, instant()],
        instant(),
        Volatility::Immutable,
        Arc::new(all),
    )
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// So many milliseconds.
    Fixed(i64),
    /// So many months of the calendar.
    Months(i64),
}

impl Length {
    fn named(unit: &str) -> Result<Self> {
        Ok(match unit.to_ascii_lowercase().as_str() {
            "millisecond" => Self::Fixed(1),
            "second" => Self::Fixed(1_000),
            "minute" => Self::Fixed(60_000),
            "hour" => Self::Fixed(3_600_000),
            "day" => Self::Fixed(86_400_000),
            "week" => Self::Fixed(604_800_000),
            "month" => Self::Months(1),
            "quarter" => Self::Months(3),
            "year" => Self::Months(12),
            _ => {
                return Err(exec_datafusion_err!(
                    "{unit:?} is no unit; known are millisecond, second, minute, hour, day, week, month, quarter, year"
                ));
            }
        })
    }

    fn between(self, from: i64, to: i64) -> Result<i64> {
        match self {
            Self::Fixed(length) => Ok(to.saturating_sub(from) / length),
            Self::Months(_) if to < from => self.between(to, from).map(|count| -count),
            Self::Months(length) => {
                let (begin, end) = (zoned(from)?, zoned(to)?);
                let months = |at: &jiff::Zoned| i64::from(at.year()) * 12 + i64::from(at.month());
                let months = months(&end) - months(&begin);
                // The last of them may not be whole; the end of a shorter month is as good as the day that it lacks.
                let is_whole = Self::Months(1).later(from, months)? <= to;
                Ok((months - i64::from(!is_whole)) / length)
            }
        }
    }

    fn later(self, from: i64, count: i64) -> Result<i64> {
        match self {
            Self::Fixed(length) => Ok(from.saturating_add(count.saturating_mul(length))),
            Self::Months(length) => {
                let span = Span::new().try_months(count.saturating_mul(length)).map_err(beyond)?;
                let later = zoned(from)?.checked_add(span).map_err(beyond)?;
                Ok(later.timestamp().as_millisecond())
            }
        }
    }
}

fn zoned(millis: i64) -> Result<jiff::Zoned> {
    Ok(Timestamp::from_millisecond(millis).map_err(beyond)?.to_zoned(TimeZone::UTC))
}

fn beyond(error: jiff::Error) -> datafusion::error::DataFusionError {
    exec_datafusion_err!("{error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_millisecond()
    }

    #[test]
    fn distances_are_whole_units_and_sums_keep_to_the_calendar() {
        let (from, to) = (at("2026-01-31T10:00:00Z"), at("2027-03-01T09:59:59.999Z"));
        let units = ["millisecond", "second", "hour", "day", "week", "month", "quarter", "year"];
        let between = units.map(|unit| Length::named(unit).unwrap().between(from, to).unwrap());
        assert_eq!(between[3..], [393, 56, 13, 4, 1]);
        assert_eq!(between[0], to - from);
        let months = |from, to| Length::Months(1).between(at(from), at(to)).unwrap();
        assert_eq!(months("2026-01-31T00:00:00Z", "2026-02-28T00:00:00Z"), 1);
        assert_eq!(months("2026-02-28T00:00:00Z", "2026-01-31T00:00:00Z"), -1);
        assert_eq!(months("2026-01-15T00:00:00Z", "2026-02-14T23:59:59Z"), 0);
        assert_eq!(Length::named("YEAR").unwrap().between(to, from).unwrap(), -1);
        assert_eq!(Length::named("month").unwrap().later(from, 1).unwrap(), at("2026-02-28T10:00:00Z"));
        assert_eq!(Length::named("day").unwrap().later(from, -31).unwrap(), at("2025-12-31T10:00:00Z"));
        assert!(Length::named("fortnight").unwrap_err().to_string().contains("quarter"));
        assert!(Length::named("year").unwrap().later(from, i64::MAX).is_err());
    }
}
