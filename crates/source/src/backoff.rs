//! Waiting longer and longer, never in step with others.

use std::time::Duration;

/// A small deterministic generator (SplitMix64): same seed, same waits.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// A generator of its own for each `name` under one seed (FNV-1a).
    pub(crate) fn new(seed: u64, name: &str) -> Self {
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        Self(name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, mix))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        u32::try_from(self.next() % u64::from(bound.max(1))).unwrap_or(0)
    }
}

/// Waits that double from `base` to `cap`, each shortened at random by up to a half.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    rng: Rng,
    base: Duration,
    cap: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) const fn new(rng: Rng, base: Duration, cap: Duration) -> Self {
        Self { rng, base, cap, failures: 0 }
    }

    /// For calls that failed: 200 ms to 30 s.
    pub(crate) const fn for_calls(rng: Rng) -> Self {
        Self::new(rng, Duration::from_millis(200), Duration::from_secs(30))
    }

    pub(crate) const fn reset(&mut self) {
        self.failures = 0;
    }

    /// How many waits there were since the last reset.
    pub(crate) const fn failures(&self) -> u32 {
        self.failures
    }

    pub(crate) fn next(&mut self) -> Duration {
        let whole = self.base.saturating_mul(1 << self.failures.min(16)).min(self.cap);
        self.failures = self.failures.saturating_add(1);
        let half = whole / 2;
        let share = self.rng.below(1024);
        half + half * share / 1024
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_cap_and_differ_by_name_and_not_by_run() {
        let waits = |name: &str| {
            let mut backoff = Backoff::for_calls(Rng::new(1, name));
            (0..20).map(|_| backoff.next()).collect::<Vec<_>>()
        };
        assert_eq!(waits("a"), waits("a"));
        assert_ne!(waits("a"), waits("b"));
        assert!(waits("a").iter().all(|wait| *wait <= Duration::from_secs(30)));
        assert!(waits("a")[0] < Duration::from_millis(201) && waits("a")[19] >= Duration::from_secs(15));
    }
}
