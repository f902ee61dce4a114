//! The one thing that a filter may ask of its host: to write something for people. It changes no verdict, and is not there
//! to count or to audit with: the host takes 64 KiB a batch and leaves out the rest.

/// Something that only a developer wants to see.
pub fn debug(message: &str) {
    write(Level::Debug, message);
}

/// Something worth knowing.
pub fn info(message: &str) {
    write(Level::Info, message);
}

/// Something that a person should look at some time.
pub fn warn(message: &str) {
    write(Level::Warn, message);
}

/// Something that a person should look at now.
pub fn error(message: &str) {
    write(Level::Error, message);
}

use crate::bindings::sealog::filter::log::Level;

#[cfg(target_family = "wasm")]
fn write(level: Level, message: &str) {
    crate::bindings::sealog::filter::log::write(level, message);
}

/// Natively there is no host that takes it.
#[cfg(not(target_family = "wasm"))]
const fn write(_level: Level, _message: &str) {}
