//! One of many writers on one log, for `tests/crash/many_writers.py`: commits a row at a time as fast as the store takes
//! it, and prints each record as soon as it is acknowledged.
//!
//! `race_writer ARCHIVE WRITER SHARD COMMITS`: rows 1 to COMMITS of shard SHARD. Writers that share a shard commit the same
//! rows, as two processes that read one stream do: what the other landed is given up, the rest goes on behind it.

use std::io::Write as _;
use std::sync::Arc;

use async_trait::async_trait;
use sealog_chain::{
    Decisions, Fact, OnGap, Policies, Segment, SegmentFrom, StartAt, Tree, VerifierKey, Writer, sha256,
};
use sealog_integration::model::{Key, TABLE};
use sealog_integration::rows::{Row, STREAM, parquet, row, sequence};
use sealog_pipeline::{Committer, Identity, Opinions, PipelineError, Sealed, SealedObject, Signer};
use sealog_record::{ReadFrom, ShardId, StreamLabel, Timestamp, ViewType};
use sealog_source::SystemClock;
use sealog_store::{Location, Log, S3Options};
use tokio_util::sync::CancellationToken;

struct Published(VerifierKey);

#[async_trait]
impl Signer for Published {
    fn verifier(&self) -> &VerifierKey {
        &self.0
    }

    async fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, PipelineError> {
        Ok(Key::First.pair().sign(message).to_vec())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [archive, writer, shard, commits] = &words[..] else {
        return Err("race_writer ARCHIVE WRITER SHARD COMMITS".into());
    };
    let identity = Identity {
        writer: Writer { id: writer.clone(), build: "race".to_owned() },
        signer: Arc::new(Published(Key::First.pair().verifier().clone())),
        clock: Arc::new(SystemClock),
        cancel: CancellationToken::new(),
    };
    let store = archive.parse::<Location>()?.open(S3Options::default()).await?;
    let policies = Policies { heartbeat_seconds: 3600, retention: None, on_gap: OnGap::Halt };
    let mut committer =
        Committer::open(Log::new(store, "orders"), policies, identity, Arc::default()).await?;
    let (stream, shard): (StreamLabel, ShardId) = (STREAM.parse()?, shard.parse()?);
    for number in 1..=commits.parse::<u64>()? {
        committer.commit(batch(&committer, &stream, &shard, number)?).await?;
        let position = committer.fold().position(&stream, &shard).and_then(|position| position.last);
        let landed = position.is_some_and(|last| last.to_string() >= sequence(number));
        if !landed {
            return Err(format!("row {number} was acknowledged and is not in the log").into());
        }
        writeln!(std::io::stdout(), "{shard} {number}")?;
    }
    Ok(())
}

/// Row `number` of an item that no other shard writes: an item lives in one shard, or its images would not join.
fn own_row(shard: &ShardId, number: u64) -> Row {
    let mut row = row(shard.as_str(), number);
    for image in [&mut row.keys, &mut row.old_image, &mut row.new_image].into_iter().flatten() {
        *image = image.replace("\"a-", &format!("\"{shard}-"));
    }
    row
}

/// Row `number` as this writer believes the log to stand.
fn batch(
    committer: &Committer,
    stream: &StreamLabel,
    shard: &ShardId,
    number: u64,
) -> Result<Sealed, Box<dyn std::error::Error>> {
    let row = own_row(shard, number);
    let bytes = parquet(std::slice::from_ref(&row));
    let mut tree = Tree::default();
    tree.push(row.leaf());
    let object = SealedObject {
        sha256: sha256(&bytes),
        bytes: bytes.into(),
        rows: 1,
        root: tree.root(),
        decisions: Decisions { keep: 1, ..Decisions::default() },
        opinions: Opinions::default(),
    };
    let after = if number == 1 { None } else { Some(sequence(number - 1).parse()?) };
    let segment = Segment {
        stream: stream.clone(),
        shard: shard.clone(),
        parent: None,
        from: SegmentFrom::of(after.map_or(ReadFrom::TrimHorizon, ReadFrom::After)),
        after,
        last: Some(sequence(number).parse()?),
        rows: 1,
        closed: false,
    };
    let known = committer.fold().streams().contains_key(stream);
    let opened = Fact::StreamOpened {
        arn: format!("{TABLE}/stream/{STREAM}").parse()?,
        view_type: ViewType::NewAndOldImages,
        start: StartAt::TrimHorizon,
        at: Timestamp::from_millis(1_795_341_600_000),
    };
    let facts = if known { Vec::new() } else { vec![opened] };
    Ok(Sealed { facts, segments: vec![segment], object: Some(object), judges: None })
}
