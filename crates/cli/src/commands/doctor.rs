//! `sealog doctor`: what is wrong with a set-up, before it costs changes.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use sealog_pipeline::{Config, Overrides};
use sealog_record::Timestamp;
use sealog_signals::doctor::{Doctor, Finding, FindingState};
use sealog_source::{AwsOptions, AwsStreamClient, SystemClock};
use serde_json::json;

use crate::args::{Format, OverrideArgs};
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// Configuration file
    #[arg(long, value_name = "FILE", default_value = "sealog.toml", env = "SEALOG_CONFIG")]
    config: PathBuf,
    /// Only this table (may be repeated); all configured ones by default
    #[arg(long = "table", value_name = "NAME")]
    tables: Vec<String>,
    /// Instant to judge positions at, 2026-11-22T10:15:30.123Z; the clock by default
    #[arg(long, value_name = "TIME")]
    now: Option<String>,
    #[command(flatten)]
    overrides: OverrideArgs,
    /// How it looks
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(crate) async fn run(args: &DoctorArgs) -> Result<Exit, Failure> {
    let overrides = Overrides {
        archive: args.overrides.archive.clone(),
        signing_key: args.overrides.signing_key.clone(),
    };
    let mut config = Config::load(&args.config, &overrides)?;
    let is_configured = |name: &String| config.tables.iter().any(|table| table.name == *name);
    if let Some(unknown) = args.tables.iter().find(|name| !is_configured(name)) {
        return Err(Failure::usage(format!("--table {unknown}: the configuration has no such table")));
    }
    config.tables.retain(|table| args.tables.is_empty() || args.tables.contains(&table.name));
    let now = args.now.as_deref().map(str::parse::<Timestamp>).transpose().map_err(Failure::usage)?;
    let client = AwsStreamClient::load(&AwsOptions::default()).await;
    let doctor = Doctor {
        config: &config,
        client: &client,
        clock: Arc::new(SystemClock),
        now_ms: now.map_or_else(super::now_ms, Timestamp::as_millis),
    };
    let findings = doctor.examine().await;
    match args.format {
        Format::Table => table(&findings)?,
        Format::Json => as_json(&findings)?,
    }
    Ok(exit(&findings))
}

/// Something that does not work counts for more than something that could not be found out.
fn exit(findings: &[Finding]) -> Exit {
    match findings.iter().map(|finding| finding.state).max() {
        Some(FindingState::Bad) => Exit::Verdict(1),
        Some(FindingState::Unknown) => Exit::Unreachable,
        Some(FindingState::Good | FindingState::Unseen | FindingState::Weak) | None => Exit::Good,
    }
}

fn table(findings: &[Finding]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    let mut subject = "";
    for finding in findings {
        if finding.subject != subject {
            subject = &finding.subject;
            writeln!(out, "{}", print::bold(subject))?;
        }
        let word = format!("{:<7}", finding.state.as_str());
        let mark = print::verdict(&word, matches!(finding.state, FindingState::Good | FindingState::Unseen));
        writeln!(out, "  {mark} {}: {}", finding.code, finding.found)?;
        if !finding.remedy.is_empty() {
            writeln!(out, "          → {}", finding.remedy)?;
        }
    }
    let count = |state| findings.iter().filter(|finding| finding.state == state).count();
    let (bad, weak, unknown) =
        (count(FindingState::Bad), count(FindingState::Weak), count(FindingState::Unknown));
    writeln!(out, "{} things looked at: {bad} bad, {weak} weak, {unknown} unknown", findings.len())?;
    Ok(())
}

fn as_json(findings: &[Finding]) -> Result<(), Failure> {
    let finding = |it: &Finding| {
        json!({
            "code": it.code, "subject": it.subject, "state": it.state.as_str(), "found": it.found,
            "remedy": Some(&it.remedy).filter(|remedy| !remedy.is_empty()),
        })
    };
    let findings: Vec<_> = findings.iter().map(finding).collect();
    writeln!(std::io::stdout(), "{}", json!({ "format": "sealog.doctor/1", "findings": findings }))?;
    Ok(())
}
