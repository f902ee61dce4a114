//! A process as the world sees it: it can stand still for days and go on as if nothing had been, and it can die.
//!
//! Everything that a process does to the world goes through a call, a store or a sleep; each of these waits at the
//! process's gate. What was sent before a pause takes effect during it: the reply is read on waking.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sealog_source::Clock;

use crate::trace::Trace;

/// One life of a process.
pub struct Process {
    name: String,
    world: Arc<dyn Clock>,
    trace: Arc<Trace>,
    /// From and until, in world time (ms).
    pauses: Vec<(i64, i64)>,
    /// How much this machine's clock is ahead of the world's.
    skew_ms: i64,
    dead: AtomicBool,
}

impl Process {
    /// A process that starts now. `pauses` are instants of world time in milliseconds, from and until.
    #[must_use]
    pub fn new(
        name: &str,
        world: Arc<dyn Clock>,
        trace: Arc<Trace>,
        pauses: Vec<(i64, i64)>,
        skew_ms: i64,
    ) -> Self {
        Self { name: name.to_owned(), world, trace, pauses, skew_ms, dead: AtomicBool::new(false) }
    }

    /// Its name, which stands in its commits.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Nothing that it does from now on reaches the world.
    pub fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    /// Lets the process go on, if it is neither paused nor dead.
    pub async fn gate(&self) {
        loop {
            if self.dead.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            let now_ms = self.world.now_ms();
            let pause = self.pauses.iter().find(|(from, until)| (*from..*until).contains(&now_ms));
            let Some((_, until)) = pause else { return };
            self.world.sleep(Duration::from_millis(until.abs_diff(now_ms))).await;
        }
    }

    /// Lets time pass outside of the process: on a wire.
    pub async fn travel(&self, wait_ms: u64) {
        if wait_ms > 0 {
            self.world.sleep(Duration::from_millis(wait_ms)).await;
        }
    }

    /// Writes down what it did.
    pub fn note(&self, what: std::fmt::Arguments<'_>) {
        self.trace.note(self.world.now_ms(), &self.name, what);
    }
}

/// The clock that a process has.
pub struct OwnClock(pub Arc<Process>);

impl Clock for OwnClock {
    fn now_ms(&self) -> i64 {
        self.0.world.now_ms() + self.0.skew_ms
    }

    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        let process = Arc::clone(&self.0);
        Box::pin(async move {
            process.world.sleep(duration).await;
            process.gate().await;
        })
    }
}
