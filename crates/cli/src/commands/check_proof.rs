//! `sealog check-proof`: what the proof of a row proves, offline, with nothing but the file and the signer's key.

use std::io::{Read as _, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use sealog_chain::{ChainError, PROOF_BYTES_MAX, ProvenRow, RowProof, VerifierKey};
use sealog_record::{EvidenceRow, Timestamp};
use serde_json::json;

use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(crate) struct CheckProofArgs {
    /// The proof
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Verifier key of the signer, or a file that holds it (may be repeated); every signature must be by one of them
    #[arg(long = "key", value_name = "VKEY", required = true)]
    keys: Vec<String>,
    /// How the result looks
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(crate) fn run(args: &CheckProofArgs) -> Result<Exit, Failure> {
    let keys = args.keys.iter().map(|key| super::verify::key(key)).collect::<Result<Vec<_>, _>>()?;
    let bytes = read(&args.file)?;
    let refused = |error: ChainError| {
        Failure::new(Exit::Verdict(1), format!("{} proves nothing: {error}", args.file.display()))
    };
    let proof = RowProof::parse(&bytes).map_err(refused)?;
    let proven = proof.check(&keys).map_err(refused)?;
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => writeln!(out, "{}", as_json(&proven, &keys))?,
        Format::Table => show(&mut out, &proven, &keys)?,
    }
    Ok(Exit::Good)
}

/// A proof larger than any is not read to its end.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let wrong = |error: std::io::Error| Failure::unreachable(format!("{}: {error}", path.display()));
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(wrong)?;
    file.take(PROOF_BYTES_MAX as u64 + 1).read_to_end(&mut bytes).map_err(wrong)?;
    Ok(bytes)
}

fn show(out: &mut impl Write, proven: &ProvenRow<'_>, keys: &[VerifierKey]) -> Result<(), Failure> {
    let ProvenRow { row, commit, place, size } = proven;
    writeln!(out, "{}: this change was sealed, and is as it was sealed", print::verdict("PROVEN", true))?;
    let mut line = |what: &str, text: &str| writeln!(out, "  {what:<12}{text}");
    line("row", &format!("{place} of commit {}", commit.number))?;
    line("change", row.change.event_name.unwrap_or("(unknown)"))?;
    line("key", row.change.keys.unwrap_or("(unknown)"))?;
    line("old item", row.change.old_image.unwrap_or("(none)"))?;
    line("new item", row.change.new_image.unwrap_or("(none)"))?;
    line("changed at", &changed_at(row))?;
    line(
        "read from",
        &format!(
            "shard {} of stream {}, record {}",
            row.shard_id, row.stream_label, row.change.sequence_number
        ),
    )?;
    line("decision", &decision(row))?;
    line("sealed at", &format!("{} by {}", commit.committed_at, commit.writer.id))?;
    line(
        "log",
        &format!("{}, covered by its signed head over {}", commit.origin, print::counted(*size, "commit")),
    )?;
    for key in keys {
        line("signer", &key.to_string())?;
    }
    Ok(())
}

fn changed_at(row: &EvidenceRow<'_>) -> String {
    let at = row.change.created_at.map(|at| Timestamp::from_millis(at).to_string());
    at.map_or_else(|| "(not stated)".to_owned(), |at| format!("{at}, as DynamoDB states it, to the second"))
}

fn decision(row: &EvidenceRow<'_>) -> String {
    let reason = row.decision.reason.map(|reason| format!(" ({reason})")).unwrap_or_default();
    format!("{}{reason}", row.decision.verdict)
}

fn as_json(proven: &ProvenRow<'_>, keys: &[VerifierKey]) -> serde_json::Value {
    let ProvenRow { row, commit, place, size } = proven;
    let keys: Vec<String> = keys.iter().map(ToString::to_string).collect();
    json!({
        "format": "sealog.proven/1", "origin": commit.origin, "commit": commit.number, "row": place,
        "committed_at": commit.committed_at, "size": size, "signers": keys,
        "stream": row.stream_label, "shard": row.shard_id, "sequence_number": row.change.sequence_number,
        "event_name": row.change.event_name,
        "created_at": row.change.created_at.map(|at| Timestamp::from_millis(at).to_string()),
        "keys": row.change.keys, "old_image": row.change.old_image, "new_image": row.change.new_image,
        "verdict": row.decision.verdict, "reason": row.decision.reason,
    })
}
