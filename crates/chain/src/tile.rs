//! The log tree as C2SP tlog-tiles has it: names, bytes, and the tiles that grow as commits are added
//! (FORMAT.md, "Tiles").
//!
//! Tiles are derived from commits and prove nothing by themselves; they let tools that nobody here wrote read the log.

use crate::{ChainError, EMPTY_ROOT, Hash, Tree, node_hash};

/// Hashes of a full tile, and entries of a full bundle.
pub const TILE_WIDTH: usize = 256;

/// Newest checkpoint whose tiles are all there; what a tlog-tiles client asks for first.
pub const TLOG_CHECKPOINT_KEY: &str = "tlog/checkpoint";

const PREFIX: &str = "tlog/tile/";
const ENTRIES: &str = "entries";
const LEVEL_MAX: u8 = 63;

/// What lies under a name of a tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TileKind {
    /// Commits 256·index and on, each with its length before it.
    Entries,
    /// Hashes of a level: 0 is leaves, each hash of a higher one is the root over a full tile of the level below.
    Hashes(u8),
}

/// Name of a tile or an entry bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct TileName {
    /// Entries, or hashes of a level.
    pub kind: TileKind,
    /// Place within its level, from 0.
    pub index: u64,
    /// Entries or hashes in it, 1 to [`TILE_WIDTH`]; fewer than that in a partial one.
    pub width: usize,
}

/// Hashes and their place in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Where it belongs; always [`TileKind::Hashes`].
    pub name: TileName,
    /// Its hashes.
    pub hashes: Vec<Hash>,
}

impl TileName {
    /// Name of the object, relative to the log.
    #[must_use]
    pub fn key(&self) -> String {
        let level = match self.kind {
            TileKind::Entries => ENTRIES.to_owned(),
            TileKind::Hashes(level) => level.to_string(),
        };
        let partial = if self.width < TILE_WIDTH { format!(".p/{}", self.width) } else { String::new() };
        format!("{PREFIX}{level}/{}{partial}", index_text(self.index))
    }

    /// Reads a name in its only form; `None` for any other.
    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        let (level, rest) = key.strip_prefix(PREFIX)?.split_once('/')?;
        let kind = if level == ENTRIES {
            TileKind::Entries
        } else {
            TileKind::Hashes(level.parse().ok().filter(|level| *level <= LEVEL_MAX)?)
        };
        let (place, width) = match rest.split_once(".p/") {
            Some((place, width)) => (place, width.parse().ok().filter(|width| *width < TILE_WIDTH)?),
            None => (rest, TILE_WIDTH),
        };
        // What is not the only form prints otherwise: signs, leading zeros, parts too many.
        let digits: String = place.chars().filter(char::is_ascii_digit).collect();
        let name = Self { kind, index: digits.parse().ok()?, width };
        (width > 0 && name.key() == key).then_some(name)
    }

    /// One more than the number of the last commit that it covers; `None` beyond 2^64.
    #[must_use]
    pub fn end(&self) -> Option<u64> {
        let (width, level) = match self.kind {
            TileKind::Entries => (self.width, 0),
            TileKind::Hashes(level) => (self.width, level),
        };
        let nodes = self.index.checked_mul(TILE_WIDTH as u64)?.checked_add(width as u64)?;
        (0..level).try_fold(nodes, |nodes, _| nodes.checked_mul(TILE_WIDTH as u64))
    }
}

/// 1234067 is `x001/x234/067`.
fn index_text(index: u64) -> String {
    let last = format!("{:03}", index % 1000);
    if index < 1000 { last } else { format!("{}/{last}", above(index / 1000)) }
}

fn above(index: u64) -> String {
    let last = format!("x{:03}", index % 1000);
    if index < 1000 { last } else { format!("{}/{last}", above(index / 1000)) }
}

impl Tile {
    /// The bytes to store.
    #[must_use]
    pub fn render(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| hash.0).collect()
    }

    /// Reads stored bytes: exactly as many hashes as the name says.
    ///
    /// # Errors
    /// [`ChainError::Tile`].
    pub fn parse(name: TileName, bytes: &[u8]) -> Result<Self, ChainError> {
        let (hashes, rest) = bytes.as_chunks::<32>();
        if !rest.is_empty() || hashes.len() != name.width {
            return Err(ChainError::Tile("it does not hold as many hashes as its name says"));
        }
        Ok(Self { name, hashes: hashes.iter().map(|hash| Hash(*hash)).collect() })
    }
}

/// The bytes of a bundle of entries.
///
/// # Errors
/// [`ChainError::Tile`] for an entry above 65,535 bytes, which no commit has.
pub fn render_entries<'a>(entries: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, ChainError> {
    let mut bytes = Vec::new();
    for entry in entries {
        let length =
            u16::try_from(entry.len()).map_err(|_| ChainError::Tile("an entry has at most 65,535 bytes"))?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle, as many as its name says.
///
/// # Errors
/// [`ChainError::Tile`].
pub fn parse_entries(name: TileName, mut bytes: &[u8]) -> Result<Vec<&[u8]>, ChainError> {
    const CUT: ChainError = ChainError::Tile("an entry ends behind the bundle's end");
    let mut entries = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<2>() {
        if entries.len() == name.width {
            break;
        }
        let (entry, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into()).ok_or(CUT)?;
        entries.push(entry);
        bytes = rest;
    }
    if entries.len() != name.width || !bytes.is_empty() {
        return Err(ChainError::Tile("it does not hold as many entries as its name says"));
    }
    Ok(entries)
}

/// The right edge of the tree: of each level the hashes of its last, not yet full tile. Memory grows with the logarithm
/// of the size.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TileEdge {
    size: u64,
    levels: Vec<Vec<Hash>>,
}

impl TileEdge {
    /// Goes on where stored tiles end; `None` if their widths are not those of a tree of this size. Nothing vouches for
    /// the hashes: hold [`TileEdge::root`] against a root that is known.
    #[must_use]
    pub fn resume(size: u64, levels: Vec<Vec<Hash>>) -> Option<Self> {
        let fits = widths(size).eq(levels.iter().map(Vec::len));
        fits.then_some(Self { size, levels })
    }

    /// Adds the next commit's leaf; the tiles that it fills, the lowest first.
    pub fn push(&mut self, leaf: Hash) -> Vec<Tile> {
        let mut full = Vec::new();
        let mut node = Some(leaf);
        let mut nodes = self.size;
        let mut level = 0_u8;
        while let Some(hash) = node.take() {
            let place = usize::from(level);
            if self.levels.len() == place {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(place) else { break };
            hashes.push(hash);
            if hashes.len() == TILE_WIDTH {
                let index = nodes / TILE_WIDTH as u64;
                let name = TileName { kind: TileKind::Hashes(level), index, width: TILE_WIDTH };
                let tile = Tile { name, hashes: std::mem::take(hashes) };
                node = Some(root_over(&tile.hashes));
                full.push(tile);
            }
            nodes /= TILE_WIDTH as u64;
            level += 1;
        }
        self.size += 1;
        full
    }

    /// Commits so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The partial tiles of a tree of this size, the lowest first.
    #[must_use]
    pub fn partial(&self) -> Vec<Tile> {
        let mut nodes = self.size;
        let mut tiles = Vec::new();
        for (level, hashes) in (0..=LEVEL_MAX).zip(&self.levels) {
            if !hashes.is_empty() {
                let (kind, index) = (TileKind::Hashes(level), nodes / TILE_WIDTH as u64);
                let name = TileName { kind, index, width: hashes.len() };
                tiles.push(Tile { name, hashes: hashes.clone() });
            }
            nodes /= TILE_WIDTH as u64;
        }
        tiles
    }

    /// Root of the log tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        // From the right: what the lower levels hold lies behind what the higher ones hold.
        let peaks = self.levels.iter().flat_map(|hashes| tree_of(hashes).into_peaks().into_iter().rev());
        peaks.reduce(|right, left| node_hash(&left, &right)).unwrap_or(EMPTY_ROOT)
    }
}

/// Width of the partial tile of each level in a tree of this size, up to the highest that has one.
fn widths(size: u64) -> impl Iterator<Item = usize> {
    let sizes = std::iter::successors(Some(size), |size| Some(size / TILE_WIDTH as u64));
    sizes
        .take_while(|size| *size > 0)
        .map(|size| usize::try_from(size % TILE_WIDTH as u64).unwrap_or_default())
}

fn tree_of(hashes: &[Hash]) -> Tree {
    let mut tree = Tree::default();
    hashes.iter().for_each(|hash| tree.push(*hash));
    tree
}

fn root_over(hashes: &[Hash]) -> Hash {
    tree_of(hashes).root()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::leaf_hash;
    use proptest::prelude::*;

    fn leaves(size: u64) -> Vec<Hash> {
        (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect()
    }

    /// The example of C2SP tlog-tiles, "Merkle Tree".
    #[test]
    fn a_name_reads_and_prints_as_the_specification_has_it() {
        let name = |kind, index, width| TileName { kind, index, width };
        for (key, expected) in [
            ("tlog/tile/0/x001/x234/067", name(TileKind::Hashes(0), 1_234_067, 256)),
            ("tlog/tile/1/000.p/17", name(TileKind::Hashes(1), 0, 17)),
            ("tlog/tile/entries/x001/000.p/255", name(TileKind::Entries, 1000, 255)),
            ("tlog/tile/63/999", name(TileKind::Hashes(63), 999, 256)),
        ] {
            assert_eq!(TileName::parse(key), Some(expected), "{key}");
            assert_eq!(expected.key(), key);
        }
        for key in [
            "tlog/tile/00/000",
            "tlog/tile/64/000",
            "tlog/tile/0/0",
            "tlog/tile/0/000.p/0",
            "tlog/tile/0/000.p/256",
            "tlog/tile/0/000.p/01",
            "tlog/tile/0/x000/001",
            "tlog/tile/0/001/001",
            "tlog/tile/+1/000",
            "tile/0/000",
            "tlog/tile/0/x001/000.p",
            "tlog/tile/0/99999999999999999999",
            "tlog/tile/-1/000",
            "tlog/tile/0/00é",
        ] {
            assert_eq!(TileName::parse(key), None, "{key}");
        }
    }

    /// The example of C2SP tlog-tiles, "Partial Tiles": a tree of 70,000, and one of 256.
    #[test]
    fn a_tree_has_the_tiles_that_the_specification_counts() {
        let mut edge = TileEdge::default();
        let mut full = [0; 3];
        let mut at_256 = Vec::new();
        for leaf in leaves(70_000) {
            for tile in edge.push(leaf) {
                let TileKind::Hashes(level) = tile.name.kind else { panic!("no hashes") };
                assert_eq!(tile.name.index, full[usize::from(level)]);
                full[usize::from(level)] += 1;
            }
            if edge.size() == 256 {
                at_256 = edge.partial();
            }
        }
        assert_eq!(full, [273, 1, 0]);
        let names: Vec<String> = edge.partial().iter().map(|tile| tile.name.key()).collect();
        assert_eq!(names, ["tlog/tile/0/273.p/112", "tlog/tile/1/001.p/17", "tlog/tile/2/000.p/1"]);
        let names: Vec<String> = at_256.iter().map(|tile| tile.name.key()).collect();
        assert_eq!(names, ["tlog/tile/1/000.p/1"]);
        assert!(edge.partial().iter().all(|tile| tile.name.end().unwrap() <= 70_000));
    }

    #[test]
    fn bundles_hold_what_their_name_says() {
        let name = TileName { kind: TileKind::Entries, index: 0, width: 2 };
        let bytes = render_entries([b"ab".as_slice(), b""]).unwrap();
        assert_eq!(bytes, b"\0\x02ab\0\0");
        assert_eq!(parse_entries(name, &bytes), Ok(vec![b"ab".as_slice(), b""]));
        for bytes in
            [&b"\0\x02ab"[..], b"\0\x02ab\0", b"\0\x02ab\0\x01", b"\0\x02ab\0\0\0", b"\0\x02ab\0\0\0\0"]
        {
            assert!(parse_entries(name, bytes).is_err(), "{bytes:?}");
        }
        assert!(render_entries([vec![0; 65_536].as_slice()]).is_err());
    }

    proptest! {
        #[test]
        fn the_edge_has_the_root_of_the_tree_and_goes_on_from_stored_tiles(size in 0_u64..1500) {
            let mut edge = TileEdge::default();
            let mut tree = Tree::default();
            for leaf in leaves(size) {
                edge.push(leaf);
                tree.push(leaf);
            }
            prop_assert_eq!(edge.root(), tree.root());
            let levels: Vec<Vec<Hash>> = edge.levels.clone();
            let resumed = TileEdge::resume(size, levels.clone());
            prop_assert_eq!(resumed, Some(edge.clone()));
            prop_assert_eq!(TileEdge::resume(size + 1, levels), None);
            for tile in edge.partial() {
                prop_assert_eq!(Tile::parse(tile.name, &tile.render()), Ok(tile));
            }
        }

        #[test]
        fn every_name_reads_back(level in 0_u8..64, index: u64, width in 1_usize..=256, entries: bool) {
            let kind = if entries { TileKind::Entries } else { TileKind::Hashes(level) };
            let name = TileName { kind, index, width };
            prop_assert_eq!(TileName::parse(&name.key()), Some(name));
        }

        #[test]
        fn no_name_makes_the_reader_panic(key in "(tlog/tile/)?[0-9a-z/.+-]{0,30}") {
            let _ignored = TileName::parse(&key);
        }
    }
}
