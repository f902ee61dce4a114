//! How long something took, counted in classes: a histogram as Prometheus reads it.

use std::sync::atomic::{AtomicU64, Ordering};

/// Upper bounds of the classes in milliseconds, ascending; what took longer is in none but the last, unbounded one.
pub const DURATION_BOUNDS_MS: [u64; 13] =
    [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000];

/// Counts of durations.
#[derive(Debug, Default)]
pub struct Durations {
    classes: [AtomicU64; DURATION_BOUNDS_MS.len()],
    count: AtomicU64,
    sum_ms: AtomicU64,
}

/// A snapshot of [`Durations`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DurationCounts {
    /// How many took at most so long as the bound of the same place; each includes those before it.
    pub at_most: [u64; DURATION_BOUNDS_MS.len()],
    /// How many there were.
    pub count: u64,
    /// How long they took together, in milliseconds.
    pub sum_ms: u64,
}

impl Durations {
    pub(crate) fn note(&self, duration_ms: u64) {
        let class = DURATION_BOUNDS_MS.iter().position(|bound| duration_ms <= *bound);
        if let Some(count) = class.and_then(|class| self.classes.get(class)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        self.sum_ms.fetch_add(duration_ms, Ordering::Relaxed);
    }

    /// Counts of this moment.
    #[must_use]
    pub fn counts(&self) -> DurationCounts {
        let mut counts = DurationCounts::default();
        let mut so_far = 0;
        for (class, at_most) in self.classes.iter().zip(&mut counts.at_most) {
            so_far += class.load(Ordering::Relaxed);
            *at_most = so_far;
        }
        // Read last, so that a class never holds more than there are.
        counts.count = self.count.load(Ordering::Relaxed).max(so_far);
        counts.sum_ms = self.sum_ms.load(Ordering::Relaxed);
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_includes_the_shorter_ones() {
        let durations = Durations::default();
        for duration_ms in [0, 5, 6, 60_000, 60_001] {
            durations.note(duration_ms);
        }
        let counts = durations.counts();
        assert_eq!(
            (counts.at_most[0], counts.at_most[1], counts.at_most[11], counts.at_most[12]),
            (2, 3, 3, 4)
        );
        assert_eq!((counts.count, counts.sum_ms), (5, 120_012));
    }
}
