//! Evidence rows to Parquet bytes and back: the schema, the writer's settings, and when a batch is due.
//!
//! Pure: bytes in, bytes out. The same rows pushed in the same pages give the same bytes on every machine, which is
//! what lets an evidence object be named by its hash. This room does not hash; leaves come in from the caller.
//!
//! Columns: `crates/chain/FORMAT.md`, section 4. Settings of the writer: measured, see [`schema`].

mod build;
mod read;
pub mod schema;
mod seal;
mod structure;

pub use build::{BatchBuilder, SealedBatch};
pub use read::EvidenceReader;
pub use seal::SealRule;

/// What can go wrong between rows and bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BatchError {
    /// Rows could not be encoded; nothing was written. A defect of this program: report it with the message.
    #[error("rows could not be encoded as Parquet: {0}")]
    Encode(#[source] parquet::errors::ParquetError),
    /// Bytes that are no Parquet, or damaged.
    #[error("not readable as Parquet: {0}")]
    Decode(#[source] parquet::errors::ParquetError),
    /// Readable Parquet with other columns than format 1 has.
    #[error("column {place} should be {expected}, found {found}")]
    Schema {
        /// Place from 1.
        place: usize,
        /// Name and type of FORMAT.md.
        expected: String,
        /// What stands there.
        found: String,
    },
}
