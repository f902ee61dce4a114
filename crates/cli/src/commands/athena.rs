//! `sealog athena`: the lake as tables and views of Athena.

use std::io::Write as _;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use sealog_lake::Athena;
use sealog_store::{Location, Log};

use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(crate) struct AthenaArgs {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write the statements that make tables and views, one a file, to be executed in the order of their names
    Ddl(DdlArgs),
}

#[derive(Debug, Args)]
struct DdlArgs {
    /// Directory or s3://bucket/prefix: what the lake holds is read from there
    #[arg(long, value_name = "ARCHIVE", env = "SEALOG_ARCHIVE")]
    archive: String,
    /// Where Athena finds the archive, s3://bucket/prefix; the archive itself by default
    #[arg(long, value_name = "S3-URL")]
    location: Option<String>,
    /// Folder for the statements; made if need be, files of the same names are written over
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Athena's database
    #[arg(long, value_name = "NAME", default_value = "sealog")]
    database: String,
    /// Only this log (may be repeated); all by default
    #[arg(long = "log", value_name = "NAME")]
    logs: Vec<String>,
}

pub(crate) async fn run(args: &AthenaArgs) -> Result<Exit, Failure> {
    match &args.action {
        Action::Ddl(args) => ddl(args).await,
    }
}

async fn ddl(args: &DdlArgs) -> Result<Exit, Failure> {
    let archive: Location = args.archive.parse().map_err(Failure::usage)?;
    let location = match (&args.location, &archive) {
        (Some(location), _) => location.trim_end_matches('/').to_owned(),
        (None, Location::S3 { .. }) => archive.to_string(),
        (None, Location::Directory(_)) => {
            return Err(Failure::usage("--location is missing: where on S3 will Athena find this archive?"));
        }
    };
    let store = archive.open_to_read().await;
    let names = if args.logs.is_empty() { store.folders().await? } else { args.logs.clone() };
    let unwritable =
        |error: std::io::Error| Failure::unreachable(format!("--out {}: {error}", args.out.display()));
    std::fs::create_dir_all(&args.out).map_err(unwritable)?;
    let mut statements = 0;
    for name in names {
        let log = Log::new(store.clone(), &name);
        let Some(first_date) = sealog_lake::first_date(&log).await? else { continue };
        let days = sealog_lake::view(&log).await?;
        let Some(columns) = sealog_lake::declared(&log, &days).await? else {
            return Err(Failure::unreachable(format!(
                "{archive}: log {name} has no lake yet; run `sealog lake publish`, or `sealog run` with [lake]"
            )));
        };
        let (table, location) = (Athena::name_of(&name), format!("{location}/{name}"));
        let athena =
            Athena::new(&args.database, &table, &location, &first_date, &columns).map_err(Failure::usage)?;
        for statement in athena.statements() {
            let path = args.out.join(&statement.file);
            std::fs::write(&path, format!("{}\n", statement.sql)).map_err(unwritable)?;
            writeln!(std::io::stdout(), "{}", path.display())?;
            statements += 1;
        }
    }
    if statements == 0 {
        return Err(Failure::unreachable(format!("{archive} holds no log; start one with `sealog run`")));
    }
    let statements = print::counted(statements, "statement");
    writeln!(std::io::stdout(), "{statements}; execute them in Athena in this order")?;
    Ok(Exit::Good)
}
