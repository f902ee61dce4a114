//! Budgets of calls a second, as the service states them.

use std::collections::BTreeMap;

/// Counts calls in each second of scenario time.
#[derive(Debug)]
pub(crate) struct Throttle<K> {
    per_second: Option<u32>,
    second: i64,
    calls: BTreeMap<K, u32>,
}

impl<K: Ord> Throttle<K> {
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        Self { per_second, second: i64::MIN, calls: BTreeMap::new() }
    }

    /// Whether one more call fits into this second.
    pub(crate) fn admit(&mut self, key: K, now_ms: i64) -> bool {
        let Some(per_second) = self.per_second else { return true };
        let second = now_ms.div_euclid(1_000);
        if second != self.second {
            self.second = second;
            self.calls.clear();
        }
        let calls = self.calls.entry(key).or_insert(0);
        *calls = calls.saturating_add(1);
        *calls <= per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_its_own_budget_each_second() {
        let mut throttle = Throttle::new(Some(2));
        let admitted: Vec<_> = [("a", 0), ("a", 1), ("a", 999), ("b", 999), ("a", 1_000)]
            .into_iter()
            .map(|(key, now_ms)| throttle.admit(key, now_ms))
            .collect();
        assert_eq!(admitted, [true, true, false, true, true]);
    }
}
