//! Which logs are asked, and how: shared by every command that asks.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sealog_pipeline::{Config, Overrides, TableConfig};
use sealog_query::{QueryError, Session, SessionOptions};
use sealog_record::Timestamp;
use sealog_store::{Location, Log, Store};

use crate::exit::Failure;
use crate::print;

/// Where the archive is, and what a question may use.
#[derive(Debug, Args)]
pub(crate) struct SourceArgs {
    /// Directory or s3://bucket/prefix, instead of the configuration's
    #[arg(long, value_name = "ARCHIVE", env = "SEALOG_ARCHIVE")]
    archive: Option<String>,
    /// Configuration file to take the archive from, and with --evidence the typed columns; sealog.toml without --archive
    #[arg(long, value_name = "FILE", env = "SEALOG_CONFIG")]
    config: Option<PathBuf>,
    /// Ask committed evidence itself instead of the lake: slower, and whole whatever became of the lake
    #[arg(long)]
    evidence: bool,
    /// Memory that the question may use, such as 512MiB or 2GiB; what does not fit goes to a temporary folder
    #[arg(long, value_name = "BYTES", default_value = "512MiB")]
    memory: Memory,
    /// Folder for what does not fit in memory
    #[arg(long, value_name = "DIR")]
    spill: Option<PathBuf>,
}

/// Which logs are asked, and how.
#[derive(Debug, Args)]
pub(crate) struct AskedArgs {
    #[command(flatten)]
    source: SourceArgs,
    /// Only this log (may be repeated); all by default
    #[arg(long = "log", value_name = "NAME")]
    logs: Vec<String>,
}

/// An archive, and the tables of the configuration that named it.
struct Source {
    location: Location,
    tables: Vec<TableConfig>,
}

impl SourceArgs {
    fn source(&self) -> Result<Source, Failure> {
        let config = match (&self.archive, &self.config) {
            (Some(archive), None) => {
                return Ok(Source { location: archive.parse().map_err(Failure::usage)?, tables: Vec::new() });
            }
            (_, Some(config)) => config.clone(),
            (None, None) => PathBuf::from("sealog.toml"),
        };
        let overrides = Overrides { archive: self.archive.clone(), ..Overrides::default() };
        let config = Config::load(&config, &overrides)?;
        Ok(Source { location: config.archive, tables: config.tables })
    }

    fn options(&self, tables: &[TableConfig]) -> SessionOptions {
        let usual = SessionOptions::at(Timestamp::from_millis(crate::commands::now_ms()));
        SessionOptions {
            memory: self.memory.0,
            spill: self.spill.clone().unwrap_or_else(|| usual.spill.clone()),
            evidence: self.evidence,
            columns: tables.iter().map(|table| (table.log.clone(), table.columns.clone())).collect(),
            ..usual
        }
    }

    /// The log of one table, by its name or that of the log, and how it is to be asked.
    pub(crate) async fn table(&self, table: &str) -> Result<(Log, SessionOptions), Failure> {
        let Source { location, tables } = self.source()?;
        let configured = tables.iter().find(|it| it.name == table).map(|it| it.log.as_str());
        let log = Log::new(location.open_to_read().await, configured.unwrap_or(table));
        Ok((log, self.options(&tables)))
    }
}

impl AskedArgs {
    /// Opens the logs that were asked for; says which lakes are behind.
    pub(crate) async fn open(&self) -> Result<Session, Failure> {
        let Source { location, tables } = self.source.source()?;
        let store = location.open_to_read().await;
        let logs = self.logs(&store).await?;
        if logs.is_empty() {
            return Err(Failure::unreachable(format!(
                "{location} holds no log; start one with `sealog run`"
            )));
        }
        match Session::open(&logs, &self.source.options(&tables)).await {
            Err(error @ QueryError::NoLake(_)) if logs.len() > 1 => {
                Err(Failure::usage(format!("{error}; or leave it out: name the logs to ask with --log")))
            }
            opened => Ok(warned(opened?)),
        }
    }

    /// Those that were named, or all that have a commit.
    async fn logs(&self, store: &Arc<dyn Store>) -> Result<Vec<Log>, Failure> {
        let log = |name: &String| Log::new(Arc::clone(store), name);
        if !self.logs.is_empty() {
            return Ok(self.logs.iter().map(log).collect());
        }
        let mut logs = Vec::new();
        for name in store.folders().await? {
            let log = log(&name);
            if sealog_lake::first_date(&log).await.map_err(QueryError::from)?.is_some() {
                logs.push(log);
            }
        }
        Ok(logs)
    }
}

/// Says which lakes are behind.
pub(crate) fn warned(session: Session) -> Session {
    for behind in session.behind() {
        print::warning(&format!(
            "{} of {} not in the lake yet and not in the answer; publish with `sealog lake publish`, or ask the evidence \
             with --evidence",
            print::counted(behind.commits, "commit"),
            behind.log,
        ));
    }
    session
}

/// A number of bytes as a person writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Memory(usize);

impl std::str::FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const UNITS: [(&str, usize); 4] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("", 1)];
        const LEAST: usize = 32 << 20;
        let parsed = UNITS.iter().find_map(|(unit, size)| {
            let digits = text.strip_suffix(unit)?.trim();
            digits.parse::<usize>().ok()?.checked_mul(*size)
        });
        match parsed {
            Some(bytes) if bytes >= LEAST => Ok(Self(bytes)),
            Some(_) => Err("it takes at least 32MiB".to_owned()),
            None => Err(format!("{text:?} is no number of bytes; write 512MiB or 2GiB")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_with_its_unit() {
        let bytes = |text: &str| text.parse::<Memory>().map(|memory| memory.0);
        assert_eq!(bytes("512MiB"), Ok(512 << 20));
        assert_eq!(bytes("2 GiB"), Ok(2 << 30));
        assert_eq!(bytes("33554432"), Ok(32 << 20));
        for wrong in ["", "MiB", "12GB", "1KiB", "-5MiB", "99999999999999999999"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }
}
