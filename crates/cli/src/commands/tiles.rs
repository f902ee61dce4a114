//! `sealog tiles`: the logs as C2SP tlog-tiles, so that any tool which reads these can read them.

use std::io::Write as _;
use std::path::Path;

use clap::Args;
use sealog_chain::{CHECKPOINT_KEY, SignedCheckpoint};
use sealog_pipeline::{Config, Overrides, Protection};
use sealog_store::{Log, LogError, TilesFrom};

use crate::args::ArchiveArgs;
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(crate) struct TilesArgs {
    #[command(flatten)]
    archive: ArchiveArgs,
}

/// Makes all tiles up to the newest checkpoint from the commits alone; those that are there must be right.
pub(crate) async fn run(args: &TilesArgs) -> Result<Exit, Failure> {
    let protection = match &args.archive.config {
        Some(config) => protection(config)?,
        None => Protection::default(),
    };
    let location = super::location(&args.archive)?;
    let store = location.open(protection.s3(super::now_ms)).await?;
    let named = &args.archive.logs;
    let names = if named.is_empty() { store.folders().await? } else { named.clone() };
    let mut published = 0_usize;
    for name in names {
        let log = Log::new(store.clone(), &name);
        let Some(head) = newest(&log).await? else { continue };
        let written = log.publish_tiles(&head, TilesFrom::Beginning).await.map_err(refused)?;
        let commits = print::counted(head.checkpoint.size, "commit");
        writeln!(
            std::io::stdout(),
            "{name}: tiles of {commits}, {written} written, under {location}/{name}/tlog/"
        )?;
        published += 1;
    }
    if published == 0 {
        return Err(Failure::unreachable(format!(
            "{location} holds no log with a checkpoint; start one with `sealog run`"
        )));
    }
    Ok(Exit::Good)
}

fn protection(config: &Path) -> Result<Protection, Failure> {
    Ok(Config::load(config, &Overrides::default())?.protection)
}

async fn newest(log: &Log) -> Result<Option<SignedCheckpoint>, Failure> {
    let Some(object) = log.read(CHECKPOINT_KEY).await? else { return Ok(None) };
    let wrong =
        |error| Failure::unreachable(format!("{}: {error}; run `sealog verify`", log.key(CHECKPOINT_KEY)));
    SignedCheckpoint::parse(&object.bytes).map(Some).map_err(wrong)
}

fn refused(error: LogError) -> Failure {
    match error {
        LogError::Store(error) => error.into(),
        LogError::Missing { .. } | LogError::Chain { .. } => Failure::new(Exit::Verdict(1), error),
        _ => Failure::unreachable(error),
    }
}
