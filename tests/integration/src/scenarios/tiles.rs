//! The log as tiles, beside its commits.

use sealog_chain::{
    CHECKPOINT_KEY, TLOG_CHECKPOINT_KEY, Tile, TileEdge, TileKind, TileName, checkpoint_key, commit_key,
    leaf_hash, render_entries,
};

use super::{intact, lines, tampered};
use crate::ledger::calm;
use crate::model::Files;
use crate::vector::Vector;

/// Files of the calm log with the tiles of its first `size` commits, as a writer publishes them.
fn published(size: u64) -> Files {
    let mut files = calm().seal();
    let commits: Vec<Vec<u8>> = (0..size).map(|number| files[&commit_key(number)].clone()).collect();
    let mut edge = TileEdge::default();
    commits.iter().for_each(|bytes| drop(edge.push(leaf_hash(bytes))));
    files.extend(edge.partial().iter().map(|tile: &Tile| (tile.name.key(), tile.render())));
    let bundle = render_entries(commits.iter().map(Vec::as_slice)).unwrap();
    files.insert(entries(size), bundle);
    let head = files[&checkpoint_key(size)].clone();
    files.insert(TLOG_CHECKPOINT_KEY.to_owned(), head);
    files
}

fn name(kind: TileKind, width: u64) -> String {
    TileName { kind, index: 0, width: usize::try_from(width).unwrap() }.key()
}

fn entries(width: u64) -> String {
    name(TileKind::Entries, width)
}

fn leaves(width: u64) -> String {
    name(TileKind::Hashes(0), width)
}

fn bent(key: &str, bend: impl FnOnce(&mut Vec<u8>)) -> Files {
    let mut files = published(6);
    bend(files.get_mut(key).unwrap());
    files
}

fn mismatch(key: &str) -> Vec<String> {
    vec![format!("tile-mismatch object={key}")]
}

pub(super) fn vectors() -> Vec<Vector> {
    let mut both = published(6);
    both.extend(published(4).into_iter().filter(|(key, _)| key.starts_with("tlog/tile/")));
    let mut ahead = published(6);
    let longer = [ahead[&leaves(6)].as_slice(), &[9; 32]].concat();
    ahead.insert(leaves(7), longer);
    let mut foreign = published(6);
    foreign.insert("tlog/tile/0/0000.p/6".to_owned(), Vec::new());
    let garbled = |bytes: &mut Vec<u8>| bytes.truncate(20);
    let mut head_behind = published(4);
    head_behind.insert(CHECKPOINT_KEY.to_owned(), calm().seal()[CHECKPOINT_KEY].clone());
    vec![
        intact("clean-tiles", "the log lies there as tiles too, of two sizes", both),
        intact("clean-tiles-behind", "the tiles lag behind the log", head_behind),
        tampered(
            "tile-hash-changed",
            "a hash in a tile was changed",
            bent(&leaves(6), |bytes| bytes[100] ^= 1),
            &mismatch(&leaves(6)),
        ),
        tampered(
            "tile-entry-changed",
            "a bundle of entries holds another commit than the log",
            bent(&entries(6), |bytes| bytes[60] ^= 1),
            &mismatch(&entries(6)),
        ),
        tampered(
            "tile-entry-length",
            "a length in a bundle leads beyond its end",
            bent(&entries(6), |bytes| bytes[0] = 0xff),
            &mismatch(&entries(6)),
        ),
        tampered("tile-ahead", "a tile covers a commit that is not there", ahead, &mismatch(&leaves(7))),
        tampered(
            "tile-checkpoint-garbage",
            "the checkpoint over the tiles is none",
            bent(TLOG_CHECKPOINT_KEY, garbled),
            &mismatch(TLOG_CHECKPOINT_KEY),
        ),
        Vector {
            findings: lines(&["foreign-object object=tlog/tile/0/0000.p/6"]),
            ..intact("tile-foreign-name", "a name under tlog/ that no tile has", foreign)
        },
    ]
}
