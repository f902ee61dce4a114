//! DynamoDB's numbers: up to 38 significant digits, compared exactly.
//!
//! No float holds them: `f64` has 15 to 17 digits, so 10,000,000,000,000,000.01 and 10,000,000,000,000,000.02 are one.
//! Source of the limits: Amazon DynamoDB Developer Guide, "Data types", "Number".

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::de::{Deserializer, Error, Visitor};
use serde::{Deserialize, Serialize, Serializer};

mod wide;

/// Most significant digits.
const DIGITS_MAX: u32 = 38;
/// The powers of ten that the first digit may stand for.
const POWER_MIN: i32 = -130;
const POWER_MAX: i32 = 125;

/// A number as DynamoDB has them: 38 significant digits, from 1E-130 to 9.99…E+125, both signs, and zero.
///
/// Equality and order are by value: `1.0`, `1` and `1E0` are the same, and so are `0` and `-0`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    negative: bool,
    /// Without zeros at its end; below 10^38.
    coefficient: u128,
    /// The power of ten of its last digit; 0 for zero.
    exponent: i32,
}

/// Why a text is not a number of DynamoDB's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalError {
    /// It is not written as a number.
    NotANumber,
    /// It has more than 38 significant digits.
    TooLong,
    /// It is nearer to zero than 1E-130 or farther away than 9.99…E+125.
    OutOfRange,
}

impl fmt::Display for DecimalError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::NotANumber => "not a decimal number such as 10000 or -0.01",
            Self::TooLong => "more than 38 significant digits",
            Self::OutOfRange => "outside of what DynamoDB stores, 1E-130 to 9.99E+125",
        })
    }
}

impl std::error::Error for DecimalError {}

impl Decimal {
    /// Zero.
    pub const ZERO: Self = Self { negative: false, coefficient: 0, exponent: 0 };

    /// The value without its sign.
    #[must_use]
    pub const fn abs(self) -> Self {
        Self { negative: false, ..self }
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        self.negative
    }

    /// Whether the two are at least `distance` apart, exactly, however many digits their difference has.
    #[must_use]
    pub fn is_apart_by(self, other: Self, distance: Self) -> bool {
        if distance.negative || distance == Self::ZERO {
            return true;
        }
        match self.difference_in_128_bits(other, distance) {
            Some((difference, distance)) => difference >= distance,
            None => wide::distance(self, other) >= wide::Digits::of(distance),
        }
    }

    /// The difference and the distance in units of one power of ten, where these are small enough.
    fn difference_in_128_bits(self, other: Self, distance: Self) -> Option<(u128, u128)> {
        let lowest = self.exponent.min(other.exponent).min(distance.exponent);
        let [a, b] = [self.in_units_of(lowest)?, other.in_units_of(lowest)?];
        Some((a.checked_sub(b)?.unsigned_abs(), distance.in_units_of(lowest)?.unsigned_abs()))
    }

    fn in_units_of(self, power: i32) -> Option<i128> {
        let scale = 10_i128.checked_pow(u32::try_from(self.exponent.checked_sub(power)?).ok()?)?;
        let magnitude = i128::try_from(self.coefficient).ok()?.checked_mul(scale)?;
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// The power of ten that the first digit stands for. Zero has none.
    fn power(self) -> Option<i32> {
        let places = i32::try_from(self.coefficient.checked_ilog10()?).ok()?;
        Some(self.exponent + places)
    }

    /// Order of the values without their signs.
    fn compare_magnitude(self, other: Self) -> Ordering {
        // With the first digits at the same power, the longer one has the lower last digit.
        self.power().cmp(&other.power()).then_with(|| self.padded().cmp(&other.padded()))
    }

    /// The digits, as if there were 38 of them.
    fn padded(self) -> u128 {
        let digits = self.coefficient.checked_ilog10().map_or(DIGITS_MAX, |log| log + 1);
        self.coefficient * 10_u128.pow(DIGITS_MAX.saturating_sub(digits))
    }

    fn build(negative: bool, coefficient: u128, exponent: i32) -> Result<Self, DecimalError> {
        if coefficient == 0 {
            return Ok(Self::ZERO);
        }
        let number = Self { negative, coefficient, exponent };
        match number.power() {
            Some(POWER_MIN..=POWER_MAX) => Ok(number),
            _ => Err(DecimalError::OutOfRange),
        }
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.compare_magnitude(*other),
            (true, true) => other.compare_magnitude(*self),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        let (negative, unsigned) = match text.strip_prefix(['+', '-']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        let (digits, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, parse_exponent(exponent)?),
            None => (unsigned, 0),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && part.is_empty() {
            return Err(DecimalError::NotANumber);
        }
        let (coefficient, zeros) = parse_digits(whole.bytes().chain(part.bytes()))?;
        // A text whose length does not fit is no number of 38 digits.
        let places = i32::try_from(part.len()).map_err(|_| DecimalError::TooLong)?;
        Self::build(negative, coefficient, exponent.saturating_add(zeros).saturating_sub(places))
    }
}

/// The digits without the zeros at both ends, and how many were at the end.
fn parse_digits(digits: impl Iterator<Item = u8>) -> Result<(u128, i32), DecimalError> {
    let (mut coefficient, mut length, mut zeros) = (0_u128, 0_u32, 0_u32);
    for digit in digits {
        let value = match digit {
            b'0' if length == 0 => continue,
            b'0' => {
                zeros += 1;
                continue;
            }
            b'1'..=b'9' => digit - b'0',
            _ => return Err(DecimalError::NotANumber),
        };
        length = length.saturating_add(zeros).saturating_add(1);
        if length > DIGITS_MAX {
            return Err(DecimalError::TooLong);
        }
        coefficient = coefficient * 10_u128.pow(zeros + 1) + u128::from(value);
        zeros = 0;
    }
    Ok((coefficient, i32::try_from(zeros).map_err(|_| DecimalError::TooLong)?))
}

fn parse_exponent(text: &str) -> Result<i32, DecimalError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::NotANumber);
    }
    text.parse().map_err(|_| DecimalError::OutOfRange)
}

/// Without exponent where the number is not too long for that, else such as `1.5E-130`.
impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.coefficient.to_string();
        let sign = if self.negative { "-" } else { "" };
        let places = usize::try_from(self.exponent.unsigned_abs()).unwrap_or(usize::MAX);
        if self.exponent >= 0 && digits.len().saturating_add(places) <= 38 {
            return write!(out, "{sign}{digits}{}", "0".repeat(places));
        }
        if self.exponent < 0 && places <= 38 {
            let padded = format!("{digits:0>width$}", width = places + 1);
            let (whole, part) = padded.split_at(padded.len() - places);
            return write!(out, "{sign}{whole}.{part}");
        }
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        write!(out, "{sign}{first}{point}{rest}E{:+}", self.power().unwrap_or_default())
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{self}")
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// From a text: a number in JSON or TOML has gone through a float before anybody can look at it. Whole numbers are exact
/// and taken too.
impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Decimal;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a decimal number in quotes, such as \"10000.00\"")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse().map_err(|error| E::custom(format_args!("{text:?} is {error}")))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Decimal, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Decimal, E> {
                self.visit_str(&number.to_string())
            }
        }

        deserializer.deserialize_any(Text)
    }
}

#[cfg(test)]
mod tests;
