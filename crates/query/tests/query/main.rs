//! Questions to whole archives, in memory and in directories: every view, lake against evidence, what is read and what is
//! refused.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test fails by panicking"
)]

#[path = "../../../lake/tests/lake/archive.rs"]
#[allow(dead_code, reason = "the lake's tests use all of it")]
mod archive;
mod ask;
mod evidence;
mod evolution;
mod forms;
mod items;
mod pruning;
mod refusals;
mod steady;
mod trino;
mod views;
