//! Names and bytes of tiles: any text is a name that prints the same, or none; any bytes under it are what the name says,
//! or an error; never a panic, never more memory than the size explains. An input is a name, a line feed, and the bytes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sealog_chain::{Tile, TileEdge, TileKind, TileName, leaf_hash, parse_entries, render_entries};

/// An entry of no bytes takes two, and 16 in the index, which doubles as it grows.
const HEAP_PER_BYTE_MAX: usize = 24;

fuzz_target!(|input: &[u8]| {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    let (name, bytes) = (&input[..end], input.get(end + 1..).unwrap_or_default());
    let Some(name) = std::str::from_utf8(name).ok().and_then(TileName::parse) else { return };
    assert_eq!(name.key().as_bytes(), &input[..end], "a tile has one name");
    if let Some(covered) = name.end() {
        assert!(covered > 0);
    }
    match name.kind {
        TileKind::Entries => {
            let (entries, heap) = sealog_fuzz::heap_peak(|| parse_entries(name, bytes));
            assert!(
                heap <= HEAP_PER_BYTE_MAX * bytes.len() + 16_384,
                "{heap} bytes of heap for {}",
                bytes.len()
            );
            let Ok(entries) = entries else { return };
            assert_eq!(
                render_entries(entries.iter().copied()).as_deref(),
                Ok(bytes),
                "a bundle has one form"
            );
            let mut edge = TileEdge::default();
            entries.iter().for_each(|entry| drop(edge.push(leaf_hash(entry))));
            assert_eq!(edge.size(), name.width as u64);
        }
        TileKind::Hashes(_) => {
            let (tile, heap) = sealog_fuzz::heap_peak(|| Tile::parse(name, bytes));
            assert!(
                heap <= HEAP_PER_BYTE_MAX * bytes.len() + 16_384,
                "{heap} bytes of heap for {}",
                bytes.len()
            );
            let Ok(tile) = tile else { return };
            assert_eq!(tile.render(), bytes, "a tile has one form");
            let resumed = TileEdge::resume(name.width as u64, vec![tile.hashes]);
            assert_eq!(resumed.is_some(), name.width < 256);
        }
    }
});
