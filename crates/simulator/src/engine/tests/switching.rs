//! DescribeTable, and streams on their way from on to off and back.

use super::*;

fn described(caller: &mut Caller, now_ms: i64) -> Value {
    caller.call(now_ms, "DescribeTable", &json!({ "TableName": "orders" })).unwrap()["Table"].take()
}

fn keys_only() -> Happening {
    Happening::Enable { view_type: ViewType::KeysOnly, shards: 2 }
}

#[test]
fn a_table_is_described_with_its_keys_and_its_newest_stream() {
    let mut caller = only(TableSpec { range_key: Some("at".into()), ..table() });
    let arn = caller.arns(NOW).remove(0);
    let found = described(&mut caller, NOW);
    let (table_arn, label) = arn.split_once("/stream/").unwrap();
    assert_eq!(
        found,
        json!({
            "TableName": "orders",
            "TableArn": table_arn,
            "TableStatus": "ACTIVE",
            "KeySchema": [
                { "AttributeName": "id", "KeyType": "HASH" },
                { "AttributeName": "at", "KeyType": "RANGE" },
            ],
            "AttributeDefinitions": [
                { "AttributeName": "id", "AttributeType": "S" },
                { "AttributeName": "at", "AttributeType": "N" },
            ],
            "CreationDateTime": (NOW - 5 * HOUR) as f64 / 1_000.0,
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
            "LatestStreamArn": arn,
            "LatestStreamLabel": label,
        })
    );
    let by_arn = caller.call(NOW, "DescribeTable", &json!({ "TableName": table_arn })).unwrap();
    assert_eq!(by_arn["Table"], found);
}

#[test]
fn a_table_whose_stream_is_off_names_its_last_stream_and_specifies_none() {
    let mut caller =
        only(table().event(Millis::seconds(10), Happening::Disable).event(Millis::seconds(20), keys_only()));
    let old = caller.arns(NOW).remove(0);
    let off = described(&mut caller, NOW + 10_000);
    assert_eq!((off.get("StreamSpecification"), &off["LatestStreamArn"]), (None, &json!(old)));
    let on = described(&mut caller, NOW + 20_000);
    assert_eq!(on["StreamSpecification"], json!({ "StreamEnabled": true, "StreamViewType": "KEYS_ONLY" }));
    assert_ne!(on["LatestStreamArn"], json!(old));
    let gone = NOW + 10_000 + 24 * HOUR;
    assert!(!caller.arns(gone).contains(&old), "the newest stream is named as long as the table is there");
    assert_eq!(described(&mut caller, gone)["LatestStreamArn"], on["LatestStreamArn"]);
}

#[test]
fn tables_that_are_not_there_and_requests_without_a_name_are_refused() {
    let mut caller = only(table().event(Millis::seconds(10), Happening::DeleteTable));
    for (now_ms, request, error) in [
        (NOW, json!({ "TableName": "other" }), "ResourceNotFoundException"),
        (NOW, json!({}), "ValidationException"),
        (NOW, json!({ "TableName": 7 }), "SerializationException"),
        (NOW + 10_000, json!({ "TableName": "orders" }), "ResourceNotFoundException"),
    ] {
        assert_eq!(caller.call(now_ms, "DescribeTable", &request).unwrap_err(), error, "{request}");
    }
}

#[test]
fn faults_hit_the_description_of_their_table_only() {
    let error = FaultEffect::Error { code: "AccessDeniedException".into(), message: None, status: None };
    let fault = FaultSpec {
        table: Some("orders".into()),
        ..FaultSpec::new(Some(OperationName::DescribeTable), error)
    };
    let scenario = Scenario::new(1).table(table()).table(TableSpec::new("other")).fault(fault.calls(0, 2));
    let mut caller = Caller::new(scenario);
    let table_arn = caller.arns(NOW).remove(0).split_once("/stream/").unwrap().0.to_owned();
    let mut ask = |name: &str| caller.call(NOW, "DescribeTable", &json!({ "TableName": name })).err();
    let denied = Some("AccessDeniedException".to_owned());
    assert_eq!(
        [ask("other"), ask("orders"), ask(&table_arn), ask("orders")],
        [None, denied.clone(), denied, None]
    );
}

#[test]
fn switching_takes_its_time_and_shows() {
    let spec = TableSpec { switch_takes: Millis::seconds(30), writers: Vec::new(), ..table() }
        .writer(WriterSpec { items: 1, ..WriterSpec::rate(1.0, Millis(0)) })
        .event(Millis::seconds(100), Happening::Disable)
        .event(Millis::seconds(110), keys_only())
        .event(Millis::seconds(200), keys_only())
        .event(Millis::seconds(210), Happening::Disable)
        .event(Millis::seconds(300), Happening::DeleteTable);
    let mut caller = only(spec);
    let mut seen = Vec::new();
    for at_s in [99, 100, 129, 130, 200, 229, 230, 300, 329] {
        let now_ms = NOW + at_s * 1_000;
        let arns = caller.arns(now_ms);
        let arn = arns.last().unwrap();
        let stream = caller.describe(now_ms, arn, None);
        let shards = stream["Shards"].as_array().unwrap();
        let open =
            shards.iter().filter(|s| s["SequenceNumberRange"]["EndingSequenceNumber"].is_null()).count();
        let table = described(&mut caller, now_ms);
        assert_eq!(&table["LatestStreamArn"], arn.as_str(), "after {at_s} s");
        let (status, wanted) = (&table["TableStatus"], table.get("StreamSpecification").is_some());
        let status = format!("{} {}", status.as_str().unwrap(), stream["StreamStatus"].as_str().unwrap());
        seen.push((at_s, arns.len(), status, wanted, (shards.len(), open)));
    }
    let line =
        |at_s, streams, status: &str, wanted, shards| (at_s, streams, status.to_owned(), wanted, shards);
    assert_eq!(
        seen,
        [
            line(99, 1, "ACTIVE ENABLED", true, (1, 1)),
            line(100, 1, "UPDATING DISABLING", false, (1, 1)),
            line(129, 1, "UPDATING DISABLING", false, (1, 1)),
            // What was asked for while it was being switched was refused.
            line(130, 1, "ACTIVE DISABLED", false, (1, 0)),
            line(200, 2, "UPDATING ENABLING", true, (0, 0)),
            line(229, 2, "UPDATING ENABLING", true, (0, 0)),
            line(230, 2, "ACTIVE ENABLED", true, (2, 2)),
            line(300, 2, "DELETING DISABLING", false, (2, 2)),
            line(329, 2, "DELETING DISABLING", false, (2, 2)),
        ]
    );
    let end_ms = NOW + 330_000;
    assert!(caller.call(end_ms, "DescribeTable", &json!({ "TableName": "orders" })).is_err());
    let newest = caller.arns(end_ms).remove(1);
    assert_eq!(caller.describe(end_ms, &newest, None)["StreamStatus"], "DISABLED");
    // 0 to 99 s, the instant of an event being after it, and 230 to 299 s.
    assert_eq!(caller.truth().values().map(Vec::len).sum::<usize>(), 100 + 70);
}

#[test]
fn what_is_recorded_until_a_stream_is_off_can_be_read_while_it_is_switched_off() {
    let spec = TableSpec { switch_takes: Millis::seconds(30), ..table() };
    let mut caller = only(spec.event(Millis(0), Happening::Disable));
    let arn = caller.arns(NOW).remove(0);
    let shard = id(&caller.shards(NOW, &arn)[0]).to_owned();
    let (pages, ended) = caller.read(NOW, &arn, &shard, 3);
    assert!(!ended, "a reader cannot know yet that nothing more comes");
    assert_eq!(pages.concat(), caller.truth()[&shard]);
    assert!(caller.read(NOW + 30_000, &arn, &shard, 3).1);
}
