//! `sealog keys`: the secret stays in a file that only its owner can read, or in KMS; the verifier key goes to auditors.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use sealog_chain::{Policies, SigningKey, VerifierKey};
use sealog_pipeline::{Committer, Config, Cosigned, Identity, KeySource, Overrides, open_key, rotate_key};
use sealog_source::SystemClock;
use sealog_store::Log;
use tokio_util::sync::CancellationToken;

use crate::exit::{Exit, Failure};

#[derive(Debug, Args)]
pub(crate) struct KeysArgs {
    #[command(subcommand)]
    command: KeysCommand,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Make a signing key and print the verifier key to hand to auditors; or the secret that redactions are salted from
    Generate {
        /// File for the key; must not exist
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Name of the key, shown in signatures: no white space, no '+'
        #[arg(long, value_name = "NAME", default_value = "sealog")]
        name: String,
        /// Make a redaction secret instead: who has it can prove what a filter redacted, and nobody else can
        #[arg(long, conflicts_with = "name")]
        redaction: bool,
    },
    /// Print the verifier key of a signing key
    Show {
        /// File of the signing key, or kms:KEY-ID
        #[arg(value_name = "KEY")]
        key: String,
        /// Name of a KMS key, as the signing section of the configuration has it; a file holds its own
        #[arg(long, value_name = "NAME", default_value = "sealog")]
        name: String,
    },
    /// Replace the key of the configured logs, by the word of the key that signs them now; the logs state it
    Rotate {
        /// The new key: file:PATH or kms:KEY-ID
        #[arg(long, value_name = "KEY")]
        to: String,
        /// Only this log (may be repeated); all configured ones by default
        #[arg(long = "log", value_name = "NAME")]
        logs: Vec<String>,
        /// Configuration file; its signing key is the one that signs now
        #[arg(long, value_name = "FILE", default_value = "sealog.toml", env = "SEALOG_CONFIG")]
        config: PathBuf,
    },
}

pub(crate) async fn run(args: &KeysArgs) -> Result<Exit, Failure> {
    match &args.command {
        KeysCommand::Generate { out, redaction: true, .. } => {
            generate_redaction(out)?;
            let line = format!("{}: write redaction_secret = \"file:…\" with its path", out.display());
            writeln!(std::io::stdout(), "{line}")?;
            Ok(Exit::Good)
        }
        KeysCommand::Generate { out, name, redaction: false } => say(&generate(out, name)?),
        KeysCommand::Show { key, name } => say(open_key(&source(key)?, name).await?.verifier()),
        KeysCommand::Rotate { to, logs, config } => rotate(to, logs, config).await,
    }
}

fn say(verifier: &VerifierKey) -> Result<Exit, Failure> {
    writeln!(std::io::stdout(), "{verifier}")?;
    Ok(Exit::Good)
}

/// A path, `file:<path>` or `kms:<key id>`.
fn source(text: &str) -> Result<KeySource, Failure> {
    let whole = if text.starts_with("kms:") || text.starts_with("file:") {
        text.to_owned()
    } else {
        format!("file:{text}")
    };
    KeySource::parse(&whole, Path::new(".")).map_err(Failure::usage)
}

async fn rotate(to: &str, logs: &[String], config: &Path) -> Result<Exit, Failure> {
    let config = Config::load(config, &Overrides::default())?;
    let name = &config.signing.name;
    let from = open_key(&config.signing.key, name).await?;
    let new = open_key(&source(to)?, name).await?;
    let configured = |log: &&String| config.tables.iter().all(|table| table.log != **log);
    if let Some(unknown) = logs.iter().find(configured) {
        return Err(Failure::usage(format!("--log {unknown}: the configuration has no such log")));
    }
    let chosen = config.tables.iter().filter(|table| logs.is_empty() || logs.contains(&table.log));
    let store = config.archive.open(config.protection.s3(super::now_ms)).await?;
    for table in chosen {
        let identity = Identity {
            writer: super::writer(),
            signer: Arc::new(Cosigned::new(Arc::clone(&from), Arc::clone(&new))),
            clock: Arc::new(SystemClock),
            cancel: CancellationToken::new(),
        };
        let policies = Policies {
            heartbeat_seconds: config.heartbeat.as_secs(),
            retention: config.protection.retention,
            on_gap: table.on_gap,
        };
        let log = Log::new(Arc::clone(&store), &table.log);
        let mut committer = Committer::open(log, policies, identity, Arc::default()).await?;
        let done = rotate_key(&mut committer, &from, new.verifier()).await?;
        let line = done.map_or_else(
            || format!("{}: the log stated it before", table.log),
            |number| format!("{}: commit {number} states it", table.log),
        );
        writeln!(std::io::stdout(), "{line}")?;
    }
    writeln!(
        std::io::stdout(),
        "{} is followed by {}. Auditors who hold the old one need nothing; hand the new one to others.\n\
         Now write [signing] key = \"{to}\", and also = the old key for as long as old heads are to bear both, and restart.",
        from.verifier(),
        new.verifier()
    )?;
    Ok(Exit::Good)
}

/// Makes a key file that did not exist, readable by its owner alone.
pub(crate) fn generate(file: &Path, name: &str) -> Result<VerifierKey, Failure> {
    let key = SigningKey::from_seed(name, random()?).map_err(Failure::usage)?;
    put_secret(file, key.to_private_text())?;
    Ok(key.verifier().clone())
}

/// Makes the secret that redactions are salted from, in a file that did not exist, readable by its owner alone.
pub(crate) fn generate_redaction(file: &Path) -> Result<(), Failure> {
    let digits = random()?.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    put_secret(file, digits)
}

fn random() -> Result<[u8; 32], Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| Failure::unreachable(format!("no random numbers: {error}")))?;
    Ok(seed)
}

fn put_secret(file: &Path, text: impl std::fmt::Display) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let wrong = |error: std::io::Error| {
        Failure::usage(format!("{}: {error}; name a new file with --out", file.display()))
    };
    let mut out = options.open(file).map_err(wrong)?;
    writeln!(out, "{text}").and_then(|()| out.sync_all()).map_err(wrong)
}
