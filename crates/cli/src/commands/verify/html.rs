//! The report as one HTML page that a compliance team can file: no script, nothing loaded from anywhere.
//!
//! Everything that comes from the archive passes [`escape`]; it may be hostile.

use std::fmt::Write as _;

use sealog_record::Timestamp;
use sealog_verify::{Code, Finding, Hour, LogReport, Outcome, Report};

use super::table::{asked, meaning};
use crate::print;

/// Findings listed of one log; the JSON report has all.
const LISTED_MAX: usize = 5000;

const STYLE: &str = "body{font:15px/1.45 system-ui,sans-serif;color:#1b1f24;max-width:72rem;margin:2rem auto;padding:0 1rem}\
h1,h2,h3{line-height:1.2}h2{border-top:2px solid #d0d7de;padding-top:1rem;margin-top:2.5rem}\
table{border-collapse:collapse;margin:.6rem 0 1.2rem;width:100%}\
td,th{border:1px solid #d0d7de;padding:.3rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}\
th{background:#f6f8fa;font-weight:600}.facts th{width:15rem}.hours{table-layout:fixed;font-size:11px}\
.hours td,.hours th{padding:.15rem .2rem;text-align:right}.hours th:first-child{width:6rem}.some{background:#dafbe1}\
.only{background:#fff8c5}.gap{background:#ffd8b5}.mono{font-family:ui-monospace,monospace;font-size:13px}\
.verdict{display:inline-block;padding:.4rem .8rem;font-weight:700;border:2px solid}.good{color:#116329;border-color:#116329}\
.bad{color:#a40e26;border-color:#a40e26}.open{color:#7d4e00;border-color:#7d4e00}\
@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}";

/// The page.
pub(super) fn page(report: &Report) -> String {
    let mut out = String::new();
    out.push_str("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    out.push_str("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">");
    add(&mut out, &format!("<title>Verification of {}: {}</title>", escape(&report.archive), report.outcome));
    add(&mut out, &format!("<style>{STYLE}</style></head><body>\n<h1>Verification of an archive</h1>"));
    add(&mut out, &verdict(report));
    add(&mut out, &facts(&about(report)));
    for log in &report.logs {
        log_section(&mut out, log);
    }
    out.push_str("</body></html>\n");
    out
}

fn add(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}

/// Text as HTML shows it: no mark-up, and no character that could hide or turn around what stands beside it.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                out.extend(char.escape_unicode());
            }
            _ if char.is_control() => out.extend(char.escape_unicode()),
            _ => out.push(char),
        }
    }
    out
}

fn verdict(report: &Report) -> String {
    let class = match report.outcome {
        Outcome::Intact | Outcome::IntactWithDeclaredGaps => "good",
        Outcome::Consistent | Outcome::Stale | Outcome::Unverifiable => "open",
        Outcome::Tampered => "bad",
    };
    let with_key = report.trust.key.is_some();
    format!(
        "<p><span class=\"verdict {class}\">{}</span></p><p>Integrity: <b>{}</b>. Completeness: <b>{}</b>.</p><p>{}</p>",
        report.outcome,
        report.integrity,
        report.completeness,
        escape(&capital(meaning(report.outcome, with_key)))
    )
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + chars.as_str()
}

type Fact = (&'static str, String);

/// A table of two columns; values are escaped here.
fn facts(facts: &[Fact]) -> String {
    let mut out = "<table class=\"facts\">".to_owned();
    for (name, value) in facts {
        add(&mut out, &format!("<tr><th>{name}</th><td>{}</td></tr>", escape(value)));
    }
    out.push_str("</table>");
    out
}

fn about(report: &Report) -> Vec<Fact> {
    let none = || "none was given".to_owned();
    let checkpoint =
        report.trust.checkpoint.as_ref().map(|head| {
            format!("{} commits, root {}, of {}", print::count(head.size), head.root, head.origin)
        });
    vec![
        ("Archive", report.archive.clone()),
        ("Judged as of", report.checked_at.to_string()),
        ("Program", report.tool.clone()),
        ("Format of this report", report.format.to_owned()),
        ("Key from outside", report.trust.key.clone().unwrap_or_else(none)),
        ("Checkpoint from outside", checkpoint.unwrap_or_else(none)),
        ("Exit code", report.outcome.exit_code().to_string()),
    ]
}

fn log_section(out: &mut String, log: &LogReport) {
    add(out, &format!("<h2>Log {}: {}</h2>", escape(&log.log), log.outcome));
    add(out, &facts(&log_facts(log)));
    add(out, "<h3>Coverage by hour (UTC)</h3>");
    coverage(out, &log.coverage);
    let gaps: Vec<&Finding> = log.findings.iter().filter(|found| found.code == Code::GapDeclared).collect();
    add(out, &format!("<h3>Declared gaps: {}</h3>", print::count(gaps.len() as u64)));
    findings(out, &gaps);
    let others: Vec<&Finding> = log.findings.iter().filter(|found| found.code != Code::GapDeclared).collect();
    add(out, &format!("<h3>Findings: {}</h3>", print::count(others.len() as u64)));
    findings(out, &others);
}

fn log_facts(log: &LogReport) -> Vec<Fact> {
    let time = |time: Option<Timestamp>| time.map_or("unknown".to_owned(), |time| time.to_string());
    let head = log.head.as_ref().map_or("cannot be computed".to_owned(), |head| {
        format!("root {} over {} commits", head.root, print::count(head.size))
    });
    let keys: Vec<_> =
        log.keys.iter().map(|key| format!("{} (since commit {})", key.key, key.commit)).collect();
    let checked = &log.checked;
    vec![
        ("Origin", log.origin.clone().unwrap_or_else(|| "unknown".to_owned())),
        ("Integrity", log.integrity.to_string()),
        ("Completeness", log.completeness.to_string()),
        ("Period", format!("{} to {}", time(log.first_commit_at), time(log.last_commit_at))),
        ("Commits", print::count(log.commits)),
        (
            "Records",
            format!(
                "{} in {}, {}",
                print::count(log.records),
                print::counted(log.objects, "object"),
                print::bytes(log.bytes)
            ),
        ),
        ("Scope", asked(&log.scope)),
        (
            "Looked at",
            format!(
                "all commits; of {} the evidence: {}, {} of them with SHA-256, {}, {} hashed",
                print::counted(checked.commits, "commit"),
                print::counted(checked.objects, "object"),
                print::count(checked.hashed),
                print::bytes(checked.bytes),
                print::counted(checked.rows, "row")
            ),
        ),
        ("Head", head),
        (
            "Attested from outside",
            format!("{} of {} commits", print::count(log.attested), print::count(log.commits)),
        ),
        ("Keys of the log", keys.join(", ")),
    ]
}

/// A row for each day with commits, a cell for each hour.
fn coverage(out: &mut String, hours: &[Hour]) {
    let day = |hour: &Hour| hour.from.to_string().chars().take(10).collect::<String>();
    let place = |hour: &Hour| hour.from.as_millis().div_euclid(3_600_000).rem_euclid(24);
    out.push_str("<p>Records committed in each hour; <span class=\"only\">0</span>: commits without records; an empty cell: no commit; ");
    out.push_str("<span class=\"gap\">!</span>: gaps were declared. Days without any commit are left out.</p><table class=\"hours\"><tr><th>day</th>");
    for hour in 0..24 {
        add(out, &format!("<th>{hour:02}</th>"));
    }
    out.push_str("</tr>");
    for of_day in hours.chunk_by(|a, b| day(a) == day(b)) {
        let name = of_day.first().map(day).unwrap_or_default();
        out.push_str(&format!("<tr><th>{}</th>", escape(&name)));
        for number in 0..24 {
            out.push_str(&cell(of_day.iter().find(|hour| place(hour) == number)));
        }
        add(out, "</tr>");
    }
    add(out, "</table>");
}

fn cell(hour: Option<&Hour>) -> String {
    let Some(hour) = hour else { return "<td></td>".to_owned() };
    let (class, mark) = match (hour.gaps, hour.records) {
        (0, 0) => ("only", ""),
        (0, _) => ("some", ""),
        (_, _) => ("gap", "!"),
    };
    let commits = print::counted(hour.commits, "commit");
    format!("<td class=\"{class}\" title=\"{commits}\">{}{mark}</td>", print::count(hour.records))
}

fn findings(out: &mut String, findings: &[&Finding]) {
    if findings.is_empty() {
        return add(out, "<p>None.</p>");
    }
    add(
        out,
        "<table><tr><th>finding</th><th>where</th><th>what</th><th>expected</th><th>what it means</th></tr>",
    );
    for finding in findings.iter().take(LISTED_MAX) {
        let row = format!(
            "<tr><td><b>{}</b><br>{}</td><td class=\"mono\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            finding.code,
            level(finding),
            escape(&place(finding)),
            escape(&capital(&finding.message)),
            escape(&capital(finding.expected)),
            escape(finding.meaning)
        );
        add(out, &row);
    }
    add(out, "</table>");
    if findings.len() > LISTED_MAX {
        let more = print::count((findings.len() - LISTED_MAX) as u64);
        add(out, &format!("<p>{more} more findings are not listed here; the JSON report has all.</p>"));
    }
}

fn level(finding: &Finding) -> &'static str {
    use sealog_verify::Level;
    match finding.level {
        Level::Notice => "notice",
        Level::Gap => "declared",
        Level::Unattested => "unattested",
        Level::Stale => "stale",
        Level::Unverifiable => "could not be judged",
        Level::Tampered => "tampered",
    }
}

fn place(finding: &Finding) -> String {
    let mut place = String::new();
    let mut part = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let comma = if place.is_empty() { "" } else { ", " };
            // Writing to a text cannot fail.
            write!(place, "{comma}{name} {value}").unwrap_or_default();
        }
    };
    part("commit", finding.commit.map(|number| number.to_string()));
    part("object", finding.object.clone());
    part("shard", finding.shard.clone());
    part("row", finding.row.map(|row| row.to_string()));
    part("key", finding.key.clone());
    if let Some(earlier) = &finding.earlier {
        part("earlier: commit", Some(earlier.commit.to_string()));
        part("object", Some(earlier.object.clone()));
        part("row", Some(earlier.row.to_string()));
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_texts_stay_texts() {
        assert_eq!(escape("<script>'\"&\u{202e}\u{7}é"), "&lt;script&gt;&#39;&quot;&amp;\\u{202e}\\u{7}é");
    }
}
