//! Merkle proofs of RFC 6962, sections 2.1.1 and 2.1.2; checked as RFC 9162, sections 2.1.3.2 and 2.1.4.2 say.

use crate::{ChainError, Hash, Tree, node_hash};

/// Path from leaf `index` to the root over `leaves`; empty when there is no such leaf or only one.
#[must_use]
pub fn inclusion_proof(leaves: &[Hash], index: usize) -> Vec<Hash> {
    if leaves.len() < 2 || index >= leaves.len() {
        return Vec::new();
    }
    let (left, right) = split(leaves);
    let mut path;
    if index < left.len() {
        path = inclusion_proof(left, index);
        path.push(root(right));
    } else {
        path = inclusion_proof(right, index - left.len());
        path.push(root(left));
    }
    path
}

/// Proof that the tree over the first `size` of `leaves` is a prefix of the tree over all of them.
#[must_use]
pub fn consistency_proof(leaves: &[Hash], size: usize) -> Vec<Hash> {
    if size == 0 || size >= leaves.len() { Vec::new() } else { subproof(leaves, size, true) }
}

fn subproof(leaves: &[Hash], size: usize, whole: bool) -> Vec<Hash> {
    if size == leaves.len() {
        return if whole { Vec::new() } else { vec![root(leaves)] };
    }
    let (left, right) = split(leaves);
    let mut path;
    if size <= left.len() {
        path = subproof(left, size, whole);
        path.push(root(right));
    } else {
        path = subproof(right, size - left.len(), false);
        path.push(root(left));
    }
    path
}

fn split(leaves: &[Hash]) -> (&[Hash], &[Hash]) {
    leaves.split_at(leaves.len().next_power_of_two() / 2)
}

fn root(leaves: &[Hash]) -> Hash {
    let mut tree = Tree::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

/// Whether `path` leads from `leaf` at `index` to `root` over `size` leaves.
///
/// # Errors
/// [`ChainError::Proof`] when it does not; never anything else.
pub fn verify_inclusion(
    leaf: Hash,
    index: u64,
    size: u64,
    path: &[Hash],
    root: Hash,
) -> Result<(), ChainError> {
    if index >= size {
        return Err(ChainError::Proof);
    }
    let (mut node, mut place, mut last) = (leaf, index, size - 1);
    for sibling in path {
        if last == 0 {
            return Err(ChainError::Proof);
        }
        if place % 2 == 1 || place == last {
            node = node_hash(sibling, &node);
            while place % 2 == 0 && place != 0 {
                place /= 2;
                last /= 2;
            }
        } else {
            node = node_hash(&node, sibling);
        }
        place /= 2;
        last /= 2;
    }
    if last == 0 && node == root { Ok(()) } else { Err(ChainError::Proof) }
}

/// Whether the tree of `old` (size, root) is a prefix of the tree of `new` (size, root).
///
/// # Errors
/// [`ChainError::Proof`] when the proof does not show it; never anything else.
pub fn verify_consistency(old: (u64, Hash), new: (u64, Hash), path: &[Hash]) -> Result<(), ChainError> {
    let ((old_size, old_root), (new_size, new_root)) = (old, new);
    if old_size == new_size {
        return if path.is_empty() && old_root == new_root { Ok(()) } else { Err(ChainError::Proof) };
    }
    if old_size == 0 || old_size > new_size {
        return Err(ChainError::Proof);
    }
    let mut path = path.iter();
    let first = if old_size.is_power_of_two() { old_root } else { *path.next().ok_or(ChainError::Proof)? };
    let shift = (old_size - 1).trailing_ones();
    let (mut place, mut last) = ((old_size - 1) >> shift, (new_size - 1) >> shift);
    let (mut of_old, mut of_new) = (first, first);
    for sibling in path {
        if last == 0 {
            return Err(ChainError::Proof);
        }
        if place % 2 == 1 || place == last {
            of_old = node_hash(sibling, &of_old);
            of_new = node_hash(sibling, &of_new);
            while place % 2 == 0 && place != 0 {
                place /= 2;
                last /= 2;
            }
        } else {
            of_new = node_hash(&of_new, sibling);
        }
        place /= 2;
        last /= 2;
    }
    if last == 0 && of_old == old_root && of_new == new_root { Ok(()) } else { Err(ChainError::Proof) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaf_hash;
    use proptest::prelude::*;

    fn leaves(size: usize) -> Vec<Hash> {
        (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    #[test]
    fn every_inclusion_proof_of_small_trees_holds_and_every_change_breaks_it() {
        for size in 1..=33 {
            let leaves = leaves(size);
            let top = root(&leaves);
            for index in 0..size {
                let path = inclusion_proof(&leaves, index);
                let check =
                    |leaf, index, path: &[Hash]| verify_inclusion(leaf, index, size as u64, path, top);
                assert_eq!(check(leaves[index], index as u64, &path), Ok(()));
                assert!(check(leaf_hash(b"other"), index as u64, &path).is_err());
                assert!(check(leaves[index], size as u64, &path).is_err());
                for place in 0..path.len() {
                    let mut bent = path.clone();
                    bent[place].0[31] ^= 1;
                    assert!(check(leaves[index], index as u64, &bent).is_err());
                }
            }
        }
    }

    /// Proofs over the eight entries of the Certificate Transparency test tree (google/certificate-transparency,
    /// `merkletree`, "known good" inclusion and consistency proofs); the roots stand in `tree.rs`.
    #[test]
    fn published_proofs_are_made_and_hold() {
        const ENTRIES: [&[u8]; 8] = [
            b"",
            &[0],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        const LEAF_1: &str = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
        const NODE_2_3: &str = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
        const NODE_4_7: &str = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
        const LEAF_4: &str = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
        const NODE_6_7: &str = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
        const NODE_0_3: &str = "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7";
        const NODE_0_1: &str = "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125";
        const LEAF_0: &str = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d";
        const NODE_4_5: &str = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
        let leaves = ENTRIES.map(leaf_hash);
        let hashes =
            |texts: &[&str]| -> Vec<Hash> { texts.iter().map(|text| text.parse().unwrap()).collect() };
        let inclusion: [(usize, usize, &[&str]); 4] = [
            (0, 8, &[LEAF_1, NODE_2_3, NODE_4_7]),
            (5, 8, &[LEAF_4, NODE_6_7, NODE_0_3]),
            (2, 3, &[NODE_0_1]),
            (1, 5, &[LEAF_0, NODE_2_3, LEAF_4]),
        ];
        for (index, size, path) in inclusion {
            let (path, top) = (hashes(path), root(&leaves[..size]));
            assert_eq!(inclusion_proof(&leaves[..size], index), path);
            assert_eq!(verify_inclusion(leaves[index], index as u64, size as u64, &path, top), Ok(()));
        }
        let consistency: [(usize, usize, &[&str]); 3] = [
            (1, 8, &[LEAF_1, NODE_2_3, NODE_4_7]),
            (6, 8, &[NODE_4_5, NODE_6_7, NODE_0_3]),
            (2, 5, &[NODE_2_3, LEAF_4]),
        ];
        for (old, new, path) in consistency {
            let (path, before, after) = (hashes(path), root(&leaves[..old]), root(&leaves[..new]));
            assert_eq!(consistency_proof(&leaves[..new], old), path);
            assert_eq!(verify_consistency((old as u64, before), (new as u64, after), &path), Ok(()));
        }
    }

    proptest! {
        #[test]
        fn every_prefix_is_consistent_and_no_other_root_is(new in 1_usize..130, old in 1_usize..130) {
            prop_assume!(old <= new);
            let leaves = leaves(new);
            let path = consistency_proof(&leaves, old);
            let (before, after) = ((old as u64, root(&leaves[..old])), (new as u64, root(&leaves)));
            prop_assert_eq!(verify_consistency(before, after, &path), Ok(()));
            prop_assert!(verify_consistency((before.0, leaf_hash(b"x")), after, &path).is_err());
            prop_assert!(verify_consistency(before, (after.0, leaf_hash(b"x")), &path).is_err());
        }
    }
}
