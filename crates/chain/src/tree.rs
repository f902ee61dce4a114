//! The root of a growing RFC 6962 tree, in memory that grows with the logarithm of its size.

use serde::{Deserialize, Serialize};

use crate::{EMPTY_ROOT, Hash, node_hash};

/// A tree that leaves are pushed on; keeps one hash for each full subtree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    size: u64,
    // Roots of the full subtrees, largest first; one for each bit that is set in `size`.
    peaks: Vec<Hash>,
}

impl Tree {
    /// Adds the next leaf (already hashed with [`crate::leaf_hash`]).
    pub fn push(&mut self, leaf: Hash) {
        let mut node = leaf;
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                node = node_hash(&left, &node);
            }
        }
        self.peaks.push(node);
        self.size += 1;
    }

    /// Roots of the full subtrees, largest first.
    pub(crate) fn into_peaks(self) -> Vec<Hash> {
        self.peaks
    }

    /// How many leaves were pushed.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Whether it has as many subtrees as its size asks for; one that was pushed always has.
    pub(crate) fn is_sound(&self) -> bool {
        self.peaks.len() as u64 == u64::from(self.size.count_ones())
    }

    /// Root over all leaves; [`EMPTY_ROOT`] without any.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else { return EMPTY_ROOT };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaf_hash;
    use proptest::prelude::*;

    /// The definition of RFC 6962, section 2.1, word for word.
    fn defined_root(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => EMPTY_ROOT,
            [leaf] => *leaf,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                node_hash(&defined_root(&leaves[..split]), &defined_root(&leaves[split..]))
            }
        }
    }

    /// Roots over the eight entries of the Certificate Transparency test tree
    /// (google/certificate-transparency, `merkletree` reference vectors).
    #[test]
    fn roots_match_published_vectors() {
        let entries: [&[u8]; 8] = [
            b"",
            &[0],
            &[0x10],
            &[0x20, 0x21],
            &[0x30, 0x31],
            &[0x40, 0x41, 0x42, 0x43],
            &[0x50, 0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57],
            &[0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6a, 0x6b, 0x6c, 0x6d, 0x6e, 0x6f],
        ];
        let roots = [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
            "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
            "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
            "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
            "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
        ];
        let mut tree = Tree::default();
        for (entry, root) in entries.into_iter().zip(roots) {
            tree.push(leaf_hash(entry));
            assert_eq!(tree.root().to_string(), root);
        }
    }

    proptest! {
        #[test]
        fn root_is_the_defined_one(size in 0_usize..200) {
            let leaves: Vec<Hash> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
            let mut tree = Tree::default();
            leaves.iter().for_each(|leaf| tree.push(*leaf));
            prop_assert_eq!(tree.root(), defined_root(&leaves));
            prop_assert_eq!(tree.size(), size as u64);
        }
    }
}
