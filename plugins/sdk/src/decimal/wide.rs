//! Differences that need more than 128 bits: of numbers as far apart as 9.99E+125 and 1E-130.

use std::cmp::Ordering;

use super::{DIGITS_MAX, Decimal, POWER_MAX, POWER_MIN};

/// Places that any two numbers need together, and one for what is carried.
const PLACES: usize =
    POWER_MIN.unsigned_abs() as usize + POWER_MAX.unsigned_abs() as usize + DIGITS_MAX as usize + 2;

/// A value without sign, one digit a place, the highest first: so the derived order is the order of the values.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Digits([u8; PLACES]);

impl Digits {
    /// The digits of a number, its sign left out.
    pub(super) fn of(number: Decimal) -> Self {
        let mut digits = [0; PLACES];
        let mut rest = number.coefficient;
        // The lowest power that a last digit can have stands at the end.
        let lowest = POWER_MIN - i32::try_from(DIGITS_MAX).unwrap_or_default();
        let skip = usize::try_from(number.exponent - lowest).unwrap_or_default();
        for place in digits.iter_mut().rev().skip(skip) {
            *place = u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
        Self(digits)
    }

    fn plus(self, other: Self) -> Self {
        let mut carry = 0;
        let mut sum = self;
        for (place, add) in sum.0.iter_mut().zip(other.0).rev() {
            let digit = *place + add + carry;
            (*place, carry) = (digit % 10, digit / 10);
        }
        sum
    }

    /// Relies on `other` being no larger.
    fn minus(self, other: Self) -> Self {
        let mut borrow = 0;
        let mut difference = self;
        for (place, take) in difference.0.iter_mut().zip(other.0).rev() {
            let digit = 10 + *place - take - borrow;
            (*place, borrow) = (digit % 10, u8::from(digit < 10));
        }
        difference
    }
}

/// How far two numbers are apart.
pub(super) fn distance(one: Decimal, other: Decimal) -> Digits {
    let (a, b) = (Digits::of(one), Digits::of(other));
    if one.negative != other.negative {
        return a.plus(b);
    }
    match a.cmp(&b) {
        Ordering::Less => b.minus(a),
        Ordering::Equal | Ordering::Greater => a.minus(b),
    }
}
