//! Clocks: what time it is in a scenario.

use std::sync::atomic::{AtomicI64, Ordering};

/// Tells the time in milliseconds since 1970-01-01 UTC. It may stand still; the engine ignores steps backwards.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant.
    fn now_ms(&self) -> i64;

    /// Moves time on, where the clock is one that a caller drives; others answer `false` and change nothing.
    fn advance(&self, _by_ms: i64) -> bool {
        false
    }
}

/// A clock that moves only when [`Clock::advance`] is called: hours of a scenario pass in no time.
#[derive(Debug)]
pub struct VirtualClock(AtomicI64);

impl VirtualClock {
    /// A clock that stands at `now_ms`.
    #[must_use]
    pub fn new(now_ms: i64) -> Self {
        Self(AtomicI64::new(now_ms))
    }
}

impl Clock for VirtualClock {
    fn now_ms(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn advance(&self, by_ms: i64) -> bool {
        self.0.fetch_add(by_ms.max(0), Ordering::SeqCst);
        true
    }
}

/// The machine's clock, running `speed` times as fast since it was made.
#[derive(Debug)]
pub struct ScaledClock {
    zero_ms: i64,
    speed: f64,
}

impl ScaledClock {
    /// A clock that shows the machine's time now and runs at `speed` (1.0 is real time) from here on.
    #[must_use]
    pub fn new(speed: f64) -> Self {
        Self { zero_ms: system_now_ms(), speed }
    }
}

impl Clock for ScaledClock {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float to integer cast saturates; the year 292 million is far"
    )]
    fn now_ms(&self) -> i64 {
        let passed_ms = system_now_ms().saturating_sub(self.zero_ms);
        self.zero_ms.saturating_add((passed_ms as f64 * self.speed) as i64)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where the simulator reads the machine's clock")]
fn system_now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_virtual_clock_moves_only_when_told_and_never_back() {
        let clock = VirtualClock::new(1_000);
        assert_eq!(clock.now_ms(), 1_000);
        assert!(clock.advance(500));
        assert!(clock.advance(-2_000));
        assert_eq!(clock.now_ms(), 1_500);
    }

    #[test]
    fn a_stopped_scale_stands_still() {
        let clock = ScaledClock::new(0.0);
        assert_eq!(clock.now_ms(), clock.zero_ms);
        assert!(!clock.advance(1));
    }
}
