//! The log as tlog-tiles, derived from its commits (FORMAT.md, "Tiles"). Nothing depends on them, and all of it can be
//! done again at any time: a tile has one content, and is created once.
//!
//! Order: bundles and tiles first, the checkpoint over them last, so that whoever reads that finds all it needs.

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use sealog_chain::{
    ChainError, SignedCheckpoint, TILE_WIDTH, TLOG_CHECKPOINT_KEY, Tile, TileEdge, TileKind, TileName,
    commit_key, leaf_hash, render_entries,
};

use crate::{Log, LogError, Object, Replaced, StoreError, StoreErrorKind};

/// Commits fetched at once.
const READS_AT_ONCE: usize = 16;
/// Times that other publishers may overtake one before it leaves the checkpoint to them.
const OVERTAKEN_MAX: usize = 8;

/// Which tiles are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TilesFrom {
    /// Those behind the ones published before; all, if these do not lead to the root.
    Published,
    /// All, as if there were none: what is missing is put there, and what is there must be right.
    Beginning,
}

impl Log {
    /// Publishes the tiles of the tree under `signed`, then `signed` itself. Returns how many objects were written.
    ///
    /// A crash within leaves tiles that the next call finds and takes for written.
    ///
    /// # Errors
    /// [`LogError`]; [`StoreErrorKind::Invalid`] when other bytes lie under the name of a tile, [`ChainError::Proof`] when
    /// the commits do not have the signed root.
    pub async fn publish_tiles(&self, signed: &SignedCheckpoint, from: TilesFrom) -> Result<u64, LogError> {
        let size = signed.checkpoint.size;
        let newest = self.read(TLOG_CHECKPOINT_KEY).await?;
        let published = newest.as_ref().and_then(size_of).filter(|published| *published <= size);
        let resumed = match published {
            Some(published) if from == TilesFrom::Published => self.resume(published).await?,
            _ => None,
        };
        let mut written = Written::default();
        // Stored tiles are no evidence: what they lead to is held against the root before anything rests on them.
        let resumed = match resumed {
            Some(edge) => self.extend(edge, signed, &mut written).await?,
            None => None,
        };
        let edge = match resumed {
            Some(edge) => edge,
            None => self.extend(TileEdge::default(), signed, &mut written).await?.ok_or_else(|| {
                LogError::Chain { log: self.name().to_owned(), number: size, source: ChainError::Proof }
            })?,
        };
        for tile in edge.partial() {
            self.put_tile(&tile, &mut written).await?;
        }
        self.move_tlog_head(signed, newest, &mut written).await?;
        Ok(written.objects)
    }

    /// The right edge where the last full bundle ends, from stored tiles; `None` if one is not there or is none.
    async fn resume(&self, published: u64) -> Result<Option<TileEdge>, StoreError> {
        let width = TILE_WIDTH as u64;
        let size = published / width * width;
        let (mut nodes, mut levels) = (size, Vec::new());
        for level in 0_u8.. {
            if nodes == 0 {
                break;
            }
            let part = usize::try_from(nodes % width).unwrap_or_default();
            let mut hashes = Vec::new();
            if part > 0 {
                let name = TileName { kind: TileKind::Hashes(level), index: nodes / width, width: part };
                let Some(object) = self.read(&name.key()).await? else { return Ok(None) };
                let Ok(tile) = Tile::parse(name, &object.bytes) else { return Ok(None) };
                hashes = tile.hashes;
            }
            levels.push(hashes);
            nodes /= width;
        }
        Ok(TileEdge::resume(size, levels))
    }

    /// Puts the commits behind `edge` on it and writes their bundles; the full tiles too, if all leads to the signed root,
    /// else it gives nothing.
    async fn extend(
        &self,
        mut edge: TileEdge,
        signed: &SignedCheckpoint,
        written: &mut Written,
    ) -> Result<Option<TileEdge>, LogError> {
        let reads = futures_util::stream::iter(edge.size()..signed.checkpoint.size)
            .map(|number| async move {
                let missing = || LogError::Missing { log: self.name().to_owned(), number };
                Ok::<_, LogError>(self.read(&commit_key(number)).await?.ok_or_else(missing)?.bytes)
            })
            .buffered(READS_AT_ONCE);
        let mut reads = std::pin::pin!(reads);
        let (mut bundle, mut full): (Vec<Bytes>, Vec<Tile>) = (Vec::new(), Vec::new());
        while let Some(bytes) = reads.try_next().await? {
            full.extend(edge.push(leaf_hash(&bytes)));
            bundle.push(bytes);
            if bundle.len() == TILE_WIDTH {
                self.put_bundle(edge.size(), &std::mem::take(&mut bundle), written).await?;
            }
        }
        if edge.root() != signed.checkpoint.root {
            return Ok(None);
        }
        if !bundle.is_empty() {
            self.put_bundle(edge.size(), &bundle, written).await?;
        }
        for tile in &full {
            self.put_tile(tile, written).await?;
        }
        Ok(Some(edge))
    }

    async fn put_bundle(&self, end: u64, bundle: &[Bytes], written: &mut Written) -> Result<(), LogError> {
        let index = end.saturating_sub(1) / TILE_WIDTH as u64;
        let name = TileName { kind: TileKind::Entries, index, width: bundle.len() };
        let bytes = render_entries(bundle.iter().map(AsRef::as_ref)).map_err(|source| LogError::Chain {
            log: self.name().to_owned(),
            number: end,
            source,
        })?;
        Ok(self.put_derived(&name.key(), bytes.into(), written).await?)
    }

    async fn put_tile(&self, tile: &Tile, written: &mut Written) -> Result<(), StoreError> {
        self.put_derived(&tile.name.key(), tile.render().into(), written).await
    }

    async fn put_derived(
        &self,
        relative: &str,
        bytes: Bytes,
        written: &mut Written,
    ) -> Result<(), StoreError> {
        let key = self.key(relative);
        match self.store().replace(&key, bytes.clone(), None).await? {
            Replaced::Done(_) => {
                written.objects += 1;
                Ok(())
            }
            Replaced::Changed if self.store().read(&key).await?.is_some_and(|there| there.bytes == bytes) => {
                Ok(())
            }
            Replaced::Changed => Err(StoreError::new(
                "create",
                key,
                StoreErrorKind::Invalid,
                "other bytes lie there than the commits give; remove that tile, which is derived, after `sealog verify`",
            )),
        }
    }

    /// The larger checkpoint stays, whoever wrote it.
    async fn move_tlog_head(
        &self,
        signed: &SignedCheckpoint,
        mut newest: Option<Object>,
        written: &mut Written,
    ) -> Result<(), StoreError> {
        let key = self.key(TLOG_CHECKPOINT_KEY);
        let bytes = Bytes::from(signed.render());
        for _ in 0..OVERTAKEN_MAX {
            let there = newest
                .as_ref()
                .filter(|there| there.bytes == bytes || size_of(there) > Some(signed.checkpoint.size));
            if there.is_some() {
                return Ok(());
            }
            match self.store().replace(&key, bytes.clone(), newest.as_ref()).await? {
                Replaced::Done(_) => {
                    written.objects += 1;
                    return Ok(());
                }
                Replaced::Changed => newest = self.store().read(&key).await?,
            }
        }
        Err(StoreError::new("replace", key, StoreErrorKind::Conflict, "others write it all the time"))
    }
}

#[derive(Default)]
struct Written {
    objects: u64,
}

/// Size that a checkpoint's bytes state. Nobody vouches for it.
fn size_of(object: &Object) -> Option<u64> {
    SignedCheckpoint::parse(&object.bytes).ok().map(|signed| signed.checkpoint.size)
}
