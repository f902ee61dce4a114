//! `sealog query`: SQL over an archive.

pub(crate) mod chosen;
mod target;

use std::io::{ErrorKind, Read as _, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use futures_util::StreamExt as _;
use sealog_query::{Answer, Format, QueryError, RenderError, Rendering, Session, TABLE_ROWS_MAX};

use crate::exit::{Exit, Failure};
use crate::print;
use target::Target;

#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// The question in SQL; @FILE reads it from a file, - from standard input
    #[arg(value_name = "SQL")]
    sql: String,
    #[command(flatten)]
    asked: chosen::AskedArgs,
    /// How the answer looks
    #[arg(long, value_enum, default_value = "table")]
    format: AnswerFormat,
    /// File to write the answer to; must not exist. Standard output by default
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Rows at most; all by default, but for tables, which have 1,000
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Show on standard error how rows were found, and how much was read
    #[arg(long)]
    explain: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AnswerFormat {
    /// For people: aligned, at most 1,000 rows, cells cut after 200 characters
    Table,
    /// One object a line: instants in RFC 3339, decimals as text, bytes in hexadecimal digits
    Json,
    /// With a line of names; NULL is nothing, an empty text is ""
    Csv,
    /// With the types of the answer
    Parquet,
}

impl From<AnswerFormat> for Format {
    fn from(format: AnswerFormat) -> Self {
        match format {
            AnswerFormat::Table => Self::Table,
            AnswerFormat::Json => Self::Json,
            AnswerFormat::Csv => Self::Csv,
            AnswerFormat::Parquet => Self::Parquet,
        }
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Self {
        match error {
            QueryError::Store(error) => error.into(),
            QueryError::Question(_)
            | QueryError::Nothing(_)
            | QueryError::NoLog(_)
            | QueryError::NoLake(_) => Self::usage(error),
            QueryError::Lake(_) | QueryError::Memory(_) | QueryError::Failed(_) | _ => {
                Self::new(if error.may_pass() { Exit::TryAgain } else { Exit::Unreachable }, error)
            }
        }
    }
}

pub(crate) async fn run(args: &QueryArgs) -> Result<Exit, Failure> {
    let sql = question(&args.sql)?;
    answered(Box::pin(ask(args, &sql))).await
}

/// Runs a question until it is answered, or until the process is asked to stop.
pub(crate) async fn answered(question: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    tokio::select! {
        biased;
        stopped = super::stop_signal() => {
            stopped?;
            Err(Failure::new(Exit::TryAgain, "stopped before the answer was whole"))
        }
        outcome = question => outcome,
    }
}

fn question(text: &str) -> Result<String, Failure> {
    if text == "-" {
        let mut sql = String::new();
        std::io::stdin().read_to_string(&mut sql)?;
        return Ok(sql);
    }
    match text.strip_prefix('@') {
        Some(file) => {
            std::fs::read_to_string(file).map_err(|error| Failure::usage(format!("{file}: {error}")))
        }
        None => Ok(text.to_owned()),
    }
}

async fn ask(args: &QueryArgs, sql: &str) -> Result<Exit, Failure> {
    let began = super::now_ms();
    let target = Target::open(args.out.as_deref(), args.format == AnswerFormat::Parquet)?;
    let session = args.asked.open().await?;
    let most = match args.format {
        AnswerFormat::Table => Some(args.limit.map_or(TABLE_ROWS_MAX, |limit| limit.min(TABLE_ROWS_MAX))),
        AnswerFormat::Json | AnswerFormat::Csv | AnswerFormat::Parquet => args.limit,
    };
    // One more tells whether there are more.
    let answer = session.ask(sql, most.map(|most| most.saturating_add(1))).await?;
    let plan = args.explain.then(|| answer.plan.clone());
    let written = match write(answer, args.format.into(), most, target.writer()?).await {
        Ok(written) => written,
        // Nobody reads on: that is what `head` is for.
        Err(Unwritten::Output(RenderError::Io(error))) if error.kind() == ErrorKind::BrokenPipe => {
            return Ok(Exit::Good);
        }
        Err(Unwritten::Output(error)) => return Err(Failure::unreachable(format!("output: {error}"))),
        Err(Unwritten::Answer(error)) => return Err(error.into()),
    };
    target.keep();
    if let (true, Some(most)) = (written.more, most) {
        let all =
            if args.limit == Some(most) { "raise --limit" } else { "use --format csv, json or parquet" };
        let rows = print::counted(most as u64, "row");
        print::warning(&format!("only the first {rows}; for all {all}"));
    }
    if let Some(plan) = plan {
        explain(&session, &plan, written.rows, super::now_ms() - began);
    }
    Ok(Exit::Good)
}

/// What was written of an answer.
struct Written {
    rows: u64,
    /// There were more.
    more: bool,
}

/// Why an answer was not written to its end.
enum Unwritten {
    Answer(QueryError),
    Output(RenderError),
}

impl From<RenderError> for Unwritten {
    fn from(error: RenderError) -> Self {
        Self::Output(error)
    }
}

async fn write(
    mut answer: Answer,
    format: Format,
    most: Option<usize>,
    out: impl Write + Send,
) -> Result<Written, Unwritten> {
    let mut rendering = Rendering::new(format, answer.rows.schema(), out)?;
    let mut written = Written { rows: 0, more: false };
    let mut left = most.unwrap_or(usize::MAX);
    while let Some(rows) = answer.rows.next().await {
        let rows = rows.map_err(|error| Unwritten::Answer(error.into()))?;
        let shown = rows.num_rows().min(left);
        written.more |= shown < rows.num_rows();
        written.rows += shown as u64;
        left -= shown;
        rendering.write(&rows.slice(0, shown))?;
    }
    rendering.finish()?;
    Ok(written)
}

/// The plan in short, if there is one, and what was read, on standard error.
pub(crate) fn explain(session: &Session, plan: &str, rows: u64, took_ms: i64) {
    const LINE_MAX: usize = 160;
    let mut text = String::new();
    for line in plan.lines() {
        let cut: String = line.chars().take(LINE_MAX).collect();
        text.push_str(&cut);
        text.push_str(if cut.len() < line.len() { "…\n" } else { "\n" });
    }
    text.push_str(&reading(session, rows, took_ms));
    // Nobody is left to be told when standard error itself is gone.
    drop(std::io::stderr().write_all(text.as_bytes()));
}

/// What a session read for an answer of so many rows, in a line.
fn reading(session: &Session, rows: u64, took_ms: i64) -> String {
    let reading = session.reading();
    format!(
        "{} of {} opened, {} of {} read in {}; {} in {took_ms} ms\n",
        print::count(reading.opened),
        print::counted(reading.files, "file"),
        print::bytes(reading.bytes),
        print::bytes(reading.bytes_of),
        print::counted(reading.requests, "request"),
        print::counted(rows, "row"),
    )
}
