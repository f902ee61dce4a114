//! Compiles the component on standard input and writes the result to standard output: the child process of the tests and
//! benches of this crate. `sealog filter-compile` is the same.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(sealog_filter::compile_child_main())
}
