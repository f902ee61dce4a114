//! `sealog filter pin`: the digest of what was reviewed, in the configuration.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use sealog_kit::{ConfiguredFilter, configured_filters, pin};

use super::subject::host;
use crate::exit::{Exit, Failure};

#[derive(Debug, Args)]
pub(super) struct PinArgs {
    /// Names or component paths of the filters to pin, as the configuration has them; all by default
    #[arg(value_name = "FILTER")]
    filters: Vec<String>,
    /// Configuration file; everything in it but the digests stays as it is
    #[arg(long, value_name = "FILE", default_value = "sealog.toml", env = "SEALOG_CONFIG")]
    config: PathBuf,
    /// Write nothing; exit code 1 if a digest is missing or another one
    #[arg(long)]
    check: bool,
}

pub(super) fn run(args: &PinArgs) -> Result<Exit, Failure> {
    let shown = args.config.display();
    let mut text = std::fs::read_to_string(&args.config)
        .map_err(|error| Failure::configuration(format!("{shown}: {error}")))?;
    let filters = chosen(args, configured_filters(&args.config, &text)?)?;
    let folder = args.config.parent().unwrap_or(Path::new("."));
    let (host, mut differing, before) = (host()?, 0, text.clone());
    let mut out = std::io::stdout().lock();
    for filter in &filters {
        let path = folder.join(&filter.component);
        let bytes = std::fs::read(&path)
            .map_err(|error| Failure::configuration(format!("{}: {error}", path.display())))?;
        let found = host.inspect(&bytes, &filter.config);
        if !found.violations.is_empty() {
            let why = found.violations.join("\n  ");
            return Err(Failure::configuration(format!(
                "{} is not pinned, it would be refused:\n  {why}",
                path.display()
            )));
        }
        let digest = found.digest.to_string();
        let state = match &filter.sha256 {
            Some(pinned) if *pinned == digest => format!("is pinned to {digest}"),
            Some(pinned) => format!("was pinned to {pinned}, is {digest}"),
            None => format!("was not pinned, is {digest}"),
        };
        if filter.sha256.as_deref() != Some(digest.as_str()) {
            differing += 1;
            text = pin(&args.config, &text, filter, &found.digest)?;
        }
        writeln!(out, "{} of {}: {state}", filter.component, filter.table_name)?;
    }
    if args.check {
        return Ok(if differing == 0 { Exit::Good } else { Exit::Verdict(1) });
    }
    if text != before {
        replace(&args.config, &text).map_err(|error| Failure::configuration(format!("{shown}: {error}")))?;
    }
    Ok(Exit::Good)
}

fn chosen(args: &PinArgs, filters: Vec<ConfiguredFilter>) -> Result<Vec<ConfiguredFilter>, Failure> {
    let names = |filter: &ConfiguredFilter, name: &String| {
        filter.name.as_ref() == Some(name) || filter.component == *name
    };
    if let Some(unknown) = args.filters.iter().find(|name| !filters.iter().any(|filter| names(filter, name)))
    {
        return Err(Failure::usage(format!("{} has no filter {unknown:?}", args.config.display())));
    }
    if filters.is_empty() {
        return Err(Failure::configuration(format!(
            "{} names no [[table.filter]]; there is nothing to pin",
            args.config.display()
        )));
    }
    let wanted = |filter: &ConfiguredFilter| {
        args.filters.is_empty() || args.filters.iter().any(|name| names(filter, name))
    };
    Ok(filters.into_iter().filter(wanted).collect())
}

/// The whole new text or the whole old one, whatever happens; with the old one's permissions.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let path = std::fs::canonicalize(path)?;
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    std::fs::write(&beside, text)?;
    std::fs::set_permissions(&beside, std::fs::metadata(&path)?.permissions())?;
    std::fs::rename(&beside, &path)
}
