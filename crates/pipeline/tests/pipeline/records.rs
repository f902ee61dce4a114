//! Records from the reply's bytes through the Parquet file and back: what comes out is what came in (FS-20, FS-22, FS-45
//! to FS-47). No service and no store is needed for that.

use bytes::Bytes;
use sealog_batch::{BatchBuilder, EvidenceReader};
use sealog_chain::record_leaf;
use sealog_record::{Decision, EvidenceRow};
use sealog_source::Page;

const SHARD: &str = "shardId-00000001795342530000-0a1b2c3d";
const STREAM: &str = "2026-11-22T00:00:00.000";

/// A row of the file, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    number: String,
    created_at: Option<i64>,
    size_bytes: Option<i64>,
    /// eventID, eventName, StreamViewType, user identity's type and principal.
    texts: [Option<String>; 5],
    /// Keys, old and new image, extra.
    images: [Option<String>; 4],
    reason: Option<String>,
}

fn row(row: &EvidenceRow<'_>) -> Row {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let change = row.change;
    Row {
        number: change.sequence_number.to_owned(),
        created_at: change.created_at,
        size_bytes: change.size_bytes,
        texts: [
            change.event_id,
            change.event_name,
            change.stream_view_type,
            change.user_identity_type,
            change.user_identity_principal_id,
        ]
        .map(owned),
        images: [change.keys, change.old_image, change.new_image, change.extra].map(owned),
        reason: owned(row.decision.reason),
    }
}

/// Archives the records and reads them back; also shows that each leaf hash is that of the row that came back.
fn archived(records: &[String]) -> Vec<Row> {
    let page = Page::parse(Bytes::from(format!(r#"{{"Records":[{}]}}"#, records.join(",")))).unwrap();
    let (mut builder, mut scratch) = (BatchBuilder::new().unwrap(), Vec::new());
    for record in page.records() {
        let decision = if record.unreadable { Decision::UNREADABLE } else { Decision::KEEP };
        let row = EvidenceRow { stream_label: STREAM, shard_id: SHARD, change: record.change, decision };
        let leaf = record_leaf(&row, &mut scratch);
        builder.push(&row, &leaf.0);
    }
    builder.end_page().unwrap();
    let (file, mut rows) = (builder.seal().unwrap().bytes, Vec::new());
    let each = |_, read: &EvidenceRow<'_>, leaf: &[u8]| {
        assert_eq!(record_leaf(read, &mut scratch).0, leaf);
        rows.push(row(read));
    };
    EvidenceReader::open(file).unwrap().for_each(each).unwrap();
    assert_eq!(rows.len(), records.len());
    rows
}

/// A record with these members of `dynamodb` beside its number.
fn record(number: usize, inner: &str) -> String {
    format!(r#"{{"eventID":"e{number}","dynamodb":{{{inner}"SequenceNumber":"{}"}}}}"#, 100 + number)
}

/// Images as strange as the service may send them.
fn strange() -> Vec<String> {
    let text = |text: &str| format!(r#"{{"a":{{"S":"{text}"}}}}"#);
    let digits = "12345678901234567890123456789012345678";
    let deep = format!("{}{{\"S\":\"deep\"}}{}", "{\"L\":[".repeat(31), "]}".repeat(31));
    let mut images: Vec<String> =
        [r"\u0041\/", r"\ud83d\ude00😀", r"\ud800", r"\udc00\ud800", r#"\u0000\b\f\n\r\t\"\\"#, ""]
            .map(text)
            .into();
    images.extend([
        "{ }".to_owned(),
        "{\n\t\"b\" : {\"S\"\r:\"x\"} ,\"a\":{\"L\":[ ]}\n}".to_owned(),
        r#"{"b":{"S":"1"},"a":{"S":"2"},"A":{"S":"3"},"\u0061":{"S":"4"},"a.b":{"S":"5"},"":{"S":"6"}}"#
            .to_owned(),
        format!(r#"{{"n":{{"N":"-{digits}"}},"ns":{{"NS":["{digits}E+87","1.00","0.0"]}}}}"#),
        format!(r#"{{"deep":{deep}}}"#),
        r#"{"b":{"B":""},"bs":{"BS":["AA==","AAECA/8="]},"t":{"BOOL":true},"z":{"NULL":true},"m":{"M":{}}}"#
            .to_owned(),
        text(&"語".repeat((400 << 10) / 3)),
        text(&r"\u0001".repeat(400 << 10)),
    ]);
    images
}

#[test]
fn fs_46_strange_images_come_out_of_the_archive_as_they_came_in() {
    let images = strange();
    let records: Vec<String> = images
        .iter()
        .enumerate()
        .map(|(at, image)| record(at, &format!(r#""Keys":{image},"OldImage": {image} ,"NewImage":{image},"#)))
        .collect();
    for (row, image) in archived(&records).iter().zip(&images) {
        let expected = Some(image.clone());
        // Not `assert_eq`: some images are large.
        assert!(row.images == [expected.clone(), expected.clone(), expected, None], "{image:.200}");
        assert_eq!(row.reason, None);
    }
}

#[test]
fn fs_46_what_a_newer_model_sends_comes_out_as_it_came_in() {
    let records = [record(0, r#""New\u0065r" : {"x": [1.50 , "\/"]},"#)];
    let extra = r#"{"dynamodb":{"New\u0065r":{"x": [1.50 , "\/"]}}}"#;
    assert_eq!(archived(&records)[0].images[3].as_deref(), Some(extra));
}

#[test]
fn fs_47_an_image_that_was_not_sent_is_null_and_an_empty_one_is_not() {
    let rows = archived(&[
        record(0, ""),
        record(1, r#""OldImage":null,"#),
        record(2, r#""NewImage":{},"#),
        record(3, r#""OldImage":{},"#),
        record(4, r#""Keys":{},"OldImage":{},"NewImage":{},"#),
    ]);
    let found: Vec<[bool; 3]> = rows.iter().map(|row| [0, 1, 2].map(|at| row.images[at].is_some())).collect();
    let (none, all) = ([false; 3], [true; 3]);
    assert_eq!(found, [none, none, [false, false, true], [false, true, false], all]);
}

#[test]
fn fs_45_identity_size_and_view_type_are_columns_and_a_ttl_delete_is_told_from_a_user_s() {
    let ttl = r#"{"eventID":"t","eventName":"REMOVE","userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"},"dynamodb":{"SizeBytes":59,"StreamViewType":"KEYS_ONLY","SequenceNumber":"1"}}"#;
    let user = r#"{"eventID":"u","eventName":"REMOVE","dynamodb":{"SizeBytes":60,"StreamViewType":"KEYS_ONLY","SequenceNumber":"2"}}"#;
    let rows = archived(&[ttl.to_owned(), user.to_owned()]);
    let some = |text: &str| Some(text.to_owned());
    let identity = [some("Service"), some("dynamodb.amazonaws.com")];
    let [kind, principal] = identity;
    assert_eq!(rows[0].texts, [some("t"), some("REMOVE"), some("KEYS_ONLY"), kind, principal]);
    assert_eq!(rows[1].texts, [some("u"), some("REMOVE"), some("KEYS_ONLY"), None, None]);
    assert_eq!((rows[0].size_bytes, rows[1].size_bytes), (Some(59), Some(60)));
}

#[test]
fn fs_22_equal_missing_and_backward_times_do_not_change_the_order() {
    let time = |seconds: i64| format!(r#""ApproximateCreationDateTime":{seconds},"#);
    let rows = archived(&[
        record(0, &time(1_795_342_530)),
        record(1, &time(1_795_342_530)),
        record(2, ""),
        record(3, &time(1)),
    ]);
    let found: Vec<_> = rows.iter().map(|row| (row.number.as_str(), row.created_at)).collect();
    let at = Some(1_795_342_530_000);
    assert_eq!(found, [("100", at), ("101", at), ("102", None), ("103", Some(1_000))]);
}

#[test]
fn fs_20_a_full_page_and_a_record_larger_than_a_megabyte_are_archived_whole() {
    let image = format!(r#"{{"a":{{"S":"{}"}}}}"#, "x".repeat(1_000));
    let mut records: Vec<String> =
        (0..999).map(|at| record(at, &format!(r#""NewImage":{image},"#))).collect();
    let large = format!(r#"{{"a":{{"S":"{}"}}}}"#, r"\u0001".repeat(400 << 10));
    records.push(record(999, &format!(r#""OldImage":{large},"NewImage":{large},"#)));
    let rows = archived(&records);
    assert!(rows[..999].iter().all(|row| row.images[2].as_deref() == Some(image.as_str())));
    assert!(rows[999].images[1].as_deref() == Some(&large) && rows[999].images[2].as_deref() == Some(&large));
}
