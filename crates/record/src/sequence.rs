//! `SequenceNumber`: the place of a change in its shard.

use std::cmp::Ordering;
use std::str::FromStr;

use crate::{MalformedText, text_serde};

const DIGITS_MAX: usize = 40;

/// A sequence number: 1–40 decimal digits, **ordered as a number and kept as text**.
///
/// The service promises 21–40 digits that grow within a shard, not contiguously (API reference, `StreamRecord`);
/// fewer are accepted because other implementations send them. Forty digits do not fit in 128 bits, so there is no
/// integer inside. Two texts of one number (`"7"`, `"007"`) are equal.
#[derive(Clone, Copy)]
pub struct SequenceNumber {
    len: u8,
    digits: [u8; DIGITS_MAX],
}

impl SequenceNumber {
    /// The digits exactly as the service sent them, leading zeros included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let digits = self.digits.get(..usize::from(self.len)).unwrap_or_default();
        // Only ASCII digits are ever stored, so this cannot fail.
        std::str::from_utf8(digits).unwrap_or_default()
    }

    /// The number that follows; `None` behind forty nines.
    #[must_use]
    pub fn successor(&self) -> Option<Self> {
        let mut digits = self.digits;
        let used = digits.get_mut(..usize::from(self.len))?;
        for digit in used.iter_mut().rev() {
            if *digit < b'9' {
                *digit += 1;
                return Some(Self { len: self.len, digits });
            }
            *digit = b'0';
        }
        // All nines: a one, and as many noughts.
        let len = self.len.checked_add(1).filter(|len| usize::from(*len) <= DIGITS_MAX)?;
        let mut longer = [b'0'; DIGITS_MAX];
        *longer.first_mut()? = b'1';
        Some(Self { len, digits: longer })
    }

    fn significant(&self) -> &str {
        self.as_str().trim_start_matches('0')
    }
}

impl FromStr for SequenceNumber {
    type Err = MalformedText;

    fn from_str(text: &str) -> Result<Self, MalformedText> {
        let malformed = || MalformedText::new("sequence number", text, "1 to 40 decimal digits");
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(malformed());
        }
        let mut digits = [0; DIGITS_MAX];
        digits.get_mut(..text.len()).ok_or_else(malformed)?.copy_from_slice(text.as_bytes());
        let len = u8::try_from(text.len()).map_err(|_| malformed())?;
        Ok(Self { len, digits })
    }
}

impl Ord for SequenceNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.significant(), other.significant());
        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for SequenceNumber {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for SequenceNumber {}

text_serde!(SequenceNumber);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_followed_by_the_next() {
        let next = |text: &str| text.parse::<SequenceNumber>().unwrap().successor();
        for (text, following) in [("0", "1"), ("7", "8"), ("199", "200"), ("99", "100"), ("007", "008")] {
            assert_eq!(next(text).unwrap().as_str(), following);
        }
        assert_eq!(next(&"9".repeat(39)).unwrap().as_str(), format!("1{}", "0".repeat(39)));
        assert_eq!(next(&"9".repeat(40)), None);
    }
    use proptest::prelude::*;

    fn sequence(text: &str) -> SequenceNumber {
        text.parse().unwrap()
    }

    #[test]
    fn forty_digits_fit_and_forty_one_do_not() {
        assert_eq!(sequence(&"9".repeat(40)).as_str(), "9".repeat(40));
        assert!("9".repeat(41).parse::<SequenceNumber>().is_err());
    }

    #[test]
    fn order_is_by_value_beyond_128_bits() {
        let small = sequence("340282366920938463463374607431768211456");
        let large = sequence("3402823669209384634633746074317682114560");
        assert!(small < large);
        assert!(sequence("9") < sequence("10"));
    }

    #[test]
    fn leading_zeros_are_kept_in_the_text_and_ignored_in_the_order() {
        assert_eq!(sequence("007").as_str(), "007");
        assert_eq!(sequence("007"), sequence("7"));
        assert_eq!(sequence("000"), sequence("0"));
    }

    #[test]
    fn fs_21_numbers_of_1_to_40_digits_are_ordered_by_value_whatever_their_length() {
        let mut in_order = vec!["0".to_owned()];
        for zeros in 0..40 {
            in_order.push(format!("1{}", "0".repeat(zeros)));
            in_order.push("9".repeat(zeros + 1));
        }
        for (at, small) in in_order.iter().enumerate() {
            for large in &in_order[at + 1..] {
                if small != large {
                    assert!(sequence(small) < sequence(large), "{small} {large}");
                    assert!(sequence(large) > sequence(small), "{small} {large}");
                }
            }
            for digits in small.len()..=40 {
                assert_eq!(sequence(&format!("{small:0>digits$}")), sequence(small));
            }
        }
    }

    #[test]
    fn other_characters_are_refused() {
        for text in ["", " 1", "1 ", "-1", "+1", "1e3", "١"] {
            assert!(text.parse::<SequenceNumber>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn order_agrees_with_u128(a: u128, b: u128) {
            prop_assert_eq!(sequence(&a.to_string()).cmp(&sequence(&b.to_string())), a.cmp(&b));
        }

        #[test]
        fn text_survives_a_round_trip_through_json(text in "[0-9]{1,40}") {
            let json = serde_json::to_string(&sequence(&text)).unwrap();
            let back: SequenceNumber = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(back.as_str(), text);
        }
    }
}
