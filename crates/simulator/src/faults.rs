//! Which fault hits a call.

use crate::rng::Rng;
use crate::scenario::{FaultEffect, FaultSpec, OperationName, Scenario};

/// What a call is about, as far as its request says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    pub(crate) operation: OperationName,
    pub(crate) table: Option<&'a str>,
    pub(crate) shard: Option<usize>,
}

/// The faults that hit a call.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Hit {
    pub(crate) delay_ms: u64,
    pub(crate) effect: Option<FaultEffect>,
}

#[derive(Debug)]
pub(crate) struct Faults(Vec<FaultState>);

#[derive(Debug)]
struct FaultState {
    spec: FaultSpec,
    rng: Rng,
    matched: u64,
    hit: u64,
}

impl Faults {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        let state = |(lane, spec): (u64, &FaultSpec)| FaultState {
            spec: spec.clone(),
            rng: Rng::new(scenario.seed, 0xFA01_7000 + lane),
            matched: 0,
            hit: 0,
        };
        Self((0..).zip(&scenario.faults).map(state).collect())
    }

    pub(crate) fn add(&mut self, spec: FaultSpec) {
        let lane = u64::try_from(self.0.len()).unwrap_or_default();
        self.0.push(FaultState { spec, rng: Rng::new(lane, 0xFA01_7000), matched: 0, hit: 0 });
    }

    /// Every fault counts every call that is about its target. Only what takes effect uses up `times`: a fault that
    /// another one covers waits for the next call.
    pub(crate) fn hit(&mut self, target: &Target<'_>, since_start_ms: i64) -> Hit {
        let mut hit = Hit::default();
        for fault in &mut self.0 {
            let covered = hit.effect.is_some() && !matches!(fault.spec.does, FaultEffect::Latency(_));
            if !fault.is_due(target, since_start_ms) || covered {
                continue;
            }
            fault.hit += 1;
            match &fault.spec.does {
                FaultEffect::Latency(wait) => hit.delay_ms = hit.delay_ms.saturating_add(wait.as_wait_ms()),
                FaultEffect::Error { .. }
                | FaultEffect::Html503
                | FaultEffect::Reset
                | FaultEffect::Truncate { .. }
                | FaultEffect::Drip { .. }
                | FaultEffect::WrongCrc32
                | FaultEffect::EmptyPage
                | FaultEffect::Duplicate { .. }
                | FaultEffect::RepeatCursor
                | FaultEffect::CutJson
                | FaultEffect::NoSequenceNumber
                | FaultEffect::Body { .. } => {
                    hit.effect = Some(fault.spec.does.clone());
                }
            }
        }
        hit
    }
}

impl FaultState {
    fn is_due(&mut self, target: &Target<'_>, since_start_ms: i64) -> bool {
        let spec = &self.spec;
        let about = spec.operation.is_none_or(|operation| operation == target.operation)
            && spec.table.as_deref().is_none_or(|table| Some(table) == target.table)
            && spec.shard.is_none_or(|shard| usize::try_from(shard).ok() == target.shard)
            && spec.from.is_none_or(|from| from.0 <= since_start_ms)
            && spec.until.is_none_or(|until| since_start_ms < until.0);
        if !about {
            return false;
        }
        self.matched += 1;
        let Some(nth) = self.matched.checked_sub(spec.after_calls + 1) else { return false };
        spec.every.is_none_or(|every| nth % every.max(1) == 0)
            && spec.times.is_none_or(|times| self.hit < times)
            && spec.probability.is_none_or(|probability| self.rng.chance(probability))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Millis;

    const GET: Target<'static> =
        Target { operation: OperationName::GetRecords, table: Some("t"), shard: Some(1) };

    fn fires(spec: FaultSpec, calls: usize) -> Vec<bool> {
        let mut faults = Faults::new(&Scenario::new(1).fault(spec));
        (0..calls).map(|_| faults.hit(&GET, 0).effect.is_some()).collect()
    }

    fn reset() -> FaultSpec {
        FaultSpec::new(Some(OperationName::GetRecords), FaultEffect::Reset)
    }

    #[test]
    fn the_nth_calls_are_hit_and_no_others() {
        assert_eq!(fires(reset().calls(1, 2), 5), [false, true, true, false, false]);
        let every = FaultSpec { every: Some(2), ..reset().calls(1, 2) };
        assert_eq!(fires(every, 6), [false, true, false, true, false, false]);
    }

    #[test]
    fn other_targets_and_times_are_let_through() {
        for spec in [
            FaultSpec { operation: Some(OperationName::ListStreams), ..reset() },
            FaultSpec { table: Some("u".into()), ..reset() },
            FaultSpec { shard: Some(0), ..reset() },
            FaultSpec { from: Some(Millis(1)), ..reset() },
            FaultSpec { until: Some(Millis(0)), ..reset() },
        ] {
            assert_eq!(fires(spec, 2), [false, false]);
        }
    }

    #[test]
    fn a_fault_that_another_covers_comes_next() {
        let cut = FaultSpec::new(None, FaultEffect::CutJson);
        let mut faults = Faults::new(&Scenario::new(1).fault(reset().calls(0, 1)).fault(cut.calls(0, 1)));
        let effects: Vec<_> = (0..3).map(|_| faults.hit(&GET, 0).effect).collect();
        assert_eq!(effects, [Some(FaultEffect::Reset), Some(FaultEffect::CutJson), None]);
    }

    #[test]
    fn chances_are_the_same_each_time_and_latencies_add_up() {
        let chance = FaultSpec { probability: Some(0.5), ..reset() };
        let once = fires(chance.clone(), 100);
        assert_eq!(once, fires(chance, 100));
        assert!((20..80).contains(&once.iter().filter(|hit| **hit).count()));
        let wait = || FaultSpec::new(None, FaultEffect::Latency(Millis(20)));
        let mut faults = Faults::new(&Scenario::new(1).fault(wait()).fault(wait()).fault(reset()));
        assert_eq!(faults.hit(&GET, 0), Hit { delay_ms: 40, effect: Some(FaultEffect::Reset) });
    }
}
