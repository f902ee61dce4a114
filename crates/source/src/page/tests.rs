//! The page parser against hand-picked replies, and against the oracle on random and damaged ones.

mod rules;

use proptest::prelude::*;
use sealog_record::ChangeRecord;

use super::error::SequenceProblem;
use super::*;

const SEQUENCE: &str = r#""SequenceNumber":"100000000000000000001""#;

fn parse(text: &str) -> Result<Page, PageError> {
    Page::parse(Bytes::copy_from_slice(text.as_bytes()))
}

/// A page of one record with `SEQUENCE`, `members` beside `dynamodb`, and `inner` inside it.
fn one(members: &str, inner: &str) -> Page {
    parse(&format!(r#"{{"Records":[{{{members}"dynamodb":{{{inner}{SEQUENCE}}}}}]}}"#)).unwrap()
}

#[test]
fn a_whole_record_is_read_and_its_images_stay_verbatim() {
    let page = parse(
        r#" {"NextShardIterator":"it\u0065r\/1","Records":[ {"awsRegion":"eu-west-1","dynamodb":{
        "ApproximateCreationDateTime":1.7E9,"Keys":{"id": {"S":"\u0041\ud800"}},"NewImage":{"b":{"N":"1"},"a" :{"L":[]}},
        "OldImage":{},"SequenceNumber":"111","SizeBytes":26,"StreamViewType":"NEW_AND_OLD_IMAGES"},
        "event\u004eame":"MODIFY","eventID":"é\n","eventSource":"aws:dynamodb","eventVersion":"1.1",
        "userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","type":"Service"}}]}"#,
    )
    .unwrap();
    assert_eq!(page.next_iterator(), Some("iter/1"));
    let expected = ChangeRecord {
        sequence_number: "111",
        event_id: Some("é\n"),
        event_name: Some("MODIFY"),
        event_version: Some("1.1"),
        event_source: Some("aws:dynamodb"),
        aws_region: Some("eu-west-1"),
        created_at: Some(1_700_000_000_000),
        size_bytes: Some(26),
        stream_view_type: Some("NEW_AND_OLD_IMAGES"),
        user_identity_type: Some("Service"),
        user_identity_principal_id: Some("dynamodb.amazonaws.com"),
        keys: Some(r#"{"id": {"S":"\u0041\ud800"}}"#),
        old_image: Some("{}"),
        new_image: Some(r#"{"b":{"N":"1"},"a" :{"L":[]}}"#),
        extra: None,
    };
    assert_eq!(page.records().collect::<Vec<_>>(), [PageRecord { change: expected, unreadable: false }]);
}

#[test]
fn null_is_absent_everywhere() {
    let page = one(r#""eventID":null,"userIdentity":null,"#, r#""OldImage":null,"SizeBytes":null,"#);
    let record = page.record(0).unwrap();
    let expected = ChangeRecord { sequence_number: "100000000000000000001", ..ChangeRecord::default() };
    assert_eq!(record, PageRecord { change: expected, unreadable: false });
    assert!(parse(r#"{"Records":null,"NextShardIterator":null}"#).unwrap().is_empty());
    assert!(parse("{}").unwrap().is_empty());
}

#[test]
fn unknown_members_are_kept_verbatim_in_the_order_received() {
    let page = one(
        r#""z": 1,"userIdentity":{"n\u0065w":[ ]},"a":"\ud800","#,
        r#""ApproximateCreationDateTime":1.0005,"Other":{},"#,
    );
    let record = page.record(0).unwrap();
    assert!(!record.unreadable);
    assert_eq!(record.change.created_at, Some(1000));
    assert_eq!(
        record.change.extra,
        Some(
            r#"{"z":1,"a":"\ud800","dynamodb":{"ApproximateCreationDateTime":1.0005,"Other":{}},"userIdentity":{"n\u0065w":[ ]}}"#
        )
    );
}

#[test]
fn duplicate_and_mistyped_members_make_a_record_unreadable_and_lose_nothing() {
    for (members, inner) in [
        (r#""eventID":"a","eventID":"b","#, ""),
        (r#""eventID":null,"event\u0049D":"b","#, ""),
        (r#""eventName":1,"#, ""),
        (r#""eventName":"\ud800","#, ""),
        (r#""userIdentity":[],"#, ""),
        (r#""userIdentity":{"type":"a","Type":"a"},"#, ""),
        (r#""dynamodb":{},"#, ""),
        ("", r#""SizeBytes":"26","#),
        ("", r#""SizeBytes":2.5,"#),
        ("", r#""Keys":[],"#),
        ("", r#""ApproximateCreationDateTime":"1","#),
    ] {
        let page = one(members, inner);
        let whole = format!(r#"{{{members}"dynamodb":{{{inner}{SEQUENCE}}}}}"#);
        let change = ChangeRecord {
            sequence_number: "100000000000000000001",
            extra: Some(&whole),
            ..ChangeRecord::default()
        };
        assert_eq!(page.record(0), Some(PageRecord { change, unreadable: true }), "{whole}");
    }
}

#[test]
fn a_record_without_a_usable_sequence_number_refuses_the_page_and_is_named() {
    let good = format!(r#"{{"dynamodb":{{{SEQUENCE}}}}}"#);
    for (bad, problem) in [
        ("{}", SequenceProblem::Missing),
        ("null", SequenceProblem::Missing),
        ("[]", SequenceProblem::Missing),
        (r#"{"dynamodb":null}"#, SequenceProblem::Missing),
        (r#"{"dynamodb":{"SequenceNumber":null}}"#, SequenceProblem::Missing),
        (r#"{"SequenceNumber":"1"}"#, SequenceProblem::Missing),
        (r#"{"dynamodb":{"SequenceNumber":1}}"#, SequenceProblem::Malformed),
        (r#"{"dynamodb":{"SequenceNumber":""}}"#, SequenceProblem::Malformed),
        (r#"{"dynamodb":{"SequenceNumber":"1a"}}"#, SequenceProblem::Malformed),
        (
            r#"{"dynamodb":{"SequenceNumber":"12345678901234567890123456789012345678901"}}"#,
            SequenceProblem::Malformed,
        ),
        (r#"{"dynamodb":{"SequenceNumber":"1","SequenceNumber":"1"}}"#, SequenceProblem::Duplicate),
        (
            r#"{"dynamodb":{"SequenceNumber":"1"},"dynamodb":{"SequenceNumber":"1"}}"#,
            SequenceProblem::Duplicate,
        ),
    ] {
        let error = parse(&format!(r#"{{"Records":[{good},{bad}]}}"#)).unwrap_err();
        assert_eq!(error, PageError::SequenceNumber { record: 1, problem }, "{bad}");
    }
}

#[test]
fn replies_that_are_no_pages_are_refused() {
    for text in [
        "",
        " ",
        "[]",
        "null",
        "1",
        "{",
        "{}}",
        "{} x",
        "{}{}",
        "{,}",
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        r#"{"a":}"#,
        r#"{a:1}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":+1}"#,
        r#"{"a":1e}"#,
        r#"{"a":-}"#,
        r#"{"a":tru}"#,
        r#"{"a":nul}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[,1]}"#,
        r#"{"a":[1 2]}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12g4"}"#,
        r#"{"a":"\u12"#,
        "{\"a\":\"\t\"}",
        "{\"a\":\"\0\"}",
        "\u{feff}{}",
        "{\"a\":1\u{0}}",
        r#"{"Records":{}}"#,
        r#"{"Records":"a"}"#,
        r#"{"Records":[],"Records":[]}"#,
        r#"{"Records":[],"Recor\u0064s":[]}"#,
        r#"{"NextShardIterator":1}"#,
        r#"{"NextShardIterator":"\udc00"}"#,
        r#"{"NextShardIterator":null,"NextShardIterator":"a"}"#,
    ] {
        assert!(parse(text).is_err(), "{text}");
        assert_eq!(oracle::page(text.as_bytes()), None, "{text}");
    }
    assert_eq!(Page::parse(Bytes::from_static(b"{\"a\":\"\xff\"}")).unwrap_err(), PageError::NotUtf8);
}

#[test]
fn deep_images_are_read_and_bottomless_ones_are_an_error_not_a_crash() {
    let nested = |levels: usize| {
        format!(
            r#"{{"Records":[{{"dynamodb":{{"NewImage":{}1{},{SEQUENCE}}}}}]}}"#,
            r#"{"a":"#.repeat(levels),
            "}".repeat(levels)
        )
    };
    assert_eq!(parse(&nested(256)).unwrap().len(), 1);
    assert!(parse(&nested(257)).is_err());
    assert!(parse(&format!(r#"{{"a":{}"#, "[".repeat(1_000_000))).is_err());
}

#[test]
fn an_error_names_the_byte_and_the_record() {
    let error = parse(r#"{"Records":[{"dynamodb":{"SequenceNumber":"1"}},{"a":?}]}"#).unwrap_err();
    assert_eq!(error, PageError::Json { at: 53, record: Some(1), expected: "a JSON value" });
}

fn whitespace() -> impl Strategy<Value = &'static str> {
    prop_oneof![12 => Just(""), 1 => Just(" "), 1 => Just("\n\t"), 1 => Just("\r ")]
}

fn text_value() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-zA-Z0-9:./é語😀 -]{0,20}".prop_map(|s| format!("\"{s}\"")),
        2 => r#"([a-z]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4}|\\ud83d\\ude00){0,12}"#.prop_map(|s| format!("\"{s}\"")),
        1 => "[0-9]{1,41}".prop_map(|s| format!("\"{s}\"")),
    ]
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => any::<u32>().prop_map(|n| n.to_string()),
        1 => any::<i64>().prop_map(|n| n.to_string()),
        1 => r"-?(0|[1-9][0-9]{0,25})(\.[0-9]{1,6})?([eE][+-]?[0-9]{1,3})?",
    ]
}

fn any_value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => text_value(),
        2 => number(),
        1 => prop_oneof![Just("null"), Just("true"), Just("false"), Just("{}"), Just("[]")].prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (prop::collection::vec((text_value(), whitespace(), inner.clone()), 0..3)).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(n, w, v)| format!("{n}{w}:{w}{v}{w}")).collect();
                format!("{{{}}}", members.join(","))
            }),
            prop::collection::vec(inner, 0..3).prop_map(|elements| format!("[{}]", elements.join(", "))),
        ]
    })
}

fn name(pool: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![
        12 => prop::sample::select(pool).prop_map(|name| format!("\"{name}\"")),
        1 => prop::sample::select(pool).prop_map(|name| {
            let first = name.chars().next().unwrap();
            format!("\"\\u{:04x}{}\"", u32::from(first), &name[1..])
        }),
        1 => text_value(),
    ]
}

/// Members of `pool`, mostly each once, in any order, with values of the right type most of the time.
fn object(pool: &'static [(&'static str, u8)], forced: Vec<String>) -> impl Strategy<Value = String> {
    let names: Vec<&'static str> = pool.iter().map(|(name, _)| *name).collect();
    let well_typed = prop::sample::subsequence(pool, 0..=pool.len()).prop_flat_map(|chosen| {
        chosen
            .into_iter()
            .map(|(name, kind)| {
                let value = match kind {
                    b't' => text_value().boxed(),
                    b'n' => number().boxed(),
                    b'o' => any_value().prop_map(|value| format!(r#"{{"S" :{value}}}"#)).boxed(),
                    _ => any_value().boxed(),
                };
                value.prop_map(move |value| format!("\"{name}\":{value}"))
            })
            .collect::<Vec<_>>()
    });
    let names: &'static [&'static str] = Vec::leak(names);
    let odd = prop::collection::vec(
        (name(names), whitespace(), any_value())
            .prop_map(|(name, space, value)| format!("{name}{space}:{value}")),
        0..2,
    );
    let odd = prop_oneof![3 => Just(Vec::new()), 1 => odd];
    (well_typed, odd, whitespace())
        .prop_map(move |(mut members, odd, space)| {
            members.extend(odd);
            members.extend(forced.clone());
            (members, space)
        })
        .prop_flat_map(|(members, space)| (Just(members).prop_shuffle(), Just(space)))
        .prop_map(|(members, space)| {
            format!("{space}{{{space}{}{space}}}", members.join(&format!("{space},")))
        })
}

static RECORD: [(&str, u8); 6] = [
    ("eventID", b't'),
    ("eventName", b't'),
    ("eventVersion", b't'),
    ("eventSource", b't'),
    ("awsRegion", b't'),
    ("unheardOf", b'a'),
];
static DYNAMODB: [(&str, u8); 7] = [
    ("ApproximateCreationDateTime", b'n'),
    ("Keys", b'o'),
    ("NewImage", b'o'),
    ("OldImage", b'o'),
    ("SizeBytes", b'n'),
    ("StreamViewType", b't'),
    ("Unheard", b'a'),
];
static IDENTITY: [(&str, u8); 3] = [("PrincipalId", b't'), ("type", b't'), ("role", b'a')];
static PAGE: [(&str, u8); 2] = [("NextShardIterator", b't'), ("Other", b'a')];

fn record() -> impl Strategy<Value = String> {
    let sequence = prop_oneof![
        20 => "[0-9]{1,40}".prop_map(|s| vec![format!("\"SequenceNumber\":\"{s}\"")]),
        1 => Just(vec![]),
    ];
    let dynamodb = sequence.prop_flat_map(|sequence| object(&DYNAMODB, sequence));
    let identity = prop::option::weighted(0.3, object(&IDENTITY, Vec::new()));
    (dynamodb, identity).prop_flat_map(|(dynamodb, identity)| {
        let mut forced = vec![format!("\"dynamodb\":{dynamodb}")];
        forced.extend(identity.map(|identity| format!("\"userIdentity\":{identity}")));
        object(&RECORD, forced)
    })
}

fn page() -> impl Strategy<Value = String> {
    prop::collection::vec(record(), 0..4)
        .prop_flat_map(|records| object(&PAGE, vec![format!("\"Records\":[{}]", records.join(","))]))
}

#[derive(Debug, Clone)]
struct Damage {
    at: prop::sample::Index,
    how: u8,
    byte: u8,
}

fn damage() -> impl Strategy<Value = Damage> {
    let byte = prop_oneof![
        8 => prop::sample::select(&b"\"\\{}[]:,0123456789-+.eEu \n\x00\x1f/tfnsI"[..]),
        1 => any::<u8>(),
    ];
    (any::<prop::sample::Index>(), 0_u8..4, byte).prop_map(|(at, how, byte)| Damage { at, how, byte })
}

fn apply(body: &mut Vec<u8>, damage: &Damage) {
    if body.is_empty() {
        return;
    }
    let at = damage.at.index(body.len());
    match damage.how {
        0 => body[at] = damage.byte,
        1 => body.insert(at, damage.byte),
        2 => {
            body.remove(at);
        }
        // A piece twice: the way to duplicate members and brackets.
        _ => {
            let end = (at + usize::from(damage.byte)).min(body.len());
            let piece = body[at..end].to_vec();
            body.splice(at..at, piece);
        }
    }
}

fn agree(body: &[u8]) -> Result<(), TestCaseError> {
    let body = Bytes::copy_from_slice(body);
    let parsed = Page::parse(body.clone());
    agreement::check(&body, &parsed)
        .map_err(|why| TestCaseError::fail(format!("{why}\n{}", String::from_utf8_lossy(&body))))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn random_pages_are_read_as_the_oracle_reads_them(text in page()) {
        agree(text.as_bytes())?;
    }

    #[test]
    fn damaged_pages_are_accepted_or_refused_as_the_oracle_does(
        text in page(), damages in prop::collection::vec(damage(), 1..4)
    ) {
        let mut body = text.into_bytes();
        for damage in &damages {
            apply(&mut body, damage);
        }
        agree(&body)?;
    }

    #[test]
    fn random_bytes_never_panic(body: Vec<u8>) {
        agree(&body)?;
    }
}
