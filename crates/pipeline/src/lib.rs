//! From the stream to the archive: for each table one reader, its filters, one gatherer and one committer, joined by bounded
//! queues.
//!
//! The only room that knows every other. It promises: what is committed is a prefix of each shard, each record once; a
//! stop signal finishes what was read; a restart goes on where the commits say; two pipelines on one log never double
//! a record. It relies on `store` for create-only commits and on `chain` for the fold that decides positions.

mod committer;
mod compact;
pub mod config;
mod error;
mod gather;
mod hold;
mod judging;
mod lake;
mod patience;
mod progress;
mod rebase;
mod rotate;
mod run;
mod sealed;
mod signing;
mod snapshots;
mod stage;
mod table;
mod tiles;

pub use committer::{Committer, Identity};
pub use config::{
    Config, ConfigError, FilterConfig, FilterLimits, KeySource, LOSS_CLOCK_MIN, LakeOptions, Overrides,
    Protection, Signals, Signing, TableConfig,
};
pub use error::{PipelineError, Remedy};
pub use gather::Gatherer;
pub use hold::{add_hold, remove_hold};
pub use judging::{Judges, Opinions, Workshop};
pub use progress::{
    DURATION_BOUNDS_MS, DurationCounts, Durations, FilterProgress, FilterTotals, LakeProgress, Progress,
    Totals,
};
pub use rotate::rotate_key;
pub use run::{Run, TableResult};
pub use sealed::{Sealed, SealedObject};
pub use sealog_lake::Columns;
pub use signing::{Cosigned, KeyFile, KmsKey, Signer, open_key, open_signer};
pub use stage::Staged;
