//! What `history`, `as-of` and `diff` share: which table and item is asked about, how answers look, what could not be known.

pub(super) mod completeness;
pub(super) mod json;
pub(super) mod words;

use std::io::Write as _;

use clap::{Args, ValueEnum};
use sealog_query::Session;
use sealog_query::items::{Facts, ItemKey};
use sealog_store::Log;

use super::query::chosen::{SourceArgs, warned};
use crate::exit::Failure;

/// How an answer looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Look {
    /// For people
    Text,
    /// One object a line
    Json,
}

/// Which table is asked, and how.
#[derive(Debug, Args)]
pub(super) struct TableArgs {
    /// The table, or its log where that has another name
    #[arg(value_name = "TABLE")]
    table: String,
    #[command(flatten)]
    source: SourceArgs,
    /// How the answer looks
    #[arg(long, value_enum, default_value = "text")]
    pub(super) format: Look,
    /// Show on standard error how much was read
    #[arg(long)]
    explain: bool,
}

/// Which item, where it may be left out.
#[derive(Debug, Args)]
pub(super) struct KeyArgs {
    /// Only this item: PK, or PK,SK, or DynamoDB JSON such as '{"id":{"S":"a,b"}}'; numbers in any spelling, binary in base64
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Its sort key, where --key has the partition key alone
    #[arg(long, value_name = "SK", requires = "key")]
    sort_key: Option<String>,
}

impl KeyArgs {
    pub(super) fn item(&self) -> Result<Option<ItemKey>, Failure> {
        self.key.as_deref().map(|key| item(key, self.sort_key.as_deref())).transpose()
    }
}

pub(super) fn item(key: &str, sort_key: Option<&str>) -> Result<ItemKey, Failure> {
    ItemKey::parse(key, sort_key).map_err(Failure::usage)
}

/// A log that is asked, and what it states.
pub(super) struct Asked {
    pub(super) log: Log,
    pub(super) session: Session,
    pub(super) facts: Facts,
    began_ms: i64,
    explain: bool,
}

impl TableArgs {
    pub(super) async fn open(&self) -> Result<Asked, Failure> {
        let began_ms = super::now_ms();
        let (log, options) = self.source.table(&self.table).await?;
        // The facts first: what is committed behind them is not asked.
        let facts = Facts::read(&log).await?;
        let session = warned(Session::open(std::slice::from_ref(&log), &options).await?);
        Ok(Asked { log, session, facts, began_ms, explain: self.explain })
    }
}

impl Asked {
    /// What was read for an answer of so many changes or items, if it was asked for.
    pub(super) fn explain(&self, rows: u64) {
        if self.explain {
            super::query::explain(&self.session, "", rows, super::now_ms() - self.began_ms);
        }
    }
}

/// Writes lines to standard output; `false`: nobody reads any more, so the rest need not be found.
pub(super) fn show(text: &str) -> Result<bool, Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
    }
}
