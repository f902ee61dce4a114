//! `ApproximateCreationDateTime`: seconds as a JSON number, to milliseconds, in decimal arithmetic.

/// A time in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Millis {
    /// Rounded down; `None`: beyond what 64 bits hold.
    pub(super) floor: Option<i64>,
    /// Whether nothing was rounded away and nothing was out of range.
    pub(super) exact: bool,
}

/// `number` is a valid JSON number of seconds, such as `1678901234`, `1.79E9` or `1678901234.567`.
pub(super) fn millis(number: &str) -> Millis {
    // The form that the service sends; the rest is for everyone else.
    if number.len() <= 15
        && let Ok(seconds) = number.parse::<i64>()
    {
        return Millis { floor: Some(seconds * 1000), exact: true };
    }
    let (negative, number) = number.strip_prefix('-').map_or((false, number), |rest| (true, rest));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let shift = exponent_of(exponent) - length(fraction) + 3;
    decimal(negative, digits.trim_start_matches('0'), shift)
}

/// `digits × 10^shift`, with `digits` free of leading zeros.
fn decimal(negative: bool, digits: &str, shift: i64) -> Millis {
    let significant = digits.trim_end_matches('0');
    let shift = shift + length(digits) - length(significant);
    let whole_digits = length(significant) + shift;
    if significant.is_empty() {
        return Millis { floor: Some(0), exact: true };
    }
    if whole_digits > 19 {
        return Millis { floor: None, exact: false };
    }
    let exact = shift >= 0;
    let kept = significant.get(..usize::try_from(whole_digits.max(0)).unwrap_or(0)).unwrap_or(significant);
    let mut magnitude = kept.bytes().fold(0_i128, |value, digit| value * 10 + i128::from(digit - b'0'));
    for _ in 0..shift.max(0) {
        magnitude *= 10;
    }
    let floor = match (negative, exact) {
        (false, _) => magnitude,
        (true, true) => -magnitude,
        (true, false) => -magnitude - 1,
    };
    let floor = i64::try_from(floor).ok();
    Millis { floor, exact: exact && floor.is_some() }
}

/// Beyond ±10^12 an exponent says the same: far out of range, or nothing but a fraction.
fn exponent_of(text: &str) -> i64 {
    const FAR: i64 = 1_000_000_000_000;
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let size = digits.parse::<i64>().unwrap_or(FAR).min(FAR);
    if negative { -size } else { size }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn exact(value: i64) -> Millis {
        Millis { floor: Some(value), exact: true }
    }

    fn floored(value: i64) -> Millis {
        Millis { floor: Some(value), exact: false }
    }

    #[test]
    fn whole_milliseconds_in_every_notation_are_exact() {
        for (text, expected) in [
            ("1678901234", 1_678_901_234_000),
            ("1.79E9", 1_790_000_000_000),
            ("1.79e+9", 1_790_000_000_000),
            ("1678901234.567", 1_678_901_234_567),
            ("1678901234.567000", 1_678_901_234_567),
            ("17900000000e-1", 1_790_000_000_000),
            ("0", 0),
            ("-0.0", 0),
            ("0e99999999999999999999", 0),
            ("-1.5", -1500),
            ("9223372036854775.807", i64::MAX),
            ("-9223372036854775.808", i64::MIN),
        ] {
            assert_eq!(millis(text), exact(expected), "{text}");
        }
    }

    #[test]
    fn fractions_of_a_millisecond_are_rounded_down_and_not_exact() {
        for (text, expected) in [
            ("1678901234.5678", 1_678_901_234_567),
            ("0.0009", 0),
            ("-0.0001", -1),
            ("-1.0001", -1001),
            ("1e-99999999999999999999", 0),
            ("-1e-30", -1),
        ] {
            assert_eq!(millis(text), floored(expected), "{text}");
        }
    }

    #[test]
    fn out_of_range_gives_no_time() {
        for text in [
            "9223372036854775.808",
            "-9223372036854775.809",
            "1e30",
            "1e99999999999999999999",
            "99999999999999999999",
        ] {
            assert_eq!(millis(text), Millis { floor: None, exact: false }, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_notation_of_a_millisecond_gives_it_back(value: i64, shift in 0_usize..30) {
            let digits = format!("{}{}", value.unsigned_abs(), "0".repeat(shift));
            let sign = if value < 0 { "-" } else { "" };
            let text = format!("{sign}{digits}e-{}", shift + 3);
            prop_assert_eq!(millis(&text), exact(value), "{}", text);
        }
    }
}
