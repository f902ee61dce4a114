//! Checkpoints and the keys that sign them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealog_chain::{CHECKPOINT_KEY, Checkpoint, SignedCheckpoint, SignedNote, StartAt, checkpoint_key};

use super::trust::{heartbeats, rewritten, rewritten_from_genesis};
use super::{clean, intact, lines, tampered};
use crate::ledger::{begun, calm, ledger};
use crate::model::{Files, Key, signed};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors = vec![cosigned(), extended(), unsaid_key_pair(), forged_rotation()];
    vectors.extend(rewrites());
    vectors.extend(garbled_checkpoints());
    vectors.extend(forged_checkpoints());
    vectors
}

fn cosigned() -> Vector {
    let mut log = calm();
    log.signers.insert(6, vec![Key::Forger, Key::First]);
    clean(
        "clean-cosigned",
        "a checkpoint carries a stranger's signature too: a witness's, say; it is ignored",
        &log,
    )
}

fn extended() -> Vector {
    let mut files = calm().seal();
    let note = SignedNote::parse(&files[CHECKPOINT_KEY]).unwrap();
    let text = format!("{}an extension line\n", note.text);
    let signatures = vec![Key::First.pair().sign_note(&text)];
    files.insert(CHECKPOINT_KEY.to_owned(), SignedNote { text, signatures }.render());
    intact("clean-extension-line", "the newest checkpoint has an extension line, which is ignored", files)
}

/// Names `size`s as `wrong-key` findings do.
fn wrong_keys(sizes: std::ops::RangeInclusive<u64>) -> Vec<String> {
    sizes.map(|size| format!("wrong-key commit={size}")).collect()
}

fn rewrites() -> Vec<Vector> {
    let mut unsigned = rewritten().seal();
    let original = ledger().seal();
    unsigned.extend(original.into_iter().filter(|(key, _)| key.starts_with("checkpoint")));
    let mut forger = rewritten();
    forger.signers = (1..=6).map(|size| (size, vec![Key::Forger])).collect();
    let everything = [wrong_keys(1..=6), lines(&["unsigned-tail commit=0"])].concat();
    vec![
        tampered(
            "rewritten",
            "a row was edited and every hash computed again; the checkpoints could not be signed again",
            unsigned,
            &lines(&["root-mismatch commit=1", "unsigned-tail commit=1"]),
        ),
        tampered("rewritten-signed", "as rewritten, and signed by another key", forger.seal(), &everything),
        tampered(
            "rewritten-from-genesis",
            "as rewritten, signed by another key that the genesis names",
            rewritten_from_genesis().seal(),
            &everything,
        ),
        clean(
            "rewritten-without-key",
            "the same without a key: nothing inside the archive tells",
            &rewritten_from_genesis(),
        )
        .judged_with(None)
        .expect_findings("CONSISTENT", &lines(&["no-trust"])),
    ]
}

/// A key that is nowhere in the log is given from outside.
fn unsaid_key_pair() -> Vector {
    let findings = [wrong_keys(1..=6), lines(&["unsigned-tail commit=0"])].concat();
    tampered("wrong-key-given", "the auditor's key is not this log's", calm().seal(), &findings)
        .judged_with(Some(Key::Second))
}

fn forged_rotation() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    heartbeats(&mut log, 1);
    log.commit(vec![Key::First.rotated(Key::Forger, Key::Forger)], None);
    heartbeats(&mut log, 1);
    log.signers = [(3, vec![Key::Forger]), (4, vec![Key::Forger])].into();
    tampered(
        "rotation-forged",
        "a key was replaced, but not by the word of the key in force",
        log.seal(),
        &lines(&[
            "fact-contradiction commit=2",
            "wrong-key commit=3",
            "wrong-key commit=4",
            "unsigned-tail commit=2",
        ]),
    )
}

fn with_checkpoint(key: String, bend: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Files {
    let mut files = calm().seal();
    let old = files.remove(&key).unwrap();
    files.insert(key, bend(old));
    files
}

fn garbled_checkpoints() -> Vec<Vector> {
    vec![
        tampered(
            "checkpoint-of-another-log",
            "the newest checkpoint, well signed, is of another table's log",
            with_checkpoint(CHECKPOINT_KEY.to_owned(), |old| {
                let checkpoint = SignedCheckpoint::parse(&old).unwrap().checkpoint;
                let origin = format!("{}-2", checkpoint.origin);
                signed(Checkpoint { origin, ..checkpoint }, &[Key::First])
            }),
            &lines(&["checkpoint-malformed"]),
        ),
        tampered(
            "checkpoint-garbage",
            "a kept checkpoint is no checkpoint",
            with_checkpoint(checkpoint_key(4), |_| b"\x00\xff not a note".to_vec()),
            &lines(&["checkpoint-malformed commit=4"]),
        ),
        tampered(
            "checkpoint-size-zero-led",
            "a kept checkpoint writes its size with a leading zero",
            with_checkpoint(checkpoint_key(4), |old| {
                let text = SignedNote::parse(&old).unwrap().text.replace("\n4\n", "\n04\n");
                let signatures = vec![Key::First.pair().sign_note(&text)];
                SignedNote { text, signatures }.render()
            }),
            &lines(&["checkpoint-malformed commit=4"]),
        ),
        tampered(
            "checkpoint-under-another-size",
            "a kept checkpoint lies under the name of another size",
            with_checkpoint(checkpoint_key(4), |_| calm().seal()[&checkpoint_key(3)].clone()),
            &lines(&["checkpoint-malformed commit=4"]),
        ),
        tampered(
            "checkpoint-signature-not-base64",
            "a signature line of a kept checkpoint is no standard base64",
            with_checkpoint(checkpoint_key(4), |old| {
                let line = STANDARD.encode([0; 4]);
                let text = String::from_utf8(old).unwrap();
                format!("{text}\u{2014} stranger {}\n", line.trim_end_matches('=')).into_bytes()
            }),
            &lines(&["checkpoint-malformed commit=4"]),
        ),
    ]
}

fn forged_checkpoints() -> Vec<Vector> {
    vec![
        tampered(
            "bad-signature",
            "one bit of a kept checkpoint's signature was changed",
            with_checkpoint(checkpoint_key(4), |old| {
                let mut note = SignedNote::parse(&old).unwrap();
                note.signatures[0].signature[40] ^= 1;
                note.render()
            }),
            &lines(&["bad-signature commit=4"]),
        ),
        tampered(
            "wrong-key",
            "a kept checkpoint is signed by a stranger only",
            with_checkpoint(checkpoint_key(4), |old| {
                signed(SignedCheckpoint::parse(&old).unwrap().checkpoint, &[Key::Forger])
            }),
            &lines(&["wrong-key commit=4"]),
        ),
        tampered(
            "root-mismatch",
            "the newest checkpoint, signed by the right key, has a root that was never this log's: two heads were signed",
            with_checkpoint(CHECKPOINT_KEY.to_owned(), |old| {
                let checkpoint = SignedCheckpoint::parse(&old).unwrap().checkpoint;
                signed(
                    Checkpoint { root: sealog_chain::sha256(b"another head"), ..checkpoint },
                    &[Key::First],
                )
            }),
            &lines(&["root-mismatch commit=5"]),
        ),
    ]
}
