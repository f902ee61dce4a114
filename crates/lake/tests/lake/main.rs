//! The lake over whole archives in memory: what is published, what a compaction makes of it, and what a reader sees meanwhile.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test fails by panicking"
)]

mod archive;
mod compaction;
mod publishing;
mod reader;
mod sweep;
