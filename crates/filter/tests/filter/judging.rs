//! What a filter says, and what becomes of records.

use std::path::PathBuf;
use std::sync::LazyLock;

use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sealog_filter::{
    Answer, Counts, FaultClass, Filter, FilterError, FilterOptions, Host, Judged, Judgement, Mode, Notice,
    Opinion, Panel, RedactionSecret, Standing, Usage,
};
use sealog_record::{ChangeRecord, Verdict as RowVerdict};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::guest::{Edits, Guest, Verdict, drop, guest, redact};

static HOST: LazyLock<Host> = LazyLock::new(|| Host::new(None).unwrap());

pub(crate) fn host() -> Host {
    HOST.clone()
}

pub(crate) fn compiler() -> PathBuf {
    env!("CARGO_BIN_EXE_sealog-filter-compile").into()
}

pub(crate) fn load(guest: &Guest) -> Filter {
    host().load(&guest.component(), FilterOptions::default()).unwrap()
}

/// Records of one shard, numbered from 1000, whose attribute `t` is a text.
pub(crate) struct Records(Vec<(String, String)>);

impl Records {
    pub(crate) fn all(&self) -> Vec<ChangeRecord<'_>> {
        self.0
            .iter()
            .map(|(sequence, image)| ChangeRecord {
                sequence_number: sequence,
                event_name: Some("MODIFY"),
                keys: Some(r#"{"id":{"S":"1"}}"#),
                new_image: Some(image),
                ..ChangeRecord::default()
            })
            .collect()
    }
}

pub(crate) fn records(texts: &[&str]) -> Records {
    let record = |(place, text): (usize, &&str)| {
        ((1000 + place).to_string(), format!(r#"{{"id":{{"S":"1"}}, "t":{{"S":"{text}"}}}}"#))
    };
    Records(texts.iter().enumerate().map(record).collect())
}

pub(crate) const SECRET: RedactionSecret = RedactionSecret([7; 32]);

fn seat(name: &str, guest: &Guest, mode: Mode) -> Filter {
    let options = FilterOptions { name: Some(name.to_owned()), mode, ..FilterOptions::default() };
    host().load(&guest.component(), options).unwrap()
}

fn judge(filters: Vec<Filter>, texts: &[&str]) -> Judged {
    Panel::new(filters, Some(SECRET)).unwrap().judge("label", "shard", &records(texts).all()).unwrap()
}

fn with(tags: &[(&str, &str)], redact: &[u32], alert: Option<&str>) -> Verdict {
    let tags = tags.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Verdict::With(Edits { tags, redact: redact.to_vec(), alert: alert.map(str::to_owned) })
}

#[test]
fn a_filter_keeps_drops_and_says_what_it_used() {
    let filter = load(&guest().answers(&[Verdict::Keep, drop("why")]));
    assert_eq!((filter.name(), filter.manifest().version.as_str()), ("letters", "1.0.0"));
    assert_eq!(filter.config_sha256(), <[u8; 32]>::from(Sha256::digest("{}")));
    let evaluation = filter.evaluate(&records(&["a", "b", ""]).all());
    let answers: Vec<_> = evaluation.answers.unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [Answer::Keep, Answer::Drop("why".to_owned()), Answer::Keep]);
    let Usage { fuel, memory_peak, log_cut, .. } = evaluation.usage;
    assert!(fuel > 100 && memory_peak == 4 * 65_536 && !log_cut);
    assert_eq!(filter.evaluate(&[]).answers, Ok(Vec::new()));
    let many = vec![records(&["a"]).all()[0].sequence_number.to_owned(); 1_001];
    let many: Vec<_> = many
        .iter()
        .map(|sequence| ChangeRecord { sequence_number: sequence, ..ChangeRecord::default() })
        .collect();
    assert_eq!(filter.evaluate(&many).answers.unwrap_err().class, FaultClass::Limit);
}

#[test]
fn the_engine_is_named_as_it_is_linked() {
    let lock = include_str!("../../../../Cargo.lock");
    let (_, rest) = lock.split_once("name = \"wasmtime\"\nversion = \"").unwrap();
    let version = rest.split('"').next().unwrap();
    assert_eq!(sealog_filter::ENGINE, format!("wasmtime {version}"));
}

#[test]
fn the_first_drop_wins_and_later_filters_are_not_asked() {
    let (keep, first, second) = (Verdict::Keep, drop("why"), drop("large"));
    let judged = judge(
        vec![
            seat("one", &guest().answers(&[keep.clone(), first.clone(), keep.clone()]), Mode::Enforce),
            seat("two", &guest().answers(&[keep.clone(), second.clone(), second]), Mode::Enforce),
        ],
        &["a", "b", "c"],
    );
    let reasons: Vec<_> = judged.rows.iter().map(|row| row.reason.as_deref()).collect();
    assert_eq!(reasons, [None, Some("why"), Some("large")]);
    assert_eq!(judged.rows[0], Judgement::KEEP);
    assert_eq!(judged.counts[1], Counts { keep: 1, drop: 1, ..Counts::default() });
    let original = records(&["a", "b", "c"]);
    let archived = judged.rows[1].archived(&original.all()[1]);
    assert_eq!((archived.keys, archived.old_image, archived.new_image), (original.all()[1].keys, None, None));
    assert_eq!(judged.rows[1].decision().verdict, "drop");
}

#[test]
fn marks_unite_and_each_is_attributed() {
    let one = guest().answers(&[
        with(&[("x", "first"), ("quote", "\"\\\u{1}")], &[], None),
        with(&[], &[0], Some("why")),
        Verdict::Keep,
    ]);
    let two = guest().answers(&[
        with(&[("x", "second"), ("a", "")], &[], Some("large")),
        drop("why"),
        Verdict::Keep,
    ]);
    let (one, two) = (seat("one", &one, Mode::Enforce), seat("two", &two, Mode::Enforce));
    let (digest_one, digest_two) = (one.digest().to_string(), two.digest().to_string());
    let judged = judge(vec![one, two], &["a", "b", "c"]);
    assert_eq!(
        judged.rows[0].tags.as_deref(),
        Some(r#"{"a":"","quote":"\"\\\u0001","sealog:by":"one:tag,two:tag+alert","x":"first"}"#)
    );
    assert_eq!(judged.rows[0].reason.as_deref(), Some("large"));
    assert_eq!(judged.rows[0].filter.as_deref(), Some(digest_one.as_str()));
    // The second one drops what the first one would redact: nothing of it is there any more.
    assert_eq!((judged.rows[1].verdict, judged.rows[1].redactions.as_deref()), (RowVerdict::Drop, None));
    assert_eq!(judged.rows[1].filter.as_deref(), Some(digest_two.as_str()));
    assert_eq!(judged.rows[1].tags.as_deref(), Some(r#"{"sealog:by":"one:redact+alert,two:drop"}"#));
    assert_eq!(judged.rows[2], Judgement::KEEP);
    let alerts = judged.notices.iter().filter(|notice| matches!(notice, Notice::Alert { shadow: false, .. }));
    assert_eq!(alerts.count(), 2);
}

#[test]
fn a_fault_keeps_the_record_and_other_filters_still_have_their_say() {
    let trapping = seat("trapping", &guest(), Mode::Enforce);
    let marking = Guest { answers: vec![with(&[("t", "v")], &[], None)], ..guest() };
    let fault_digest = trapping.digest().to_string();
    let marking = Guest { columns: vec![], ..marking };
    let judged = judge(vec![trapping, seat("marking", &marking, Mode::Enforce)], &["T"]);
    assert_eq!(judged.rows[0].reason.as_deref(), Some("fault:trap"));
    assert_eq!(judged.rows[0].filter.as_deref(), Some(fault_digest.as_str()));
    assert_eq!(judged.rows[0].tags.as_deref(), Some(r#"{"sealog:by":"trapping:fault,marking:tag","t":"v"}"#));
}

#[test]
fn a_filter_in_shadow_mode_counts_and_changes_nothing() {
    let judged = judge(
        vec![seat("s", &guest().answers(&[drop("why"), with(&[], &[0], Some("why"))]), Mode::Shadow)],
        &["a", "b", "T"],
    );
    assert_eq!(judged.rows, [Judgement::KEEP, Judgement::KEEP, Judgement::KEEP]);
    assert_eq!(judged.counts, [Counts { keep: 0, drop: 1, redact: 1, fault: 1 }]);
    assert!(judged.notices.iter().any(|notice| matches!(notice, Notice::Alert { shadow: true, .. })));
}

#[test]
fn a_filter_that_fails_too_often_is_set_aside() {
    let mut texts = vec!["b"; 30];
    texts.extend(["T"; 40]);
    let filter = seat("broken", &guest().answers(&[Verdict::Keep, drop("why")]), Mode::Enforce);
    let mut panel = Panel::new(vec![filter], None.or(Some(SECRET))).unwrap();
    let judged = panel.judge("l", "s", &records(&texts).all()).unwrap();
    assert_eq!(judged.counts, [Counts { drop: 30, fault: 20, ..Counts::default() }]);
    assert_eq!(judged.rows[49].reason.as_deref(), Some("fault:trap"));
    assert_eq!(judged.rows[50..], vec![Judgement::KEEP; 20]);
    assert_eq!(judged.opinions[29..31], [Opinion::Drop, Opinion::Fault]);
    assert_eq!(judged.opinions[49..51], [Opinion::Fault, Opinion::Unasked]);
    let Some(Notice::Bypassed { filter, row, reason }) = judged.notices.last() else { panic!() };
    let told = (filter.as_str(), *row, reason.as_str());
    assert_eq!(told, ("broken", 49, "it failed at 20 of the last 50 records"));
    assert_eq!(panel.filters().next().unwrap().1, Standing::Bypassed);
    let judged = panel.judge("l", "s", &records(&["b"]).all()).unwrap();
    assert_eq!((&judged.rows[0], judged.counts[0]), (&Judgement::KEEP, Counts::default()));
}

#[test]
fn filters_that_do_not_go_together_are_refused() {
    let filter = seat("one", &guest(), Mode::Enforce);
    let error = Panel::new(vec![filter.clone(), filter.clone()], Some(SECRET)).unwrap_err();
    assert!(error.to_string().contains("give one another"), "{error}");
    let error = Panel::new(vec![filter], None).unwrap_err();
    assert!(error.to_string().contains("sealog keys generate --redaction"), "{error}");
    assert!(Panel::new(vec![seat("one", &guest(), Mode::Shadow)], None).is_ok());
    let options = FilterOptions { name: Some("No\n".to_owned()), ..FilterOptions::default() };
    assert!(host().load(&guest().component(), options).is_err());
}

#[test]
fn a_redaction_removes_the_value_and_nothing_else() {
    let guest = guest()
        .columns(&[('k', &["id"]), ('n', &["a", "b"]), ('n', &["a"]), ('n', &["l", "1"]), ('o', &["t"])])
        .answers(&[redact(&[1, 2, 3, 4])]);
    let old = r#" {"t" : {"S":"\u0061"},"u":{"N":"1"}}"#;
    let new = r#"{"a":{"M":{"b":{"S":"x"},"c":{"N":"2"}}},"l":{"L":[{"N":"1"},{"S":"y"}, {"N":"3"}]},"a":{"S":"twice"}}"#;
    let record = ChangeRecord {
        sequence_number: "5",
        old_image: Some(old),
        new_image: Some(new),
        ..ChangeRecord::default()
    };
    let mut panel = Panel::new(vec![seat("one", &guest, Mode::Enforce)], Some(SECRET)).unwrap();
    let judged = panel.judge("label", "shard", &[record]).unwrap();
    let row = &judged.rows[0];
    let archived = row.archived(&record);
    assert_eq!(archived.old_image, Some(r#" {"t" : {"NULL":true},"u":{"N":"1"}}"#));
    assert_eq!(
        archived.new_image,
        Some(r#"{"a":{"NULL":true},"l":{"L":[{"N":"1"},{"NULL":true}, {"N":"3"}]},"a":{"NULL":true}}"#)
    );
    let said: serde_json::Value = serde_json::from_str(row.redactions.as_ref().unwrap()).unwrap();
    let paths: Vec<_> = said
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["image"].as_str().unwrap(), one["path"].to_string()))
        .collect();
    assert_eq!(
        paths,
        [
            ("old_image", r#"["t"]"#.to_owned()),
            ("new_image", r#"["a"]"#.to_owned()),
            ("new_image", r#"["a","b"]"#.to_owned()),
            ("new_image", r#"["l","1"]"#.to_owned()),
            ("new_image", r#"["a"]"#.to_owned()),
        ]
    );
    // The commitment, made again from what FORMAT.md and the contract say.
    let mut mac = Hmac::<Sha256>::new_from_slice(&SECRET.0).unwrap();
    for part in ["label", "shard", "5", "new_image", "l", "1"] {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part.as_bytes());
    }
    let salt = mac.finalize().into_bytes();
    let commitment = Sha256::new().chain_update(salt).chain_update(r#"{"S":"y"}"#).finalize();
    assert_eq!(said[3]["commitment"].as_str(), Some(hex::encode(commitment).as_str()));
    assert_eq!(row.verdict, RowVerdict::Redact);

    // Nothing there to redact: a plain keep.
    let bare = ChangeRecord {
        sequence_number: "6",
        new_image: Some(r#"{"z":{"S":"1"}}"#),
        ..ChangeRecord::default()
    };
    let judged = panel.judge("label", "shard", &[bare]).unwrap();
    assert_eq!((&judged.rows[0], judged.counts[0].keep), (&Judgement::KEEP, 1));
}

#[test]
fn a_configuration_has_to_fit_its_schema() {
    let load = |schema: Option<&'static str>, config: serde_json::Value| {
        let options = FilterOptions { config, ..FilterOptions::default() };
        host().load(&Guest { schema, ..guest() }.component(), options).map(|filter| filter.config_sha256())
    };
    let schema = r#"{"type":"object","properties":{"max":{"type":"string","pattern":"^[0-9]+$"}},"required":["max"],
        "additionalProperties":false}"#;
    let hash = load(Some(schema), json!({"max": "10"})).unwrap();
    assert_eq!(hash, <[u8; 32]>::from(Sha256::digest(r#"{"max":"10"}"#)));
    for (config, said) in [
        (json!({}), "max"),
        (json!({"max": "ten\u{1b}"}), "/max"),
        (json!({"max": "1", "min\n": "1"}), "min"),
    ] {
        let error = load(Some(schema), config).unwrap_err();
        assert!(matches!(error, FilterError::Config { .. }), "{error}");
        let text = error.to_string();
        assert!(text.contains(said) && !text.chars().any(char::is_control), "{text}");
    }
    assert!(load(None, json!({})).is_ok());
    assert!(load(None, json!({"a": 1})).unwrap_err().to_string().contains("leave `config` out"));
    for (schema, said) in [
        ("{", "is not JSON"),
        (r#"{"type":"nonsense"}"#, "is not a JSON Schema"),
        (r#"{"$schema":"http://json-schema.org/draft-07/schema#"}"#, "another dialect"),
        (r#"{"$ref":"https://example.com/schema"}"#, "does not lead to"),
        (r##"{"$ref":"#"}"##, "does not lead to"),
        (
            r##"{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}"##,
            "circle",
        ),
    ] {
        let error = load(Some(schema), json!({})).unwrap_err();
        assert!(matches!(error, FilterError::Manifest { .. }) && error.to_string().contains(said), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever records, in whatever batches, with or without a poison among them: the rows are the same, and each record
    /// is kept or has a tombstone.
    #[test]
    fn verdicts_do_not_depend_on_batches(
        letters in proptest::collection::vec("[abcdTCMG]", 1..60),
        cuts in proptest::collection::vec(1_usize..20, 1..10),
    ) {
        let answers = [Verdict::Keep, drop("why"), with(&[("t", "v")], &[0], None), Verdict::Case(9)];
        let filters = || vec![
            seat("one", &guest().answers(&answers), Mode::Enforce),
            seat("two", &guest().answers(&[with(&[], &[], Some("why"))]), Mode::Enforce),
        ];
        let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
        let records = records(&letters);
        let records = records.all();
        let whole = Panel::new(filters(), Some(SECRET)).unwrap().judge("l", "s", &records).unwrap();
        prop_assert_eq!(whole.rows.len(), records.len());
        let mut panel = Panel::new(filters(), Some(SECRET)).unwrap();
        let (mut rows, mut counts) = (Vec::new(), vec![Counts::default(); 2]);
        let (mut start, mut cut) = (0, cuts.iter().cycle());
        while start < records.len() {
            let end = records.len().min(start + cut.next().unwrap());
            let part = panel.judge("l", "s", &records[start..end]).unwrap();
            rows.extend(part.rows);
            for (sum, count) in counts.iter_mut().zip(part.counts) {
                sum.keep += count.keep;
                sum.drop += count.drop;
                sum.redact += count.redact;
                sum.fault += count.fault;
            }
            start = end;
        }
        prop_assert_eq!(&rows, &whole.rows);
        prop_assert_eq!(counts, whole.counts);
        for (row, record) in rows.iter().zip(&records) {
            let archived = row.archived(record);
            prop_assert_eq!(archived.keys, record.keys);
            if row.verdict == RowVerdict::Keep {
                prop_assert_eq!(archived, *record);
            }
        }
    }
}
