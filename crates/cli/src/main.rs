//! sealog
fn main() {}
