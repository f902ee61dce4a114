//! Questions about items: what happened to one, what a table held at an instant, and what differs between two.
//!
//! Promises: order within an item is that of (stream, sequence number), never of time; values are compared as DynamoDB types
//! them; what cannot be known is said, with why, and never guessed. Answers are read as they are asked for, and memory does
//! not grow with them: the engine sorts. It relies on the log's commits for what it lacks, since when it reads and how far it
//! came, and on the session for rows.

mod change;
mod comparison;
mod completeness;
mod diff;
mod facts;
mod gaps;
mod groups;
mod history;
mod image;
mod instant;
mod key;
mod lineage;
mod literal;
mod number;
mod path;
mod reach;
mod row;
mod search;
mod snapshot;
mod state;
mod value;
mod walk;

pub use change::{Change, Changed, Continuity, Proof, VerdictOn, Who};
pub use comparison::{Comparison, ItemComparison, ItemDifference};
pub use completeness::{Completeness, Shortfall};
pub use diff::{AttributeChange, Difference, differences};
pub use facts::{Beginning, Facts, SignedHead};
pub use gaps::DeclaredGap;
pub use history::{HistoryEnd, ItemHistory, Period};
pub use image::{Image, Unknown};
pub use instant::{MalformedInstant, instant};
pub use key::{ItemKey, MalformedKey};
pub use number::Number;
pub use path::{Path, Redaction, Side, Step};
pub use reach::Unread;
pub use snapshot::{ItemAt, Snapshot};
pub use state::{Basis, ItemState, State};
pub use value::{Item, Value, item_to_json};
