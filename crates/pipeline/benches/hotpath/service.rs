//! A stream service that answers from memory: one closed shard whose pages are ready.

use async_trait::async_trait;
use bytes::Bytes;
use sealog_record::{Shard, ShardId, StreamArn, ViewType};
use sealog_source::{
    IteratorStart, ServiceError, ShardIterator, StreamClient, StreamPage, StreamStatus, TableStream,
};

const STREAM: &str = "arn:aws:dynamodb:eu-central-1:123456789012:table/volume/stream/2026-11-22T00:00:00.000";
const SHARD: &str = "shardId-00000001795342530000-0a1b2c3d";

/// Gives out bodies; iterators are their places.
pub(crate) struct Bodied(pub(crate) Vec<Bytes>);

#[async_trait]
impl StreamClient for Bodied {
    async fn list_streams(&self, _: &str) -> Result<Vec<StreamArn>, ServiceError> {
        Ok(vec![STREAM.parse().unwrap()])
    }

    async fn describe_stream(&self, _: &StreamArn, _: Option<&ShardId>) -> Result<StreamPage, ServiceError> {
        let shard = Shard {
            id: SHARD.parse().unwrap(),
            parent: None,
            starting: None,
            ending: Some("9".repeat(30).parse().unwrap()),
        };
        Ok(StreamPage {
            status: StreamStatus::Disabled,
            view_type: ViewType::NewAndOldImages,
            shards: vec![shard],
            last_evaluated: None,
        })
    }

    async fn shard_iterator(
        &self,
        _: &StreamArn,
        _: &ShardId,
        _: IteratorStart,
    ) -> Result<ShardIterator, ServiceError> {
        Ok(ShardIterator::new("0"))
    }

    async fn get_records(&self, iterator: &ShardIterator) -> Result<Bytes, ServiceError> {
        let place: usize = iterator.as_str().parse().unwrap();
        Ok(self.0[place].clone())
    }

    async fn describe_table(&self, _: &str) -> Result<TableStream, ServiceError> {
        Ok(TableStream::On(ViewType::NewAndOldImages))
    }
}
