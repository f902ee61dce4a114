//! An engine and its clock, shared by many callers.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::clock::{Clock, ScaledClock, VirtualClock};
use crate::engine::Engine;
use crate::reply::Reply;
use crate::scenario::{Scenario, ScenarioError, Time};

/// A scenario in play on a clock. In-process tests call [`Simulator::handle`]; [`crate::Server`] serves it over HTTP.
#[derive(Debug)]
pub struct Simulator {
    engine: Mutex<Engine>,
    clock: Arc<dyn Clock>,
}

impl Simulator {
    /// Starts a scenario on a clock of the caller's; offsets count from what that shows now.
    pub fn new(scenario: Scenario, clock: Arc<dyn Clock>) -> Result<Self, ScenarioError> {
        let engine = Engine::new(scenario, clock.now_ms())?;
        Ok(Self { engine: Mutex::new(engine), clock })
    }

    /// Starts a scenario on the clock that it asks for (`time`, `speed`), beginning at the machine's time.
    pub fn start(scenario: Scenario) -> Result<Self, ScenarioError> {
        let clock: Arc<dyn Clock> = match scenario.time {
            Time::Real => Arc::new(ScaledClock::new(scenario.speed)),
            Time::Virtual => Arc::new(VirtualClock::new(ScaledClock::new(0.0).now_ms())),
        };
        Self::new(scenario, clock)
    }

    /// Answers one call at the clock's time.
    #[must_use]
    pub fn handle(&self, operation: &str, body: &[u8]) -> Reply {
        let now_ms = self.clock.now_ms();
        self.engine().handle(now_ms, operation, body)
    }

    /// The engine, for looking at the truth or meddling; other callers wait meanwhile.
    pub fn engine(&self) -> MutexGuard<'_, Engine> {
        // A panic in a test's closure leaves the engine as it was: every change is complete before it returns.
        self.engine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The clock.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }
}
