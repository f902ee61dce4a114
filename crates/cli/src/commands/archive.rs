//! `sealog archive`: whether a bucket protects what lies in it, and a bucket that does.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealog_pipeline::{Config, Overrides, Protection};
use sealog_store::{Aspect, Location, S3, State};
use serde_json::json;

use crate::args::{ArchiveArgs, Format};
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(crate) struct ArchiveCommandArgs {
    #[command(subcommand)]
    command: ArchiveCommand,
}

#[derive(Debug, Subcommand)]
enum ArchiveCommand {
    /// Make the configured bucket, or set what it lacks; nothing that is set is changed
    Init {
        /// Configuration file: its archive, retention and encryption count
        #[arg(long, value_name = "FILE", default_value = "sealog.toml", env = "SEALOG_CONFIG")]
        config: PathBuf,
        /// How it looks
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Prove that the bucket protects the archive: a canary is put, and its deletion must be refused
    Check {
        #[command(flatten)]
        archive: ArchiveArgs,
        /// How it looks
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Print the bucket policy that denies deletes and writes over what is created once
    Policy {
        #[command(flatten)]
        archive: ArchiveArgs,
    },
}

pub(crate) async fn run(args: &ArchiveCommandArgs) -> Result<Exit, Failure> {
    match &args.command {
        ArchiveCommand::Init { config, format } => {
            let config = Config::load(config, &Overrides::default())?;
            let bucket = open(&config.archive, &config.protection).await?;
            let done = bucket.init_bucket().await?;
            let mut checked = bucket.check_bucket(super::now_ms()).await;
            // What could not be set says why; what was looked at says how it stands.
            checked.splice(0..0, done);
            show(&config.archive, &checked, *format)
        }
        ArchiveCommand::Check { archive, format } => {
            let (location, protection) = wanted(archive)?;
            let bucket = open(&location, &protection).await?;
            show(&location, &bucket.check_bucket(super::now_ms()).await, *format)
        }
        ArchiveCommand::Policy { archive } => {
            let (location, protection) = wanted(archive)?;
            writeln!(std::io::stdout(), "{}", open(&location, &protection).await?.policy())?;
            Ok(Exit::Good)
        }
    }
}

/// The archive, and how it is to be protected: as configured, or only as a bucket can be by itself.
fn wanted(args: &ArchiveArgs) -> Result<(Location, Protection), Failure> {
    match &args.config {
        Some(config) => {
            let config = Config::load(config, &Overrides::default())?;
            Ok((config.archive, config.protection))
        }
        None => Ok((super::location(args)?, Protection::default())),
    }
}

/// The bucket; a directory has nothing of what is asked for here.
pub(crate) async fn open(location: &Location, protection: &Protection) -> Result<S3, Failure> {
    match location {
        Location::S3 { bucket, prefix } => {
            Ok(S3::connect(bucket, prefix, protection.s3(super::now_ms)).await)
        }
        Location::Directory(path) => Err(Failure::configuration(format!(
            "{} is a directory: it has no versions, no retention and no legal hold, and whoever may write there may delete; \
             archive to s3://bucket/prefix for that",
            path.display()
        ))),
    }
}

fn show(location: &Location, aspects: &[Aspect], format: Format) -> Result<Exit, Failure> {
    let mut out = std::io::stdout().lock();
    match format {
        Format::Json => {
            let aspects: Vec<_> = aspects
                .iter()
                .map(|it| json!({ "name": it.name, "state": word(it.state), "found": it.found }))
                .collect();
            let archive = location.to_string();
            writeln!(
                out,
                "{}",
                json!({ "format": "sealog.bucket/1", "archive": archive, "aspects": aspects })
            )?;
        }
        Format::Table => {
            writeln!(out, "archive {location}")?;
            for Aspect { name, state, found, .. } in aspects {
                let mark = print::verdict(&format!("{:<8}", word(*state)), *state == State::Good);
                writeln!(out, "  {mark} {name}: {found}")?;
            }
        }
    }
    let worst = |state: State| aspects.iter().any(|aspect| aspect.state == state);
    Ok(match () {
        () if worst(State::Bad) => Exit::Verdict(1),
        () if worst(State::Unknown) => Exit::Unreachable,
        () => Exit::Good,
    })
}

fn word(state: State) -> &'static str {
    match state {
        State::Good => "good",
        State::Weak => "weak",
        State::Bad => "bad",
        State::Unknown => "unknown",
    }
}
