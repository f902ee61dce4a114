//! Tests of the whole: the built `sealog` binary against servers that others wrote, and under the axe.
//!
//! The suites are Python programs beside this crate (`tests/moto`, `tests/crash`), because what they compare Sealog
//! with must not share its code; the modules that they share lie in this folder. `make test` runs them.
