//! A DynamoDB number: its digits as they were sent, equal and ordered by value. Never through a float.

use std::cmp::Ordering;

/// Digits behind which a number is not spelled out in full; the service keeps 38 and exponents up to 125.
const SPELLED_MAX: i64 = 200;

/// A number as the service wrote it. `7`, `7.0` and `70E-1` are equal.
#[derive(Debug, Clone)]
pub struct Number {
    text: String,
    is_negative: bool,
    /// Without noughts at either end; empty for zero.
    digits: String,
    /// The value is `0.digits × 10^exponent`.
    exponent: i64,
}

impl Number {
    /// Reads a number; `None` for what is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (is_negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, i64::from(exponent.parse::<i16>().ok()?)),
            None => (rest, 0),
        };
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_number = whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit());
        if !is_number || whole.len() + part.len() == 0 {
            return None;
        }
        let all = format!("{whole}{part}");
        let behind = all.trim_start_matches('0');
        let leading = i64::try_from(all.len() - behind.len()).ok()?;
        let digits = behind.trim_end_matches('0').to_owned();
        let point = i64::try_from(whole.len()).ok()?;
        let (is_negative, exponent) =
            if digits.is_empty() { (false, 0) } else { (is_negative, point - leading + exponent) };
        Some(Self { text: text.to_owned(), is_negative, digits, exponent })
    }

    /// As it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Without exponent, sign of plus, and noughts that say nothing; `None` where that would be very long.
    pub(crate) fn spelled_out(&self) -> Option<String> {
        if self.digits.is_empty() {
            return Some("0".to_owned());
        }
        let length = i64::try_from(self.digits.len()).ok()?;
        if self.exponent.abs() > SPELLED_MAX || length > SPELLED_MAX {
            return None;
        }
        let noughts = |count: i64| "0".repeat(usize::try_from(count).unwrap_or(0));
        let unsigned = if self.exponent <= 0 {
            format!("0.{}{}", noughts(-self.exponent), self.digits)
        } else if self.exponent >= length {
            format!("{}{}", self.digits, noughts(self.exponent - length))
        } else {
            let (whole, part) = self.digits.split_at_checked(usize::try_from(self.exponent).ok()?)?;
            format!("{whole}.{part}")
        };
        Some(format!("{}{unsigned}", if self.is_negative { "-" } else { "" }))
    }

    fn magnitude(&self, other: &Self) -> Ordering {
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            // Without noughts at the end, digits order as texts do.
            (false, false) => self.exponent.cmp(&other.exponent).then_with(|| self.digits.cmp(&other.digits)),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.magnitude(other),
            (true, true) => other.magnitude(self),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Number {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn number(text: &str) -> Number {
        Number::parse(text).unwrap()
    }

    #[test]
    fn spellings_of_one_value_are_equal_and_keep_their_text() {
        for (a, b) in
            [("7", "7.0"), ("7", "+7"), ("70E-1", "007"), ("0", "-0.00"), ("1E2", "100"), ("0.5", ".5")]
        {
            assert_eq!(number(a), number(b));
            assert_eq!(number(b).as_str(), b);
        }
        let exact = ["12345678901234567890123456789012345678", "12345678901234567890123456789012345679"];
        assert!(number(exact[0]) < number(exact[1]), "a float could not tell them apart");
        for wrong in ["", "-", "1.2.3", "1e", "NaN", "0x1", " 7", "1E99999999999"] {
            assert!(Number::parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn spelling_out_leaves_no_exponent_and_no_idle_nought() {
        for (text, plain) in
            [("7.0", "7"), ("1E2", "100"), ("-1.50E-3", "-0.0015"), ("0.0", "0"), ("12.50", "12.5")]
        {
            assert_eq!(number(text).spelled_out().as_deref(), Some(plain));
        }
        assert_eq!(number("1E300").spelled_out(), None);
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_values(a in -100_000_i64..100_000, b in -100_000_i64..100_000, scale in 0_i16..5) {
            let text = |value: i64| format!("{value}E-{scale}");
            prop_assert_eq!(number(&text(a)).cmp(&number(&text(b))), a.cmp(&b));
            prop_assert_eq!(number(&number(&text(a)).spelled_out().unwrap()), number(&text(a)));
        }
    }
}
