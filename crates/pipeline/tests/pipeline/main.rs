//! The pipeline as a whole: gatherer, committer and runs, against stores that fail and a service that is scripted.
//!
//! Time is paused and moves only when every task waits, in one thread; the same test does the same each time.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests; the exemption for tests does not reach the helpers of an integration test"
)]

mod ahead;
mod committer;
mod end_to_end;
mod events;
mod filters;
mod gather;
mod lake;
mod race;
mod rebase;
mod records;
mod rotation;
mod startup;
mod sweep;
