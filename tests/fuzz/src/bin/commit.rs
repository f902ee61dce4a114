//! Commits: any bytes give a commit that prints as it was read, or an error; never a panic, never more memory than the
//! bytes explain.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sealog_chain::{COMMIT_BYTES_MAX, Commit};

/// A segment of some 130 bytes takes some 400 in memory; lists double as they grow, and the rendering is held beside.
const HEAP_PER_BYTE_MAX: usize = 40;

fuzz_target!(|bytes: &[u8]| {
    let (parsed, heap) = sealog_fuzz::heap_peak(|| Commit::parse(bytes));
    assert!(
        heap <= HEAP_PER_BYTE_MAX * bytes.len() + 16_384,
        "{heap} bytes of heap for {} of commit",
        bytes.len()
    );
    let Ok(commit) = parsed else { return };
    assert!(bytes.len() <= COMMIT_BYTES_MAX, "a commit of {} bytes was taken", bytes.len());
    let rendered = serde_json::to_vec(&commit).expect("what was read can be printed");
    assert!(rendered == bytes, "a commit has one form only: {}", String::from_utf8_lossy(&rendered));
});
