//! Golden proofs of rows: cut out of a golden archive again, byte for byte, and refused with any byte changed.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "helpers of tests: what cannot be read fails the test"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sealog_chain::{RowProof, VerifierKey};
use sealog_store::{Directory, Log};
use sealog_verify::{ProveError, Wanted, prove};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("vectors")
}

fn key() -> VerifierKey {
    VerifierKey::parse(&fs::read_to_string(vectors().join("proofs/key")).unwrap()).unwrap()
}

fn log(vector: &str) -> Log {
    Log::new(Arc::new(Directory::existing(&vectors().join(vector).join("archive"))), "orders")
}

/// Commit and row of each golden proof.
const GOLDEN: [(u64, u64); 3] = [(1, 0), (3, 1), (5, 2)];

fn golden(commit: u64, row: u64) -> Vec<u8> {
    fs::read(vectors().join(format!("proofs/orders-{commit}-{row}.tlog-proof"))).unwrap()
}

fn holds(bytes: &[u8]) -> bool {
    RowProof::parse(bytes).is_ok_and(|proof| proof.check(&[key()]).is_ok())
}

#[tokio::test]
async fn a_golden_archive_gives_the_golden_proofs() {
    for (commit, row) in GOLDEN {
        let proof = prove(&log("clean-ledger"), &Wanted::Row { commit, row }, None).await.unwrap();
        assert!(
            proof.render().unwrap() == golden(commit, row),
            "{commit}/{row} differs from the golden file"
        );
    }
}

#[test]
fn golden_proofs_hold_and_no_changed_byte_is_overlooked() {
    for (commit, row) in GOLDEN {
        let bytes = golden(commit, row);
        assert!(holds(&bytes));
        for place in 0..bytes.len() {
            let mut bent = bytes.clone();
            bent[place] ^= 1 << (place % 8);
            assert!(!holds(&bent), "{commit}/{row}: bit {} of byte {place}", place % 8);
        }
    }
}

#[tokio::test]
async fn a_change_is_found_by_its_key_and_number() {
    let bytes = golden(3, 1);
    let known = RowProof::parse(&bytes).unwrap();
    let proven = known.check(&[key()]).unwrap();
    let keys: serde_json::Value = serde_json::from_str(proven.row.change.keys.unwrap()).unwrap();
    let value = |attribute: &serde_json::Value| {
        attribute.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    };
    let key: Vec<String> = keys.as_object().unwrap().values().map(value).collect();
    let sequence = proven.row.change.sequence_number.parse().unwrap();
    let wanted = Wanted::Change { key, sequence };
    let found = prove(&log("clean-ledger"), &wanted, None).await.unwrap();
    assert!(found.render().unwrap() == bytes);
    let wanted = Wanted::Change { key: vec!["nobody".to_owned()], sequence };
    assert!(matches!(prove(&log("clean-ledger"), &wanted, None).await, Err(ProveError::NotThere(_))));
}

#[tokio::test]
async fn what_is_not_there_or_not_signed_has_no_proof() {
    let of = |commit, row| Wanted::Row { commit, row };
    for (commit, row) in [(0, 0), (1, 10_000), (99, 0)] {
        let refused = prove(&log("clean-ledger"), &of(commit, row), None).await;
        assert!(matches!(refused, Err(ProveError::NotThere(_))), "{commit}/{row}");
    }
    let stranger = fs::read_to_string(vectors().join("proofs/other-keys")).unwrap();
    let stranger = VerifierKey::parse(stranger.lines().next().unwrap()).unwrap();
    let refused = prove(&log("clean-ledger"), &of(1, 0), Some(&stranger)).await;
    assert!(matches!(refused, Err(ProveError::NotSigned(_))));
    for vector in ["object-byte-changed", "object-removed"] {
        // Which commit was hit does not matter: every row of every commit is asked for.
        let mut refused = 0;
        for commit in 0..6 {
            refused += u32::from(matches!(
                prove(&log(vector), &of(commit, 0), None).await,
                Err(ProveError::Evidence(_))
            ));
        }
        assert_eq!(refused, 1, "{vector}");
    }
}

/// A key that was replaced still signs for what came before it.
#[tokio::test]
async fn an_auditor_with_the_older_key_gets_the_newest_head_that_it_signed() {
    let log = log("clean-rotation-old-key");
    let genesis = fs::read_to_string(vectors().join("clean-rotation-old-key/vector.txt")).unwrap();
    let old = genesis.lines().find_map(|line| line.strip_prefix("key: ")).unwrap();
    let old = VerifierKey::parse(old).unwrap();
    let mut proven = 0;
    for commit in 0..6 {
        match prove(&log, &Wanted::Row { commit, row: 0 }, Some(&old)).await {
            Ok(proof) => {
                assert_eq!(proof.check(std::slice::from_ref(&old)).unwrap().commit.number, commit);
                proven += 1;
            }
            Err(ProveError::NotThere(_) | ProveError::NotSigned(_)) => {}
            Err(other) => panic!("{commit}: {other}"),
        }
    }
    assert!(proven > 0);
}
