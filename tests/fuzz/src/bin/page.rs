//! `GetRecords` replies: any bytes give a page that the oracle reads alike, or an error; never a panic, never more memory
//! than the reply's size explains.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use page::{Page, agreement};

// The module itself and not its crate: the AWS SDK need not be compiled with coverage counters.
#[path = "../../../../crates/source/src/page/mod.rs"]
#[allow(dead_code, reason = "the reader uses more of it than the target does")]
mod page;

/// A record of the least length, 36 bytes, takes 232 in the index, which doubles as it grows.
const HEAP_PER_BYTE_MAX: usize = 24;

fuzz_target!(|body: &[u8]| {
    let body = Bytes::copy_from_slice(body);
    let (parsed, heap) = sealog_fuzz::heap_peak(|| Page::parse(body.clone()));
    assert!(
        heap <= HEAP_PER_BYTE_MAX * body.len() + 4096,
        "{heap} bytes of heap for {} of reply",
        body.len()
    );
    if let Err(why) = agreement::check(&body, &parsed) {
        panic!("{why}");
    }
});
