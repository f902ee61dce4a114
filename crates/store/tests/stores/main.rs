//! Every store against one suite, the servers against what AWS promises, and S3 behind a network that fails.
//!
//! Needs the servers: `tests/setup/with-servers.sh cargo test -p sealog-store`; `make test` does that.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests: what cannot be done fails the test"
)]

mod conformance;
mod deviations;
mod directory;
mod log;
mod objects;
mod protection;
mod proxy;
mod subject;
mod upload;
mod wire;
