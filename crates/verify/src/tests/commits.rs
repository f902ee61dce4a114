//! Commits: names, form, links, and the rules by which they continue each other.

use bytes::Bytes;
use sealog_chain::{
    Commit, Fact, Hash, Previous, SegmentFrom, SigningKey, StartAt, StreamEnd, commit_key,
    key_rotation_message,
};
use sealog_record::{Gap, GapCause, Timestamp};

use super::writer::{
    BEGIN_MS, Draft, Files, LABEL, TABLE, closing, key, next_key, opened, policies, row, segment,
};
use super::{Case, TOUCHED, UNTOUCHED, check, check_cases, options, sample};
use crate::Code;
use crate::Outcome::{Intact, IntactWithDeclaredGaps, Unverifiable};

fn edit(files: &mut Files, number: u64, edit: impl FnOnce(&mut Commit)) {
    let bytes = files.get_mut(&commit_key(number)).unwrap();
    let mut commit: Commit = serde_json::from_slice(bytes).unwrap();
    edit(&mut commit);
    *bytes = Bytes::from(serde_json::to_vec(&commit).unwrap());
}

fn replace(files: &mut Files, number: u64, from: &str, to: &str) {
    let bytes = files.get_mut(&commit_key(number)).unwrap();
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    assert!(text.contains(from), "{text}");
    *bytes = Bytes::from(text.replacen(from, to, 1));
}

fn swap(files: &mut Files, a: u64, b: u64) {
    let (one, other) = (files[&commit_key(a)].clone(), files[&commit_key(b)].clone());
    files.insert(commit_key(a), other);
    files.insert(commit_key(b), one);
}

pub(super) const COMMITS_THAT_ARE_NOT_WHAT_THEY_WERE: &[Case] = &[
    UNTOUCHED,
    Case {
        about: "one removed from the middle",
        files: |files| drop(files.remove(&commit_key(2))),
        findings: &["commit-missing commit=2", "unsigned-tail commit=2"],
        ..TOUCHED
    },
    Case {
        about: "the last one removed",
        files: |files| drop(files.remove(&commit_key(5))),
        findings: &["checkpoint-ahead commit=5"],
        ..TOUCHED
    },
    Case {
        about: "an unknown member",
        files: |files| replace(files, 1, "\"facts\":[]", "\"facts\":[],\"note\":1"),
        findings: &["commit-malformed commit=1", "unsigned-tail commit=1"],
        ..TOUCHED
    },
    Case {
        about: "white space",
        files: |files| replace(files, 5, "{", "{ "),
        findings: &["commit-malformed commit=5", "unsigned-tail commit=5"],
        ..TOUCHED
    },
    Case {
        about: "no JSON at all",
        files: |files| drop(files.insert(commit_key(0), Bytes::from_static(b"\xff\x00"))),
        findings: &["commit-malformed commit=0", "unsigned-tail commit=0"],
        ..TOUCHED
    },
    Case {
        about: "counts that contradict each other",
        files: |files| edit(files, 1, |commit| commit.batch.as_mut().unwrap().decisions.keep += 1),
        findings: &["commit-malformed commit=1", "unsigned-tail commit=1"],
        ..TOUCHED
    },
    Case {
        about: "counts beyond any integer",
        files: |files| {
            edit(files, 1, |commit| {
                let batch = commit.batch.as_mut().unwrap();
                batch.segments[0].rows = u64::MAX;
                batch.segments[1].rows = 9;
            });
        },
        findings: &["commit-malformed commit=1", "unsigned-tail commit=1"],
        ..TOUCHED
    },
    Case {
        about: "a newer format",
        files: |files| replace(files, 2, "sealog.commit/1", "sealog.commit/2"),
        findings: &["format-unknown commit=2", "unsigned-tail commit=2"],
        outcome: Unverifiable,
        ..TOUCHED
    },
    Case {
        about: "something that is no format of ours",
        files: |files| replace(files, 2, "sealog.commit/1", "sealed.commit/2"),
        findings: &["commit-malformed commit=2", "unsigned-tail commit=2"],
        ..TOUCHED
    },
    Case {
        about: "two swapped",
        files: |files| swap(files, 2, 3),
        findings: &["commit-misplaced commit=2", "unsigned-tail commit=2", "commit-misplaced commit=3"],
        ..TOUCHED
    },
    Case {
        about: "one changed",
        files: |files| edit(files, 2, |commit| commit.writer.id = "x".to_owned()),
        findings: &["unsigned-tail commit=2", "commit-changed commit=2", "root-mismatch commit=2"],
        ..TOUCHED
    },
    Case {
        about: "two neighbours changed: each is named by its own pair",
        files: |files| {
            edit(files, 2, |commit| commit.writer.id = "x".to_owned());
            edit(files, 3, |commit| {
                commit.previous = Some(Previous { sha256: Hash::default(), version_id: None });
            });
        },
        findings: &["unsigned-tail commit=2", "root-mismatch commit=2", "commit-changed commit=3"],
        ..TOUCHED
    },
    Case {
        about: "the last one changed: only a checkpoint tells",
        files: |files| edit(files, 5, |commit| commit.writer.id = "x".to_owned()),
        findings: &["unsigned-tail commit=5", "root-mismatch commit=5"],
        ..TOUCHED
    },
    Case {
        about: "names of no commit and no checkpoint",
        files: |files| {
            files.insert("commits/7.json".to_owned(), Bytes::new());
            files.insert("checkpoints/7".to_owned(), Bytes::new());
            files.insert("evidence/other".to_owned(), Bytes::new());
        },
        findings: &["foreign-object object=checkpoints/7", "foreign-object object=commits/7.json"],
        outcome: Intact,
        ..TOUCHED
    },
];

pub(super) const WHAT_A_SIGNER_MUST_NOT_STATE: &[Case] = &[
    Case {
        about: "another origin",
        draft: |draft| draft.commits[3].origin.push('x'),
        findings: &["origin-mismatch commit=3"],
        ..TOUCHED
    },
    Case {
        about: "an origin that is not the table's",
        draft: |draft| draft.commits.iter_mut().for_each(|commit| commit.origin.push('x')),
        findings: &["origin-mismatch commit=0"],
        ..TOUCHED
    },
    Case {
        about: "a date before the last one",
        draft: |draft| draft.commits[3].committed_at = Timestamp::from_millis(BEGIN_MS),
        findings: &["clock-backwards commit=3"],
        ..TOUCHED
    },
    Case {
        about: "no genesis",
        draft: |draft| drop(draft.commits[0].facts.remove(0)),
        findings: &["genesis-missing commit=0", "unsigned-tail commit=0"],
        ..TOUCHED
    },
    Case {
        about: "a second genesis",
        draft: |draft| {
            let genesis = draft.commits[0].facts[0].clone();
            draft.commits[2].facts.push(genesis);
        },
        findings: &["fact-contradiction commit=2"],
        ..TOUCHED
    },
    Case {
        about: "a stream opened twice",
        draft: |draft| draft.commits[2].facts.push(opened(LABEL, StartAt::TrimHorizon)),
        findings: &["fact-contradiction commit=2"],
        ..TOUCHED
    },
    Case {
        about: "segments of a stream that was not opened",
        draft: |draft| drop(draft.commits[0].facts.remove(1)),
        findings: &[
            "fact-contradiction commit=1",
            "fact-contradiction commit=2",
            "fact-contradiction commit=3",
            "fact-contradiction commit=4",
        ],
        ..TOUCHED
    },
    Case {
        about: "a stream closed before its shards",
        draft: |draft| draft.commits[5].facts.push(stream_closed()),
        findings: &["fact-contradiction commit=5"],
        ..TOUCHED
    },
    Case {
        about: "a gap over a stream that names records",
        draft: |draft| draft.commits[3].facts.push(gap(None, Some(1), GapCause::StreamVanished)),
        findings: &["commit-malformed commit=3", "unsigned-tail commit=3"],
        ..TOUCHED
    },
    Case {
        about: "a gap over a stream for a cause of shards",
        draft: |draft| draft.commits[3].facts.push(gap(None, None, GapCause::Trimmed)),
        findings: &["fact-contradiction commit=3", "gap-declared commit=3"],
        ..TOUCHED
    },
    Case {
        about: "something behind log_closed in its own commit and after it",
        draft: |draft| draft.commits[4].facts.push(Fact::LogClosed { reason: String::new() }),
        findings: &["fact-contradiction commit=4", "fact-contradiction commit=5"],
        ..TOUCHED
    },
    Case {
        about: "a heartbeat of more seconds than an integer has",
        draft: |draft| {
            let policies = sealog_chain::Policies { heartbeat_seconds: 1 << 53, ..policies() };
            draft.commits[5].facts.push(Fact::PolicyChanged { policies });
        },
        findings: &["commit-malformed commit=5", "unsigned-tail commit=5"],
        ..TOUCHED
    },
    Case {
        about: "a rotation that its old key did not sign",
        draft: |draft| draft.commits[2].facts.push(rotation(&next_key(), &key(), &next_key())),
        findings: &["fact-contradiction commit=2"],
        ..TOUCHED
    },
    Case {
        about: "a rotation of a key that is not in force",
        draft: |draft| draft.commits[2].facts.push(rotation(&next_key(), &next_key(), &key())),
        findings: &["fact-contradiction commit=2"],
        ..TOUCHED
    },
];

pub(super) const SEGMENTS_THAT_DO_NOT_JOIN: &[Case] = &[
    Case {
        about: "records are missing",
        draft: |draft| draft.segment(1, "A").last = Some("104".parse().unwrap()),
        findings: &["segment-mismatch commit=1 shard=A", "segment-hole commit=2 shard=A"],
        ..TOUCHED
    },
    Case {
        about: "records are repeated",
        draft: |draft| draft.segment(2, "A").after = Some("104".parse().unwrap()),
        findings: &["segment-replayed commit=2 shard=A"],
        ..TOUCHED
    },
    Case {
        about: "it begins at the oldest record again",
        draft: |draft| {
            let segment = draft.segment(2, "A");
            (segment.from, segment.after) = (SegmentFrom::TrimHorizon, None);
        },
        findings: &["segment-hole commit=2 shard=A"],
        ..TOUCHED
    },
    Case {
        about: "it goes on though nothing was there",
        draft: |draft| {
            let segment = draft.segment(3, "C");
            (segment.from, segment.after) = (SegmentFrom::After, Some("300".parse().unwrap()));
        },
        findings: &["segment-hole commit=3 shard=C"],
        ..TOUCHED
    },
    Case {
        about: "other digits for one number",
        draft: |draft| draft.segment(2, "A").after = Some("0105".parse().unwrap()),
        findings: &["fact-contradiction commit=2"],
        ..TOUCHED
    },
    Case {
        about: "it goes on after its end",
        draft: |draft| {
            let batch =
                draft.batch(&[vec![row("A", 109)]], vec![segment("A", None, Some(108), Some(109), 1)]);
            draft.push(Vec::new(), Some(batch));
        },
        findings: &["segment-replayed commit=6 shard=A"],
        ..TOUCHED
    },
    Case {
        about: "its last lies before its after",
        draft: |draft| {
            let batch =
                draft.batch(&[vec![row("D", 300)]], vec![segment("D", None, Some(404), Some(300), 1)]);
            draft.push(Vec::new(), Some(batch));
        },
        findings: &["fact-contradiction commit=6", "row-order commit=6 object=e6.0 row=0"],
        ..TOUCHED
    },
    Case {
        about: "latest in a stream read from its oldest on",
        draft: |draft| draft.segment(1, "A").from = SegmentFrom::Latest,
        findings: &["fact-contradiction commit=1"],
        ..TOUCHED
    },
    Case {
        about: "rows before the parent's end",
        draft: |draft| draft.segment(4, "D").parent = Some("C".parse().unwrap()),
        findings: &["parent-order commit=4 shard=D"],
        ..TOUCHED
    },
    Case {
        about: "rows in the commit of the parent's end",
        draft: |draft| {
            let segments = vec![
                closing(segment("D", None, Some(404), None, 0)),
                segment("E", Some("D"), None, Some(501), 1),
            ];
            let batch = draft.batch(&[vec![row("E", 501)]], segments);
            draft.push(Vec::new(), Some(batch));
        },
        findings: &["parent-order commit=6 shard=E"],
        ..TOUCHED
    },
    Case {
        about: "an end that nothing continues",
        draft: |draft| {
            let batch = draft.batch(&[], vec![closing(segment("D", None, Some(404), None, 0))]);
            draft.push(Vec::new(), Some(batch));
        },
        findings: &["children-missing shard=D"],
        outcome: Intact,
        ..TOUCHED
    },
];

pub(super) const GAPS_ARE_SHOWN_AND_MUST_FIT: &[Case] = &[
    Case {
        about: "a shard goes on behind a gap",
        draft: |draft| with_gap(draft, gap(Some("D"), Some(404), GapCause::Trimmed), &[501, 502]),
        findings: &["gap-declared commit=6 shard=D"],
        outcome: IntactWithDeclaredGaps,
        ..TOUCHED
    },
    Case {
        about: "rows behind a gap that lie before it",
        draft: |draft| with_gap(draft, gap(Some("D"), Some(404), GapCause::Trimmed), &[402, 403]),
        findings: &[
            "gap-declared commit=6 shard=D",
            "fact-contradiction commit=7",
            "row-order commit=7 object=e7.0 row=0",
        ],
        ..TOUCHED
    },
    Case {
        about: "rows behind a gap, the first of which was sealed before it",
        draft: |draft| with_gap(draft, gap(Some("D"), Some(404), GapCause::Trimmed), &[404, 405]),
        findings: &["gap-declared commit=6 shard=D", "row-order commit=7 object=e7.0 row=0"],
        ..TOUCHED
    },
    Case {
        about: "a gap that begins elsewhere",
        draft: |draft| with_gap(draft, gap(Some("D"), Some(400), GapCause::Trimmed), &[501]),
        findings: &["fact-contradiction commit=6", "gap-declared commit=6 shard=D"],
        ..TOUCHED
    },
    Case {
        about: "a gap in a shard that ended",
        draft: |draft| draft.commits[5].facts.push(gap(Some("A"), Some(108), GapCause::Trimmed)),
        findings: &["fact-contradiction commit=5", "gap-declared commit=5 shard=A"],
        ..TOUCHED
    },
    Case {
        about: "the whole stream vanished, then it is closed",
        draft: |draft| {
            draft.commits[5].facts.push(gap(None, None, GapCause::StreamVanished));
            draft.commits[5].facts.push(stream_closed());
        },
        findings: &["gap-declared commit=5"],
        outcome: IntactWithDeclaredGaps,
        ..TOUCHED
    },
    Case {
        about: "the time between two streams, before the newer one is opened",
        draft: |draft| {
            let Fact::Gap(between) = gap(None, None, GapCause::StreamDisabled) else { unreachable!() };
            let newer = "2026-11-23T00:00:00.000";
            draft.commits[5].facts.push(Fact::Gap(Gap { stream: newer.parse().unwrap(), ..between }));
            draft.commits[5].facts.push(opened(newer, StartAt::TrimHorizon));
        },
        findings: &["gap-declared commit=5"],
        outcome: IntactWithDeclaredGaps,
        ..TOUCHED
    },
    Case {
        about: "a gap in a stream that is not open",
        draft: |draft| draft.commits[0].facts.insert(1, gap(None, None, GapCause::StreamVanished)),
        findings: &["fact-contradiction commit=0", "gap-declared commit=0"],
        ..TOUCHED
    },
];

fn with_gap(draft: &mut Draft, gap: Fact, sequences: &[u64]) {
    draft.push(vec![gap], None);
    let rows: Vec<_> = sequences.iter().map(|sequence| row("D", *sequence)).collect();
    let count = rows.len() as u64;
    let batch = draft.batch(&[rows], vec![segment("D", None, None, sequences.last().copied(), count)]);
    draft.push(Vec::new(), Some(batch));
}

fn gap(shard: Option<&str>, after: Option<u64>, cause: GapCause) -> Fact {
    Fact::Gap(Gap {
        stream: LABEL.parse().unwrap(),
        shard: shard.map(|shard| shard.parse().unwrap()),
        after: after.map(|after| after.to_string().parse().unwrap()),
        first: None,
        cause,
        ends_shard: false,
        noticed_at: Timestamp::from_millis(BEGIN_MS),
    })
}

fn stream_closed() -> Fact {
    Fact::StreamClosed {
        stream: LABEL.parse().unwrap(),
        cause: StreamEnd::Vanished,
        at: Timestamp::from_millis(BEGIN_MS),
    }
}

/// A rotation between two keys, signed by a third or one of them.
pub(super) fn rotation(signer: &SigningKey, from: &SigningKey, to: &SigningKey) -> Fact {
    use base64::Engine as _;
    let (from, to) = (from.verifier().to_string(), to.verifier().to_string());
    let signature = signer.sign(&key_rotation_message(&format!("sealog/{TABLE}"), &from, &to));
    Fact::KeyRotated { from, to, signature: base64::engine::general_purpose::STANDARD.encode(signature) }
}

#[test]
fn commits_that_are_not_what_they_were() {
    check_cases(COMMITS_THAT_ARE_NOT_WHAT_THEY_WERE);
}

#[test]
fn what_a_signer_must_not_state() {
    check_cases(WHAT_A_SIGNER_MUST_NOT_STATE);
}

#[test]
fn segments_that_do_not_join() {
    check_cases(SEGMENTS_THAT_DO_NOT_JOIN);
}

#[test]
fn gaps_are_shown_and_must_fit() {
    check_cases(GAPS_ARE_SHOWN_AND_MUST_FIT);
}

#[test]
fn a_forged_name_far_ahead_is_one_finding() {
    let mut files = sample().seal();
    files.insert(commit_key(u64::MAX), Bytes::new());
    let found = check(&files, &options()).logs.remove(0).findings;
    let found: Vec<_> = found.iter().map(|finding| (finding.code, finding.commit)).collect();
    let tail = (Code::UnsignedTail, Some(6));
    assert_eq!(found, [(Code::CommitMissing, Some(6)), tail, (Code::CommitMalformed, Some(u64::MAX))]);
}
