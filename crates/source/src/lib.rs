//! What happens in DynamoDB Streams, read so that nothing is lost: pages, shards in the order of their lineage,
//! positions, polling, and gaps admitted where records can no longer be had.
//!
//! This room turns a table's name and the committed positions into `SourceEvent`s. It knows the AWS SDK and lets none
//! of its types out; it knows neither Parquet nor the archive.

pub mod client;
pub mod page;

pub use client::{
    AwsOptions, AwsStreamClient, ServiceError, ServiceErrorClass, ServiceErrorKind, ShardIterator,
    StreamClient, StreamPage, StreamStatus,
};
pub use page::{Page, PageError, PageRecord};
