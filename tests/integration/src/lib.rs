//! Tests of the whole: the built `sealog` binary against servers that others wrote, and under the axe; and the
//! generator of the golden archives in `tests/vectors`.
//!
//! The suites are Python programs beside this crate (`tests/moto`, `tests/crash`), because what they compare Sealog
//! with must not share its code; the modules that they share lie in this folder. `make test` runs them.
//!
//! The generator (`make_vectors`) is Rust: it builds archives from a model ([`model`]), and bends the model or the bytes
//! ([`scenarios`]). What it writes is committed and read by both verifiers; no test builds it again, because Parquet
//! bytes depend on the version of the library.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a generator of test data: a mistake in a scenario shall stop it at once, before anything is written"
)]

pub mod ledger;
pub mod model;
pub mod rows;
pub mod scenarios;
pub mod vector;
