//! The world that a scenario plays in: tables, streams, shards and records, moved on by time alone.
//!
//! Pure: no I/O, no clock. How often time is moved on makes no difference to what happens.

mod record;
mod sequence;
mod shard;
mod stream;
mod table;

pub use record::Identity;
pub(crate) use record::{Change, Record};
pub(crate) use sequence::Sequence;
pub(crate) use shard::ShardState;
pub(crate) use stream::StreamState;
pub(crate) use table::TableState;
pub use table::Write;
