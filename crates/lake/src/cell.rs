//! One attribute as one typed cell. Never through a float: a decimal is made of the number's own digits.

use std::borrow::Cow;

use crate::columns::{Epoch, Kind};
use crate::image::Attribute;

/// What a typed column holds in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    /// Not there, or DynamoDB's NULL.
    Absent,
    /// There, and not of this type or too large or too fine for it.
    Misfit,
    /// Digits without the point.
    Decimal(i128),
    Text(Cow<'a, str>),
    Boolean(bool),
    /// Milliseconds since 1970-01-01 UTC.
    Timestamp(i64),
}

/// From here on a number without a unit counts milliseconds.
const SECONDS_END: i128 = 100_000_000_000;

impl<'a> Cell<'a> {
    pub(crate) fn of(attribute: Option<Attribute<'a>>, kind: Kind) -> Self {
        let Some(attribute) = attribute else { return Self::Absent };
        if matches!(attribute, Attribute::Null) {
            return Self::Absent;
        }
        let cell = match (kind, attribute) {
            (Kind::Decimal { precision, scale }, Attribute::Number(digits)) => {
                decimal(&digits, precision, i32::from(scale)).map(Cell::Decimal)
            }
            (Kind::Text, attribute) => attribute.into_text().map(Cell::Text),
            (Kind::Boolean, Attribute::Bool(value)) => Some(Cell::Boolean(value)),
            (Kind::Timestamp { .. }, Attribute::String(text)) => instant(&text).map(Cell::Timestamp),
            (Kind::Timestamp { epoch }, Attribute::Number(digits)) => {
                counted(&digits, epoch).map(Cell::Timestamp)
            }
            (Kind::Decimal { .. } | Kind::Boolean | Kind::Timestamp { .. }, _) => None,
        };
        cell.unwrap_or(Cell::Misfit)
    }
}

/// A decimal number as an integer of `scale` more digits; `None` where it would need to be rounded, or has more digits.
fn decimal(text: &str, precision: u8, scale: i32) -> Option<i128> {
    let Digits { negative, mut digits, exponent } = Digits::parse(text)?;
    // Trailing noughts are no digits that could be lost.
    let significant = digits.trim_end_matches('0').len();
    let dropped = i32::try_from(digits.len() - significant).ok()?;
    digits.truncate(significant);
    if digits.is_empty() {
        return Some(0);
    }
    let noughts = usize::try_from(exponent.checked_add(dropped)?.checked_add(scale)?).ok()?;
    if digits.len().checked_add(noughts)? > usize::from(precision) {
        return None;
    }
    let value: i128 =
        digits.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(u32::try_from(noughts).ok()?)?)?;
    Some(if negative { -value } else { value })
}

/// `digits × 10^exponent`, without leading noughts.
struct Digits {
    negative: bool,
    digits: String,
    exponent: i32,
}

impl Digits {
    fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i16>().ok()?),
            None => (rest, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_number = whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit());
        if !is_number || whole.len() + part.len() == 0 || part.len() > 1000 {
            return None;
        }
        let digits = format!("{whole}{part}").trim_start_matches('0').to_owned();
        let exponent = i32::from(exponent).checked_sub(i32::try_from(part.len()).ok()?)?;
        Some(Self { negative, digits, exponent })
    }
}

/// RFC 3339. A time without an offset is nobody's time: it does not fit.
fn instant(text: &str) -> Option<i64> {
    text.parse::<jiff::Timestamp>()
        .ok()
        .map(|instant| floor(instant.as_nanosecond(), 1_000_000))
        .and_then(in_range)
}

/// A count of seconds or milliseconds, rounded down to the millisecond.
fn counted(digits: &str, epoch: Epoch) -> Option<i64> {
    // Nine digits behind the point are kept for rounding; more do not change what lies below.
    let Digits { negative, digits, exponent } = Digits::parse(digits)?;
    let nanos = scaled_down(&digits, exponent.checked_add(9)?)?;
    let (units, rest) = nanos;
    let units = if negative { -units - i128::from(rest) } else { units };
    let is_seconds = match epoch {
        Epoch::Seconds => true,
        Epoch::Milliseconds => false,
        Epoch::Either => units.abs() < SECONDS_END * 1_000_000_000,
    };
    in_range(floor(units, if is_seconds { 1_000_000 } else { 1_000_000_000 }))
}

/// `digits × 10^exponent`, rounded down, and whether anything was cut off.
fn scaled_down(digits: &str, exponent: i32) -> Option<(i128, bool)> {
    if digits.is_empty() {
        return Some((0, false));
    }
    if let Ok(noughts) = u32::try_from(exponent) {
        return Some((digits.parse::<i128>().ok()?.checked_mul(10_i128.checked_pow(noughts)?)?, false));
    }
    let cut = usize::try_from(exponent.unsigned_abs()).ok()?;
    let kept = digits.len().saturating_sub(cut);
    let (kept, rest) = digits.split_at_checked(kept)?;
    let kept = if kept.is_empty() { 0 } else { kept.parse().ok()? };
    Some((kept, rest.bytes().any(|digit| digit != b'0')))
}

fn floor(value: i128, unit: i128) -> i128 {
    value.div_euclid(unit)
}

/// The years 0001 to 9999, which every reader can show.
fn in_range(millis: i128) -> Option<i64> {
    i64::try_from(millis).ok().filter(|millis| (-62_135_596_800_000..=253_402_300_799_999).contains(millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::Item;
    use proptest::prelude::*;

    fn cell(value: &str, kind: &str) -> Cell<'static> {
        let text = format!(r#"{{"a":{value}}}"#);
        let item = Item::parse(&text).unwrap();
        match Cell::of(item.attribute(&["a".to_owned()]), kind.parse().unwrap()) {
            Cell::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Cell::Absent => Cell::Absent,
            Cell::Misfit => Cell::Misfit,
            Cell::Decimal(value) => Cell::Decimal(value),
            Cell::Boolean(value) => Cell::Boolean(value),
            Cell::Timestamp(value) => Cell::Timestamp(value),
        }
    }

    fn number(digits: &str, kind: &str) -> Cell<'static> {
        cell(&format!(r#"{{"N":"{digits}"}}"#), kind)
    }

    #[test]
    fn a_decimal_is_exact_or_null() {
        let kind = "decimal(5,2)";
        for (digits, value) in [
            ("0", 0),
            ("-0.000", 0),
            ("1.5", 150),
            ("1.50", 150),
            ("-999.99", -99_999),
            ("999.990000", 99_999),
            ("1E+2", 10_000),
            ("1.25e1", 1_250),
            ("12500E-4", 125),
            ("000001", 100),
        ] {
            assert_eq!(number(digits, kind), Cell::Decimal(value), "{digits}");
        }
        for digits in ["1000", "0.001", "1E3", "1E-3", "", "x", "1.2.3", "NaN", "1E99999"] {
            assert_eq!(number(digits, kind), Cell::Misfit, "{digits}");
        }
        let largest = "9".repeat(38);
        assert_eq!(number(&largest, "decimal(38,0)"), Cell::Decimal(largest.parse().unwrap()));
        assert_eq!(
            number(&format!("0.{largest}"), "decimal(38,38)"),
            Cell::Decimal(largest.parse().unwrap())
        );
        assert_eq!(number(&format!("1{}", "0".repeat(38)), "decimal(38,0)"), Cell::Misfit);
        assert_eq!(cell(r#"{"S":"1"}"#, kind), Cell::Misfit);
    }

    #[test]
    fn a_threshold_is_on_the_right_side_where_a_float_is_not() {
        let kind = "decimal(38,2)";
        assert_eq!(number("9007199254740993", kind), Cell::Decimal(900_719_925_474_099_300));
        assert_eq!(number("10000.00", kind), number("1E4", kind));
    }

    #[test]
    fn instants_come_from_texts_with_an_offset_and_from_counts() {
        let at = Cell::Timestamp(1_795_342_530_123);
        for text in ["2026-11-22T10:15:30.123Z", "2026-11-22T11:15:30.123999+01:00"] {
            assert_eq!(cell(&format!(r#"{{"S":"{text}"}}"#), "timestamp"), at);
        }
        for text in ["2026-11-22T10:15:30", "2026-11-22", "soon", ""] {
            assert_eq!(cell(&format!(r#"{{"S":"{text}"}}"#), "timestamp"), Cell::Misfit, "{text}");
        }
        assert_eq!(number("1795342530.1239", "timestamp"), at);
        assert_eq!(number("1795342530123", "timestamp"), at);
        assert_eq!(number("1.7953425301230001E12", "timestamp"), at);
        assert_eq!(number("1795342530", "timestamp(ms)"), Cell::Timestamp(1_795_342_530));
        assert_eq!(number("1795342530123", "timestamp(s)"), Cell::Misfit, "the year 58,862");
        assert_eq!(number("-0.0001", "timestamp(s)"), Cell::Timestamp(-1));
        assert_eq!(number("-1E-12", "timestamp(s)"), Cell::Timestamp(-1));
        assert_eq!(number("1E-12", "timestamp(s)"), Cell::Timestamp(0));
        assert_eq!(number("99999999999", "timestamp"), Cell::Timestamp(99_999_999_999_000));
        assert_eq!(number("100000000000", "timestamp"), Cell::Timestamp(100_000_000_000));
    }

    #[test]
    fn what_is_absent_is_no_misfit() {
        assert_eq!(Cell::of(None, Kind::Text), Cell::Absent);
        assert_eq!(cell(r#"{"NULL":true}"#, "boolean"), Cell::Absent);
        assert_eq!(cell(r#"{"BOOL":false}"#, "boolean"), Cell::Boolean(false));
        assert_eq!(cell(r#"{"S":"true"}"#, "boolean"), Cell::Misfit);
        assert_eq!(cell(r#"{"B":"AA=="}"#, "text"), Cell::Text("AA==".into()));
        assert_eq!(cell(r#"{"SS":["a"]}"#, "text"), Cell::Misfit);
        assert_eq!(cell(r#"{"M":{}}"#, "text"), Cell::Misfit);
    }

    proptest! {
        #[test]
        fn a_decimal_prints_back_to_what_it_was(value in -(10_i128.pow(30))..10_i128.pow(30), scale in 0_u8..=8) {
            let digits = format!("{:0>width$}", value.unsigned_abs(), width = usize::from(scale) + 1);
            let (whole, part) = digits.split_at(digits.len() - usize::from(scale));
            let sign = if value < 0 { "-" } else { "" };
            let text = if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part}") };
            prop_assert_eq!(number(&text, &format!("decimal(38,{scale})")), Cell::Decimal(value));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-+0-9.eE]{0,60}") {
            number(&text, "decimal(38,10)");
            number(&text, "timestamp");
        }
    }
}
