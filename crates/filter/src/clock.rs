//! The clock that stops guests. It ticks while one runs, and costs nothing else: a table that is idle wakes nobody.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

use crate::FilterError;

/// How often it ticks.
const TICK: Duration = Duration::from_millis(10);

/// A thread that advances the engines' epochs while a guest runs. Cheap to clone; ends with the last clone.
#[derive(Debug, Clone)]
pub(crate) struct Clock(Arc<Started>);

#[derive(Debug)]
struct Started(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Guests that run.
    running: usize,
    /// The thread waits for one.
    waits: bool,
    stopped: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in here can fail between two changes.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next tick; `false`: there will be none.
    fn tick(&self) -> bool {
        let mut state = self.state();
        state.waits = true;
        let wait = self.changed.wait_while(state, |state| state.running == 0 && !state.stopped);
        state = wait.unwrap_or_else(PoisonError::into_inner);
        state.waits = false;
        let wait = self.changed.wait_timeout_while(state, TICK, |state| !state.stopped);
        !wait.unwrap_or_else(PoisonError::into_inner).0.stopped
    }
}

impl Clock {
    pub(crate) fn start(engines: &[&Engine]) -> Result<Self, FilterError> {
        let shared = Arc::new(Shared::default());
        let engines: Vec<_> = engines.iter().map(|engine| engine.weak()).collect();
        let ticked = Arc::clone(&shared);
        let tick = move || {
            while ticked.tick() {
                for engine in engines.iter().filter_map(EngineWeak::upgrade) {
                    engine.increment_epoch();
                }
            }
        };
        std::thread::Builder::new()
            .name("sealog-filter-clock".to_owned())
            .spawn(tick)
            .map_err(|error| FilterError::Engine { why: format!("no thread for its clock: {error}") })?;
        Ok(Self(Arc::new(Started(shared))))
    }

    /// A guest runs from now on, until what this gives is dropped.
    pub(crate) fn running(&self) -> Running {
        let shared = Arc::clone(&self.0.0);
        let mut state = shared.state();
        state.running += 1;
        if state.waits {
            shared.changed.notify_one();
        }
        drop(state);
        Running(shared)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.0.state().stopped = true;
        self.0.changed.notify_one();
    }
}

/// Keeps the clock ticking.
#[derive(Debug)]
pub(crate) struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.state().running -= 1;
    }
}

/// Ticks after which a call that may take `wall_max` is stopped.
pub(crate) fn ticks(wall_max: Duration) -> u64 {
    let ticks = wall_max.as_nanos().div_ceil(TICK.as_nanos());
    // The tick in which it begins is not a whole one.
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ticks_while_a_guest_runs_and_rests_when_none_does() {
        let clock = Clock::start(&[]).unwrap();
        let shared = Arc::clone(&clock.0.0);
        let waits = || {
            while !shared.state().waits {
                std::thread::yield_now();
            }
        };
        waits();
        let (first, second) = (clock.running(), clock.running());
        while shared.state().waits {
            std::thread::yield_now();
        }
        drop(first);
        assert_eq!(shared.state().running, 1);
        drop(second);
        waits();
        drop(clock);
        while Arc::strong_count(&shared) > 1 {
            std::thread::yield_now();
        }
    }
}
