//! `sealog prove`: one row's proof in one small file, to hand to somebody who has nothing else.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use sealog_pipeline::{Config, Overrides};
use sealog_store::{Location, Log};
use sealog_verify::{ProveError, Wanted};

use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    /// The row: number of its commit, and its place in the batch from 0
    #[arg(value_name = "COMMIT/ROW", required_unless_present = "sequence")]
    row: Option<String>,
    /// Values of the item's key attributes, instead of COMMIT/ROW
    #[arg(long, value_name = "PK[,SK]", requires = "sequence", conflicts_with = "row")]
    key: Option<String>,
    /// Sequence number of the change, with --key
    #[arg(long, value_name = "NUMBER", requires = "key", conflicts_with = "row")]
    sequence: Option<String>,
    /// Directory or s3://bucket/prefix, instead of the configuration's
    #[arg(long, value_name = "ARCHIVE", env = "SEALOG_ARCHIVE")]
    archive: Option<String>,
    /// Configuration file to take the archive from
    #[arg(long, value_name = "FILE", default_value = "sealog.toml", env = "SEALOG_CONFIG")]
    config: PathBuf,
    /// The log; may be left out when the archive holds only one
    #[arg(long, value_name = "NAME")]
    log: Option<String>,
    /// Verifier key that the receiver holds, or a file with it; the key in force by default
    #[arg(long, value_name = "VKEY")]
    signer: Option<String>,
    /// File to write; must not exist. By default LOG-COMMIT-ROW.tlog-proof
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub(crate) async fn run(args: &ProveArgs) -> Result<Exit, Failure> {
    let wanted = wanted(args)?;
    let signer = args.signer.as_deref().map(super::verify::key).transpose()?;
    let location: Location = match &args.archive {
        Some(archive) => archive.parse().map_err(Failure::usage)?,
        None => Config::load(&args.config, &Overrides::default())?.archive,
    };
    let store = location.open_to_read().await;
    let name = match &args.log {
        Some(name) => name.clone(),
        None => only_log(store.folders().await?)?,
    };
    let log = Log::new(store, &name);
    let proof = sealog_verify::prove(&log, &wanted, signer.as_ref()).await.map_err(refused)?;
    let bytes = proof.render().map_err(Failure::unreachable)?;
    let file = args
        .out
        .clone()
        .unwrap_or_else(|| format!("{name}-{}-{}.tlog-proof", proof.number, proof.row).into());
    let wrong = |error: std::io::Error| {
        Failure::usage(format!("{}: {error}; name a new file with --out", file.display()))
    };
    let mut out = std::fs::OpenOptions::new().write(true).create_new(true).open(&file).map_err(wrong)?;
    out.write_all(&bytes).and_then(|()| out.sync_all()).map_err(wrong)?;
    writeln!(
        std::io::stdout(),
        "{}: {}; row {} of commit {} of log {name}. Check it with: sealog check-proof {} --key VKEY",
        file.display(),
        print::bytes(bytes.len() as u64),
        proof.row,
        proof.number,
        file.display()
    )?;
    Ok(Exit::Good)
}

fn wanted(args: &ProveArgs) -> Result<Wanted, Failure> {
    if let (Some(key), Some(sequence)) = (&args.key, &args.sequence) {
        let key = key.split(',').map(str::to_owned).collect();
        return Ok(Wanted::Change { key, sequence: sequence.parse().map_err(Failure::usage)? });
    }
    let text = args.row.as_deref().unwrap_or_default();
    let numbers =
        text.split_once('/').and_then(|(commit, row)| Some((commit.parse().ok()?, row.parse().ok()?)));
    let (commit, row) =
        numbers.ok_or_else(|| Failure::usage(format!("{text:?} should be <commit>/<row>, such as 42/0")))?;
    Ok(Wanted::Row { commit, row })
}

fn only_log(names: Vec<String>) -> Result<String, Failure> {
    match names.as_slice() {
        [only] => Ok(only.clone()),
        [] => Err(Failure::unreachable("the archive holds no log")),
        _ => Err(Failure::usage(format!("name a log with --log; the archive has {}", names.join(", ")))),
    }
}

fn refused(error: ProveError) -> Failure {
    match error {
        ProveError::Store(error) => error.into(),
        ProveError::NotThere(_) | ProveError::NotSigned(_) => Failure::usage(error),
        ProveError::Chain { .. } | ProveError::Evidence(_) | ProveError::Batch(_) | _ => {
            Failure::new(Exit::Verdict(1), error)
        }
    }
}
