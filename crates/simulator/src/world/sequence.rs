//! Sequence numbers: up to 40 digits, which is two more than a `u128` can hold in all cases.

use std::fmt;

/// `LOW_END` is 10 to the power of this.
const LOW_DIGITS: usize = 38;
const LOW_END: u128 = 10_u128.pow(38);

/// A sequence number, ordered as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Sequence {
    /// What stands before the last 38 digits.
    high: u64,
    /// The last 38 digits.
    low: u128,
}

impl Sequence {
    /// Reads 1 to 40 digits; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > 40 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (high, low) = text.split_at_checked(text.len().saturating_sub(LOW_DIGITS))?;
        let high = if high.is_empty() { 0 } else { high.parse().ok()? };
        Some(Self { high, low: low.parse().ok()? })
    }

    /// The number that is greater by `step`.
    #[must_use]
    pub(crate) fn plus(self, step: u64) -> Self {
        // Both are less than 10^38, so the sum fits.
        let low = self.low + u128::from(step);
        Self { high: self.high.saturating_add(u64::from(low >= LOW_END)), low: low % LOW_END }
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.high == 0 { write!(f, "{}", self.low) } else { write!(f, "{}{:038}", self.high, self.low) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counting_passes_every_power_of_ten() {
        for digits in 21..40 {
            let last = Sequence::parse(&"9".repeat(digits)).unwrap();
            let next = last.plus(1);
            assert_eq!(next.to_string(), format!("1{}", "0".repeat(digits)));
            assert!(last < next && next < next.plus(1));
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        let long = "1".repeat(41);
        for text in ["", "-1", "+1", "1.0", " 1", long.as_str()] {
            assert_eq!(Sequence::parse(text), None, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_number_is_printed_as_it_was_read_and_ordered_as_a_number(a in "[1-9][0-9]{20,39}", b in "[1-9][0-9]{20,39}") {
            let read = |text: &str| Sequence::parse(text).unwrap();
            prop_assert_eq!(read(&a).to_string(), a.as_str());
            let by_number = a.len().cmp(&b.len()).then_with(|| a.cmp(&b));
            prop_assert_eq!(read(&a).cmp(&read(&b)), by_number);
        }
    }
}
