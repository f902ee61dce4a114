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

/// A file of 64 KiB may hold pages that expand a thousandfold; what `batch` allows beyond that, it must refuse.
const HEAP_MAX: usize = 400 << 20;

fn look(bytes: Bytes) -> Option<(u64, Tree)> {
    let reader = EvidenceReader::open(bytes).ok()?;
    let (claimed, mut tree, mut scratch) = (reader.rows(), Tree::default(), Vec::new());
    reader.for_each(|_, row, _| tree.push(record_leaf(row, &mut scratch))).ok()?;
    Some((claimed, tree))
}
