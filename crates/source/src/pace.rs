//! How often the service is asked: budgets that all tables share, and budgets of one shard.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::Clock;
use crate::backoff::Rng;

/// `DescribeStream` answers ten calls a second for a whole account (API reference, `DescribeStream`); others want some.
const LISTINGS_INTERVAL: Duration = Duration::from_millis(150);
/// `GetRecords` answers five calls a second and shard; somebody else may be reading it, too.
const READS_INTERVAL: Duration = Duration::from_millis(250);
/// So long after it was throttled a shard is asked slowly.
const READS_SLOW: Duration = Duration::from_secs(60);

/// A budget of calls, shared by everyone who holds a clone: they get their turns one behind the other.
///
/// An idle budget gives a turn at once. Turns are shortened at random by up to a quarter, so that processes that were
/// started together do not stay together.
#[derive(Debug, Clone)]
pub struct CallPace(Arc<Mutex<Turns>>);

#[derive(Debug)]
struct Turns {
    interval: Duration,
    next_ms: i64,
    rng: Rng,
}

impl CallPace {
    /// A budget of one call each `interval`.
    #[must_use]
    pub fn new(interval: Duration, seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Turns { interval, next_ms: i64::MIN, rng: Rng::new(seed, "pace") })))
    }

    /// Waits for the caller's turn.
    pub(crate) async fn turn(&self, clock: &dyn Clock) {
        let wait_ms = self.book(clock.now_ms());
        if wait_ms > 0 {
            clock.sleep(Duration::from_millis(wait_ms)).await;
        }
    }

    /// The service has said that calls come too often: nobody gets a turn for `pause`.
    pub(crate) fn hold(&self, now_ms: i64, pause: Duration) {
        let mut turns = self.turns();
        turns.next_ms = turns.next_ms.max(now_ms.saturating_add(millis(pause)));
    }

    fn book(&self, now_ms: i64) -> u64 {
        let mut turns = self.turns();
        let at_ms = turns.next_ms.max(now_ms);
        let share = turns.rng.below(256);
        let whole = millis(turns.interval);
        turns.next_ms = at_ms.saturating_add(whole - whole * i64::from(share) / 1024);
        u64::try_from(at_ms - now_ms).unwrap_or(0)
    }

    fn turns(&self) -> std::sync::MutexGuard<'_, Turns> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for CallPace {
    /// Nine listings a second at the most.
    fn default() -> Self {
        Self::new(LISTINGS_INTERVAL, 0)
    }
}

/// The budget of one shard: none, until the service asks for one.
#[derive(Debug, Default)]
pub(crate) struct ShardPace {
    slow_until_ms: Option<i64>,
    next_ms: i64,
}

impl ShardPace {
    /// The shard was throttled: for a while it is asked four times a second at most.
    pub(crate) fn slow_down(&mut self, now_ms: i64) {
        self.slow_until_ms = Some(now_ms.saturating_add(millis(READS_SLOW)));
    }

    /// How long to wait before the next call.
    pub(crate) fn wait(&mut self, now_ms: i64, rng: &mut Rng) -> Option<Duration> {
        self.slow_until_ms = self.slow_until_ms.filter(|until| now_ms < *until);
        self.slow_until_ms?;
        let at_ms = self.next_ms.max(now_ms);
        let jitter = i64::from(rng.below(64));
        self.next_ms = at_ms.saturating_add(millis(READS_INTERVAL) + jitter);
        u64::try_from(at_ms - now_ms).ok().filter(|wait| *wait > 0).map(Duration::from_millis)
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fs_11_all_tables_together_stay_within_the_budget_and_an_idle_one_does_not_wait() {
        let pace = CallPace::default();
        let tables: Vec<CallPace> = (0..50).map(|_| pace.clone()).collect();
        let waits: Vec<u64> = tables.iter().map(|table| table.book(1_000)).collect();
        assert_eq!(waits[0], 0);
        for second in 0..6 {
            let calls =
                waits.iter().filter(|wait| (second * 1000..(second + 1) * 1000).contains(*wait)).count();
            assert!(calls <= 9, "{calls} calls in second {second}: {waits:?}");
        }
        assert_eq!(pace.book(60_000), 0);
        pace.hold(60_000, Duration::from_secs(5));
        assert_eq!(pace.book(60_001), 4_999);
    }

    #[test]
    fn fs_18_a_shard_is_asked_at_full_speed_until_it_is_throttled_and_again_later() {
        let (mut pace, mut rng) = (ShardPace::default(), Rng::new(1, "shard"));
        assert!((0..100).all(|_| pace.wait(0, &mut rng).is_none()));
        pace.slow_down(0);
        let mut now_ms = 0;
        for _ in 0..20 {
            now_ms += pace.wait(now_ms, &mut rng).map_or(0, millis);
        }
        assert!((4_500..7_000).contains(&now_ms), "20 calls in {now_ms} ms");
        assert_eq!(pace.wait(70_000, &mut rng), None);
    }
}
