//! `sealog lake`: the copies for queries, from the commits alone.

use std::io::Write as _;
use std::sync::Arc;

use clap::{Args, Subcommand};
use sealog_lake::{Columns, LakeError, Publisher};
use sealog_pipeline::{Config, Overrides, TableConfig};
use sealog_record::Timestamp;
use sealog_store::{Log, Store};

use super::compact;
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(crate) struct LakeArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Publish what is committed and not in the lake yet; `sealog run` does it by itself where its configuration has a lake
    Publish(LogsArgs),
    /// Make the lake anew from the first commit on; needed to fill columns that were declared later
    Rebuild(LogsArgs),
    /// Show how far the lake is, and how many values did not fit their typed column
    Status(LogsArgs),
}

/// Which logs, and by which declaration of columns.
#[derive(Debug, Args)]
pub(crate) struct LogsArgs {
    /// Configuration file: archive, tables, their typed columns
    #[arg(long, value_name = "FILE", default_value = "sealog.toml", env = "SEALOG_CONFIG")]
    pub(crate) config: std::path::PathBuf,
    /// Archive, instead of the configuration's
    #[arg(long, value_name = "ARCHIVE", env = "SEALOG_ARCHIVE")]
    pub(crate) archive: Option<String>,
    /// Only this log (may be repeated); all by default
    #[arg(long = "log", value_name = "NAME")]
    pub(crate) logs: Vec<String>,
}

/// The archive and tables that were asked for.
pub(crate) struct Chosen {
    pub(crate) config: Config,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) tables: Vec<TableConfig>,
}

impl Chosen {
    pub(crate) async fn open(args: &LogsArgs) -> Result<Self, Failure> {
        let overrides = Overrides { archive: args.archive.clone(), ..Overrides::default() };
        let config = Config::load(&args.config, &overrides)?;
        let store = config.archive.open(config.protection.s3(super::now_ms)).await?;
        let asked = |table: &&TableConfig| args.logs.is_empty() || args.logs.contains(&table.log);
        let tables: Vec<TableConfig> = config.tables.iter().filter(asked).cloned().collect();
        if tables.is_empty() {
            return Err(Failure::usage(format!("{} has no table of a log named so", args.config.display())));
        }
        Ok(Self { config, store, tables })
    }

    pub(crate) fn log(&self, table: &TableConfig) -> Log {
        Log::new(Arc::clone(&self.store), &table.log)
    }
}

pub(crate) async fn run(args: &LakeArgs) -> Result<Exit, Failure> {
    match &args.action {
        Action::Publish(logs) => publish(logs, false).await,
        Action::Rebuild(logs) => publish(logs, true).await,
        Action::Status(logs) => status(logs).await,
    }
}

fn now() -> Timestamp {
    Timestamp::from_millis(super::now_ms())
}

async fn publish(args: &LogsArgs, anew: bool) -> Result<Exit, Failure> {
    let chosen = Chosen::open(args).await?;
    for table in &chosen.tables {
        let log = chosen.log(table);
        let Wrote { commits, rows, files, through } = publish_log(&log, &table.columns, anew).await?;
        writeln!(
            std::io::stdout(),
            "{}: {} published ({}), {} written; the lake holds all up to commit {}",
            table.log,
            print::counted(commits, "commit"),
            print::counted(rows, "row"),
            print::counted(files, "file"),
            through.map_or_else(|| "none".to_owned(), print::count),
        )?;
        if anew {
            // Only days that were sorted: their rows are to have the columns declared now.
            let lake = chosen.config.lake.clone().unwrap_or_default();
            let sorted = sealog_lake::sorted_days(&log).await?;
            if !sorted.is_empty() {
                let options = compact::options(&lake, table.columns.clone(), true);
                compact::compact(&log, &sorted, &options, |day, done| compact::say(&log, day, done)).await?;
            }
        }
    }
    Ok(Exit::Good)
}

/// What a publisher wrote.
pub(super) struct Wrote {
    commits: u64,
    rows: u64,
    files: u64,
    /// The newest commit that the lake holds.
    through: Option<u64>,
}

/// Publishes all that is committed.
pub(super) async fn publish_log(log: &Log, columns: &Columns, anew: bool) -> Result<Wrote, Failure> {
    let mut publisher = if anew {
        Publisher::anew(log.clone(), columns.clone())
    } else {
        Publisher::resume(log.clone(), columns.clone(), now()).await?
    };
    let mut wrote = Wrote { commits: 0, rows: 0, files: 0, through: None };
    while let Some(published) = publisher.step().await? {
        wrote.commits += 1;
        wrote.rows += published.rows;
        wrote.files += published.written;
    }
    wrote.through = publisher.next().checked_sub(1);
    Ok(wrote)
}

async fn status(args: &LogsArgs) -> Result<Exit, Failure> {
    let chosen = Chosen::open(args).await?;
    for table in &chosen.tables {
        let log = chosen.log(table);
        let standing = sealog_lake::standing(&log, now()).await?;
        let behind = standing.commits.saturating_sub(standing.published.map_or(0, |newest| newest + 1));
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "{}: {} of {} published, {}",
            table.log,
            print::count(standing.commits - behind),
            print::counted(standing.commits, "commit"),
            match behind {
                0 => "nothing behind".to_owned(),
                behind => format!(
                    "{} behind: start `sealog run` with [lake], or `sealog lake publish`",
                    print::count(behind)
                ),
            },
        )?;
        misfits(&mut out, &table.columns, &standing)?;
    }
    Ok(Exit::Good)
}

fn misfits(
    out: &mut impl std::io::Write,
    columns: &Columns,
    standing: &sealog_lake::Standing,
) -> Result<(), Failure> {
    for column in columns.typed() {
        let count = standing.misfits.get(&column.name).copied().unwrap_or(0);
        if count > 0 {
            writeln!(
                out,
                "  column {} ({}): {} did not fit and are NULL; the image has them",
                column.name,
                column.kind,
                print::counted(count, "value")
            )?;
        }
    }
    Ok(())
}

impl From<LakeError> for Failure {
    #[expect(clippy::wildcard_enum_match_arm, reason = "more ways to fail may come")]
    fn from(error: LakeError) -> Self {
        match error {
            LakeError::Store(error) => error.into(),
            LakeError::Commit { .. } | LakeError::Evidence { .. } | LakeError::Unreadable { .. } => {
                Self::new(Exit::Verdict(1), error)
            }
            LakeError::Spill { .. } => Self::new(Exit::TryAgain, error),
            _ => Self::unreachable(error),
        }
    }
}
