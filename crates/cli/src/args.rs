//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::logging::LogFormat;

/// Seals every change of a DynamoDB table into an archive that a stranger can verify.
///
/// Exit codes: 0 good · 1 tampered · 2 usage, or nothing found · 3 intact with declared gaps, or an answer that lacks
/// something · 4 stale · 5 consistent only · 69 cannot reach a service, or could not verify · 75 try again · 78 bad
/// configuration.
#[derive(Debug, Parser)]
#[command(name = "sealog", version, propagate_version = true)]
pub(crate) struct Cli {
    /// How log lines on standard error look
    #[arg(long, value_enum, default_value = "text", global = true, env = "SEALOG_LOG_FORMAT")]
    pub(crate) log_format: LogFormat,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Seal, verify and tamper with a simulated bank's ledger, without AWS
    Demo(DemoArgs),
    /// Archive the configured tables until stopped
    Run(RunArgs),
    /// Check an archive, offline and without trusting its writer
    Verify(VerifyArgs),
    /// Show what an archive holds and how far each shard was read
    Status(StatusArgs),
    /// Look for what is wrong with a set-up: key, clock, table, stream, permissions, bucket
    Doctor(crate::commands::doctor::DoctorArgs),
    /// What a month of archiving costs: calls, requests, bytes
    Cost(crate::commands::cost::CostArgs),
    /// Check a configuration, or write a first one
    Config(crate::commands::config::ConfigArgs),
    /// List what an archive admits to lack
    Gaps(GapsArgs),
    /// Make a bucket fit for an archive, and prove that it is
    Archive(crate::commands::archive::ArchiveCommandArgs),
    /// Legal holds on ranges of commits
    Hold(crate::commands::hold::HoldArgs),
    /// Write the proof of one row to a small file that can be checked without the archive
    Prove(crate::commands::prove::ProveArgs),
    /// Check the proof of a row, offline
    CheckProof(crate::commands::check_proof::CheckProofArgs),
    /// Publish the log as C2SP tlog-tiles, for tools that read these
    Tiles(crate::commands::tiles::TilesArgs),
    /// Copies of the evidence for SQL engines
    Lake(crate::commands::lake::LakeArgs),
    /// Sort the lake's days into large files, and remove what that made superfluous
    Compact(crate::commands::compact::CompactArgs),
    /// Ask the archive in SQL: every change, what became of an item, deletions, gaps, decisions
    Query(crate::commands::query::QueryArgs),
    /// What happened to one item: every change, who made it, where it is sealed
    History(crate::commands::history::HistoryArgs),
    /// A table as it was at an instant
    AsOf(crate::commands::as_of::AsOfArgs),
    /// Which items of a table differ between two instants
    Diff(crate::commands::diff::DiffArgs),
    /// Tables and views for Amazon Athena
    Athena(crate::commands::athena::AthenaArgs),
    /// Make, show and replace signing keys
    Keys(crate::commands::keys::KeysArgs),
    /// Make, test, review and pin filters, which judge every record
    Filter(crate::commands::filter::FilterArgs),
    /// Compile a filter from standard input to standard output: what `run` starts so that a hostile one cannot bring it down
    #[command(hide = true)]
    FilterCompile,
    /// What can be watched: metrics, and alarms with their thresholds
    #[command(hide = true)]
    Signals(crate::commands::signals::SignalsArgs),
    /// Serve a simulated DynamoDB Streams for tests
    Simulator(SimulatorArgs),
    /// Print a shell's completions
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArgs {
    /// Directory to leave archive, key and configuration in; must be new or empty
    #[arg(long, value_name = "DIR", default_value = "sealog-demo")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Configuration file
    #[arg(long, value_name = "FILE", default_value = "sealog.toml", env = "SEALOG_CONFIG")]
    pub(crate) config: PathBuf,
    /// Stop once every shard is read to its present end
    #[arg(long)]
    pub(crate) until_caught_up: bool,
    /// Serve /metrics, /livez, /readyz and /status here, instead of the configuration's address
    #[arg(long, value_name = "ADDR", env = "SEALOG_SIGNALS_LISTEN")]
    pub(crate) signals_listen: Option<SocketAddr>,
    #[command(flatten)]
    pub(crate) overrides: OverrideArgs,
}

#[derive(Debug, Args)]
pub(crate) struct OverrideArgs {
    /// Archive, instead of the configuration's
    #[arg(long = "archive", value_name = "ARCHIVE", env = "SEALOG_ARCHIVE")]
    pub(crate) archive: Option<String>,
    /// Signing key (file:PATH or kms:KEY-ID), instead of the configuration's
    #[arg(long, value_name = "KEY", env = "SEALOG_SIGNING_KEY", hide_env_values = true)]
    pub(crate) signing_key: Option<String>,
}

/// Which archive: named, or taken from a configuration.
#[derive(Debug, Args)]
pub(crate) struct ArchiveArgs {
    /// Directory or s3://bucket/prefix
    #[arg(value_name = "ARCHIVE", required_unless_present = "config")]
    pub(crate) archive: Option<String>,
    /// Configuration file to take the archive from
    #[arg(long, value_name = "FILE", conflicts_with = "archive")]
    pub(crate) config: Option<PathBuf>,
    /// Only this log (may be repeated); all by default
    #[arg(long = "log", value_name = "NAME")]
    pub(crate) logs: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub(crate) archive: ArchiveArgs,
    /// Verifier key that was kept outside the archive, or a file that holds it
    #[arg(long, value_name = "VKEY")]
    pub(crate) key: Option<String>,
    /// Checkpoint that was kept outside the archive
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// How deep to look
    #[arg(long, value_enum, default_value = "full")]
    pub(crate) level: VerifyLevel,
    /// Checkpoint of an earlier verification: proves that the log still continues it, and looks at newer evidence only
    #[arg(long, value_name = "FILE", conflicts_with = "checkpoint")]
    pub(crate) since: Option<PathBuf>,
    /// Look at the evidence of these commits only: A..B (both included), A.. or ..B
    #[arg(long, value_name = "RANGE")]
    pub(crate) range: Option<CommitRange>,
    /// Look at the evidence of so many commits only, drawn at random; images are then not compared
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=100_000))]
    pub(crate) sample: Option<u64>,
    /// Draw the same sample again; a new one by default
    #[arg(long, value_name = "N", requires = "sample")]
    pub(crate) seed: Option<u64>,
    /// Whether each change must begin from the image that its item's previous change left; off is faster
    #[arg(long, value_enum, default_value = "on")]
    pub(crate) images: Switch,
    /// Folder for the temporary file that comparing images needs for more than half a million rows
    #[arg(long, value_name = "DIR")]
    pub(crate) spill: Option<PathBuf>,
    /// Write the report to a file too: .html is one page that needs nothing else, .json for programs
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Write each log's outcome to a file for node_exporter's textfile collector; its name ends in .prom
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
    /// Instant to ask for, 2026-11-22T10:15:30.123Z; the clock by default
    #[arg(long, value_name = "TIME")]
    pub(crate) now: Option<String>,
    /// How the report looks
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Directory or s3://bucket/prefix
    #[arg(value_name = "ARCHIVE", required_unless_present_any = ["config", "from"])]
    pub(crate) archive: Option<String>,
    /// Configuration file to take the archive from
    #[arg(long, value_name = "FILE", conflicts_with = "archive")]
    pub(crate) config: Option<PathBuf>,
    /// Only this log (may be repeated); all by default
    #[arg(long = "log", value_name = "NAME")]
    pub(crate) logs: Vec<String>,
    /// Ask a run that goes on, too: the address of its signals endpoint, such as 127.0.0.1:9464
    #[arg(long, value_name = "ADDR")]
    pub(crate) from: Option<String>,
    /// Look again every two seconds until stopped
    #[arg(long)]
    pub(crate) watch: bool,
    /// How it looks
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct GapsArgs {
    #[command(flatten)]
    pub(crate) archive: ArchiveArgs,
    /// How it looks
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct SimulatorArgs {
    /// Address to listen on; port 0 takes a free one, which is printed
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
    pub(crate) listen: SocketAddr,
    /// Scenario file, or `ledger` for the demo's
    #[arg(long, value_name = "FILE", default_value = "ledger")]
    pub(crate) scenario: String,
}

#[derive(Debug, Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// How deep a verification goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyLevel {
    /// Commits, checkpoints and signatures
    Chain,
    /// And each object's size and stored checksum, without downloading it
    Objects,
    /// And every byte, every row, and whether images join
    Full,
    /// And the copies for queries: every row of the lake, every derived cell, every name
    Lake,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// Do it
    On,
    /// Leave it out
    Off,
}

/// Numbers of commits, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CommitRange {
    pub(crate) first: u64,
    pub(crate) last: Option<u64>,
}

impl std::str::FromStr for CommitRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("{text:?} is no range; write 120..180, 120.. or ..180");
        let (first, last) = text.split_once("..").ok_or_else(wrong)?;
        let number = |text: &str| match text {
            "" => Ok(None),
            digits => digits.parse().map(Some).map_err(|_| wrong()),
        };
        let range = Self { first: number(first)?.unwrap_or(0), last: number(last)? };
        match range.last {
            Some(last) if last < range.first => Err(format!("{text:?} ends before it begins")),
            Some(_) | None => Ok(range),
        }
    }
}

/// How a result looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_with_both_ends_and_without() {
        let range = |text: &str| text.parse::<CommitRange>().map(|range| (range.first, range.last));
        assert_eq!(range("3..7"), Ok((3, Some(7))));
        assert_eq!(range("3.."), Ok((3, None)));
        assert_eq!(range("..7"), Ok((0, Some(7))));
        for wrong in ["", "3", "7..3", "a..b", "3...7", "-1..2"] {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
