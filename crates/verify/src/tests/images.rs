//! Items whose images join, or do not; pauses; and a log of which only a part is looked at.

use sealog_chain::Fact;
use sealog_record::Timestamp;

use super::writer::{BEGIN_MS, Draft, Row, row, segment};
use super::{Case, TOUCHED, UNTOUCHED, check, check_cases, options, sample};
use crate::{Code, Depth, Outcome, Report, Sample, VerifyOptions};

fn changes(first: u64, changes: &[(&'static str, u64, u64)]) -> Vec<Row> {
    let numbered = (first..).zip(changes);
    numbered.map(|(number, change)| Row { change: Some(*change), ..row("D", number) }).collect()
}

/// Commit 6 and 7: changes of items in shard D.
fn two_commits(draft: &mut Draft, earlier: &[Row], later: &[Row]) {
    let mut behind = 404;
    for rows in [earlier, later] {
        let last = rows.last().unwrap().sequence.parse().unwrap();
        let stated = segment("D", None, Some(behind), Some(last), rows.len() as u64);
        let batch = draft.batch(&[rows.to_vec()], vec![stated]);
        draft.push(Vec::new(), Some(batch));
        behind = last;
    }
}

pub(super) const CASES: &[Case] = &[
    Case {
        about: "each change begins where the one before ended",
        draft: |draft| {
            let earlier = changes(405, &[("a", 0, 1), ("a", 1, 2), ("b", 9, 0)]);
            two_commits(draft, &earlier, &changes(408, &[("a", 2, 0), ("b", 0, 9), ("a", 0, 5)]));
        },
        ..UNTOUCHED
    },
    Case {
        about: "a change is missing",
        draft: |draft| {
            two_commits(draft, &changes(405, &[("a", 1, 2)]), &changes(406, &[("b", 1, 2), ("a", 3, 4)]));
        },
        findings: &["image-break commit=7 object=e7.0 shard=D row=1"],
        ..TOUCHED
    },
    Case {
        about: "a removed item is changed",
        draft: |draft| two_commits(draft, &changes(405, &[("a", 1, 0)]), &changes(406, &[("a", 1, 4)])),
        findings: &["image-break commit=7 object=e7.0 shard=D row=0"],
        ..TOUCHED
    },
    Case {
        about: "of an item that a filter dropped a change of nothing is said",
        draft: |draft| {
            let mut rows = changes(406, &[("a", 5, 6), ("a", 7, 8)]);
            rows[0].verdict = "drop";
            two_commits(draft, &changes(405, &[("a", 1, 2)]), &rows);
        },
        ..UNTOUCHED
    },
    Case {
        about: "an object in between is gone: that is the finding",
        draft: |draft| {
            two_commits(draft, &changes(405, &[("a", 1, 2)]), &changes(406, &[("a", 2, 3)]));
            let batch = draft
                .batch(&[changes(407, &[("a", 8, 9)])], vec![segment("D", None, Some(406), Some(407), 1)]);
            draft.push(Vec::new(), Some(batch));
            let gone = draft.commits[7].batch.as_ref().unwrap().objects[0].key.clone();
            draft.files.remove(&gone);
        },
        findings: &["object-missing commit=7 object=e7.0"],
        ..TOUCHED
    },
    Case {
        about: "nobody wrote for more than two hours",
        draft: |draft| {
            draft.push(vec![Fact::Heartbeat { polled_since: None }], None);
            draft.commits[6].committed_at = Timestamp::from_millis(BEGIN_MS + 5_000 + 7_200_001);
        },
        options: |options, _| options.now = Timestamp::from_millis(BEGIN_MS + 7_300_000),
        findings: &["heartbeat-late commit=6"],
        ..UNTOUCHED
    },
    Case {
        about: "two hours to the millisecond are no pause",
        draft: |draft| {
            draft.push(vec![Fact::Heartbeat { polled_since: None }], None);
            draft.commits[6].committed_at = Timestamp::from_millis(BEGIN_MS + 5_000 + 7_200_000);
        },
        options: |options, _| options.now = Timestamp::from_millis(BEGIN_MS + 7_300_000),
        ..UNTOUCHED
    },
];

#[test]
fn images_and_pauses() {
    check_cases(CASES);
}

/// The sample without its evidence, looked at as `options` say.
fn bare(bend: impl FnOnce(&mut VerifyOptions)) -> Report {
    let mut files = sample().seal();
    files.retain(|name, _| !name.starts_with("evidence/"));
    let mut options = options();
    bend(&mut options);
    check(&files, &options)
}

fn missing(report: &Report) -> Vec<u64> {
    let mut found: Vec<_> = report.logs[0]
        .findings
        .iter()
        .map(|finding| {
            assert_eq!(finding.code, Code::ObjectMissing);
            finding.commit.unwrap()
        })
        .collect();
    found.dedup();
    assert_eq!(report.outcome == Outcome::Tampered, !found.is_empty());
    found
}

#[test]
fn only_the_evidence_that_is_asked_for_is_looked_at() {
    assert_eq!(missing(&bare(|_| ())), [1, 2, 3, 4]);
    assert_eq!(missing(&bare(|options| options.depth = Depth::Objects)), [1, 2, 3, 4]);
    assert_eq!(missing(&bare(|options| options.depth = Depth::Chain)), [0; 0]);
    assert_eq!(missing(&bare(|options| (options.first, options.last) = (2, Some(3)))), [2, 3]);
    let checked = bare(|options| options.last = Some(1)).logs[0].checked;
    assert_eq!((checked.commits, checked.objects, checked.rows), (1, 2, 0));
}

#[test]
fn a_checkpoint_that_was_kept_spares_what_it_covers_and_proves_that_the_log_continues_it() {
    let sealed = sample().seal();
    let since = |number: u64| {
        let kept = sealed[&sealog_chain::checkpoint_key(number)].to_vec();
        move |options: &mut VerifyOptions| (options.checkpoint, options.since) = (Some(kept), true)
    };
    assert_eq!(missing(&bare(since(3))), [3, 4]);
    assert_eq!(missing(&bare(since(6))), [0; 0]);
    let report = bare(since(3));
    assert_eq!((report.logs[0].scope.since, report.logs[0].scope.first), (Some(3), 3));
    // The same checkpoint against a log that was rewritten below it.
    let mut rewritten = sample();
    rewritten.commits[1].writer.id = "other".to_owned();
    let mut options = options();
    since(3)(&mut options);
    let found = check(&rewritten.seal(), &options).logs.remove(0).findings;
    let found: Vec<_> = found.iter().map(|finding| (finding.code, finding.commit)).collect();
    assert_eq!(found, [(Code::RootMismatch, Some(2))]);
}

#[test]
fn a_sample_is_drawn_by_its_seed_and_only_from_commits_with_rows() {
    let drawn =
        |commits: u64, seed: u64| missing(&bare(|options| options.sample = Some(Sample { commits, seed })));
    assert_eq!(drawn(9, 1), [1, 2, 3, 4]);
    let twos: std::collections::BTreeSet<_> = (0..60).map(|seed| drawn(2, seed)).collect();
    assert_eq!(twos.len(), 6, "each pair of four must come up: {twos:?}");
    assert_eq!(drawn(2, 7), drawn(2, 7));
}

#[test]
fn sizes_are_compared_without_reading() {
    let mut files = sample().seal();
    let name = files.keys().find(|name| name.starts_with("evidence/")).unwrap().clone();
    let mut bytes = files[&name].to_vec();
    bytes[40] ^= 1;
    files.insert(name.clone(), bytes.clone().into());
    let objects = VerifyOptions { depth: Depth::Objects, ..options() };
    // This store states no checksum, and the report says so.
    let report = check(&files, &objects);
    assert_eq!(
        (report.outcome, report.logs[0].checked.hashed, report.logs[0].checked.objects),
        (Outcome::Intact, 0, 5)
    );
    assert_eq!(check(&files, &options()).outcome, Outcome::Tampered);
    bytes.push(0);
    files.insert(name.clone(), bytes.into());
    let found = &check(&files, &objects).logs[0].findings[0];
    assert_eq!((found.code, found.object.as_deref()), (Code::ObjectChanged, Some(name.as_str())));
}
