//! Writes the golden archives: `cargo run -p sealog-integration --bin make_vectors -- tests/vectors`.
//!
//! What is already there as it should be is left alone. A vector that is named `rewritten` was changed: look at the
//! difference before you commit it, for an archive that verified once must verify for ever.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program for the command line")]

use std::path::PathBuf;
use std::process::ExitCode;

use sealog_integration::scenarios;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: make_vectors DIRECTORY (tests/vectors)");
        return ExitCode::from(2);
    };
    let vectors = scenarios::all();
    for vector in &vectors {
        let there = folder.join(vector.name).exists();
        match vector.write(&folder) {
            Ok(false) => {}
            Ok(true) => println!("{} {}", if there { "rewritten" } else { "new" }, vector.name),
            Err(error) => {
                eprintln!("{}: {error}; check that the directory can be written", vector.name);
                return ExitCode::FAILURE;
            }
        }
    }
    println!("{} vectors", vectors.len());
    ExitCode::SUCCESS
}
