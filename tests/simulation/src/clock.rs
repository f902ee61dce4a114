//! A clock on tokio's paused time: it moves when every task waits, so a test of hours takes milliseconds and no test sleeps.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use sealog_source::Clock;
use tokio::time::Instant;

/// Where every test begins: 2026-11-22T10:15:30Z.
pub const ZERO_MS: i64 = 1_795_342_530_000;

/// Paused time, counted from [`ZERO_MS`]. To be made inside a runtime whose time is paused.
#[derive(Debug)]
pub struct Paused {
    began: Instant,
    shift_ms: AtomicI64,
}

impl Paused {
    /// A clock that shows [`ZERO_MS`] now.
    #[must_use]
    #[expect(clippy::new_without_default, reason = "it reads the time; a default should not")]
    pub fn new() -> Self {
        Self { began: Instant::now(), shift_ms: AtomicI64::new(0) }
    }

    /// Sets the clock of this machine by so much; what sleeps is not woken.
    pub fn shift(&self, by_ms: i64) {
        self.shift_ms.fetch_add(by_ms, Ordering::SeqCst);
    }
}

impl Clock for Paused {
    fn now_ms(&self) -> i64 {
        let passed = i64::try_from(self.began.elapsed().as_millis()).unwrap();
        ZERO_MS + passed + self.shift_ms.load(Ordering::SeqCst)
    }

    #[expect(clippy::disallowed_methods, reason = "paused time: this is the clock")]
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        Box::pin(tokio::time::sleep(duration))
    }
}
