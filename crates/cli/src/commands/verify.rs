//! `sealog verify`: reads an archive and says what is wrong with it.

use std::io::{IsTerminal as _, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sealog_chain::VerifierKey;
use sealog_record::Timestamp;
use sealog_source::{Clock as _, SystemClock};
use sealog_store::Location;
use sealog_verify::{LogReport, Outcome, Progress, Report, VerifyOptions};

use crate::args::{Format, VerifyArgs};
use crate::exit::{Exit, Failure};
use crate::print;

/// Findings shown of one log; the JSON report has all.
const SHOWN_MAX: usize = 20;

pub(crate) async fn run(args: &VerifyArgs) -> Result<Exit, Failure> {
    let location = super::location(&args.archive)?;
    let options = VerifyOptions {
        now: now(args.now.as_deref())?,
        key: args.key.as_deref().map(key).transpose()?,
        checkpoint: args.checkpoint.as_deref().map(read).transpose()?,
        logs: args.archive.logs.clone(),
        ..VerifyOptions::default()
    };
    let report = check(&location, &options).await;
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => {
            let json = serde_json::to_string(&report).map_err(Failure::unreachable)?;
            writeln!(out, "{json}")?;
        }
        Format::Table => show(&mut out, &report, args.key.is_some())?,
    }
    Ok(Exit::Verdict(report.outcome.exit_code()))
}

/// Verifies with a progress bar on a terminal.
pub(crate) async fn check(location: &Location, options: &VerifyOptions) -> Report {
    let store = location.open_to_read().await;
    let progress = Arc::new(Progress::default());
    let name = location.to_string();
    let checking = sealog_verify::verify(store, &name, options, &progress);
    tokio::select! {
        biased;
        report = checking => report,
        never = bar(&progress) => match never {},
    }
}

async fn bar(progress: &Progress) -> std::convert::Infallible {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    let bar = ProgressBar::new(0);
    if let Ok(style) = ProgressStyle::with_template("{bar:30} {pos}/{len} commits  {msg}") {
        bar.set_style(style);
    }
    loop {
        SystemClock.sleep(Duration::from_millis(200)).await;
        let totals = progress.totals();
        bar.set_length(totals.commits_total);
        bar.set_position(totals.commits_done);
        bar.set_message(format!("{} records", print::count(totals.records)));
    }
}

fn now(text: Option<&str>) -> Result<Timestamp, Failure> {
    text.map_or_else(
        || Ok(Timestamp::from_millis(super::now_ms())),
        |text| text.parse().map_err(|error| Failure::usage(format!("--now: {error}"))),
    )
}

/// A verifier key, or a file that holds one.
pub(crate) fn key(text: &str) -> Result<VerifierKey, Failure> {
    let held = if Path::new(text).is_file() {
        String::from_utf8_lossy(&read(Path::new(text))?).into_owned()
    } else {
        text.to_owned()
    };
    VerifierKey::parse(&held).map_err(|error| {
        Failure::usage(format!("--key: {error}; give a verifier key or a file that holds one"))
    })
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

/// The report for people.
pub(crate) fn show(out: &mut impl Write, report: &Report, with_key: bool) -> Result<(), Failure> {
    writeln!(out, "archive {}, checked as of {}", report.archive, report.checked_at)?;
    for log in &report.logs {
        show_log(out, log)?;
    }
    let good = matches!(report.outcome, Outcome::Intact | Outcome::IntactWithDeclaredGaps);
    let meaning = meaning(report.outcome, with_key);
    writeln!(out, "\n{}: {meaning}", print::verdict(&report.outcome.to_string(), good))?;
    Ok(())
}

fn show_log(out: &mut impl Write, log: &LogReport) -> Result<(), Failure> {
    let time = |time: Option<Timestamp>| time.map_or("-".to_owned(), |time| time.to_string());
    writeln!(
        out,
        "\nlog {}  {}",
        print::bold(&log.log),
        log.origin.as_deref().unwrap_or("(unknown origin)")
    )?;
    writeln!(
        out,
        "  {} commits from {} to {}",
        print::count(log.commits),
        time(log.first_commit_at),
        time(log.last_commit_at)
    )?;
    writeln!(
        out,
        "  {} records in {} objects, {}",
        print::count(log.records),
        print::count(log.objects),
        print::bytes(log.bytes)
    )?;
    for finding in log.findings.iter().take(SHOWN_MAX) {
        writeln!(out, "  {}  {}", print::bold(&finding.code.to_string()), finding.message)?;
    }
    if log.findings.len() > SHOWN_MAX {
        writeln!(out, "  … {} more findings; --format json shows all", log.findings.len() - SHOWN_MAX)?;
    }
    Ok(())
}

fn meaning(outcome: Outcome, with_key: bool) -> &'static str {
    match outcome {
        Outcome::Intact => {
            "every record is as it was sealed, none is missing, and the log's head is attested from outside."
        }
        Outcome::IntactWithDeclaredGaps => {
            "every record is as it was sealed; what could not be read any more is admitted in the gaps above."
        }
        Outcome::Consistent if with_key => {
            "nothing contradicts itself, but not all of it is covered by a signature of your key."
        }
        Outcome::Consistent => {
            "nothing contradicts itself. That is all that can be said without a key or checkpoint from outside: a rewritten archive is consistent too. Give --key."
        }
        Outcome::Stale => {
            "what is there is good, but nothing newer than the heartbeat allows: a tail may have been cut off. Look whether the writer still runs; --now asks for an earlier instant."
        }
        Outcome::Unverifiable => "it could not be read as a whole. That is not the same as tampered.",
        Outcome::Tampered => "it is not as it was sealed; the findings above name where.",
    }
}
