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
