//! `sealog cost`: what a month comes to, from given or measured rates.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use sealog_pipeline::{Config, KeySource, Overrides};
use sealog_signals::cost::document::{Example, examples};
use sealog_signals::cost::{Bill, Month, Prices, Rates};
use sealog_signals::fetch;
use serde_json::{Value, json};

use crate::args::Format;
use crate::exit::{Exit, Failure};

use super::at;

/// Too short a time says nothing of a month.
const MEASURED_MIN_S: f64 = 60.0;

#[derive(Debug, Args)]
pub(crate) struct CostArgs {
    /// Changes a day of one table
    #[arg(long, value_name = "N", default_value = "1000000")]
    writes_per_day: f64,
    /// Bytes of a record on the wire: keys and images
    #[arg(long, value_name = "BYTES", default_value = "2048")]
    record_bytes: f64,
    /// Shards that are open at once
    #[arg(long, value_name = "N", default_value = "1")]
    shards: f64,
    /// Configuration to take latency, batches, heartbeat and the kind of key from
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Take rates from a run that goes on: the address of its signals endpoint
    #[arg(long, value_name = "ADDR", conflicts_with_all = ["writes_per_day", "record_bytes", "shards"])]
    from: Option<String>,
    /// The two examples of the customer's document, by its model and by AWS's
    #[arg(long, conflicts_with_all = ["from", "config"])]
    document: bool,
    /// US dollars for 100,000 GetRecords calls, where the Region's price differs
    #[arg(long, value_name = "USD", default_value = "0.02")]
    price_stream_reads: f64,
    /// US dollars for a gigabyte and month
    #[arg(long, value_name = "USD", default_value = "0.023")]
    price_storage: f64,
    /// US dollars for 1,000 PUT requests
    #[arg(long, value_name = "USD", default_value = "0.005")]
    price_puts: f64,
    /// How it looks
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(crate) async fn run(args: &CostArgs) -> Result<Exit, Failure> {
    let prices = Prices {
        stream_reads: args.price_stream_reads,
        storage: args.price_storage,
        puts: args.price_puts,
        ..Prices::default()
    };
    if args.document {
        return document(&examples(&prices), args.format);
    }
    let (months, source) = match &args.from {
        Some(address) => (measured(address).await?, "measured"),
        None => (vec![("given rates".to_owned(), Month::of(&rates(args)?))], "given"),
    };
    let bills: Vec<_> = months.iter().map(|(name, month)| (name, month, month.bill(&prices))).collect();
    match args.format {
        Format::Json => {
            let tables: Vec<_> = bills.iter().map(|(name, month, bill)| as_json(name, month, bill)).collect();
            let report = json!({ "format": "sealog.cost/1", "rates": source, "tables": tables });
            writeln!(std::io::stdout(), "{report}")?;
        }
        Format::Table => bills.iter().try_for_each(|(name, month, bill)| table(name, month, bill))?,
    }
    Ok(Exit::Good)
}

fn rates(args: &CostArgs) -> Result<Rates, Failure> {
    for (name, value) in [
        ("writes-per-day", args.writes_per_day),
        ("record-bytes", args.record_bytes),
        ("shards", args.shards),
    ] {
        if !value.is_finite() || value < 0.0 {
            return Err(Failure::usage(format!(
                "--{name} {value}: it should be a number that is not negative"
            )));
        }
    }
    let mut rates = Rates {
        changes_per_day: args.writes_per_day,
        record_bytes: args.record_bytes,
        shards: args.shards,
        ..Rates::default()
    };
    if let Some(file) = &args.config {
        let config = Config::load(file, &Overrides::default())?;
        rates.heartbeat = config.heartbeat;
        rates.batch_age = Duration::from_millis(config.seal.age_max_ms);
        rates.batch_rows = u32::try_from(config.seal.rows_max).map_or(f64::MAX, f64::from);
        rates.kms = matches!(config.signing.key, KeySource::Kms(_));
        // The one that is asked most often costs most.
        rates.latency = config.tables.iter().map(|table| table.latency).min().unwrap_or(rates.latency);
    }
    Ok(rates)
}

/// What a run has done since it was started, made a month of.
async fn measured(address: &str) -> Result<Vec<(String, Month)>, Failure> {
    let body = fetch(address, "/status").await.map_err(Failure::unreachable)?;
    let status: Value = serde_json::from_slice(&body)
        .map_err(|error| Failure::unreachable(format!("{address}: /status is no JSON: {error}")))?;
    let seconds = number(at(&status, "/running_ms")) / 1000.0;
    if seconds < MEASURED_MIN_S {
        return Err(Failure::new(
            Exit::TryAgain,
            format!("it has run for {seconds:.0} s; a month can be told from {MEASURED_MIN_S} s on"),
        ));
    }
    let part = sealog_signals::cost::MONTH_DAYS * 86_400.0 / seconds;
    let tables = at(&status, "/tables").as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(tables.iter().map(|table| month_of(table, part)).collect())
}

fn month_of(table: &Value, part: f64) -> (String, Month) {
    let sum =
        |calls: &Value| calls.as_object().into_iter().flat_map(|it| it.values()).map(number).sum::<f64>();
    let all: f64 = at(table, "/calls").as_object().into_iter().flat_map(|it| it.values()).map(sum).sum();
    let get_records = sum(at(table, "/calls/GetRecords"));
    let store = |name: &str| sum(at(table, &format!("/store_calls/{name}"))) * part;
    let changes = number(at(table, "/records_read")) * part;
    let bytes = if changes > 0.0 { number(at(table, "/read_bytes")) * part / changes } else { 0.0 };
    let month = Month {
        changes,
        get_records_full_pages: sealog_signals::cost::full_pages(changes, bytes),
        get_records: get_records * part,
        other_calls: (all - get_records) * part,
        commits: number(at(table, "/commits")) * part,
        puts: store("create") + store("replace") + store("list"),
        gets: store("read") + store("stat"),
        signatures: 0.0,
        stored_bytes: number(at(table, "/written_bytes")) * part,
    };
    (at(table, "/table").as_str().unwrap_or_default().to_owned(), month)
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(0.0)
}

fn as_json(name: &str, month: &Month, bill: &Bill) -> Value {
    json!({
        "table": name,
        "month": {
            "changes": month.changes, "get_records": month.get_records, "get_records_full_pages": month.get_records_full_pages,
            "other_calls": month.other_calls, "commits": month.commits, "puts": month.puts, "gets": month.gets,
            "signatures": month.signatures, "stored_bytes": month.stored_bytes,
        },
        "usd": {
            "stream_reads": bill.stream_reads, "requests": bill.requests, "storage": bill.storage,
            "signatures": bill.signatures, "total": bill.total(),
        },
    })
}

fn table(name: &str, month: &Month, bill: &Bill) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{name}, a month of 30 days, US dollars")?;
    let mut line = |what: &str, count: f64, usd: f64| writeln!(out, "  {what:<44}{count:>16.0}{usd:>12.2}");
    line("changes", month.changes, 0.0)?;
    line("GetRecords calls (2.5 million are free)", month.get_records, bill.stream_reads)?;
    line("  of which full pages would need", month.get_records_full_pages, 0.0)?;
    line("other calls of the stream and the table", month.other_calls, 0.0)?;
    line("commits", month.commits, 0.0)?;
    line("requests of the archive", month.puts + month.gets, bill.requests)?;
    line("megabytes added, kept for one month", month.stored_bytes / 1e6, bill.storage)?;
    line("signatures by KMS", month.signatures, bill.signatures)?;
    writeln!(out, "  {:<60}{:>12.2}", "together", bill.total())?;
    writeln!(
        out,
        "  A unit is one GetRecords call, empty or not; the table's writes are not in it. Storage adds up month by month."
    )?;
    Ok(())
}

fn document(examples: &[Example], format: Format) -> Result<Exit, Failure> {
    let mut out = std::io::stdout().lock();
    if format == Format::Json {
        let example = |it: &Example| {
            json!({
                "title": it.title, "document": { "units": it.document_units, "usd": it.document_price },
                "aws_full_pages": { "calls": it.full_pages, "usd": it.full_pages_price },
                "aws_keeping_up": { "calls": it.calls, "usd": it.calls_price }, "verdict": it.verdict,
            })
        };
        let examples: Vec<_> = examples.iter().map(example).collect();
        writeln!(out, "{}", json!({ "format": "sealog.cost-document/1", "examples": examples }))?;
        return Ok(Exit::Good);
    }
    for it in examples {
        writeln!(out, "{}", it.title)?;
        let mut line = |model: &str, count: f64, unit: &str, usd: f64| {
            writeln!(out, "  {model:<42}{count:>14.0} {unit:<6}{usd:>10.4} USD")
        };
        line("the document: units of 4 KB", it.document_units, "units", it.document_price)?;
        line("AWS: calls, each page full", it.full_pages, "calls", it.full_pages_price)?;
        line("AWS: calls of a reader that keeps up", it.calls, "calls", it.calls_price)?;
        writeln!(out, "  {}\n", it.verdict)?;
    }
    Ok(Exit::Good)
}
