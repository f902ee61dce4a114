//! `sealog config`: a configuration that is right, and a first one to start from.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use sealog_pipeline::{Config, KeySource, Overrides};
use sealog_record::ViewType;
use sealog_signals::alarms::ITERATOR_AGE_MAX;
use sealog_source::{AwsOptions, AwsStreamClient, TableFacts, TableStream};
use sealog_store::Location;
use serde_json::json;

use crate::args::Format;
use crate::exit::{Exit, Failure};

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    #[command(subcommand)]
    command: ConfigCommand,
}

#[derive(Debug, Subcommand)]
enum ConfigCommand {
    /// Read a configuration and say what is wrong or unwise; asks no service (`sealog doctor` does)
    Check {
        /// Configuration file
        #[arg(long, value_name = "FILE", default_value = "sealog.toml", env = "SEALOG_CONFIG")]
        config: PathBuf,
        /// How it looks
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Ask the service for the tables, and write a commented configuration
    Init {
        /// File to write; must not exist. `-`: standard output
        #[arg(long, value_name = "FILE", default_value = "sealog.toml")]
        out: PathBuf,
        /// Archive to write into it
        #[arg(long, value_name = "ARCHIVE", default_value = "./archive")]
        archive: String,
        /// Signing key to write into it
        #[arg(long, value_name = "KEY", default_value = "file:sealog.key")]
        signing_key: String,
        /// Only this table (may be repeated); all that have a stream by default
        #[arg(long = "table", value_name = "NAME")]
        tables: Vec<String>,
    },
}

pub(crate) async fn run(args: &ConfigArgs) -> Result<Exit, Failure> {
    match &args.command {
        ConfigCommand::Check { config, format } => check(config, *format),
        ConfigCommand::Init { out, archive, signing_key, tables } => {
            let text = init(archive, signing_key, tables).await?;
            write(out, &text)
        }
    }
}

fn check(file: &Path, format: Format) -> Result<Exit, Failure> {
    let config = match Config::load(file, &Overrides::default()) {
        Ok(config) => config,
        Err(error) if format == Format::Json => {
            let report = json!({ "format": "sealog.config/1", "good": false, "problem": error.problem, "warnings": [] });
            writeln!(std::io::stdout(), "{report}")?;
            return Ok(Exit::Configuration);
        }
        Err(error) => return Err(error.into()),
    };
    let warnings = warnings(&config);
    let mut out = std::io::stdout().lock();
    if format == Format::Json {
        let report =
            json!({ "format": "sealog.config/1", "good": true, "problem": null, "warnings": warnings });
        writeln!(out, "{report}")?;
        return Ok(Exit::Good);
    }
    writeln!(out, "{}: good; {} to {}", file.display(), tables_of(&config), config.archive)?;
    warnings.iter().try_for_each(|warning| writeln!(out, "  warning: {warning}"))?;
    Ok(Exit::Good)
}

fn tables_of(config: &Config) -> String {
    let names: Vec<_> = config.tables.iter().map(|table| table.name.as_str()).collect();
    names.join(", ")
}

/// What works and may not be meant.
fn warnings(config: &Config) -> Vec<String> {
    let mut warnings = Vec::new();
    match &config.archive {
        Location::Directory(path) => warnings.push(format!(
            "the archive is a directory ({}): no versions, no retention, no legal hold",
            path.display()
        )),
        Location::S3 { .. } if config.protection.retention.is_none() => warnings
            .push("[retention] is not set: objects are kept only by the bucket's own default".to_owned()),
        Location::S3 { .. } => {}
    }
    let keys = [Some(&config.signing.key), config.signing.also.as_ref()];
    for key in keys.into_iter().flatten() {
        if let KeySource::File(path) = key
            && !path.exists()
        {
            warnings.push(format!(
                "{} is not there; run `sealog keys generate --out {}`",
                path.display(),
                path.display()
            ));
        }
    }
    for table in &config.tables {
        if table.require_view_type.is_none() {
            warnings.push(format!(
                "table {}: require_view_type is not set: a stream that shows less than both images is archived all the same",
                table.name
            ));
        }
    }
    for table in config.tables.iter().filter(|table| table.latency >= ITERATOR_AGE_MAX) {
        warnings.push(format!(
            "table {}: with latency = {} s an idle shard is that old, and the alarm SealogIteratorAge ({} s) sounds",
            table.name,
            table.latency.as_secs(),
            ITERATOR_AGE_MAX.as_secs()
        ));
    }
    if config.signals.listen.is_none() && !config.signals.emf {
        warnings.push("[signals] is not set: nobody is told when the loss clock runs out".to_owned());
    }
    if config.signals.listen.is_some_and(|address| !address.ip().is_loopback()) {
        warnings.push(
            "[signals] listen is not on loopback: whoever reaches it reads names of tables and shards"
                .to_owned(),
        );
    }
    warnings
}

async fn init(archive: &str, signing_key: &str, wanted: &[String]) -> Result<String, Failure> {
    let location: Location = archive.parse().map_err(Failure::usage)?;
    KeySource::parse(signing_key, Path::new(".")).map_err(Failure::usage)?;
    let client = AwsStreamClient::load(&AwsOptions::default()).await;
    let names = if wanted.is_empty() {
        client.list_tables().await.map_err(|error| {
            Failure::unreachable(format!("{error} It needs dynamodb:ListTables; or name tables with --table"))
        })?
    } else {
        wanted.to_vec()
    };
    let mut tables = Vec::new();
    for name in names {
        match client.table_facts(&name).await.map_err(Failure::unreachable)? {
            Some(facts) => tables.push((name, facts)),
            None => return Err(Failure::usage(format!("--table {name}: there is no such table"))),
        }
    }
    if tables.is_empty() {
        return Err(Failure::unreachable(
            "there is no table in this Region and account; set AWS_REGION or AWS_PROFILE, or name one with --table",
        ));
    }
    let text = document(&location, archive, signing_key, &tables);
    // What is written must be what is read.
    if tables.iter().any(|(_, facts)| matches!(facts.stream, TableStream::On(_))) {
        Config::parse(&text, Path::new("."), &Overrides::default()).map_err(|problem| {
            Failure::configuration(format!("{problem}; write it by hand, or name other tables"))
        })?;
    }
    Ok(text)
}

fn document(
    location: &Location,
    archive: &str,
    signing_key: &str,
    tables: &[(String, TableFacts)],
) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut text = format!(
        "# Written by `sealog config init`. `sealog config check` and `sealog doctor` say what is wrong with it.\n\
         archive = {}\n\
         # Longest silence of a running writer; verifiers say STALE after twice that.\n\
         # heartbeat = \"1h\"\n\n\
         [signing]\n# Make it with `sealog keys generate --out FILE`, or \"kms:<key id>\". Hand its verifier key to your auditors.\n\
         key = {}\n\n",
        quoted(archive),
        quoted(signing_key)
    );
    text.push_str(match location {
        Location::S3 { .. } => {
            "# Object Lock on each object. \"compliance\": nobody can shorten it, you neither; ask how long your law wants.\n\
             # [retention]\n# mode = \"governance\"\n# days = 30\n\n"
        }
        Location::Directory(_) => {
            "# A directory has no retention; archive = \"s3://bucket/prefix\" with [retention] does.\n\n"
        }
    });
    text.push_str(
        "[signals]\n# /metrics, /livez, /readyz and /status.\nlisten = \"127.0.0.1:9464\"\n\
         # CloudWatch metrics on standard output.\n# emf = true\n",
    );
    for (name, facts) in tables {
        text.push_str(&table_section(&quoted(name), facts));
    }
    text
}

fn table_section(name: &str, facts: &TableFacts) -> String {
    match facts.stream {
        TableStream::On(view_type) => {
            let lesser = if view_type == ViewType::NewAndOldImages {
                ""
            } else {
                "\n# It shows less than both images: what a change replaced cannot be proved."
            };
            format!(
                "\n[[table]]\nname = {name}{lesser}\nrequire_view_type = \"{}\"\n\
                 # What to do when changes can no longer be read: stop, or \"record-and-continue\".\non_gap = \"halt\"\n\
                 # Longest wait before an idle shard is asked; each call is billed.\n# latency = \"10s\"\n",
                view_type.as_str()
            )
        }
        TableStream::Off | TableStream::NoTable => format!(
            "\n# The stream of {name} is off. Switch it on, then:\n# [[table]]\n# name = {name}\n\
             # require_view_type = \"NEW_AND_OLD_IMAGES\"\n"
        ),
    }
}

fn write(out: &Path, text: &str) -> Result<Exit, Failure> {
    if out == Path::new("-") {
        write!(std::io::stdout(), "{text}")?;
        return Ok(Exit::Good);
    }
    let wrong = |error: std::io::Error| {
        Failure::usage(format!("{}: {error}; name a new file with --out", out.display()))
    };
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).open(out).map_err(wrong)?;
    file.write_all(text.as_bytes()).map_err(wrong)?;
    writeln!(
        std::io::stdout(),
        "wrote {}; next: `sealog config check`, `sealog doctor`, `sealog run`",
        out.display()
    )?;
    Ok(Exit::Good)
}
