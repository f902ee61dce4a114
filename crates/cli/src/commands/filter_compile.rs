//! `sealog filter-compile`: the child process in which a component is compiled, within bounds that its parent sets.

use crate::exit::Exit;

/// The command's name, for who starts the child.
pub(crate) const NAME: &str = "filter-compile";

pub(crate) fn run() -> Exit {
    match sealog_filter::compile_child_main() {
        0 => Exit::Good,
        code => Exit::Verdict(code),
    }
}
