//! Random archives that keep every rule must pass, whatever their shape and however they are read.

use std::sync::Arc;

use proptest::prelude::*;
use sealog_chain::{Fact, Segment, StartAt};
use sealog_record::{Gap, GapCause, Timestamp};

use super::writer::{BEGIN_MS, Draft, LABEL, LOG, Row, closing, key, row, segment, stored};
use super::{check, options};
use crate::{Code, Outcome, Progress, VerifyOptions, verify};

/// One thing that happens in a random log; numbers choose among what is possible then.
#[derive(Debug, Clone)]
enum Step {
    /// Rows for several shards, cut into objects of so many rows.
    Rows { shards: Vec<(usize, u64)>, cut: usize },
    /// A shard ends; so many children follow later.
    Close { shard: usize, children: usize },
    /// Changes of a shard are lost.
    Lose { shard: usize },
    /// A fact alone.
    Heartbeat,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (prop::collection::vec((any::<usize>(), 1_u64..6), 1..4), 1_usize..5)
            .prop_map(|(shards, cut)| Step::Rows { shards, cut }),
        2 => (any::<usize>(), 1_usize..3).prop_map(|(shard, children)| Step::Close { shard, children }),
        1 => any::<usize>().prop_map(|shard| Step::Lose { shard }),
        1 => Just(Step::Heartbeat),
    ]
}

/// An open shard of a random log.
struct Open {
    name: String,
    parent: Option<String>,
    last: Option<u64>,
    /// Behind a gap it begins anew, but not with old numbers.
    floor: u64,
}

struct World {
    draft: Draft,
    open: Vec<Open>,
    named: usize,
    gaps: bool,
}

impl World {
    fn new() -> Self {
        let mut world =
            Self { draft: Draft::begun(StartAt::TrimHorizon), open: Vec::new(), named: 0, gaps: false };
        world.open_shard(None);
        world.open_shard(None);
        world
    }

    fn open_shard(&mut self, parent: Option<String>) {
        self.named += 1;
        self.open.push(Open { name: format!("shard-{}", self.named), parent, last: None, floor: 0 });
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Rows { shards, cut } => self.rows(shards, *cut),
            Step::Close { shard, children } => self.close(*shard, *children),
            Step::Lose { shard } => self.lose(*shard),
            Step::Heartbeat => self.draft.push(vec![Fact::Heartbeat { polled_since: None }], None),
        }
    }

    fn rows(&mut self, shards: &[(usize, u64)], cut: usize) {
        let (mut rows, mut segments) = (Vec::new(), Vec::new());
        for (shard, count) in shards {
            let place = shard % self.open.len();
            let open = &mut self.open[place];
            let first = open.last.unwrap_or(open.floor) + 3;
            rows.extend((first..first + count).map(|number| decided(&open.name, number)));
            segments.push(open.segment(Some(first + count - 1), *count));
            open.last = Some(first + count - 1);
        }
        let objects: Vec<_> = rows.chunks(cut).map(<[Row]>::to_vec).collect();
        let batch = self.draft.batch(&objects, segments);
        self.draft.push(Vec::new(), Some(batch));
    }

    fn close(&mut self, shard: usize, children: usize) {
        let open = self.open.remove(shard % self.open.len());
        let batch = self.draft.batch(&[], vec![closing(open.segment(None, 0))]);
        self.draft.push(Vec::new(), Some(batch));
        for _ in 0..children {
            self.open_shard(Some(open.name.clone()));
        }
        // That it is known is worth a segment of its own, and the parent has its child.
        let looked = self.open.last().unwrap().segment(None, 0);
        let batch = self.draft.batch(&[], vec![looked]);
        self.draft.push(Vec::new(), Some(batch));
    }

    fn lose(&mut self, shard: usize) {
        let place = shard % self.open.len();
        let open = &mut self.open[place];
        let known = open.last.or((open.floor > 0).then_some(open.floor));
        let gap = Gap {
            stream: LABEL.parse().unwrap(),
            shard: Some(open.name.parse().unwrap()),
            after: known.map(|number| number.to_string().parse().unwrap()),
            first: None,
            cause: GapCause::Trimmed,
            ends_shard: false,
            noticed_at: Timestamp::from_millis(BEGIN_MS),
        };
        (open.floor, open.last) = (known.unwrap_or(0), None);
        self.gaps = true;
        self.draft.push(vec![Fact::Gap(gap)], None);
    }
}

impl Open {
    fn segment(&self, last: Option<u64>, rows: u64) -> Segment {
        segment(&self.name, self.parent.as_deref(), self.last, last, rows)
    }
}

fn decided(shard: &str, number: u64) -> Row {
    let (verdict, reason) = match number % 5 {
        0 => ("drop", Some("test")),
        1 => ("redact", None),
        2 => ("keep", Some("fault:trap")),
        _ => ("keep", None),
    };
    Row { verdict, reason, ..row(shard, number) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn archives_that_keep_every_rule_pass(steps in prop::collection::vec(step(), 0..25)) {
        let mut world = World::new();
        steps.iter().for_each(|step| world.play(step));
        let files = world.draft.seal();
        let report = check(&files, &options());
        let expected = if world.gaps { Outcome::IntactWithDeclaredGaps } else { Outcome::Intact };
        prop_assert_eq!(report.outcome, expected, "{:#?}", &report.logs);
        let others = report.logs[0].findings.iter().filter(|finding| finding.code != Code::GapDeclared);
        prop_assert_eq!(others.count(), 0, "{:#?}", &report.logs);
    }

    /// A byte anywhere but in names: found, or without effect because another copy says the same.
    #[test]
    fn hostile_bytes_give_findings_and_no_panic(
        place in any::<prop::sample::Index>(), cut in any::<prop::sample::Index>(), with in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let mut files = super::sample().seal();
        let name = files.keys().nth(place.index(files.len())).unwrap().clone();
        let old = files[&name].to_vec();
        let at = cut.index(old.len());
        let mut new = old.clone();
        new.splice(at..(at + with.len()).min(old.len()), with);
        files.insert(name, bytes::Bytes::from(new.clone()));
        let report = check(&files, &options());
        let bad = matches!(report.outcome, Outcome::Tampered | Outcome::Unverifiable);
        prop_assert_eq!(bad, new != old, "{:#?}", report);
    }
}

#[test]
fn findings_and_counts_do_not_depend_on_how_many_read_at_once() {
    let mut files = super::sample().seal();
    files.retain(|name, _| !name.starts_with("evidence/a") && !name.starts_with("evidence/4"));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).build().unwrap();
    let store = runtime.block_on(stored(&[(LOG, &files)]));
    let mut reports = Vec::new();
    for readers in [0, 1, 3, 64] {
        let options = VerifyOptions { readers, ..options() };
        let progress = Progress::default();
        let store: Arc<dyn sealog_store::Store> = store.clone();
        reports.push(runtime.block_on(verify(store, "archive", &options, &progress)));
        let totals = progress.totals();
        assert_eq!((totals.commits_done, totals.objects_done), (totals.commits_total, totals.objects_total));
        assert_eq!((totals.commits_total, totals.objects_total), (6, 5));
    }
    assert!(reports.iter().all(|report| *report == reports[0]));
    assert_eq!(key().verifier().name(), "log");
}
