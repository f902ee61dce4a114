//! What happens in DynamoDB Streams, read so that nothing is lost: pages, shards in the order of their lineage,
//! positions, polling, and gaps admitted where records can no longer be had.
//!
//! [`Source`] turns a table's name and what its log holds already into [`SourceEvent`]s, and [`Health`] says how it goes. This room knows the AWS SDK and
//! lets none of its types out; it knows neither Parquet nor the archive.

mod backoff;
mod budget;
mod client;
mod clock;
mod error;
mod event;
mod health;
mod lineage;
mod pace;
pub mod page;
mod reader;

pub use budget::{ByteBudget, BytePermit};
pub use client::{
    AwsOptions, AwsStreamClient, CallOutcome, Calls, IteratorStart, Operation, ServiceError,
    ServiceErrorClass, ServiceErrorKind, ShardIterator, StreamClient, StreamPage, StreamStatus, TableFacts,
    TableStream,
};
pub use clock::{Clock, SystemClock};
pub use error::{SourceError, SourceErrorKind};
pub use event::{CommittedShard, Coverage, KnownStream, Positions, SourceEvent, SourceOptions};
pub use health::{Alarm, AlarmKind, Health, HealthReport, RETENTION_MS, ShardActivity, ShardHealth};
pub use lineage::{Discovered, Lineage, LostShard, Observed, Opened, Proof, ShardStart, Stopped};
pub use pace::CallPace;
pub use page::{Page, PageError, PageRecord};
pub use reader::{Limits, Source};
pub use sealog_record::{OnGap, StartAt};
