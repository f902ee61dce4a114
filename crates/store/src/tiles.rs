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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sealog_chain::{CHECKPOINT_KEY, Checkpoint, SigningKey, Tree};

    use super::*;
    use crate::Memory;

    /// What lies in a commit does not matter here.
    async fn grown(log: &Log, from: u64, size: u64) -> SignedCheckpoint {
        for number in from..size {
            log.store().create(&log.key(&commit_key(number)), number.to_string().into()).await.unwrap();
        }
        let mut tree = Tree::default();
        (0..size).for_each(|number| tree.push(leaf_hash(number.to_string().as_bytes())));
        let key = SigningKey::from_seed("k", [1; 32]).unwrap();
        Checkpoint { origin: "o".to_owned(), size, root: tree.root() }.sign(&[&key])
    }

    fn log() -> Log {
        Log::new(Arc::new(Memory::default()), "orders")
    }

    async fn tiles(log: &Log) -> Vec<(String, Bytes)> {
        let mut tiles = Vec::new();
        for entry in log.store().list(&log.key("tlog/"), None).await.unwrap() {
            tiles.push((entry.key.clone(), log.store().read(&entry.key).await.unwrap().unwrap().bytes));
        }
        tiles
    }

    #[tokio::test]
    async fn going_on_gives_the_same_as_beginning_anew() {
        for sizes in [vec![1, 2, 255, 256, 257, 600], vec![300, 600], vec![512, 513], vec![255, 1030]] {
            let step = log();
            let mut before = 0;
            for size in sizes.clone() {
                let head = grown(&step, before, size).await;
                step.publish_tiles(&head, TilesFrom::Published).await.unwrap();
                assert_eq!(
                    step.publish_tiles(&head, TilesFrom::Published).await.unwrap(),
                    0,
                    "nothing is left to do"
                );
                before = size;
            }
            let anew = log();
            let head = grown(&anew, 0, before).await;
            anew.publish_tiles(&head, TilesFrom::Beginning).await.unwrap();
            let by_steps = tiles(&step).await;
            for tile in tiles(&anew).await {
                assert!(by_steps.contains(&tile), "{} after {sizes:?}", tile.0);
            }
            assert_eq!(step.publish_tiles(&head, TilesFrom::Beginning).await.unwrap(), 0, "{sizes:?}");
        }
    }

    #[tokio::test]
    async fn stored_tiles_are_not_trusted() {
        let log = log();
        let head = grown(&log, 0, 600).await;
        log.publish_tiles(&head, TilesFrom::Published).await.unwrap();
        let key = log.key("tlog/tile/1/000.p/2");
        let right = log.store().read(&key).await.unwrap().unwrap();
        for wrong in [Bytes::from(vec![7; 64]), Bytes::from_static(b"short")] {
            let there = log.store().read(&key).await.unwrap().unwrap();
            log.store().replace(&key, wrong, Some(&there)).await.unwrap();
            let head = grown(&log, 600, 600).await;
            let refused = log.publish_tiles(&head, TilesFrom::Published).await.unwrap_err();
            assert!(refused.to_string().contains("tlog/tile/1/000.p/2"), "{refused}");
        }
        let there = log.store().read(&key).await.unwrap().unwrap();
        log.store().replace(&key, right.bytes, Some(&there)).await.unwrap();
        assert_eq!(log.publish_tiles(&head, TilesFrom::Published).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn commits_that_are_not_what_was_signed_get_no_tiles() {
        let log = log();
        let head = grown(&log, 0, 300).await;
        let key = log.key(&commit_key(7));
        let there = log.store().read(&key).await.unwrap().unwrap();
        log.store().replace(&key, Bytes::from_static(b"other"), Some(&there)).await.unwrap();
        assert!(matches!(
            log.publish_tiles(&head, TilesFrom::Published).await,
            Err(LogError::Chain { source: ChainError::Proof, .. })
        ));
        assert_eq!(log.read(TLOG_CHECKPOINT_KEY).await.unwrap(), None);
        assert_eq!(log.read(CHECKPOINT_KEY).await.unwrap(), None);
    }

    #[tokio::test]
    async fn an_older_head_moves_nothing_back() {
        let log = log();
        let old = grown(&log, 0, 20).await;
        let new = grown(&log, 20, 40).await;
        log.publish_tiles(&new, TilesFrom::Published).await.unwrap();
        log.publish_tiles(&old, TilesFrom::Published).await.unwrap();
        let there = log.read(TLOG_CHECKPOINT_KEY).await.unwrap().unwrap();
        assert_eq!(there.bytes, new.render());
    }
}
