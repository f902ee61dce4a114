//! `sealog gaps`: what an archive admits to lack.

use std::io::Write as _;

use sealog_chain::{Commit, Fact};
use sealog_record::{Gap, GapCause};
use serde_json::json;

use crate::args::{Format, GapsArgs};
use crate::exit::{Exit, Failure};
use crate::print;

pub(crate) async fn run(args: &GapsArgs) -> Result<Exit, Failure> {
    let logs = super::read_logs(&args.archive).await?;
    match args.format {
        Format::Table => table(&logs)?,
        Format::Json => {
            let logs: Vec<_> = logs.iter().map(as_json).collect();
            writeln!(std::io::stdout(), "{}", json!({ "format": "sealog.gaps/1", "logs": logs }))?;
        }
    }
    Ok(Exit::Good)
}

/// Each gap with the number of the commit that declares it.
fn gaps(commits: &[Commit]) -> impl Iterator<Item = (u64, &Gap)> {
    commits.iter().flat_map(|commit| {
        commit
            .facts
            .iter()
            .filter_map(move |fact| if let Fact::Gap(gap) = fact { Some((commit.number, gap)) } else { None })
    })
}

fn table(logs: &[super::ReadLog]) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    for log in logs {
        let count = u64::try_from(gaps(&log.commits).count()).unwrap_or(u64::MAX);
        writeln!(out, "log {}  {}", print::bold(&log.name), print::counted(count, "declared gap"))?;
        for (commit, gap) in gaps(&log.commits) {
            writeln!(out, "  {}  commit {commit}  {}", gap.noticed_at, in_words(gap))?;
        }
    }
    Ok(())
}

/// A gap for people.
pub(super) fn in_words(gap: &Gap) -> String {
    let number = |number: Option<&sealog_record::SequenceNumber>, none: &str| {
        number.map_or_else(|| none.to_owned(), ToString::to_string)
    };
    let cause = match gap.cause {
        GapCause::Trimmed => "changes were trimmed before they were read",
        GapCause::ShardVanished => "the shard was gone before it was read to its end",
        GapCause::ParentVanished => "a shard came and went unseen",
        GapCause::StreamVanished => "the stream was gone before it was read to its end",
        GapCause::StreamDisabled => {
            return format!(
                "stream {}: the stream was off before this one, and what changed then was recorded nowhere",
                gap.stream
            );
        }
    };
    let Some(shard) = &gap.shard else { return format!("stream {}: {cause}", gap.stream) };
    let (after, first) =
        (number(gap.after.as_ref(), "its beginning"), number(gap.first.as_ref(), "an unknown one"));
    let to = if gap.ends_shard { "to its end".to_owned() } else { format!("before {first}") };
    format!("stream {} shard {shard}: {cause}; after {after}, {to}", gap.stream)
}

fn as_json(log: &super::ReadLog) -> serde_json::Value {
    let gaps: Vec<_> =
        gaps(&log.commits).map(|(commit, gap)| json!({ "commit": commit, "gap": gap })).collect();
    json!({ "log": log.name, "origin": log.fold.origin(), "gaps": gaps })
}
