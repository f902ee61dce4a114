//! The reader's duties towards each record (FS-20 to FS-22, FS-45 to FS-47), as far as a page can keep or break them.

use super::*;

/// A record as the service sends it, around what differs.
fn record(name: &str, identity: &str, view: &str, images: &str) -> String {
    format!(
        r#"{{"awsRegion":"eu-west-1","dynamodb":{{"ApproximateCreationDateTime":1795342530,"Keys":{{"id":{{"S":"a"}}}},{images}{SEQUENCE},"SizeBytes":59,"StreamViewType":"{view}"}},"eventID":"c0ffee","eventName":"{name}","eventSource":"aws:dynamodb","eventVersion":"1.1"{identity}}}"#
    )
}

fn page_of<'a>(records: impl IntoIterator<Item = &'a str>) -> Page {
    let records: Vec<&str> = records.into_iter().collect();
    parse(&format!(r#"{{"Records":[{}]}}"#, records.join(","))).unwrap()
}

/// The image comes out of all three places exactly as it went in, and so it does with white space around it.
#[track_caller]
fn verbatim(image: &str) {
    for (before, after) in [("", ""), (" \t", "\r\n ")] {
        let page = one(
            "",
            &format!(
                r#""Keys":{before}{image}{after},"OldImage":{before}{image}{after},"NewImage":{before}{image}{after},"#
            ),
        );
        let record = page.record(0).unwrap();
        assert!(!record.unreadable);
        for found in [record.change.keys, record.change.old_image, record.change.new_image] {
            // Not `assert_eq`: some images are large.
            assert!(found == Some(image), "{image:.200}\n{:.200}", found.unwrap_or_default());
        }
    }
}

/// An image of one attribute with this value.
fn attribute(value: &str) -> String {
    format!(r#"{{"a":{value}}}"#)
}

#[test]
fn fs_46_all_ten_types_come_out_as_they_came_in() {
    for value in [
        r#"{"S":"text"}"#,
        r#"{"S":""}"#,
        r#"{"N":"-0.50"}"#,
        r#"{"B":"AAECA/8="}"#,
        r#"{"B":""}"#,
        r#"{"SS":["b","a","A"]}"#,
        r#"{"NS":["2","1.0","1E2"]}"#,
        r#"{"BS":["AQ==","AA=="]}"#,
        r#"{"BOOL":false}"#,
        r#"{"NULL":true}"#,
        r#"{"L":[{"S":"x"},{"L":[]},{"M":{}}]}"#,
        r#"{"M":{"b":{"N":"1"},"a":{"M":{}}}}"#,
    ] {
        verbatim(&attribute(value));
    }
}

#[test]
fn fs_46_escapes_are_not_decoded_and_not_added() {
    for text in [
        r"\u0041",
        r"\u00e9",
        "é",
        r"\/",
        "/",
        r#"\""#,
        r"\\",
        r"\b\f\n\r\t",
        r"\u0000\u001f",
        "\u{7f}",
        "\u{2028}",
        r"\u2028",
        r"\uD83D\uDE00",
        r"\ud83d\ude00",
        "😀",
    ] {
        verbatim(&attribute(&format!(r#"{{"S":"{text}"}}"#)));
        verbatim(&format!(r#"{{"{text}":{{"NULL":true}}}}"#));
    }
}

#[test]
fn fs_46_lone_surrogates_pass_through_an_image() {
    for text in
        [r"\ud800", r"\udfff", r"\ude00\ud83d", r"\ud83dx\ude00", r"\ud83d\u0041", r"\ud83d\ud83d\ude00"]
    {
        verbatim(&attribute(&format!(r#"{{"S":"{text}"}}"#)));
        verbatim(&format!(r#"{{"{text}":{{"S":"x"}}}}"#));
    }
}

#[test]
fn fs_46_white_space_and_the_order_of_names_stay() {
    for image in [
        "{}",
        "{ }",
        "{\n\t\"b\" : { \"S\"\r:\"x\" } ,\"a\":{\"L\":[ ]}\n}",
        r#"{"b":{"S":"1"},"a":{"S":"2"},"c":{"S":"3"}}"#,
        r#"{"10":{"S":"x"},"9":{"S":"y"},"":{"S":"z"}}"#,
    ] {
        verbatim(image);
    }
}

#[test]
fn fs_46_names_that_look_alike_are_different_names() {
    for image in [
        r#"{"a":{"S":"1"},"A":{"S":"2"}}"#,
        r#"{"a.b":{"S":"1"},"a":{"M":{"b":{"S":"2"}}}}"#,
        r#"{"a":{"S":"1"},"\u0061":{"S":"2"}}"#,
        r#"{"a":{"S":"1"},"a":{"S":"2"}}"#,
        "{\"\u{e9}\":{\"S\":\"composed\"},\"e\u{301}\":{\"S\":\"decomposed\"}}",
        r#"{"S":{"S":"S"},"Keys":{"S":"1"},"SequenceNumber":{"S":"2"},"Records":{"L":[]}}"#,
        r#"{"brackets":{"S":"}]{[\"Records\":"}}"#,
    ] {
        verbatim(image);
    }
}

#[test]
fn fs_46_names_that_look_like_ours_by_case_do_not_take_our_place() {
    let page =
        one(r#""eventid":"x","EventID":"y","#, r#""keys":{"x":1},"SEQUENCENUMBER":"7","newimage":{},"#);
    let record = page.record(0).unwrap();
    let extra =
        r#"{"eventid":"x","EventID":"y","dynamodb":{"keys":{"x":1},"SEQUENCENUMBER":"7","newimage":{}}}"#;
    let change = ChangeRecord {
        sequence_number: "100000000000000000001",
        extra: Some(extra),
        ..ChangeRecord::default()
    };
    assert_eq!(record, PageRecord { change, unreadable: false });
}

#[test]
fn fs_46_numbers_of_38_digits_are_texts_and_stay_texts() {
    let digits = "12345678901234567890123456789012345678";
    for number in [
        digits.to_owned(),
        format!("-{digits}"),
        format!("0.{}{digits}", "0".repeat(91)),
        format!("{digits}E+87"),
        "1.0".to_owned(),
        "1.00E+2".to_owned(),
        "-9.9999999999999999999999999999999999999E+125".to_owned(),
        "1E-130".to_owned(),
    ] {
        verbatim(&attribute(&format!(r#"{{"N":"{number}"}}"#)));
        verbatim(&attribute(&format!(r#"{{"NS":["{number}","0"]}}"#)));
    }
}

#[test]
fn fs_46_images_of_32_levels_come_out_as_they_came_in() {
    // Each level of DynamoDB is two of JSON.
    let lists = format!("{}{{\"S\":\"deep\"}}{}", "{\"L\":[".repeat(31), "]}".repeat(31));
    let maps = format!("{}{{\"S\":\"deep\"}}{}", "{\"M\":{\"a\":".repeat(31), "}}".repeat(31));
    verbatim(&attribute(&lists));
    verbatim(&attribute(&maps));
}

#[test]
fn fs_46_images_of_400_kb_come_out_as_they_came_in() {
    let bytes = 400 << 10;
    verbatim(&attribute(&format!(r#"{{"S":"{}"}}"#, "a".repeat(bytes))));
    verbatim(&attribute(&format!(r#"{{"S":"{}"}}"#, r"\u0000".repeat(bytes))));
    verbatim(&attribute(&format!(r#"{{"S":"{}"}}"#, "語".repeat(bytes / 3))));
    verbatim(&attribute(&format!(r#"{{"B":"{}"}}"#, "/+8=".repeat(bytes / 3))));
    verbatim(&attribute(&format!(r#"{{"L":[{}{{"NULL":true}}]}}"#, r#"{"NULL":true}, "#.repeat(bytes / 2))));
}

#[test]
fn fs_45_what_the_envelope_says_is_kept() {
    let text = record("MODIFY", "", "NEW_AND_OLD_IMAGES", r#""NewImage":{},"OldImage":{},"#);
    let page = page_of([text.as_str()]);
    let change = page.record(0).unwrap().change;
    assert_eq!(change.event_id, Some("c0ffee"));
    assert_eq!(change.event_name, Some("MODIFY"));
    assert_eq!(change.event_source, Some("aws:dynamodb"));
    assert_eq!(change.event_version, Some("1.1"));
    assert_eq!(change.aws_region, Some("eu-west-1"));
    assert_eq!(change.size_bytes, Some(59));
    assert_eq!(change.stream_view_type, Some("NEW_AND_OLD_IMAGES"));
    assert_eq!(change.extra, None);
}

#[test]
fn fs_45_deletes_by_ttl_are_told_from_deletes_by_users() {
    let identity = |text: &str| {
        let text = record("REMOVE", text, "OLD_IMAGE", r#""OldImage":{},"#);
        let page = page_of([text.as_str()]);
        let change = page.record(0).unwrap().change;
        let owned = |text: Option<&str>| text.map(str::to_owned);
        (owned(change.user_identity_type), owned(change.user_identity_principal_id), owned(change.extra))
    };
    let ttl = (Some("Service".to_owned()), Some("dynamodb.amazonaws.com".to_owned()), None);
    // As the API model spells it, and as records delivered to Lambda do.
    for (principal, kind) in [("PrincipalId", "Type"), ("principalId", "type"), ("PrincipalId", "type")] {
        let text =
            format!(r#","userIdentity":{{"{principal}":"dynamodb.amazonaws.com","{kind}":"Service"}}"#);
        assert_eq!(identity(&text), ttl, "{text}");
    }
    assert_eq!(identity(""), (None, None, None));
    assert_eq!(identity(r#","userIdentity":null"#), (None, None, None));
    assert_eq!(identity(r#","userIdentity":{}"#), (None, None, None));
}

#[test]
fn fs_47_each_view_type_gives_the_images_it_has_and_no_others() {
    let (old, new) = (r#"{"id":{"S":"a"},"n":{"N":"1"}}"#, r#"{"id":{"S":"a"},"n":{"N":"2"}}"#);
    let (old_member, new_member) = (format!(r#""OldImage":{old},"#), format!(r#""NewImage":{new},"#));
    let both = format!("{old_member}{new_member}");
    for (view, name, images, expected) in [
        ("KEYS_ONLY", "MODIFY", "", (None, None)),
        ("NEW_IMAGE", "MODIFY", new_member.as_str(), (None, Some(new))),
        ("OLD_IMAGE", "MODIFY", &old_member, (Some(old), None)),
        ("NEW_AND_OLD_IMAGES", "MODIFY", &both, (Some(old), Some(new))),
        ("NEW_AND_OLD_IMAGES", "INSERT", &new_member, (None, Some(new))),
        ("NEW_AND_OLD_IMAGES", "REMOVE", &old_member, (Some(old), None)),
        ("NEW_IMAGE", "REMOVE", "", (None, None)),
        ("OLD_IMAGE", "INSERT", "", (None, None)),
        // An empty image is one, and `null` is none.
        ("NEW_AND_OLD_IMAGES", "MODIFY", r#""OldImage":{},"NewImage":null,"#, (Some("{}"), None)),
    ] {
        let text = record(name, "", view, images);
        let page = page_of([text.as_str()]);
        let read = page.record(0).unwrap();
        assert_eq!((read.change.old_image, read.change.new_image), expected, "{view} {name}");
        assert_eq!(read.change.keys, Some(r#"{"id":{"S":"a"}}"#), "{view} {name}");
        assert_eq!(read.change.stream_view_type, Some(view));
        assert!(!read.unreadable);
    }
}

#[test]
fn fs_21_sequence_numbers_of_1_to_40_digits_are_kept_to_the_digit() {
    for digits in 1..=40 {
        for text in ["9".repeat(digits), format!("{:0>digits$}", 7)] {
            let page = page_of([format!(r#"{{"dynamodb":{{"SequenceNumber":"{text}"}}}}"#).as_str()]);
            assert_eq!(page.sequence(0).unwrap().as_str(), text);
            assert_eq!(page.record(0).unwrap().change.sequence_number, text);
        }
    }
}

#[test]
fn fs_21_numbers_around_what_integers_hold_are_not_rounded() {
    let around = [
        "9007199254740993",
        "18446744073709551616",
        "18446744073709551617",
        "340282366920938463463374607431768211456",
        "340282366920938463463374607431768211457",
        "9999999999999999999999999999999999999999",
    ];
    let records: Vec<String> =
        around.iter().map(|text| format!(r#"{{"dynamodb":{{"SequenceNumber":"{text}"}}}}"#)).collect();
    let page = page_of(records.iter().map(String::as_str));
    let numbers: Vec<SequenceNumber> = (0..page.len()).filter_map(|index| page.sequence(index)).collect();
    assert_eq!(numbers.len(), around.len());
    assert!(numbers.windows(2).all(|two| two[0] < two[1]), "{numbers:?}");
}

#[test]
fn fs_22_records_with_equal_missing_or_backward_times_are_read_in_the_order_received() {
    let timed = |number: u32, time: &str| format!(r#"{{"dynamodb":{{{time}"SequenceNumber":"{number}"}}}}"#);
    let time = |seconds: i64| format!(r#""ApproximateCreationDateTime":{seconds},"#);
    let records = [
        timed(1, &time(1_795_342_530)),
        timed(2, &time(1_795_342_530)),
        timed(3, ""),
        timed(4, r#""ApproximateCreationDateTime":null,"#),
        timed(5, &time(1_795_342_529)),
        timed(6, &time(0)),
    ];
    let page = page_of(records.iter().map(String::as_str));
    let read: Vec<_> =
        page.records().map(|it| (it.change.sequence_number, it.change.created_at, it.unreadable)).collect();
    let at = Some(1_795_342_530_000);
    let expected = [
        ("1", at, false),
        ("2", at, false),
        ("3", None, false),
        ("4", None, false),
        ("5", Some(1_795_342_529_000), false),
        ("6", Some(0), false),
    ];
    assert_eq!(read, expected);
}

fn numbered(count: usize, image: &str) -> String {
    let record = |number: usize| {
        format!(r#"{{"dynamodb":{{"NewImage":{image},"SequenceNumber":"{}"}}}}"#, 100 + number)
    };
    let records: Vec<String> = (0..count).map(record).collect();
    format!(r#"{{"Records":[{}]}}"#, records.join(","))
}

#[test]
fn fs_20_a_page_of_1000_records_and_one_of_a_megabyte_are_read_whole() {
    for (count, image) in
        [(1_000, "{}".to_owned()), (1_000, attribute(&format!(r#"{{"S":"{}"}}"#, "x".repeat(1_000))))]
    {
        let page = parse(&numbered(count, &image)).unwrap();
        assert_eq!(page.len(), count);
        assert!(page.records().all(|record| record.change.new_image == Some(image.as_str())));
        assert_eq!(page.sequence(count - 1).unwrap().as_str(), (99 + count).to_string());
        assert!(page.footprint() < page.bytes() + 512 * count, "{}", page.footprint());
    }
}

#[test]
fn fs_20_a_record_larger_than_a_megabyte_is_read_whole() {
    // Two images of 400 KB that JSON makes six times as large.
    let image = attribute(&format!(r#"{{"S":"{}"}}"#, r"\u0001".repeat(400 << 10)));
    let text =
        record("MODIFY", "", "NEW_AND_OLD_IMAGES", &format!(r#""OldImage":{image},"NewImage":{image},"#));
    let page = page_of([text.as_str()]);
    let change = page.record(0).unwrap().change;
    assert!(change.old_image == Some(&image) && change.new_image == Some(&image));
    assert!(page.bytes() > 4 << 20);
}

#[test]
fn fs_20_ten_times_as_many_records_as_promised_are_read_and_more_are_refused() {
    assert_eq!(parse(&numbered(RECORDS_MAX, "{}")).unwrap().len(), RECORDS_MAX);
    let error = parse(&numbered(RECORDS_MAX + 1, "{}")).unwrap_err();
    assert_eq!(error, PageError::TooManyRecords { records_max: RECORDS_MAX });
}

#[test]
fn a_reply_of_absurd_size_is_refused_before_it_is_looked_at() {
    let error = Page::parse(Bytes::from(vec![b' '; PAGE_BYTES_MAX + 1])).unwrap_err();
    assert_eq!(error, PageError::TooLarge { bytes: PAGE_BYTES_MAX + 1, bytes_max: PAGE_BYTES_MAX });
}

#[test]
fn a_thousand_unknown_members_are_kept_apart_and_more_make_the_record_unreadable() {
    let members = |count: usize| (0..count).map(|at| format!(r#""u{at}":{at},"#)).collect::<String>();
    let page = one(&members(400), &members(600));
    assert!(!page.record(0).unwrap().unreadable);
    let page = one(&members(400), &members(601));
    let record = page.record(0).unwrap();
    let whole = format!(r#"{{{}"dynamodb":{{{}{SEQUENCE}}}}}"#, members(400), members(601));
    assert!(record.unreadable && record.change.extra == Some(&whole));
}

#[test]
fn a_hundred_thousand_levels_are_an_error_wherever_they_are() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        for closed in [false, true] {
            let deep = open.repeat(100_000) + "1" + &close.repeat(if closed { 100_000 } else { 0 });
            for text in [
                deep.clone(),
                format!(r#"{{"Other":{deep}}}"#),
                format!(r#"{{"Records":{deep}}}"#),
                format!(r#"{{"NextShardIterator":{deep}}}"#),
                format!(r#"{{"Records":[{deep}]}}"#),
                format!(r#"{{"Records":[{{"eventID":{deep}}}]}}"#),
                format!(r#"{{"Records":[{{"dynamodb":{{"NewImage":{deep}}}}}]}}"#),
                format!(r#"{{"Records":[{{"dynamodb":{{"SequenceNumber":{deep}}}}}]}}"#),
                format!(r#"{{"Records":[{{"userIdentity":{{"x":{deep}}}}}]}}"#),
            ] {
                assert!(parse(&text).is_err(), "{text:.60}");
            }
        }
    }
}

#[test]
fn a_reply_cut_anywhere_is_an_error() {
    let text = record("MODIFY", "", "NEW_IMAGE", r#""NewImage":{"a":{"S":"\ud83d\ude00é"}},"#);
    let whole = format!(r#"{{"NextShardIterator":"x","Records":[{text}]}}"#);
    assert_eq!(parse(&whole).unwrap().len(), 1);
    for at in 0..whole.len() {
        assert!(Page::parse(Bytes::copy_from_slice(&whole.as_bytes()[..at])).is_err(), "cut at {at}");
    }
}
