//! Commits and folds as a whole, and the vectors that FORMAT.md shows.

use std::fmt::Write as _;

use base64::Engine as _;
use proptest::prelude::*;
use sealog_record::{ChangeRecord, Decision, EvidenceRow, Gap, GapCause, Timestamp, ViewType};

use crate::*;

mod snapshot;

const TABLE: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders";
const LABEL: &str = "2026-11-22T00:00:00.000";

fn key() -> SigningKey {
    SigningKey::from_seed("example", [1; 32]).unwrap()
}

fn genesis() -> Fact {
    Fact::Genesis {
        holds: "dynamodb-changes".to_owned(),
        table_arn: TABLE.parse().unwrap(),
        view_type: ViewType::NewAndOldImages,
        key: key().verifier().to_string(),
        policies: Policies { heartbeat_seconds: 3600, retention: None, on_gap: OnGap::Halt },
    }
}

fn opened(start: StartAt) -> Fact {
    Fact::StreamOpened {
        arn: format!("{TABLE}/stream/{LABEL}").parse().unwrap(),
        view_type: ViewType::NewAndOldImages,
        start,
        at: Timestamp::from_millis(1_795_342_529_000),
    }
}

/// What comes next on `fold`: facts, and segments without objects (the fold does not look at rows).
fn next(fold: &Fold, facts: Vec<Fact>, segments: Vec<Segment>) -> Commit {
    let records = segments.iter().map(|segment| segment.rows).sum();
    let object = |rows| BatchObject {
        key: evidence_key(&EMPTY_ROOT),
        schema: SCHEMA.to_owned(),
        bytes: 1,
        sha256: EMPTY_ROOT,
        rows,
    };
    let batch = Batch {
        records,
        records_root: EMPTY_ROOT,
        objects: (records > 0).then(|| object(records)).into_iter().collect(),
        segments,
        decisions: Decisions { keep: records, ..Decisions::default() },
        filters: vec![],
    };
    Commit {
        format: FORMAT.to_owned(),
        origin: format!("sealog/{TABLE}"),
        number: fold.size(),
        previous: fold.previous(),
        committed_at: Timestamp::from_millis(1_795_342_530_123),
        writer: Writer { id: "host-1-0".to_owned(), build: "sealog 0.1.0".to_owned() },
        batch: (!batch.segments.is_empty()).then_some(batch),
        facts,
    }
}

fn begun(start: StartAt) -> Fold {
    let mut fold = Fold::default();
    let commit = next(&fold, vec![genesis(), opened(start)], vec![]);
    fold.apply(&commit.render().unwrap(), None).unwrap();
    fold
}

/// A segment in shorthand: `shard after-last`, `rows` rows.
fn segment(shard: &str, from: SegmentFrom, after: Option<&str>, last: Option<&str>) -> Segment {
    Segment {
        stream: LABEL.parse().unwrap(),
        shard: shard.parse().unwrap(),
        parent: None,
        from,
        after: after.map(|text| text.parse().unwrap()),
        last: last.map(|text| text.parse().unwrap()),
        rows: u64::from(last.is_some()),
        closed: false,
    }
}

fn put(fold: &Fold, segments: Vec<Segment>) -> Result<Fold, ChainError> {
    let mut fold = fold.clone();
    let bytes = next(&fold, vec![], segments).render()?;
    fold.apply(&bytes, None)?;
    Ok(fold)
}

use SegmentFrom::{After, Latest, TrimHorizon};

#[test]
fn format_md_shows_what_this_code_computes() {
    let change = ChangeRecord {
        sequence_number: "100000000003498069978",
        event_id: Some("e1"),
        event_name: Some("INSERT"),
        created_at: Some(1_795_342_529_000),
        size_bytes: Some(26),
        keys: Some(r#"{"id":{"S":"a"}}"#),
        new_image: Some(r#"{"id":{"S":"\u0061"}, "n":{"N":"1"}}"#),
        ..ChangeRecord::default()
    };
    let row = EvidenceRow { stream_label: LABEL, shard_id: "shardId-1", change, decision: Decision::KEEP };
    let mut encoded = Vec::new();
    sealog_record::encode_leaf(&row, &mut encoded);
    let commit = next(&Fold::default(), vec![genesis()], vec![]).render().unwrap();
    let mut tree = Tree::default();
    tree.push(leaf_hash(&commit));
    let checkpoint = Checkpoint { origin: format!("sealog/{TABLE}"), size: 1, root: tree.root() };
    let rotation = key_rotation_message("sealog/o", "a", "b");
    let mut shown = String::new();
    writeln!(shown, "e         {}", hex::encode(&encoded)).unwrap();
    writeln!(shown, "leaf      {}", leaf_hash(&encoded)).unwrap();
    writeln!(shown, "```\n\nSigning key (never use it; its seed is 32 bytes 0x01), its verifier key, commit 0, its SHA-256, and the checkpoint over it:\n\n```").unwrap();
    writeln!(shown, "{}", key().to_private_text()).unwrap();
    writeln!(shown, "{}", key().verifier()).unwrap();
    writeln!(shown, "{}", String::from_utf8_lossy(&commit)).unwrap();
    writeln!(shown, "{}", sha256(&commit)).unwrap();
    shown.push_str(&String::from_utf8_lossy(&checkpoint.sign(&[&key()]).render()));
    let signature = base64::engine::general_purpose::STANDARD.encode(key().sign(&rotation));
    writeln!(shown, "```\n\nSignature of that key over the rotation message of origin `sealog/o`, from `a`, to `b`:\n\n```").unwrap();
    writeln!(shown, "{signature}").unwrap();
    assert!(include_str!("../FORMAT.md").contains(&shown), "FORMAT.md, section 9, should show\n{shown}");
}

#[test]
fn a_commit_has_one_form() {
    let bytes = next(&Fold::default(), vec![genesis()], vec![]).render().unwrap();
    let text = String::from_utf8(bytes.clone()).unwrap();
    assert!(Commit::parse(&bytes).is_ok());
    for other in [
        format!("{text}\n"),
        text.replace(r#""number":0"#, r#""number": 0"#),
        text.replace(r#""number":0"#, r#""number":0,"number":0"#),
        text.replace(r#""number":0"#, r#""number":0,"note":"x""#),
        text.replace(r#""number":0,"previous":null"#, r#""previous":null,"number":0"#),
        text.replace(r#""previous":null,"#, ""),
        text.replace(r#""number":0"#, r#""number":0.0"#),
        text.replace("sealog.commit/1", "sealog.commit/2"),
        text.replace("\"kind\":\"genesis\"", "\"kind\":\"genesis\",\"more\":1"),
        text.replace("eu-west-1", "eu-west\\u002d1"),
    ] {
        assert_ne!(other, text);
        assert!(Commit::parse(other.as_bytes()).is_err(), "{other}");
    }
}

#[test]
fn a_commit_too_large_for_a_log_entry_is_not_rendered() {
    let segments = (0..300).map(|n| segment(&format!("shard-{n:0100}"), TrimHorizon, None, None)).collect();
    assert!(matches!(
        next(&begun(StartAt::TrimHorizon), vec![], segments).render(),
        Err(ChainError::TooLarge { .. })
    ));
}

#[test]
fn counts_that_disagree_are_refused() {
    let mut commit =
        next(&begun(StartAt::TrimHorizon), vec![], vec![segment("s", TrimHorizon, None, Some("5"))]);
    commit.batch.as_mut().unwrap().decisions.keep = 2;
    assert!(matches!(commit.render(), Err(ChainError::Counts(_))));
}

#[test]
fn segments_join_and_nothing_else_does() {
    let fold = begun(StartAt::TrimHorizon);
    let fold = put(&fold, vec![segment("s", TrimHorizon, None, None)]).unwrap();
    let fold = put(
        &fold,
        vec![segment("s", TrimHorizon, None, Some("5")), segment("s", After, Some("5"), Some("9"))],
    )
    .unwrap();
    assert_eq!(fold.positions().values().next().unwrap().last.unwrap().as_str(), "9");
    for wrong in [
        segment("s", After, Some("5"), Some("9")),
        segment("s", After, Some("10"), Some("11")),
        segment("s", After, Some("09"), Some("11")),
        segment("s", TrimHorizon, None, Some("11")),
        segment("s", Latest, None, None),
        segment("t", Latest, None, None),
        segment("t", After, Some("1"), Some("2")),
    ] {
        assert!(matches!(put(&fold, vec![wrong.clone()]), Err(ChainError::Segment { .. })), "{wrong:?}");
    }
}

#[test]
fn a_closed_shard_stays_closed_and_its_child_waits_for_a_later_commit() {
    let fold = begun(StartAt::TrimHorizon);
    let mut parent = segment("p", TrimHorizon, None, Some("5"));
    parent.closed = true;
    let mut child = segment("c", TrimHorizon, None, Some("7"));
    child.parent = Some("p".parse().unwrap());
    assert!(put(&fold, vec![parent.clone(), child.clone()]).is_err());
    let fold = put(&fold, vec![parent]).unwrap();
    assert!(put(&fold, vec![child]).is_ok());
    assert!(put(&fold, vec![segment("p", After, Some("5"), Some("6"))]).is_err());
}

#[test]
fn latest_needs_a_stream_that_began_there() {
    let fold = begun(StartAt::Latest);
    let fold = put(&fold, vec![segment("s", Latest, None, None)]).unwrap();
    assert!(put(&fold, vec![segment("s", TrimHorizon, None, Some("5"))]).is_err());
    assert!(put(&fold, vec![segment("s", Latest, None, Some("5"))]).is_ok());
}

#[test]
fn after_a_gap_a_shard_goes_on_behind_it() {
    let gap = |after: &str| {
        Fact::Gap(Gap {
            stream: LABEL.parse().unwrap(),
            shard: Some("s".parse().unwrap()),
            after: Some(after.parse().unwrap()),
            first: None,
            cause: GapCause::Trimmed,
            ends_shard: false,
            noticed_at: Timestamp::from_millis(0),
        })
    };
    let fold = put(&begun(StartAt::TrimHorizon), vec![segment("s", TrimHorizon, None, Some("5"))]).unwrap();
    let apply = |facts, segments| {
        let mut fold = fold.clone();
        let bytes = next(&fold, facts, segments).render().unwrap();
        fold.apply(&bytes, None).map(|_| fold)
    };
    assert!(apply(vec![gap("4")], vec![]).is_err());
    assert!(apply(vec![gap("5")], vec![segment("s", TrimHorizon, None, Some("3"))]).is_err());
    let after = apply(vec![gap("5")], vec![segment("s", TrimHorizon, None, Some("8"))]).unwrap();
    assert_eq!(after.gaps().len(), 1);
}

#[test]
fn links_numbers_times_and_origins_are_checked() {
    let fold = begun(StartAt::TrimHorizon);
    let good = next(&fold, vec![Fact::CaptureStarted {}], vec![]);
    let apply = |change: &dyn Fn(&mut Commit)| {
        let mut commit = good.clone();
        change(&mut commit);
        fold.clone().apply(&commit.render().unwrap(), None).map(|_| ())
    };
    assert_eq!(apply(&|_| ()), Ok(()));
    assert!(matches!(apply(&|c| c.number = 2), Err(ChainError::Number { .. })));
    assert!(matches!(apply(&|c| c.origin = "sealog/x".to_owned()), Err(ChainError::Origin { .. })));
    assert!(matches!(apply(&|c| c.committed_at = Timestamp::from_millis(0)), Err(ChainError::Time { .. })));
    assert!(matches!(
        apply(&|c| c.previous = Some(Previous { sha256: EMPTY_ROOT, version_id: None })),
        Err(ChainError::Previous { .. })
    ));
    assert!(matches!(apply(&|c| c.facts = vec![genesis()]), Err(ChainError::Genesis(_))));
}

#[test]
fn only_the_key_in_force_can_hand_over() {
    let new = SigningKey::from_seed("new", [2; 32]).unwrap();
    let (from, to) = (key().verifier().to_string(), new.verifier().to_string());
    let rotate = |signer: &SigningKey| {
        let message = key_rotation_message(&format!("sealog/{TABLE}"), &from, &to);
        let signature = base64::engine::general_purpose::STANDARD.encode(signer.sign(&message));
        let mut fold = begun(StartAt::TrimHorizon);
        let fact = Fact::KeyRotated { from: from.clone(), to: to.clone(), signature };
        let bytes = next(&fold, vec![fact], vec![]).render().unwrap();
        fold.apply(&bytes, None).map(|_| fold)
    };
    assert_eq!(rotate(&key()).unwrap().key(), Some(to.as_str()));
    assert!(matches!(rotate(&new), Err(ChainError::Signature(_))));
}

proptest! {
    #[test]
    fn no_bytes_make_the_commit_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Commit::parse(&bytes).is_err());
    }

    #[test]
    fn odd_texts_survive_a_round_trip(id in "\\PC{0,40}", build in any::<String>(), millis in 0_i64..4_000_000_000_000) {
        let mut commit = next(&Fold::default(), vec![genesis()], vec![]);
        commit.writer = Writer { id, build };
        commit.committed_at = Timestamp::from_millis(millis);
        let bytes = commit.render().unwrap();
        prop_assert_eq!(Commit::parse(&bytes).unwrap(), commit);
    }
}
