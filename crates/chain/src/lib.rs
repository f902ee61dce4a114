//! The hash chain: leaves, trees, commits, signed checkpoints, and the fold of commits into positions.
//!
//! Bytes in, bytes out: this room does no I/O, holds no clock and draws no random numbers, so that an auditor can
//! read it in an hour. `FORMAT.md` beside it is the specification; where this code and that text differ, the text
//! is right and the code is wrong.
//!
//! What it relies on: SHA-256 (`sha2`), Ed25519 (`ed25519-dalek`), RFC 6962 for trees, C2SP signed-note and
//! tlog-checkpoint for signatures.

mod checkpoint;
mod commit;
mod error;
mod fact;
mod fold;
mod hash;
mod key;
mod layout;
mod note;
mod proof;
mod row_proof;
mod tile;
mod tlog_proof;
mod tree;

pub use checkpoint::{Checkpoint, SignedCheckpoint};
pub use commit::{
    Batch, BatchObject, COMMIT_BYTES_MAX, Commit, Decisions, FORMAT, FilterMode, FilterUse, Previous, SCHEMA,
    Segment, SegmentFrom, Writer,
};
pub use error::ChainError;
pub use fact::{Fact, HOLDS, Policies, Retention, RetentionMode, StopCause};
pub use fold::{Fold, Hold, StreamState};
pub use hash::{EMPTY_ROOT, Hash, leaf_hash, node_hash, record_leaf, sha256};
pub use key::{Algorithm, SigningKey, VerifierKey, key_rotation_message};
pub use layout::{
    CHECKPOINT_KEY, checkpoint_key, checkpoint_size_of, commit_key, commit_number_of, evidence_key,
    origin_of, snapshot_key, snapshot_size_of,
};
pub use note::{NoteSignature, SignedNote};
pub use sealog_record::{OnGap, StartAt, StreamEnd};

pub use proof::{consistency_proof, inclusion_proof, verify_consistency, verify_inclusion};
pub use row_proof::{PROOF_BYTES_MAX, ProvenRow, RowProof};
pub use tile::{
    TILE_WIDTH, TLOG_CHECKPOINT_KEY, Tile, TileEdge, TileKind, TileName, parse_entries, render_entries,
};
pub use tlog_proof::TlogProof;
pub use tree::Tree;

#[cfg(test)]
mod tests;
