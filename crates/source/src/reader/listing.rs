//! Streams of a table and shards of a stream, listed to the end or not at all.

use std::collections::BTreeSet;
use std::time::Duration;

use sealog_record::{Shard, ShardId, StreamArn, ViewType};

use super::Shared;
use crate::{ServiceErrorKind, SourceError, StreamClient, StreamPage, StreamStatus};

/// So long nobody lists anything after the service has said that listings come too often.
const HOLD: Duration = Duration::from_secs(1);

/// All shards of a stream.
#[derive(Debug)]
pub(super) struct Listing {
    pub(super) status: StreamStatus,
    pub(super) shards: Vec<Shard>,
}

impl<C: StreamClient> Shared<C> {
    pub(super) async fn streams(&self, tries: Option<u32>) -> Result<Vec<StreamArn>, SourceError> {
        let mut backoff = self.backoff(&self.table);
        loop {
            match self.client.list_streams(&self.table).await {
                Ok(streams) => return Ok(streams),
                Err(error) if error.kind == ServiceErrorKind::NotFound => return Ok(Vec::new()),
                Err(error) => self.wait(error, &mut backoff, tries).await?,
            }
        }
    }

    pub(super) async fn describe(
        &self,
        stream: &StreamArn,
        after: Option<&ShardId>,
        tries: Option<u32>,
    ) -> Result<StreamPage, SourceError> {
        let mut backoff = self.backoff(stream.as_str());
        loop {
            self.limits.listings.turn(&*self.clock).await;
            match self.client.describe_stream(stream, after).await {
                Ok(page) => return Ok(page),
                Err(error) => {
                    if matches!(error.kind, ServiceErrorKind::Throttled | ServiceErrorKind::LimitExceeded) {
                        self.limits.listings.hold(self.clock.now_ms(), HOLD);
                    }
                    self.wait(error, &mut backoff, tries).await?;
                }
            }
        }
    }

    /// A complete listing; `None`: the stream is not found.
    pub(super) async fn list(&self, stream: &StreamArn) -> Result<Option<Listing>, SourceError> {
        let (mut shards, mut cursors, mut after) = (Vec::new(), BTreeSet::new(), None);
        loop {
            let page = match self.describe(stream, after.as_ref(), None).await {
                Ok(page) => page,
                Err(SourceError::Service { source, .. }) if source.kind == ServiceErrorKind::NotFound => {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            };
            shards.extend(page.shards);
            let Some(cursor) = page.last_evaluated else {
                return Ok(Some(Listing { status: page.status, shards }));
            };
            if !cursors.insert(cursor.clone()) {
                return Err(SourceError::RepeatedCursor { stream: stream.label(), cursor });
            }
            after = Some(cursor);
        }
    }

    pub(super) fn check_view_type(&self, stream: &StreamArn, found: ViewType) -> Result<(), SourceError> {
        match self.options.require_view_type {
            Some(required) if !found.satisfies(required) => {
                Err(SourceError::ViewType { stream: stream.clone(), found, required })
            }
            Some(_) | None => Ok(()),
        }
    }
}
