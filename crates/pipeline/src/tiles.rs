//! When a log's tiles are published: with each full bundle, now and then while the log grows, and when capture ends.
//!
//! Not with each commit: every partial bundle repeats up to 255 commits and stays, since nothing is ever deleted.

use sealog_chain::{SignedCheckpoint, TILE_WIDTH};
use sealog_store::{Log, TilesFrom};

/// Longest time that a growing log's tiles stay behind it, in milliseconds.
const BEHIND_MAX_MS: i64 = 10 * 60 * 1000;

/// How far the tiles are.
#[derive(Debug)]
pub(crate) struct Tiles {
    size: u64,
    at_ms: i64,
}

impl Tiles {
    /// A writer that takes the log over at `size` commits, now.
    pub(crate) fn since(size: u64, now_ms: i64) -> Self {
        Self { size, at_ms: now_ms }
    }

    /// Publishes if it is time, or if nothing may follow soon (`ends`). That it could not be done costs nothing: the next
    /// time makes up for it, and so does `sealog tiles`.
    pub(crate) async fn put_if_due(&mut self, log: &Log, head: &SignedCheckpoint, now_ms: i64, ends: bool) {
        let (width, size) = (TILE_WIDTH as u64, head.checkpoint.size);
        let full = size / width > self.size / width;
        if !(ends || full || now_ms.saturating_sub(self.at_ms) >= BEHIND_MAX_MS) {
            return;
        }
        // Whatever comes of it, the next attempt has its own time.
        *self = Self { size, at_ms: now_ms };
        if let Err(error) = log.publish_tiles(head, TilesFrom::Published).await {
            tracing::warn!(
                log = log.name(),
                %error,
                "the log's tiles could not be published; nothing depends on them, and `sealog tiles` makes up for it"
            );
        }
    }
}
