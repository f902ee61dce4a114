//! What the tests of the whole pipeline stand on: time that passes only when nobody works, a scripted service behind the
//! reader's seam, stores that fail on cue, an oracle that reads an archive without the writer's code and compares it with
//! what the service offered; and the seeded simulation built from them.
//!
//! [`simulation::run`] promises: everything that happens follows from one number, in one thread, on paused time; a seed
//! that fails fails again. It relies on `biased` selects and on nothing in the pipeline reading a clock, spawning threads
//! or drawing numbers of its own; the test `same_seed_same_trace` shows that this holds.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests; the exemption for tests does not reach the helpers of an integration test"
)]

pub mod clock;
pub mod guests;
pub mod judged;
pub mod law;
pub mod ledger;
pub mod moody;
pub mod oracle;
pub mod plan;
pub mod process;
mod rng;
pub mod service;
pub mod simulation;
pub mod store;
pub mod timed;
pub mod trace;
pub mod world;

pub use rng::Rng;
