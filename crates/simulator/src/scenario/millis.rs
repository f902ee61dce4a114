//! Lengths of time in a scenario file.

use serde::Deserialize;

/// A length of time in milliseconds; in a file a text such as `"250ms"`, `"5s"`, `"1h 30m"` or `"-3h"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Millis(pub i64);

impl Millis {
    /// So many seconds.
    #[must_use]
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// So many minutes.
    #[must_use]
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes.saturating_mul(60))
    }

    /// So many hours.
    #[must_use]
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours.saturating_mul(60))
    }

    /// For waiting: a negative length is none.
    #[must_use]
    pub fn as_wait_ms(self) -> u64 {
        u64::try_from(self.0).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let duration: jiff::SignedDuration = text.parse().map_err(|_| {
            serde::de::Error::custom(format!(
                "{text:?} is not a length of time: write \"250ms\", \"5s\", \"15m\" or \"-3h\""
            ))
        })?;
        i64::try_from(duration.as_millis()).map(Self).map_err(serde::de::Error::custom)
    }
}
