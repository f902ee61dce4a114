//! The engine: what guests can do at all, and the clock that stops them.

use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::time::Duration;

use wasmtime::{Config, Engine};

use crate::FilterError;

/// How often the clock ticks.
pub(crate) const TICK: Duration = Duration::from_millis(10);
/// Most bytes of stack that a guest's calls may use; half of what the smallest usual thread has.
const STACK_BYTES_MAX: usize = 1 << 20;

/// What decides how a component is compiled and what it may do. No clock, randomness, files, network or threads: they
/// are not linked into this program.
fn config() -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        // One program, one answer, on every processor.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        // Components made from JavaScript have two memories; without this the engine panics on them.
        .wasm_multi_memory(true)
        .max_wasm_stack(STACK_BYTES_MAX);
    config
}

pub(crate) fn new() -> Result<Engine, FilterError> {
    Engine::new(&config()).map_err(|error| FilterError::Engine { why: format!("{error:#}") })
}

/// A thread that advances the engine's epoch. Ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Clock {
    _running: SyncSender<()>,
}

impl Clock {
    pub(crate) fn start(engine: &Engine) -> Result<Self, FilterError> {
        let (running, stopped) = mpsc::sync_channel::<()>(0);
        let engine = engine.weak();
        let tick = move || {
            while stopped.recv_timeout(TICK) == Err(RecvTimeoutError::Timeout) {
                let Some(engine) = engine.upgrade() else { return };
                engine.increment_epoch();
            }
        };
        std::thread::Builder::new()
            .name("sealog-filter-clock".to_owned())
            .spawn(tick)
            .map_err(|error| FilterError::Engine { why: format!("no thread for its clock: {error}") })?;
        Ok(Self { _running: running })
    }
}

/// Ticks after which a call that may take `wall_max` is stopped.
pub(crate) fn ticks(wall_max: Duration) -> u64 {
    let ticks = wall_max.as_nanos().div_ceil(TICK.as_nanos());
    // The tick in which it begins is not a whole one.
    u64::try_from(ticks).unwrap_or(u64::MAX).saturating_add(1)
}
