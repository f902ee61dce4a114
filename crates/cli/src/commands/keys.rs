//! `sealog keys`: the secret stays in a file that only its owner can read; the verifier key goes to auditors.

use std::io::Write as _;
use std::path::Path;

use sealog_chain::{SigningKey, VerifierKey};
use sealog_pipeline::{KeyFile, Signer as _};

use crate::args::{KeysArgs, KeysCommand};
use crate::exit::{Exit, Failure};

pub(crate) fn run(args: &KeysArgs) -> Result<Exit, Failure> {
    let verifier = match &args.command {
        KeysCommand::Generate { out, name } => generate(out, name)?,
        KeysCommand::Show { file } => KeyFile::load(file)?.verifier().clone(),
    };
    writeln!(std::io::stdout(), "{verifier}")?;
    Ok(Exit::Good)
}

/// Makes a key file that did not exist, readable by its owner alone.
pub(crate) fn generate(file: &Path, name: &str) -> Result<VerifierKey, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| Failure::unreachable(format!("no random numbers: {error}")))?;
    let key = SigningKey::from_seed(name, seed).map_err(Failure::usage)?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let wrong = |error: std::io::Error| {
        Failure::usage(format!("{}: {error}; name a new file with --out", file.display()))
    };
    let mut out = options.open(file).map_err(wrong)?;
    writeln!(out, "{}", key.to_private_text()).and_then(|()| out.sync_all()).map_err(wrong)?;
    Ok(key.verifier().clone())
}
