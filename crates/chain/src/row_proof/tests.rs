//! A proof holds as it was made, and not with any bit of it changed.

use proptest::prelude::*;
use sealog_record::{ChangeRecord, Decision, encode_leaf};

use super::*;
use crate::{Checkpoint, SigningKey, inclusion_proof};

/// FORMAT.md, section 9.
const COMMIT: &str = include_str!("commit.json");

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed("example", [seed; 32]).unwrap()
}

fn rows() -> Vec<Vec<u8>> {
    let row = |sequence_number| {
        let change = ChangeRecord { sequence_number, keys: Some("{}"), ..ChangeRecord::default() };
        let row = EvidenceRow { stream_label: "l", shard_id: "s", change, decision: Decision::KEEP };
        let mut bytes = Vec::new();
        encode_leaf(&row, &mut bytes);
        bytes
    };
    ["1", "2", "3"].map(row).to_vec()
}

fn root(leaves: &[Hash]) -> Hash {
    let mut tree = crate::Tree::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

/// A proof of row `row` of three, in commit 1 of 5.
fn proof(row: usize, signers: &[&SigningKey]) -> RowProof {
    let rows = rows();
    let leaves: Vec<Hash> = rows.iter().map(|row| leaf_hash(row)).collect();
    let commit = COMMIT.trim_end().replace("ROOT", &root(&leaves).to_string());
    Commit::parse(commit.as_bytes()).unwrap();
    let mut log: Vec<Hash> = (0..5_u8).map(|number| leaf_hash(&[number])).collect();
    log[1] = leaf_hash(commit.as_bytes());
    let origin = Commit::parse(commit.as_bytes()).unwrap().origin;
    let head = Checkpoint { origin, size: 5, root: root(&log) }.sign(signers);
    RowProof {
        row: row as u64,
        row_path: inclusion_proof(&leaves, row),
        encoded: rows[row].clone(),
        commit: commit.into_bytes(),
        number: 1,
        log_path: inclusion_proof(&log, 1),
        head,
    }
}

#[test]
fn a_proof_reads_back_and_says_what_it_proves() {
    for row in 0..3 {
        let made = proof(row, &[&key(1)]);
        let read = RowProof::parse(&made.render().unwrap()).unwrap();
        assert_eq!(read, made);
        let keys = [key(1).verifier().clone()];
        let proven = read.check(&keys).unwrap();
        assert_eq!((proven.place, proven.commit.number, proven.size), (row as u64, 1, 5));
        assert_eq!(proven.row.change.sequence_number, ["1", "2", "3"][row]);
    }
}

#[test]
fn no_changed_bit_is_overlooked() {
    let bytes = proof(2, &[&key(1)]).render().unwrap();
    let keys = [key(1).verifier().clone()];
    let holds = |bytes: &[u8]| RowProof::parse(bytes).is_ok_and(|proof| proof.check(&keys).is_ok());
    assert!(holds(&bytes));
    for place in 0..bytes.len() {
        for bit in 0..8 {
            let mut bent = bytes.clone();
            bent[place] ^= 1 << bit;
            assert!(!holds(&bent), "bit {bit} of byte {place}");
        }
        assert!(!holds(&bytes[..place]), "cut off at {place}");
    }
    assert!(!holds(&[bytes.as_slice(), b"\n"].concat()));
}

#[test]
fn each_signature_line_must_be_by_a_given_key() {
    let (one, two) = (key(1), key(2));
    let both = proof(0, &[&one, &two]);
    let keys = |keys: &[&SigningKey]| -> Vec<VerifierKey> {
        keys.iter().map(|key| key.verifier().clone()).collect()
    };
    assert!(both.check(&keys(&[&one, &two])).is_ok());
    assert!(both.check(&keys(&[&one])).is_err());
    assert!(both.check(&[]).is_err());
    assert!(proof(0, &[]).check(&keys(&[&one])).is_err());
}

#[test]
fn a_row_in_another_shards_place_is_refused() {
    let mut other = proof(0, &[&key(1)]);
    // Signed as it is: a writer that lies.
    let commit =
        String::from_utf8(other.commit.clone()).unwrap().replace("\"shard\":\"s\"", "\"shard\":\"t\"");
    let mut log: Vec<Hash> = (0..5_u8).map(|number| leaf_hash(&[number])).collect();
    log[1] = leaf_hash(commit.as_bytes());
    other.head = Checkpoint { root: root(&log), ..other.head.checkpoint.clone() }.sign(&[&key(1)]);
    other.commit = commit.into_bytes();
    other.log_path = inclusion_proof(&log, 1);
    let refused = other.check(&[key(1).verifier().clone()]).unwrap_err();
    assert!(refused.to_string().contains("shard"), "{refused}");
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let framed = format!("c2sp.org/tlog-proof@v1\nextra {}\nindex 0\n\no\n1\n{}\n\n\u{2014} k AAAAAAA=\n",
            base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [EXTRA_FORMAT, &bytes].concat()),
            "A".repeat(43) + "=");
        for bytes in [bytes, framed.into_bytes()] {
            if let Ok(proof) = RowProof::parse(&bytes) {
                prop_assert_eq!(proof.render().unwrap(), bytes);
            }
        }
    }
}
