//! What happens in DynamoDB Streams, read so that nothing is lost: pages, shards in the order of their lineage,
//! positions, polling, and gaps admitted where records can no longer be had.
//!
//! [`Source`] turns a table's name and the committed positions into [`SourceEvent`]s. This room knows the AWS SDK and
//! lets none of its types out; it knows neither Parquet nor the archive.

mod backoff;
mod budget;
mod client;
mod clock;
mod error;
mod event;
mod lineage;
pub mod page;
mod reader;

pub use budget::{ByteBudget, BytePermit};
pub use client::{
    AwsOptions, AwsStreamClient, ServiceError, ServiceErrorClass, ServiceErrorKind, ShardIterator,
    StreamClient, StreamPage, StreamStatus,
};
pub use clock::{Clock, SystemClock};
pub use error::{SourceError, SourceErrorKind};
pub use event::{CommittedShard, SourceEvent, SourceOptions};
pub use lineage::{Discovered, Lineage, LostShard, Observed, ShardStart, Stopped};
pub use page::{Page, PageError, PageRecord};
pub use reader::{Positions, Source};
pub use sealog_record::{OnGap, StartAt};
