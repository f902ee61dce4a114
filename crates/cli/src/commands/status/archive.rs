//! What the commits alone say of a log.

use std::collections::VecDeque;
use std::fmt::Write as _;

use sealog_chain::{Commit, FilterMode, FilterUse, Fold};
use sealog_record::{ReadFrom, ShardPosition};
use sealog_source::RETENTION_MS;
use sealog_store::{Log, LogError};
use serde_json::{Value, json};

use crate::args::ArchiveArgs;
use crate::exit::Failure;
use crate::print;

const DAY_MS: i64 = 86_400_000;

/// The logs that are looked at; each look reads what was committed since the one before.
pub(super) struct Archive {
    logs: Vec<Looked>,
}

/// One log.
pub(super) struct Looked {
    log: Log,
    fold: Fold,
    /// Date, records and bytes of the commits of the last day.
    lately: VecDeque<(i64, u64, u64)>,
}

impl Archive {
    pub(super) async fn open(args: &ArchiveArgs) -> Result<Self, Failure> {
        let store = super::super::location(args)?.open_to_read().await;
        let names = if args.logs.is_empty() { store.folders().await? } else { args.logs.clone() };
        let mut archive = Self { logs: Vec::new() };
        for name in names {
            let mut looked = Looked {
                log: Log::new(store.clone(), &name),
                fold: Fold::default(),
                lately: VecDeque::new(),
            };
            looked.follow().await?;
            if looked.fold.size() > 0 {
                archive.logs.push(looked);
            }
        }
        if archive.logs.is_empty() {
            let place = store.describe();
            return Err(Failure::unreachable(format!("{place} holds no log; start one with `sealog run`")));
        }
        Ok(archive)
    }

    pub(super) async fn follow(&mut self) -> Result<&[Looked], Failure> {
        for log in &mut self.logs {
            log.follow().await?;
        }
        Ok(&self.logs)
    }
}

impl Looked {
    async fn follow(&mut self) -> Result<(), Failure> {
        let Self { log, fold, lately } = self;
        let followed = log.follow(fold, |_, commit| note(&commit, lately)).await;
        followed.map_err(|error| {
            if let LogError::Store(error) = error { error.into() } else { Failure::unreachable(error) }
        })
    }

    pub(super) fn as_table(&self, now_ms: i64) -> String {
        let mut text = String::new();
        // Writing to a text cannot fail.
        let written = self.write_table(&mut text, now_ms);
        debug_assert!(written.is_ok());
        text
    }

    fn write_table(&self, out: &mut String, now: i64) -> std::fmt::Result {
        let fold = &self.fold;
        let last = fold.committed_at();
        let ago = last.map_or(0, |last| (now - last.as_millis()).max(0) / 1000);
        let last = last.map_or_else(String::new, |last| last.to_string());
        writeln!(out, "log {}  {}", print::bold(self.log.name()), fold.origin().unwrap_or_default())?;
        writeln!(
            out,
            "  {} records, {} commits, {} gaps; last commit {last} ({} s ago)",
            print::count(fold.records()),
            print::count(fold.size()),
            fold.gaps().len(),
            print::count(u64::try_from(ago).unwrap_or(0)),
        )?;
        let (commits, records, bytes) = self.of_the_last_day(now);
        writeln!(
            out,
            "  last 24 h: {} records, {} commits, {}",
            print::count(records),
            print::count(commits),
            print::bytes(bytes)
        )?;
        for filter in fold.filters().values() {
            writeln!(out, "  filter {}", filter_line(filter))?;
        }
        for stream in fold.streams().values() {
            let state = if stream.ended.is_some() { "ended" } else { "read" };
            writeln!(out, "  stream {} {} ({state})", stream.arn.label(), stream.view_type)?;
        }
        for ((stream, shard), position) in fold.positions() {
            writeln!(out, "    {stream} {shard}  {}{}", place(&position), clock(&position, now))?;
        }
        if let Some(left) = loss_clock_ms(fold, now) {
            writeln!(out, "  loss clock: {}", loss(left))?;
        }
        Ok(())
    }

    fn of_the_last_day(&self, now_ms: i64) -> (u64, u64, u64) {
        let of_the_day = self.lately.iter().filter(|(at_ms, ..)| now_ms - at_ms <= DAY_MS);
        of_the_day.fold((0, 0, 0), |(commits, records, bytes), (_, more, size)| {
            (commits + 1, records + more, bytes + size)
        })
    }

    pub(super) fn as_json(&self, now_ms: i64) -> Value {
        let fold = &self.fold;
        let positions = fold.positions();
        let shard = |((stream, shard), position): (&(_, _), &ShardPosition)| json!({ "stream": stream, "shard": shard, "parent": position.parent, "last": position.last, "ended": position.done, "as_of": position.as_of });
        let (commits, records, bytes) = self.of_the_last_day(now_ms);
        json!({
            "log": self.log.name(), "origin": fold.origin(), "commits": fold.size(), "records": fold.records(),
            "last_commit_at": fold.committed_at(), "loss_clock_ms": loss_clock_ms(fold, now_ms), "gaps": fold.gaps(),
            "key": fold.key(), "shards": positions.iter().map(shard).collect::<Vec<_>>(), "filters": fold.filters().values().collect::<Vec<_>>(),
            "last_day": { "commits": commits, "records": records, "bytes": bytes },
        })
    }
}

fn note(commit: &Commit, lately: &mut VecDeque<(i64, u64, u64)>) {
    let at_ms = commit.committed_at.as_millis();
    let batch = commit.batch.as_ref();
    let bytes = batch.map_or(0, |batch| batch.objects.iter().map(|object| object.bytes).sum());
    lately.push_back((at_ms, batch.map_or(0, |batch| batch.records), bytes));
    // Dates of commits never go back.
    while lately.front().is_some_and(|(first_ms, ..)| at_ms - first_ms > DAY_MS) {
        lately.pop_front();
    }
}

/// What a filter has decided since it was pinned.
fn filter_line(filter: &FilterUse) -> String {
    let FilterUse { name, component, mode, decisions, .. } = filter;
    let mode = match mode {
        FilterMode::Enforce => "enforced",
        FilterMode::Shadow => "shadow",
        FilterMode::Bypassed => "BYPASSED",
    };
    format!(
        "{name} {:.12} ({mode}): {} kept, {} dropped, {} redacted, {} failed",
        component.to_string(),
        print::count(decisions.keep),
        print::count(decisions.drop),
        print::count(decisions.redact),
        print::count(decisions.fault),
    )
}

/// How long ago the archive heard of a shard that goes on.
fn clock(position: &ShardPosition, now_ms: i64) -> String {
    let ago = position.as_of.filter(|_| !position.done).map(|as_of| now_ms - as_of.as_millis());
    ago.map_or_else(String::new, |ago| format!(", seen {} ago", print::span(ago)))
}

/// The least time until a change that is not in the archive may be gone: over all shards that go on, counted from the
/// commit that last spoke of each. A running writer knows better; this is what the archive alone can say.
fn loss_clock_ms(fold: &Fold, now_ms: i64) -> Option<i64> {
    let positions = fold.positions();
    let open = positions.values().filter(|position| !position.done);
    open.filter_map(|position| Some(RETENTION_MS - (now_ms - position.as_of?.as_millis()).max(0))).min()
}

fn loss(left_ms: i64) -> String {
    if left_ms > 0 {
        format!("{} until a change that no writer has read may be gone", print::span(left_ms))
    } else {
        format!(
            "run out {} ago: changes that no writer has read are probably gone; start `sealog run`, which declares them",
            print::span(-left_ms)
        )
    }
}

fn place(position: &ShardPosition) -> String {
    let last = match (position.last, position.began) {
        (Some(last), _) => format!("at {last}"),
        (None, ReadFrom::Latest) => "nothing yet, from latest".to_owned(),
        (None, ReadFrom::TrimHorizon | ReadFrom::After(_)) => "nothing yet".to_owned(),
    };
    if position.done { format!("{last}, ended") } else { last }
}
