//! `sealog verify`: reads an archive and says what is wrong with it.

mod html;
mod table;

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use sealog_chain::VerifierKey;
use sealog_record::Timestamp;
use sealog_source::{Clock as _, SystemClock};
use sealog_store::Location;
use sealog_verify::{Depth, Outcome, Progress, Report, Sample, Spill, VerifyOptions};

use crate::args::{Format, Switch, VerifyArgs, VerifyLevel};
use crate::exit::{Exit, Failure};
use crate::print;

pub(crate) use table::show;

pub(crate) async fn run(args: &VerifyArgs) -> Result<Exit, Failure> {
    let location = super::location(&args.archive)?;
    let options = options(args)?;
    let file = args.report.as_deref().map(ReportFile::named).transpose()?;
    let report = check(&location, &options).await;
    if let Some(file) = file {
        file.write(&report)?;
    }
    if let Some(file) = &args.metrics {
        write_metrics(file, &report)?;
    }
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => writeln!(out, "{}", as_json(&report)?)?,
        Format::Table => show(&mut out, &report, args.key.is_some())?,
    }
    Ok(Exit::Verdict(report.outcome.exit_code()))
}

fn options(args: &VerifyArgs) -> Result<VerifyOptions, Failure> {
    let depth = match args.level {
        VerifyLevel::Chain => Depth::Chain,
        VerifyLevel::Objects => Depth::Objects,
        VerifyLevel::Full => Depth::Full,
        VerifyLevel::Lake => Depth::Lake,
    };
    let outside = args.since.as_deref().or(args.checkpoint.as_deref());
    let mut spill = Spill::default();
    if let Some(folder) = &args.spill {
        spill.folder.clone_from(folder);
    }
    Ok(VerifyOptions {
        now: now(args.now.as_deref())?,
        key: args.key.as_deref().map(key).transpose()?,
        checkpoint: outside.map(read).transpose()?,
        logs: args.archive.logs.clone(),
        depth,
        since: args.since.is_some(),
        first: args.range.map_or(0, |range| range.first),
        last: args.range.and_then(|range| range.last),
        sample: args.sample.map(|commits| sample(commits, args.seed)).transpose()?,
        images: args.images == Switch::On,
        spill,
        ..VerifyOptions::default()
    })
}

/// Without a seed one is drawn: who tampers must not know what will be looked at.
fn sample(commits: u64, seed: Option<u64>) -> Result<Sample, Failure> {
    let seed = match seed {
        Some(seed) => seed,
        // Within what every JSON reader takes for an integer.
        None => {
            getrandom::u64()
                .map_err(|error| Failure::unreachable(format!("no random numbers: {error}; give --seed")))?
                >> 11
        }
    };
    Ok(Sample { commits, seed })
}

fn as_json(report: &Report) -> Result<String, Failure> {
    serde_json::to_string(report).map_err(Failure::unreachable)
}

/// Where the report goes beside standard output.
enum ReportFile<'a> {
    Html(&'a Path),
    Json(&'a Path),
}

impl<'a> ReportFile<'a> {
    /// Before anything is read: a mistake in the name must not cost hours.
    fn named(path: &'a Path) -> Result<Self, Failure> {
        match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("html") => Ok(Self::Html(path)),
            Some("json") => Ok(Self::Json(path)),
            Some(_) | None => {
                Err(Failure::usage(format!("--report {}: end the name in .html or .json", path.display())))
            }
        }
    }

    fn write(&self, report: &Report) -> Result<(), Failure> {
        let (path, text) = match self {
            Self::Html(path) => (path, html::page(report)),
            Self::Json(path) => (path, as_json(report)?),
        };
        std::fs::write(path, text)
            .map_err(|error| Failure::unreachable(format!("--report {}: {error}", path.display())))
    }
}

/// Written beside it and moved there: the collector never sees a half of it.
fn write_metrics(file: &Path, report: &Report) -> Result<(), Failure> {
    let word = |outcome: Outcome| match outcome {
        Outcome::Intact => "intact",
        Outcome::IntactWithDeclaredGaps => "declared_gaps",
        Outcome::Consistent => "consistent",
        Outcome::Stale => "stale",
        Outcome::Unverifiable => "unverifiable",
        Outcome::Tampered => "tampered",
    };
    let logs: Vec<_> = report.logs.iter().map(|log| (log.log.as_str(), word(log.outcome))).collect();
    let text = sealog_signals::verification(Timestamp::from_millis(super::now_ms()), &logs);
    let beside = file.with_extension("prom.new");
    std::fs::write(&beside, text)
        .and_then(|()| std::fs::rename(&beside, file))
        .map_err(|error| Failure::unreachable(format!("--metrics {}: {error}", file.display())))
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
