//! What happened, folded into one number: two runs with the same number did the same.

use std::fmt::Arguments;
use std::sync::{Mutex, PoisonError};

/// Calls of service and store that one run may make. A reader that asks again and again without waiting would otherwise
/// keep time from passing, and no bound in virtual time would ever end it.
const CALLS_MAX: u64 = 400_000;

/// Every call, its answer and its instant. The lines themselves are kept only on request.
#[derive(Debug)]
pub struct Trace(Mutex<Told>);

#[derive(Debug)]
struct Told {
    hash: u64,
    calls: u64,
    lines: Option<Vec<String>>,
}

impl Trace {
    /// An empty trace; `readable` keeps the lines.
    #[must_use]
    pub const fn new(readable: bool) -> Self {
        let lines = if readable { Some(Vec::new()) } else { None };
        Self(Mutex::new(Told { hash: 0xcbf2_9ce4_8422_2325, calls: 0, lines }))
    }

    /// Adds one event of `who` at `at_ms`.
    ///
    /// # Panics
    /// After more calls than any run needs.
    pub fn note(&self, at_ms: i64, who: &str, what: Arguments<'_>) {
        let line = format!("{:>14} {who:<8} {what}", Seconds(at_ms));
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        told.hash = line.bytes().fold(told.hash, mix);
        told.calls += 1;
        let calls = told.calls;
        if let Some(lines) = &mut told.lines {
            lines.push(line);
        }
        drop(told);
        assert!(calls <= CALLS_MAX, "more than {CALLS_MAX} calls: somebody asks again and again without end");
    }

    /// The number, and how many events are in it.
    #[must_use]
    pub fn sum(&self) -> (u64, u64) {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (told.hash, told.calls)
    }

    /// The lines, where they were kept.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).lines.clone().unwrap_or_default()
    }
}

/// Milliseconds since the run began, shown in seconds.
struct Seconds(i64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let passed = self.0.saturating_sub(crate::clock::ZERO_MS);
        f.pad(&format!("{}.{:03}", passed.div_euclid(1000), passed.rem_euclid(1000)))
    }
}
