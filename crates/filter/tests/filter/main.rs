//! Filters as they are used, and as they should not be: one program, so that it links once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod cache;
mod guest;
mod hostile;
mod judging;
mod refused;
mod released;
