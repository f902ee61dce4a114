//! Evidence: any bytes give rows or an error; never a panic that reaches the caller, never memory that the file's own size
//! does not allow for.
//!
//! The Parquet library panics on some files; `batch` contains that. libFuzzer ends at any panic, contained or not, so the
//! hook that makes it do so is replaced, and what escapes is turned into an abort here.

#![no_main]

use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use sealog_batch::EvidenceReader;
use sealog_chain::{Tree, record_leaf};

fuzz_target!(
    init: { set_hook(Box::new(|_| ())) },
    |bytes: &[u8]| {
        let bytes = Bytes::copy_from_slice(bytes);
        let (looked, heap) = sealog_fuzz::heap_peak(|| catch_unwind(AssertUnwindSafe(|| look(bytes.clone()))));
        if looked.is_err() || heap > HEAP_MAX {
            eprintln!("a panic came through ({}), or {heap} bytes of heap were taken", looked.is_err());
            std::process::abort();
        }
    }
);

/// A page states its own size, at most 2 GiB, which the library reserves at once and touches as it fills it. What is
/// touched is bounded by `run.py` for the whole process.
const HEAP_MAX: usize = 3 << 30;

fn look(bytes: Bytes) -> Option<(u64, Tree)> {
    let reader = EvidenceReader::open(bytes).ok()?;
    let (claimed, mut tree, mut scratch) = (reader.rows(), Tree::default(), Vec::new());
    reader.for_each(|_, row, _| tree.push(record_leaf(row, &mut scratch))).ok()?;
    Some((claimed, tree))
}
