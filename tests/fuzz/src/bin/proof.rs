//! Proofs of rows: any bytes give a proof that prints the same, or an error; never a panic, never more memory than the size
//! explains.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sealog_chain::{RowProof, VerifierKey};

/// The file, its base64 and what that holds are there side by side, and each is printed again.
const HEAP_PER_BYTE_MAX: usize = 24;
const KEY: &str = "vectors+78b7bc14+AdBKsjJ0K7SrOhNovUYV5ObQIkq3GgFrr4UgozLJd4c3";

fuzz_target!(|bytes: &[u8]| {
    let (parsed, heap) = sealog_fuzz::heap_peak(|| RowProof::parse(bytes));
    assert!(heap <= HEAP_PER_BYTE_MAX * bytes.len() + 16_384, "{heap} bytes of heap for {}", bytes.len());
    let Ok(proof) = parsed else { return };
    assert_eq!(proof.render().as_deref(), Ok(bytes), "a proof has one form");
    // Ours are the golden ones: what holds is one of them.
    let key = VerifierKey::parse(KEY).expect("a good key");
    if let Ok(proven) = proof.check(&[key]) {
        assert_eq!(proven.commit.number, proof.number);
    }
    // The signature aside, every path and row is walked.
    let mut unsigned = proof.clone();
    unsigned.head.checkpoint.size = proof.number.saturating_add(1);
    drop(unsigned.check(&[]));
});
