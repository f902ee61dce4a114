//! The report for people, on a terminal.

use std::io::Write;

use sealog_record::Timestamp;
use sealog_verify::{Depth, LogReport, Outcome, Report, Scope};

use crate::exit::Failure;
use crate::print;

/// Findings shown of one log; the JSON report has all.
const SHOWN_MAX: usize = 20;

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

/// What was asked for, where that is less than all.
pub(super) fn asked(scope: &Scope) -> String {
    let mut asked = match scope.level {
        Depth::Chain => "commits and signatures only; evidence was not looked at".to_owned(),
        Depth::Objects => "objects by size and stored checksum; rows were not looked at".to_owned(),
        Depth::Full => "every byte and every row".to_owned(),
        Depth::Lake => "every byte and every row, and every row of the lake".to_owned(),
    };
    if let Some(since) = scope.since {
        asked.push_str(&format!(", behind your checkpoint over {since} commits"));
    }
    if scope.first > scope.since.unwrap_or(0) || scope.last.is_some() {
        let last = scope.last.map_or("the newest".to_owned(), |last| last.to_string());
        asked.push_str(&format!(", of commits {} to {last}", scope.first));
    }
    if let Some(sample) = scope.sample {
        asked.push_str(&format!(", of {} commits drawn with seed {}", sample.commits, sample.seed));
    }
    if scope.level >= Depth::Full && !scope.images {
        asked.push_str("; images were not compared");
    }
    asked
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
    writeln!(out, "  looked at: {}", asked(&log.scope))?;
    if log.scope.level == Depth::Objects && log.checked.hashed < log.checked.objects {
        writeln!(
            out,
            "  the store states no SHA-256 of {}: only their sizes were compared",
            print::counted(log.checked.objects - log.checked.hashed, "object")
        )?;
    }
    writeln!(out, "  integrity {}, completeness {}", log.integrity, log.completeness)?;
    for finding in log.findings.iter().take(SHOWN_MAX) {
        writeln!(out, "  {}  {}", print::bold(&finding.code.to_string()), finding.message)?;
        writeln!(out, "      {}", finding.meaning)?;
    }
    if log.findings.len() > SHOWN_MAX {
        writeln!(out, "  … {} more findings; --format json shows all", log.findings.len() - SHOWN_MAX)?;
    }
    Ok(())
}

pub(super) fn meaning(outcome: Outcome, with_key: bool) -> &'static str {
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
        Outcome::Tampered => {
            "it is not as it was sealed, or something is missing that no gap declares; the findings name where."
        }
    }
}
