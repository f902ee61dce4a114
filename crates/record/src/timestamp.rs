//! An instant as Sealog writes it.

use std::str::FromStr;

use crate::MalformedText;

const FORM: &str = "%Y-%m-%dT%H:%M:%S.%3fZ";

/// An instant, UTC, to the millisecond; its text is always `2026-11-22T10:15:30.123Z` (24 characters).
///
/// One instant has one text, so texts order as instants do. Years 0000 to 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// From milliseconds since 1970-01-01 UTC; what lies outside the years 0000 to 9999 becomes the nearest bound.
    #[must_use]
    pub fn from_millis(millis: i64) -> Self {
        const FIRST: i64 = -62_167_219_200_000;
        const LAST: i64 = 253_402_207_199_999;
        Self(
            jiff::Timestamp::from_millisecond(millis.clamp(FIRST, LAST))
                .unwrap_or(jiff::Timestamp::UNIX_EPOCH),
        )
    }

    /// Milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }
}

impl FromStr for Timestamp {
    type Err = MalformedText;

    fn from_str(text: &str) -> Result<Self, MalformedText> {
        let malformed = || {
            MalformedText::new("time", text, "RFC 3339 in UTC with milliseconds, 2026-11-22T10:15:30.123Z")
        };
        let parsed: jiff::Timestamp = text.parse().map_err(|_| malformed())?;
        let instant = Self::from_millis(parsed.as_millisecond());
        if instant.to_string() == text { Ok(instant) } else { Err(malformed()) }
    }
}

impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.strftime(FORM))
    }
}

impl std::fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn there_is_one_text_for_an_instant() {
        let text = "2026-11-22T10:15:30.123Z";
        assert_eq!(text.parse::<Timestamp>().unwrap().as_millis(), 1_795_342_530_123);
        for other in [
            "2026-11-22T10:15:30Z",
            "2026-11-22T10:15:30.123+00:00",
            "2026-11-22t10:15:30.123Z",
            "2026-11-22T11:15:30.123+01:00",
            "",
        ] {
            assert!(other.parse::<Timestamp>().is_err(), "{other}");
        }
    }

    proptest! {
        #[test]
        fn text_survives_a_round_trip(millis in -62_167_219_200_000_i64..=253_402_207_199_999) {
            let text = Timestamp::from_millis(millis).to_string();
            prop_assert_eq!(text.len(), 24);
            prop_assert_eq!(text.parse::<Timestamp>().unwrap().as_millis(), millis);
        }
    }
}
