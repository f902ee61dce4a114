//! `sealog hold`: legal holds on ranges of commits and on all that they name.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};
use sealog_chain::{Fold, Hold, Policies};
use sealog_pipeline::{Committer, Config, Identity, Overrides, add_hold, open_signer, remove_hold};
use sealog_source::SystemClock;
use sealog_store::{Log, S3};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::args::{ArchiveArgs, Format};
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(crate) struct HoldArgs {
    #[command(subcommand)]
    command: HoldCommand,
}

#[derive(Debug, Subcommand)]
enum HoldCommand {
    /// Put a range of commits, and all that they name, under legal hold; the log states it
    Add {
        #[command(flatten)]
        on: OnLog,
        /// First commit
        #[arg(long, value_name = "NUMBER")]
        first: u64,
        /// Last commit
        #[arg(long, value_name = "NUMBER")]
        last: u64,
    },
    /// Lift a legal hold from what no other one covers; the log states it
    Remove {
        #[command(flatten)]
        on: OnLog,
    },
    /// Show the legal holds that a log states
    List {
        #[command(flatten)]
        archive: ArchiveArgs,
        /// How it looks
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
}

#[derive(Debug, Args)]
struct OnLog {
    /// Name of the hold
    name: String,
    /// Why, for those who read the log later
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The log; may be left out when only one is configured
    #[arg(long, value_name = "NAME")]
    log: Option<String>,
    /// Configuration file
    #[arg(long, value_name = "FILE", default_value = "sealog.toml", env = "SEALOG_CONFIG")]
    config: PathBuf,
}

pub(crate) async fn run(args: &HoldArgs) -> Result<Exit, Failure> {
    match &args.command {
        HoldCommand::Add { on, first, last } => {
            let (mut committer, bucket) = open(on).await?;
            let held = add_hold(&mut committer, &bucket, &on.name, *first..=*last, &on.reason).await?;
            say(&committer, &on.name, &format!("is on {}", print::counted(held, "object")))
        }
        HoldCommand::Remove { on } => {
            let (mut committer, bucket) = open(on).await?;
            let freed = remove_hold(&mut committer, &bucket, &on.name, &on.reason).await?;
            say(&committer, &on.name, &format!("is lifted from {}", print::counted(freed, "object")))
        }
        HoldCommand::List { archive, format } => list(archive, *format).await,
    }
}

fn say(committer: &Committer, name: &str, what: &str) -> Result<Exit, Failure> {
    let number = committer.fold().size().saturating_sub(1);
    writeln!(
        std::io::stdout(),
        "hold {name} {what}; commit {number} of {} states it",
        committer.log().name()
    )?;
    Ok(Exit::Good)
}

/// A writer of the log, beside whichever else is at work.
async fn open(on: &OnLog) -> Result<(Committer, S3), Failure> {
    let config = Config::load(&on.config, &Overrides::default())?;
    let bucket = super::archive::open(&config.archive, &config.protection).await?;
    let named = |log: &String| config.tables.iter().find(|table| table.log == *log);
    let table = match (&on.log, config.tables.as_slice()) {
        (Some(log), _) => named(log),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    let table = table.ok_or_else(|| {
        let logs: Vec<&str> = config.tables.iter().map(|table| table.log.as_str()).collect();
        Failure::usage(format!("name a log with --log; the configuration has {}", logs.join(", ")))
    })?;
    let identity = Identity {
        writer: super::writer(),
        signer: open_signer(&config.signing).await?,
        clock: Arc::new(SystemClock),
        cancel: CancellationToken::new(),
    };
    let policies = Policies {
        heartbeat_seconds: config.heartbeat.as_secs(),
        retention: config.protection.retention,
        on_gap: table.on_gap,
    };
    let log = Log::new(Arc::new(bucket.clone()), &table.log);
    Ok((Committer::open(log, policies, identity, Arc::default()).await?, bucket))
}

async fn list(archive: &ArchiveArgs, format: Format) -> Result<Exit, Failure> {
    let store = super::location(archive)?.open_to_read().await;
    let logs = if archive.logs.is_empty() { store.folders().await? } else { archive.logs.clone() };
    let mut all = Vec::new();
    for name in logs {
        let mut fold = Fold::default();
        Log::new(Arc::clone(&store), &name).catch_up(&mut fold).await.map_err(Failure::unreachable)?;
        all.extend(fold.holds().iter().map(|(hold, state)| (name.clone(), hold.clone(), state.clone())));
    }
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => writeln!(out, "{}", json!({ "format": "sealog.holds/1", "holds": as_json(&all) }))?,
        Format::Table => {
            for (log, name, Hold { first, last, reason, is_lifted }) in &all {
                let state = if *is_lifted { "lifted" } else { "in force" };
                writeln!(out, "{log}  {}  commits {first} to {last}  {state}  {reason}", print::bold(name))?;
            }
        }
    }
    Ok(Exit::Good)
}

fn as_json(holds: &[(String, String, Hold)]) -> Vec<serde_json::Value> {
    let each = holds.iter().map(|(log, name, hold)| {
        json!({ "log": log, "name": name, "first": hold.first, "last": hold.last, "reason": hold.reason, "lifted": hold.is_lifted })
    });
    each.collect()
}
