//! Tiles beside the commits: right, wrong, missing, and out of place.

use bytes::Bytes;
use sealog_chain::{
    CHECKPOINT_KEY, SignedNote, TLOG_CHECKPOINT_KEY, TileEdge, TileKind, TileName, commit_key, leaf_hash,
    render_entries,
};

use super::writer::Files;
use super::{Case, TOUCHED, UNTOUCHED, check_cases};

const SIZE: u64 = 6;
const ENTRIES: &str = "tlog/tile/entries/000.p/6";
const LEAVES: &str = "tlog/tile/0/000.p/6";

/// What a writer publishes of the sample's commits.
fn publish(files: &mut Files) {
    let commits: Vec<Bytes> = (0..SIZE).map(|number| files[&commit_key(number)].clone()).collect();
    let mut edge = TileEdge::default();
    commits.iter().for_each(|bytes| drop(edge.push(leaf_hash(bytes))));
    for tile in edge.partial() {
        files.insert(tile.name.key(), tile.render().into());
    }
    let name = TileName { kind: TileKind::Entries, index: 0, width: 6 };
    files.insert(name.key(), render_entries(commits.iter().map(AsRef::as_ref)).unwrap().into());
    let head = files[CHECKPOINT_KEY].clone();
    files.insert(TLOG_CHECKPOINT_KEY.to_owned(), head);
}

fn change(files: &mut Files, key: &str, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = files[key].to_vec();
    change(&mut bytes);
    files.insert(key.to_owned(), bytes.into());
}

fn bend(files: &mut Files, key: &str, place: usize) {
    publish(files);
    change(files, key, |bytes| bytes[place] ^= 1);
}

pub(super) const CASES: &[Case] = &[
    Case { about: "tiles of all commits", files: publish, ..UNTOUCHED },
    Case {
        about: "tiles are derived: all but one are missing",
        files: |files| {
            publish(files);
            files.retain(|name, _| !name.starts_with("tlog/") || name == LEAVES);
        },
        ..UNTOUCHED
    },
    Case {
        about: "a hash in a tile was changed",
        files: |files| bend(files, LEAVES, 2 * 32 + 7),
        findings: &["tile-mismatch object=tlog/tile/0/000.p/6"],
        ..TOUCHED
    },
    Case {
        about: "a bundle holds another commit",
        files: |files| bend(files, ENTRIES, 40),
        findings: &["tile-mismatch object=tlog/tile/entries/000.p/6"],
        ..TOUCHED
    },
    Case {
        about: "a bundle was cut off",
        files: |files| {
            publish(files);
            change(files, ENTRIES, |bytes| bytes.truncate(bytes.len() - 1));
        },
        findings: &["tile-mismatch object=tlog/tile/entries/000.p/6"],
        ..TOUCHED
    },
    Case {
        about: "a tile says that there are more commits",
        files: |files| {
            publish(files);
            let tile = [files[LEAVES].as_ref(), &[7; 32]].concat();
            files.insert("tlog/tile/0/000.p/7".to_owned(), tile.into());
        },
        findings: &["tile-mismatch object=tlog/tile/0/000.p/7"],
        ..TOUCHED
    },
    Case {
        about: "the checkpoint of the tiles has a bad signature",
        files: |files| {
            publish(files);
            change(files, TLOG_CHECKPOINT_KEY, |bytes| {
                let mut note = SignedNote::parse(bytes).unwrap();
                note.signatures[0].signature[40] ^= 1;
                *bytes = note.render();
            });
        },
        findings: &["tile-mismatch object=tlog/checkpoint"],
        ..TOUCHED
    },
    Case {
        about: "a name under tlog/ that is none",
        files: |files| {
            publish(files);
            files.insert("tlog/tile/00/000".to_owned(), Bytes::new());
        },
        findings: &["foreign-object object=tlog/tile/00/000"],
        ..UNTOUCHED
    },
    Case {
        about: "a tile cannot be read",
        files: publish,
        refused: Some(LEAVES),
        findings: &["unreadable object=tlog/tile/0/000.p/6"],
        outcome: crate::Outcome::Unverifiable,
        ..UNTOUCHED
    },
];

#[test]
fn tiles_are_held_against_the_commits() {
    check_cases(CASES);
}
