//! `sealog filter inspect`: what a component is, before anything of it is run on records.

use std::io::Write as _;
use std::path::PathBuf;

use clap::Args;
use sealog_filter::{Inspection, Manifest};
use serde_json::{Value, json};

use super::subject::{SettingsArgs, host};
use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// Component; the one that the project was built to by default
    component: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
    /// How it looks
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(args: &InspectArgs) -> Result<Exit, Failure> {
    let subject = args.settings.subject(args.component.as_deref())?;
    let found = host()?.inspect(&subject.bytes, &subject.options.config);
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => writeln!(out, "{}", as_json(&found))?,
        Format::Table => {
            writeln!(
                out,
                "{}: {}, sha256 {}",
                subject.path.display(),
                print::bytes(found.size as u64),
                found.digest
            )?;
            show(&mut out, &found)?;
        }
    }
    Ok(if found.violations.is_empty() { Exit::Good } else { Exit::Verdict(1) })
}

fn show(out: &mut impl std::io::Write, found: &Inspection) -> std::io::Result<()> {
    writeln!(out, "world    {}", found.world.unwrap_or("none that Sealog knows"))?;
    writeln!(out, "imports  {}", listed(&found.imports))?;
    writeln!(out, "exports  {}", listed(&found.exports))?;
    if let Some(manifest) = &found.manifest {
        writeln!(out, "filter   {} {}", print::bold(&manifest.name), manifest.version)?;
        writeln!(out, "sees     {}", listed(&columns(manifest)))?;
        writeln!(out, "may      {}", listed(&verdicts(manifest)))?;
        writeln!(out, "reasons  {}", listed(&manifest.reasons))?;
        writeln!(out, "schema   {}", manifest.config_schema.as_deref().unwrap_or("takes no configuration"))?;
    }
    for violation in &found.violations {
        writeln!(out, "{} {violation}", print::verdict("refused:", false))?;
    }
    Ok(())
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn columns(manifest: &Manifest) -> Vec<String> {
    manifest
        .columns
        .iter()
        .map(|column| format!("{}/{}", column.image.as_str(), column.path.join("/")))
        .collect()
}

fn verdicts(manifest: &Manifest) -> Vec<String> {
    let may = &manifest.verdicts;
    let named = [("drop", may.drop), ("redact", may.redact), ("tag", may.tag), ("alert", may.alert)];
    named.iter().filter(|(_, may)| *may).map(|(name, _)| (*name).to_owned()).collect()
}

fn as_json(found: &Inspection) -> Value {
    let manifest = found.manifest.as_ref().map(|manifest| {
        let columns = manifest.columns.iter().map(|column| json!({ "image": column.image.as_str(), "path": column.path }));
        json!({ "name": manifest.name, "version": manifest.version, "columns": columns.collect::<Vec<_>>(),
            "reasons": manifest.reasons, "verdicts": verdicts(manifest),
            "config_schema": manifest.config_schema.as_deref().map(|schema| serde_json::from_str(schema).unwrap_or(Value::Null)) })
    });
    json!({ "format": "sealog.filter-inspect/1", "sha256": found.digest.to_string(), "bytes": found.size, "world": found.world,
        "imports": found.imports, "exports": found.exports, "manifest": manifest, "violations": found.violations })
}
