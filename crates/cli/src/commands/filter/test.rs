//! `sealog filter test`: the component on the project's fixtures.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use sealog_kit::{Mismatch, TestReport, Tested, bless, fixtures, test};
use serde_json::json;

use super::subject::SubjectArgs;
use crate::args::Format;
use crate::exit::{Exit, Failure};
use crate::print;

#[derive(Debug, Args)]
pub(super) struct TestArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    /// Write down what the filter says now as what is expected
    #[arg(long)]
    bless: bool,
    /// Show what the filter wrote to its log
    #[arg(long)]
    log: bool,
    /// How the result looks
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

pub(super) fn run(args: &TestArgs) -> Result<Exit, Failure> {
    let root: &PathBuf = &args.subject.settings.project;
    let filter = args.subject.load()?;
    let mut fixtures_now = fixtures(root)?;
    let mut report = test(&filter, &fixtures_now);
    let mut blessed = Vec::new();
    if args.bless {
        blessed = bless(&fixtures_now, &report)?;
        fixtures_now = fixtures(root)?;
        report = test(&filter, &fixtures_now);
    }
    let mut out = std::io::stdout().lock();
    match args.format {
        Format::Json => writeln!(out, "{}", as_json(&report))?,
        Format::Table => {
            for name in &blessed {
                writeln!(
                    out,
                    "blessed fixtures/{name}.expect.json; review the difference before you commit it"
                )?;
            }
            for tested in &report.tested {
                show(&mut out, tested, args.log)?;
            }
            let good = report.tested.iter().filter(|tested| tested.is_good()).count();
            writeln!(out, "{good} passed, {} failed", report.tested.len() - good)?;
        }
    }
    Ok(if report.is_good() { Exit::Good } else { Exit::Verdict(1) })
}

fn show(out: &mut impl Write, tested: &Tested, log: bool) -> std::io::Result<()> {
    let mark = if tested.is_good() { print::verdict("ok  ", true) } else { print::verdict("FAIL", false) };
    let records = tested.said.len() as u64;
    writeln!(
        out,
        "{mark} {}: {}, {} fuel a record, {} of memory",
        print::bold(&tested.name),
        print::counted(records, "record"),
        print::count(tested.fuel / records.max(1)),
        print::bytes(tested.memory_peak as u64)
    )?;
    if tested.is_good() {
        for (number, said) in (1..).zip(&tested.said) {
            writeln!(out, "       {number}  {said}")?;
        }
    }
    for Mismatch { record, sequence, expected, found } in &tested.mismatches {
        writeln!(out, "     record {record} (sequence number {sequence})")?;
        let side = |said: &Option<sealog_kit::Said>| {
            said.as_ref()
                .and_then(|said| serde_json::to_string(said).ok())
                .unwrap_or_else(|| "nothing".to_owned())
        };
        writeln!(out, "       - expected {}", side(expected))?;
        writeln!(out, "       + found    {}", side(found))?;
    }
    for (place, fault) in &tested.faults {
        writeln!(out, "     record {} fails: {fault}", place + 1)?;
    }
    for sequence in &tested.dependent {
        writeln!(
            out,
            "     sequence number {sequence}: asked alone, in another order, or again, the filter says something else; a verdict \
             must depend on the one change only"
        )?;
    }
    for line in tested.log.iter().filter(|_| log) {
        writeln!(out, "       log {} {}", line.level, line.message)?;
    }
    Ok(())
}

fn as_json(report: &TestReport) -> serde_json::Value {
    let each = report.tested.iter().map(|tested| {
        let mismatches = tested.mismatches.iter().map(|it| json!({ "record": it.record, "sequence": it.sequence, "expected": it.expected, "found": it.found }));
        let faults = tested.faults.iter().map(|(place, fault)| json!({ "record": place + 1, "class": fault.class.as_str(), "message": fault.message }));
        let log = tested.log.iter().map(|line| json!({ "level": line.level, "message": line.message }));
        json!({ "name": tested.name, "good": tested.is_good(), "said": tested.said, "mismatches": mismatches.collect::<Vec<_>>(),
            "dependent": tested.dependent, "faults": faults.collect::<Vec<_>>(), "fuel": tested.fuel, "memory_peak": tested.memory_peak,
            "log": log.collect::<Vec<_>>() })
    });
    json!({ "format": "sealog.filter-test/1", "good": report.is_good(), "fixtures": each.collect::<Vec<_>>() })
}
