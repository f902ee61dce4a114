//! Signed notes, checkpoints and keys: any bytes give a note that prints the same, or an error; never a panic, never more
//! memory than the size explains.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sealog_chain::{SignedCheckpoint, SignedNote, VerifierKey};

/// Text, lines and the base64 of each, in pieces of their own.
const HEAP_PER_BYTE_MAX: usize = 24;
const KEY: &str = "example+fcbb9f61+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c";

fuzz_target!(|bytes: &[u8]| {
    let (note, heap) = sealog_fuzz::heap_peak(|| SignedNote::parse(bytes));
    assert!(heap <= HEAP_PER_BYTE_MAX * bytes.len() + 16_384, "{heap} bytes of heap for {}", bytes.len());
    if let Ok(note) = &note {
        assert_eq!(note.render(), bytes, "a note has one form");
    }
    if let Ok(signed) = SignedCheckpoint::parse(bytes) {
        assert!(note.is_ok(), "a checkpoint is a note");
        let key = VerifierKey::parse(KEY).expect("a good key");
        let alone = signed.signed_by_all(std::slice::from_ref(&key)).is_ok();
        assert!(!alone || signed.signed_by(&key) == Ok(true), "signed by all and not by one");
    }
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(key) = VerifierKey::parse(text)
    {
        assert_eq!(VerifierKey::parse(&key.to_string()), Ok(key), "a key prints what it reads");
    }
});
