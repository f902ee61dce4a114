use std::collections::BTreeMap;

use proptest::prelude::*;
use sealog_record::ViewType;
use serde_json::{Value, json};

use super::*;
use crate::scenario::{ListingOrder, ListingSpec, Millis, PagesSpec, Shape, ShardEnd, WriterSpec};

const NOW: i64 = 1_763_769_600_000;
const HOUR: i64 = 3_600_000;

mod switching;
mod trimming;

struct Caller(Engine);

impl Caller {
    fn new(scenario: Scenario) -> Self {
        Self(Engine::new(scenario, NOW).unwrap())
    }

    fn call(&mut self, now_ms: i64, operation: &str, request: &Value) -> Result<Value, String> {
        let reply = self.0.handle(now_ms, operation, request.to_string().as_bytes());
        assert_eq!(reply.header("x-amz-crc32"), Some(crc32fast::hash(&reply.body).to_string().as_str()));
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        if reply.status == 200 {
            Ok(body)
        } else {
            Err(body["__type"].as_str().unwrap().split_once('#').unwrap().1.to_owned())
        }
    }

    fn arns(&mut self, now_ms: i64) -> Vec<String> {
        let listed = self.call(now_ms, "ListStreams", &json!({})).unwrap();
        listed["Streams"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["StreamArn"].as_str().unwrap().to_owned())
            .collect()
    }

    fn describe(&mut self, now_ms: i64, arn: &str, after: Option<&str>) -> Value {
        let mut request = json!({ "StreamArn": arn });
        if let Some(after) = after {
            request["ExclusiveStartShardId"] = json!(after);
        }
        self.call(now_ms, "DescribeStream", &request).unwrap()["StreamDescription"].take()
    }

    fn shards(&mut self, now_ms: i64, arn: &str) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), None::<String>);
        loop {
            let mut page = self.describe(now_ms, arn, after.as_deref());
            all.append(page["Shards"].as_array_mut().unwrap());
            after = page["LastEvaluatedShardId"].as_str().map(str::to_owned);
            if after.is_none() {
                return all;
            }
        }
    }

    fn iterator(
        &mut self,
        now_ms: i64,
        arn: &str,
        shard: &str,
        (kind, number): (&str, Option<&str>),
    ) -> Result<String, String> {
        let mut request = json!({ "StreamArn": arn, "ShardId": shard, "ShardIteratorType": kind });
        if let Some(number) = number {
            request["SequenceNumber"] = json!(number);
        }
        self.call(now_ms, "GetShardIterator", &request)
            .map(|b| b["ShardIterator"].as_str().unwrap().to_owned())
    }

    fn get(&mut self, now_ms: i64, iterator: &str) -> Result<(Vec<String>, Option<String>), String> {
        let body = self.call(now_ms, "GetRecords", &json!({ "ShardIterator": iterator }))?;
        let number = |r: &Value| r["dynamodb"]["SequenceNumber"].as_str().unwrap_or("none").to_owned();
        let records = body["Records"].as_array().unwrap().iter().map(number).collect();
        Ok((records, body["NextShardIterator"].as_str().map(str::to_owned)))
    }

    /// Pages of a shard until it ends or `pages` were read.
    fn read(&mut self, now_ms: i64, arn: &str, shard: &str, pages: usize) -> (Vec<Vec<String>>, bool) {
        let mut iterator = self.iterator(now_ms, arn, shard, ("TRIM_HORIZON", None)).unwrap();
        let mut read = Vec::new();
        for _ in 0..pages {
            let (records, next) = self.get(now_ms, &iterator).unwrap();
            read.push(records);
            match next {
                Some(next) => iterator = next,
                None => return (read, true),
            }
        }
        (read, false)
    }

    fn truth(&self) -> BTreeMap<String, Vec<String>> {
        let mut truth: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for record in self.0.truth() {
            truth.entry(record.shard.to_string()).or_default().push(record.sequence_number());
        }
        truth
    }
}

fn table() -> TableSpec {
    TableSpec {
        created: Millis::hours(-5),
        ..TableSpec::new("orders").writer(WriterSpec::count(100, Millis::hours(-4), Millis::minutes(-1)))
    }
}

fn only(table: TableSpec) -> Caller {
    Caller::new(Scenario::new(1).table(table))
}

fn id(shard: &Value) -> &str {
    shard["ShardId"].as_str().unwrap()
}

fn roll(shard: u32) -> Happening {
    Happening::Roll { shard, listed_after: Millis(0), closes_after: Millis(0) }
}

fn split(shard: u32) -> Happening {
    Happening::Split { shard, listed_after: Millis(0), closes_after: Millis(0) }
}

#[test]
fn every_shard_of_the_demo_reads_as_the_truth_says() {
    let mut caller = Caller::new(Scenario::ledger().unwrap());
    let arn = caller.arns(NOW).remove(0);
    let shards = caller.shards(NOW, &arn);
    assert_eq!(shards.len(), 5);
    let truth = caller.truth();
    assert_eq!(truth.values().map(Vec::len).sum::<usize>(), 60_000);
    for shard in &shards {
        let closed = shard["SequenceNumberRange"]["EndingSequenceNumber"].is_string();
        let (pages, ended) = caller.read(NOW, &arn, id(shard), 40);
        assert_eq!(ended, closed);
        assert_eq!(pages.concat(), truth[id(shard)]);
        assert!(pages.iter().all(|page| page.len() <= 1_000));
    }
    let bytes: usize = caller.0.truth().map(|record| record.json.len()).sum();
    assert!((1_200..1_700).contains(&(bytes / 60_000)), "{} bytes a record", bytes / 60_000);
}

#[test]
fn images_of_an_item_join_without_a_break_over_shards() {
    let caller = Caller::new(Scenario::ledger().unwrap());
    let mut records: Vec<_> = caller.0.truth().collect();
    records.sort_by_key(TruthRecord::sequence_number);
    let mut items: BTreeMap<&[u8], &[u8]> = BTreeMap::new();
    for record in records {
        assert_eq!(items.get(record.keys()).copied(), record.old_image());
        match record.new_image() {
            Some(image) => items.insert(record.keys(), image),
            None => items.remove(record.keys()),
        };
    }
}

#[test]
fn how_often_time_is_told_makes_no_difference() {
    let scenario = || {
        let writer = WriterSpec { items: 20, removes: 0.2, ttl: 0.5, ..WriterSpec::rate(3.0, Millis(0)) };
        let spec =
            table().writer(writer).event(Millis::seconds(20), split(0)).event(Millis::seconds(40), roll(1));
        Scenario::new(5).table(spec)
    };
    let digest = |step: i64| {
        let mut engine = Engine::new(scenario(), NOW).unwrap();
        (0..=60_000 / step).for_each(|n| engine.advance(NOW + n * step));
        let mut lines = Vec::new();
        engine.write_truth(TruthDetail::Full, &mut lines).unwrap();
        String::from_utf8(lines).unwrap()
    };
    assert!(digest(60_000) == digest(8), "the truths differ");
    assert!(digest(60_000).lines().count() > 250);
}

#[test]
fn iterators_begin_where_they_say() {
    let mut caller = only(table());
    let arn = caller.arns(NOW).remove(0);
    let (shard, numbers) = caller.truth().pop_first().unwrap();
    let mut first = |kind, number| {
        let iterator = caller.iterator(NOW, &arn, &shard, (kind, number))?;
        caller.get(NOW, &iterator).map(|(records, _)| records.first().cloned())
    };
    assert_eq!(first("TRIM_HORIZON", None).unwrap().as_ref(), Some(&numbers[0]));
    assert_eq!(first("LATEST", None).unwrap(), None);
    assert_eq!(first("AT_SEQUENCE_NUMBER", Some(&numbers[7])).unwrap().as_ref(), Some(&numbers[7]));
    assert_eq!(first("AFTER_SEQUENCE_NUMBER", Some(&numbers[7])).unwrap().as_ref(), Some(&numbers[8]));
    for (kind, number) in
        [("AT_TIMESTAMP", None), ("AT_SEQUENCE_NUMBER", None), ("AT_SEQUENCE_NUMBER", Some("7"))]
    {
        assert_eq!(first(kind, number).unwrap_err(), "ValidationException");
    }
    assert_eq!(
        caller.iterator(NOW, &arn, "shardId-00000000000000000001-00000000", ("LATEST", None)).unwrap_err(),
        "ResourceNotFoundException"
    );
    assert_eq!(caller.get(NOW, "arn:x|1|00").unwrap_err(), "ValidationException");
}

#[test]
fn an_iterator_at_a_time_begins_with_the_first_record_that_is_not_older() {
    let writer = WriterSpec::count(4, Millis::minutes(-4), Millis(0));
    let mut caller = only(TableSpec { writers: vec![writer], ..table() });
    let arn = caller.arns(NOW).remove(0);
    let (shard, numbers) = caller.truth().pop_first().unwrap();
    let mut left = |now_ms: i64, timestamp: Value| {
        let request = json!({
            "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "AT_TIMESTAMP", "Timestamp": timestamp
        });
        let iterator = caller.call(now_ms, "GetShardIterator", &request)?["ShardIterator"].take();
        caller.get(now_ms, iterator.as_str().unwrap()).map(|(records, _)| records)
    };
    let start = NOW / 1_000;
    assert_eq!(left(NOW, json!(0)).unwrap(), numbers);
    assert_eq!(left(NOW, json!(start - 180)).unwrap(), numbers[1..]);
    assert_eq!(left(NOW, json!(start as f64 - 179.999)).unwrap(), numbers[2..]);
    assert_eq!(left(NOW, json!(start)).unwrap(), numbers[..0]);
    for timestamp in [json!(start + 1), json!(null)] {
        assert_eq!(left(NOW, timestamp).unwrap_err(), "ValidationException");
    }
    assert_eq!(left(NOW, json!("now")).unwrap_err(), "SerializationException");
    let trimmed = left(NOW + 24 * HOUR - 150_000, json!(start - 240)).unwrap();
    assert_eq!(trimmed, numbers[2..], "what was trimmed is passed over");
}

#[test]
fn an_iterator_works_again_until_it_expires() {
    let mut caller = only(table());
    let arn = caller.arns(NOW).remove(0);
    let shard = caller.truth().pop_first().unwrap().0;
    let iterator = caller.iterator(NOW, &arn, &shard, ("TRIM_HORIZON", None)).unwrap();
    let once = caller.get(NOW, &iterator).unwrap().0;
    assert_eq!(caller.get(NOW + 899_999, &iterator).unwrap().0, once);
    assert_eq!(caller.get(NOW + 900_000, &iterator).unwrap_err(), "ExpiredIteratorException");
}

#[test]
fn a_closed_shard_ends_as_the_scenario_says() {
    for (end, last) in [(ShardEnd::WithRecords, false), (ShardEnd::AfterRecords, true)] {
        let pages = PagesSpec { records_max: 10, end, ..PagesSpec::default() };
        let mut caller = only(TableSpec { pages, ..table() }.event(Millis::hours(-2), roll(0)));
        let arn = caller.arns(NOW).remove(0);
        let parent = caller.shards(NOW, &arn).remove(0);
        let (pages, ended) = caller.read(NOW, &arn, id(&parent), 100);
        assert!(ended);
        assert_eq!(pages.last().unwrap().is_empty(), last);
    }
}

#[test]
fn empty_pages_follow_data_and_lead_on() {
    let pages = PagesSpec { records_max: 40, empty_after_data: 2, ..PagesSpec::default() };
    let mut caller = only(TableSpec { pages, ..table() });
    let arn = caller.arns(NOW).remove(0);
    let shard = caller.truth().pop_first().unwrap().0;
    let sizes: Vec<_> = caller.read(NOW, &arn, &shard, 8).0.iter().map(Vec::len).collect();
    assert_eq!(sizes, [40, 0, 0, 40, 0, 0, 20, 0]);
}

#[test]
fn pages_are_bounded_in_bytes_and_one_record_always_fits() {
    let big = WriterSpec { bytes: 700_000, items: 1, ..WriterSpec::count(4, Millis::hours(-4), Millis(0)) };
    let mut caller = only(TableSpec { writers: vec![big], ..table() });
    let arn = caller.arns(NOW).remove(0);
    let shard = caller.truth().pop_first().unwrap().0;
    let sizes: Vec<_> = caller.read(NOW, &arn, &shard, 4).0.iter().map(Vec::len).collect();
    assert_eq!(sizes, [1, 1, 1, 1]);
}

#[test]
fn what_is_older_than_the_retention_is_trimmed_and_says_so() {
    let mut caller = only(table());
    let arn = caller.arns(NOW).remove(0);
    let (shard, numbers) = caller.truth().pop_first().unwrap();
    let later = NOW + 22 * HOUR;
    let left = caller.read(later, &arn, &shard, 1).0.concat();
    assert!(left.len() < 100 && numbers.ends_with(&left));
    for kind in ["AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"] {
        assert_eq!(
            caller.iterator(later, &arn, &shard, (kind, Some(&numbers[0]))).unwrap_err(),
            "TrimmedDataAccessException"
        );
    }
    let iterator = caller.iterator(later, &arn, &shard, ("TRIM_HORIZON", None)).unwrap();
    assert_eq!(caller.get(later + 600_000, &iterator).unwrap_err(), "TrimmedDataAccessException");
    assert_eq!(caller.truth()[&shard].len(), 100, "the truth forgets nothing");
}

#[test]
fn a_milder_service_lets_readers_go_on_after_the_last_trimmed_record() {
    for mild in [false, true] {
        let spec = table().event(Millis(0), Happening::Trim { shard: 0, keep: 30 });
        let mut caller = Caller::new(Scenario { accept_after_trimmed: mild, ..Scenario::new(1).table(spec) });
        let arn = caller.arns(NOW).remove(0);
        let (shard, numbers) = caller.truth().pop_first().unwrap();
        let mut after = |number: &str| {
            caller.iterator(NOW, &arn, &shard, ("AFTER_SEQUENCE_NUMBER", Some(number))).is_ok()
        };
        assert_eq!((after(&numbers[68]), after(&numbers[69]), after(&numbers[70])), (false, mild, true));
    }
}

#[test]
fn children_and_ends_show_when_the_script_lets_them() {
    let late =
        Happening::Split { shard: 0, listed_after: Millis::seconds(5), closes_after: Millis::seconds(9) };
    let mut caller = only(table().event(Millis::seconds(1), late));
    let arn = caller.arns(NOW).remove(0);
    let mut look = |at_s: i64| {
        let shards = caller.shards(NOW + at_s * 1_000, &arn);
        let parent_open = shards[0]["SequenceNumberRange"]["EndingSequenceNumber"].is_null();
        let children = shards.iter().filter(|shard| shard["ParentShardId"] == shards[0]["ShardId"]).count();
        (children, parent_open)
    };
    assert_eq!([look(0), look(2), look(6), look(10)], [(0, true), (0, true), (2, true), (2, false)]);
}

#[test]
fn keys_stay_in_one_line_of_shards() {
    let spec = TableSpec { shards: 3, ..table() }
        .event(Millis::hours(-3), split(1))
        .event(Millis::hours(-2), split(3));
    let caller = only(TableSpec {
        writers: vec![WriterSpec { items: 40, ..WriterSpec::count(2_000, Millis::hours(-4), Millis(0)) }],
        ..spec
    });
    let stream = &caller.0.tables[0].streams[0];
    assert_eq!(stream.shards.len(), 7);
    let mut last_shard: BTreeMap<&[u8], usize> = BTreeMap::new();
    let mut records: Vec<_> = stream
        .shards
        .iter()
        .enumerate()
        .flat_map(|(i, s)| s.records.iter().map(move |r| (r.sequence, i, r)))
        .collect();
    records.sort_by_key(|(sequence, ..)| *sequence);
    for (_, shard, record) in records {
        let before = last_shard.insert(record.keys(), shard).unwrap_or(shard);
        assert!(before == shard || stream.shards[shard].parent == Some(before), "{before} to {shard}");
    }
}

#[test]
fn listing_quirks_and_filters() {
    let listing = ListingSpec {
        page_size: 2,
        empty_first_page: true,
        order: ListingOrder::ChildrenFirst,
        hide: vec![1],
    };
    let spec = TableSpec { listing, shards: 4, ..table() }
        .event(Millis::hours(-3), split(0))
        .event(Millis::hours(-2), roll(1));
    let mut caller = only(spec);
    let arn = caller.arns(NOW).remove(0);
    assert_eq!(caller.describe(NOW, &arn, None)["Shards"], json!([]));
    let shards = caller.shards(NOW, &arn);
    assert_eq!(shards.len(), 6, "seven, and one hidden");
    assert!(shards.windows(2).all(|pair| id(&pair[0]) > id(&pair[1])));
    let listed: Vec<_> = shards.iter().map(id).collect();
    assert!(
        shards.iter().any(|s| s["ParentShardId"].as_str().is_some_and(|parent| !listed.contains(&parent)))
    );
    let parent = caller.0.tables[0].streams[0].shards[0].id.to_string();
    let filter = json!({ "Type": "CHILD_SHARDS", "ShardId": parent });
    let request = json!({ "StreamArn": arn, "ShardFilter": filter, "ExclusiveStartShardId": "shardId-99999999999999999999-00000000" });
    let children = caller.call(NOW, "DescribeStream", &request).unwrap();
    let children = children["StreamDescription"]["Shards"].as_array().unwrap();
    assert_eq!(children.len(), 2);
    assert!(children.iter().all(|child| child["ParentShardId"] == parent.as_str()));
}

#[test]
fn many_shards_come_in_pages_of_a_hundred() {
    let mut caller = only(TableSpec { shards: 250, ..table() });
    let arn = caller.arns(NOW).remove(0);
    assert_eq!(caller.describe(NOW, &arn, None)["Shards"].as_array().unwrap().len(), 100);
    assert_eq!(caller.shards(NOW, &arn).len(), 250);
}

#[test]
fn switching_off_and_on_makes_a_new_stream_and_a_blind_interval() {
    let enable = Happening::Enable { view_type: ViewType::KeysOnly, shards: 2 };
    let spec = table().event(Millis::hours(-3), Happening::Disable).event(Millis::hours(-2), enable);
    let mut caller = only(spec);
    let arns = caller.arns(NOW);
    assert_eq!(arns.len(), 2);
    let (old, new) = (caller.describe(NOW, &arns[0], None), caller.describe(NOW, &arns[1], None));
    assert_eq!((&old["StreamStatus"], &new["StreamStatus"]), (&json!("DISABLED"), &json!("ENABLED")));
    assert_eq!(new["StreamViewType"], "KEYS_ONLY");
    assert!(
        old["Shards"]
            .as_array()
            .unwrap()
            .iter()
            .all(|s| s["SequenceNumberRange"]["EndingSequenceNumber"].is_string())
    );
    assert!(caller.truth().values().map(Vec::len).sum::<usize>() < 80);
    let later = NOW + 21 * HOUR;
    assert_eq!(caller.arns(later), arns[1..]);
    assert_eq!(
        caller.call(later, "DescribeStream", &json!({ "StreamArn": arns[0] })).unwrap_err(),
        "ResourceNotFoundException"
    );
}

#[test]
fn a_deleted_table_writes_no_more_and_stays_readable_for_a_day() {
    let mut caller = only(table().event(Millis::hours(-2), Happening::DeleteTable));
    assert_eq!(caller.arns(NOW + 21 * HOUR).len(), 1);
    assert_eq!(caller.arns(NOW + 22 * HOUR).len(), 0);
    assert_eq!(caller.truth().values().map(Vec::len).sum::<usize>(), 51);
}

#[test]
fn a_shard_goes_with_the_last_of_its_records() {
    let mut caller = only(
        table().event(Millis::hours(-2), roll(0)).event(Millis::seconds(1), Happening::Vanish { shard: 1 }),
    );
    let arn = caller.arns(NOW).remove(0);
    let parent = id(&caller.shards(NOW, &arn)[0]).to_owned();
    assert_eq!(caller.shards(NOW, &arn).len(), 2);
    assert_eq!(caller.shards(NOW + 1_000, &arn).len(), 1);
    let later = NOW + 22 * HOUR;
    assert_eq!(
        caller.iterator(later, &arn, &parent, ("TRIM_HORIZON", None)).unwrap_err(),
        "ResourceNotFoundException"
    );
}

#[test]
fn writes_that_change_nothing_leave_no_record() {
    let mut caller = only(TableSpec { writers: Vec::new(), ..table() });
    let write = |image: Option<&str>| Write {
        partition: "a".into(),
        keys: "{\"id\":{\"S\":\"a\"}}".into(),
        image: image.map(str::to_owned),
        identity: None,
        unreadable: false,
    };
    for image in [None, Some("{}"), Some("{}"), Some("{\"v\":{\"N\":\"1\"}}"), None, None] {
        assert!(caller.0.write(NOW, "orders", write(image)));
    }
    let events: Vec<_> = caller
        .0
        .truth()
        .map(|record| {
            serde_json::from_slice::<Value>(record.json).unwrap()["eventName"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(events, ["INSERT", "MODIFY", "REMOVE"]);
    assert!(!caller.0.write(NOW, "other", write(None)));
}

#[test]
fn budgets_throttle_each_shard_and_all_listings() {
    let scenario = Scenario {
        get_records_per_second: Some(2),
        describe_stream_per_second: Some(1),
        list_streams_per_second: Some(2),
        ..Scenario::new(1).table(table())
    };
    let mut caller = Caller::new(scenario);
    let arn = caller.arns(NOW).remove(0);
    let shard = caller.truth().pop_first().unwrap().0;
    let iterator = caller.iterator(NOW, &arn, &shard, ("TRIM_HORIZON", None)).unwrap();
    let outcomes: Vec<_> = (0..3).map(|_| caller.get(NOW, &iterator).is_ok()).collect();
    assert_eq!(outcomes, [true, true, false]);
    let describe = json!({ "StreamArn": arn });
    assert!(caller.call(NOW, "DescribeStream", &describe).is_ok());
    assert_eq!(caller.call(NOW, "DescribeStream", &describe).unwrap_err(), "ThrottlingException");
    assert!(caller.call(NOW + 1_000, "DescribeStream", &describe).is_ok());
    let lists: Vec<_> = (0..3).map(|_| caller.call(NOW + 1_000, "ListStreams", &json!({})).is_ok()).collect();
    assert_eq!(lists, [true, true, false]);
}

#[test]
fn faults_twist_pages_as_they_say() {
    let fault = |does| FaultSpec::new(Some(OperationName::GetRecords), does);
    let pages = PagesSpec { records_max: 10, ..PagesSpec::default() };
    let scenario = Scenario::new(1)
        .table(TableSpec { pages, ..table() })
        .fault(fault(FaultEffect::EmptyPage).calls(0, 1))
        .fault(fault(FaultEffect::Duplicate { records: 3 }).calls(2, 1))
        .fault(fault(FaultEffect::NoSequenceNumber).calls(3, 1));
    let mut caller = Caller::new(scenario);
    let arn = caller.arns(NOW).remove(0);
    let (shard, numbers) = caller.truth().pop_first().unwrap();
    let pages = caller.read(NOW, &arn, &shard, 4).0;
    assert_eq!(pages[..2], [Vec::new(), numbers[..10].to_vec()]);
    assert_eq!(pages[2], numbers[7..17]);
    assert_eq!(pages[3][0], "none");
    assert_eq!(pages[3][1..], numbers[18..27]);
}

#[test]
fn faults_change_replies_as_they_say() {
    let error = FaultEffect::Error { code: "AccessDeniedException".into(), message: None, status: None };
    let scenario = [
        FaultEffect::Html503,
        error,
        FaultEffect::WrongCrc32,
        FaultEffect::CutJson,
        FaultEffect::Body { status: 418, body: "tea".into() },
        FaultEffect::Truncate { bytes: 9 },
    ];
    let scenario = (0..).zip(scenario).fold(Scenario::new(1).table(table()), |scenario, (call, does)| {
        scenario.fault(FaultSpec::new(Some(OperationName::ListStreams), does).calls(call, 1))
    });
    let mut engine = Engine::new(scenario, NOW).unwrap();
    let mut replies: Vec<_> = (0..7).map(|_| engine.handle(NOW, "ListStreams", b"{}")).collect();
    let whole = replies.pop().unwrap();
    let statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [503, 400, 200, 200, 418, 200]);
    assert_eq!(replies[0].header("content-type"), Some("text/html"));
    assert_ne!(replies[2].header("x-amz-crc32"), whole.header("x-amz-crc32"));
    assert_eq!(replies[3].body, whole.body[..whole.body.len() / 2]);
    assert_eq!(replies[5].behaviour.delivery, Delivery::Truncated { bytes: 9 });
}

#[test]
fn a_repeated_cursor_leads_nowhere() {
    let fault = FaultSpec::new(Some(OperationName::DescribeStream), FaultEffect::RepeatCursor);
    let mut caller = Caller::new(Scenario::new(1).table(TableSpec { shards: 3, ..table() }).fault(fault));
    let arn = caller.arns(NOW).remove(0);
    let cursor = caller.describe(NOW, &arn, None)["LastEvaluatedShardId"].as_str().unwrap().to_owned();
    assert_eq!(caller.describe(NOW, &arn, Some(&cursor))["LastEvaluatedShardId"], cursor.as_str());
}

#[test]
fn odd_requests_get_the_services_errors() {
    let mut caller = only(table());
    let arn = caller.arns(NOW).remove(0);
    for (operation, request, error) in [
        ("PutRecord", json!({}), "UnknownOperationException"),
        ("ListStreams", json!({ "Limit": "ten" }), "SerializationException"),
        ("ListStreams", json!({ "Limit": 0 }), "ValidationException"),
        ("DescribeStream", json!({}), "ValidationException"),
        (
            "DescribeStream",
            json!({ "StreamArn": "arn:aws:dynamodb:x:1:table/t/stream/1" }),
            "ResourceNotFoundException",
        ),
        (
            "DescribeStream",
            json!({ "StreamArn": arn, "ShardFilter": { "Type": "ALL" } }),
            "ValidationException",
        ),
        ("GetShardIterator", json!({ "StreamArn": arn }), "ValidationException"),
        ("GetRecords", json!({ "ShardIterator": "x", "Limit": 1001 }), "LimitExceededException"),
    ] {
        assert_eq!(caller.call(NOW, operation, &request).unwrap_err(), error, "{operation} {request}");
    }
}

#[test]
fn generated_volume_has_the_asked_size() {
    let engine = Engine::new(Scenario::generated("volume", 4, 4_000, 1_600, 3), NOW).unwrap();
    let (count, bytes) =
        engine.truth().fold((0, 0), |(count, bytes), record| (count + 1, bytes + record.json.len()));
    assert_eq!(count, 4_000);
    assert!((1_500..1_650).contains(&(bytes / count)), "{}", bytes / count);
}

#[test]
fn every_shape_is_json_and_numbers_pass_a_power_of_ten() {
    for shape in [Shape::AllTypes, Shape::OddJson] {
        let writer = WriterSpec {
            shape,
            removes: 0.1,
            ttl: 0.5,
            ..WriterSpec::count(200, Millis::hours(-4), Millis(0))
        };
        let spec = TableSpec {
            writers: vec![writer],
            range_key: Some("at".into()),
            sequence_start: "999999999999999999999".into(),
            ..table()
        };
        let caller = only(spec);
        let numbers: Vec<_> = caller.0.truth().map(|record| record.sequence_number()).collect();
        assert_eq!(numbers[0].len(), 22);
        for record in caller.0.truth() {
            serde_json::from_slice::<&serde_json::value::RawValue>(record.json).unwrap();
        }
    }
}

#[test]
fn numbers_of_40_digits_are_counted_and_found() {
    let spec = TableSpec { sequence_start: "9".repeat(39), ..table() }.event(Millis::hours(-2), roll(0));
    let mut caller = only(spec);
    let arn = caller.arns(NOW).remove(0);
    let shards = caller.shards(NOW, &arn);
    for (shard, numbers) in caller.truth() {
        assert!(numbers.iter().all(|number| number.len() == 40));
        let listed = shards.iter().find(|listed| id(listed) == shard).unwrap();
        let starting = listed["SequenceNumberRange"]["StartingSequenceNumber"].as_str().unwrap();
        assert!(starting.len() == 40 && starting < numbers[0].as_str());
        let after = ("AFTER_SEQUENCE_NUMBER", Some(numbers[3].as_str()));
        let iterator = caller.iterator(NOW, &arn, &shard, after).unwrap();
        assert_eq!(caller.get(NOW, &iterator).unwrap().0, numbers[4..]);
    }
}

#[test]
fn poison_and_unknown_members_are_in_the_record_and_in_the_truth() {
    let writer = WriterSpec { unreadable: 0.1, ..WriterSpec::count(200, Millis::hours(-4), Millis(0)) };
    let caller = only(TableSpec { writers: vec![writer], unknown_members: true, ..table() });
    let records: Vec<Value> =
        caller.0.truth().map(|record| serde_json::from_slice(record.json).unwrap()).collect();
    let poison = records.iter().filter(|record| record["dynamodb"]["SizeBytes"].is_string()).count();
    assert!((5..50).contains(&poison), "{poison}");
    assert!(records.iter().all(|record| record["eventPartition"] == "p-7"));
    assert!(records.iter().all(|record| record["dynamodb"]["CommitContext"]["Region"] == "eu-west-1"));
}

fn events() -> impl Strategy<Value = Vec<(i64, Happening)>> {
    let wait = || (0_i64..30).prop_map(Millis::seconds);
    let event = prop_oneof![
        (0_u32..8, wait(), wait()).prop_map(|(shard, listed_after, closes_after)| Happening::Split {
            shard,
            listed_after,
            closes_after
        }),
        (0_u32..8, wait(), wait()).prop_map(|(shard, listed_after, closes_after)| Happening::Roll {
            shard,
            listed_after,
            closes_after
        }),
        Just(Happening::Disable),
        Just(Happening::Enable { view_type: ViewType::NewImage, shards: 2 }),
    ];
    proptest::collection::vec((-200_i64..-40, event), 0..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever happens to shards, reading each listed one from its horizon gives the truth, in order, once.
    #[test]
    fn a_plain_reader_gets_the_truth(
        events in events(), seed: u64, shards in 1_u32..4, records_max in 1_u32..60, empties in 0_u32..3, page_size in 1_u32..5,
    ) {
        let pages = PagesSpec { records_max, empty_after_data: empties, ..PagesSpec::default() };
        let listing = ListingSpec { page_size, ..ListingSpec::default() };
        let writer = WriterSpec { removes: 0.2, ..WriterSpec::count(300, Millis::minutes(-4), Millis(0)) };
        let table = TableSpec { pages, listing, shards, writers: vec![writer], ..table() };
        let table = events.into_iter().fold(table, |table, (at, does)| table.event(Millis::seconds(at), does));
        let mut caller = Caller::new(Scenario::new(seed).table(table));
        let mut read = BTreeMap::new();
        for arn in caller.arns(NOW) {
            for shard in caller.shards(NOW, &arn) {
                let (pages, ended) = caller.read(NOW, &arn, id(&shard), 1_500);
                prop_assert_eq!(ended, shard["SequenceNumberRange"]["EndingSequenceNumber"].is_string());
                let records = pages.concat();
                if !records.is_empty() {
                    read.insert(id(&shard).to_owned(), records);
                }
            }
        }
        prop_assert_eq!(read, caller.truth());
    }
}
