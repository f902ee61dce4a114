//! Tiles against commits (FORMAT.md, section 8, "Tiles"): what other tools read must be what was committed.
//!
//! Tiles prove nothing and may be missing. One that says something else than the commits was not made by a writer of this
//! format, and would make somebody else's tool see another log.

use futures_util::StreamExt as _;
use sealog_chain::{
    Hash, SignedCheckpoint, TLOG_CHECKPOINT_KEY, Tile, TileEdge, TileKind, TileName, VerifierKey, leaf_hash,
    parse_entries,
};
use sealog_store::{Log, Object, StoreError};

use crate::finding::{Code, Findings, Place};

const READS_AT_ONCE: usize = 16;
const FOLDER: &str = "tlog/";

/// Names under `tlog/`, and the checkpoint there.
pub(crate) struct Tiles {
    names: Vec<TileName>,
    head: Option<Object>,
}

/// What is known of the commits.
pub(crate) struct Known<'a> {
    /// Leaves of the commits from 0 on that could be judged as a log.
    pub(crate) leaves: &'a [Hash],
    /// Whether these are all commits that there are.
    pub(crate) whole: bool,
    /// Origin of the log.
    pub(crate) origin: Option<&'a str>,
    /// Keys in force, each with the number of the commit that named it.
    pub(crate) keys: &'a [(u64, VerifierKey)],
}

impl Tiles {
    /// Lists them. Before the commits are listed: a writer at work commits first.
    pub(crate) async fn gather(log: &Log, findings: &mut Findings) -> Self {
        let mut tiles = Self { names: Vec::new(), head: None };
        let listed = match log.store().list(&log.key(FOLDER), None).await {
            Ok(listed) => listed,
            Err(error) => {
                unreadable(FOLDER.trim_end_matches('/'), &error, findings);
                return tiles;
            }
        };
        for entry in listed {
            let Some(name) = entry.key.strip_prefix(&log.key("")) else { continue };
            match TileName::parse(name) {
                Some(name) => tiles.names.push(name),
                None if name == TLOG_CHECKPOINT_KEY => {
                    tiles.head = log.read(name).await.unwrap_or_else(|error| {
                        unreadable(name, &error, findings);
                        None
                    });
                }
                None => {
                    let message = format!(
                        "{name} is no name of a tile; whatever it is, it proves nothing and harms nothing"
                    );
                    findings.add(Code::ForeignObject, Place::object(name), message);
                }
            }
        }
        tiles
    }

    /// Holds each against the commits. One that reaches behind what is known is judged only if that is all there is.
    pub(crate) async fn judge(&self, log: &Log, known: &Known<'_>, findings: &mut Findings) {
        self.judge_head(known, findings);
        let reads = futures_util::stream::iter(self.names.iter().copied())
            .map(|name| async move { (name, log.read(&name.key()).await) })
            .buffered(READS_AT_ONCE);
        let mut reads = std::pin::pin!(reads);
        while let Some((name, read)) = reads.next().await {
            match read {
                Ok(Some(object)) => {
                    if let Some(why) = disagreement(name, &object.bytes, known) {
                        mismatch(&name.key(), &why, findings);
                    }
                }
                Ok(None) => {}
                Err(error) => unreadable(&name.key(), &error, findings),
            }
        }
    }

    fn judge_head(&self, known: &Known<'_>, findings: &mut Findings) {
        let Some(object) = &self.head else { return };
        if let Some(why) = head_disagreement(&object.bytes, known) {
            mismatch(TLOG_CHECKPOINT_KEY, &why, findings);
        }
    }
}

fn head_disagreement(bytes: &[u8], known: &Known<'_>) -> Option<String> {
    let signed = match SignedCheckpoint::parse(bytes) {
        Ok(signed) => signed,
        Err(error) => return Some(format!("is no checkpoint: {error}")),
    };
    let checkpoint = &signed.checkpoint;
    if known.origin.is_some_and(|origin| origin != checkpoint.origin) {
        return Some(format!("is of the log {:?}", checkpoint.origin));
    }
    let leaves = usize::try_from(checkpoint.size).ok().and_then(|size| known.leaves.get(..size));
    let Some(leaves) = leaves else {
        return known.whole.then(|| format!("covers {} commits, which are not there", checkpoint.size));
    };
    let mut edge = TileEdge::default();
    leaves.iter().for_each(|leaf| drop(edge.push(*leaf)));
    if edge.root() != checkpoint.root {
        return Some(format!("states another root than the commits have, {}", edge.root()));
    }
    let (_, key) = known.keys.iter().rfind(|(number, _)| *number < checkpoint.size)?;
    (signed.signed_by(key) != Ok(true)).then(|| format!("has no good signature by {key}, the key in force"))
}

fn disagreement(name: TileName, bytes: &[u8], known: &Known<'_>) -> Option<String> {
    let Some(covered) = name.end().filter(|end| *end <= known.leaves.len() as u64) else {
        return known.whole.then(|| "covers commits that are not there".to_owned());
    };
    let found = match found(name, bytes) {
        Ok(found) => found,
        Err(why) => return Some(why),
    };
    let expected = hashes(name, known.leaves);
    let differs = expected.iter().zip(&found).position(|(expected, found)| expected != found)?;
    let place = covered - (name.width as u64 - differs as u64) * span(name);
    Some(match name.kind {
        TileKind::Entries => format!("holds another commit {place} than the log"),
        TileKind::Hashes(0) => format!("states another hash for commit {place} than it has"),
        TileKind::Hashes(_) => format!("states another hash for the commits from {place} on than they have"),
    })
}

/// Hashes that a tile states; of a bundle, those that its entries have.
fn found(name: TileName, bytes: &[u8]) -> Result<Vec<Hash>, String> {
    match name.kind {
        TileKind::Entries => {
            let entries = parse_entries(name, bytes).map_err(|error| error.to_string())?;
            Ok(entries.into_iter().map(leaf_hash).collect())
        }
        TileKind::Hashes(_) => {
            Tile::parse(name, bytes).map(|tile| tile.hashes).map_err(|error| error.to_string())
        }
    }
}

/// Hashes that belong there; the caller has seen that the commits are.
fn hashes(name: TileName, leaves: &[Hash]) -> Vec<Hash> {
    let span = usize::try_from(span(name)).unwrap_or(usize::MAX);
    let start = usize::try_from(name.index).unwrap_or(usize::MAX).saturating_mul(sealog_chain::TILE_WIDTH);
    leaves.chunks(span).skip(start).take(name.width).map(root).collect()
}

/// Commits under one hash.
fn span(name: TileName) -> u64 {
    match name.kind {
        TileKind::Entries => 1,
        TileKind::Hashes(level) => (sealog_chain::TILE_WIDTH as u64).saturating_pow(level.into()),
    }
}

fn root(leaves: &[Hash]) -> Hash {
    let mut tree = sealog_chain::Tree::default();
    leaves.iter().for_each(|leaf| tree.push(*leaf));
    tree.root()
}

fn mismatch(key: &str, why: &str, findings: &mut Findings) {
    let message = format!(
        "{key} {why}: commits and evidence are judged by themselves, but who reads the log through its tiles is shown \
         another one"
    );
    findings.add(Code::TileMismatch, Place::object(key), message);
}

fn unreadable(key: &str, error: &StoreError, findings: &mut Findings) {
    findings.add(Code::Unreadable, Place::object(key), format!("{key} could not be read: {error}"));
}
