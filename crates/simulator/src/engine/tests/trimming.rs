//! Trimming before its time, in steps, and bit by bit.

use super::*;

/// The ages, in minutes, of the records that can still be read from each shard.
fn ages(caller: &mut Caller, now_ms: i64) -> Vec<Vec<i64>> {
    let arn = caller.arns(now_ms).remove(0);
    let at: BTreeMap<String, i64> =
        caller.0.truth().map(|record| (record.sequence_number(), record.at_ms)).collect();
    let shards = caller.shards(now_ms, &arn);
    let read = shards.iter().map(|shard| caller.read(now_ms, &arn, id(shard), 1).0.concat());
    read.map(|numbers| numbers.iter().map(|number| (now_ms - at[number]) / 60_000).collect()).collect()
}

fn every_minute() -> TableSpec {
    let writer = WriterSpec::count(10, Millis::minutes(-10), Millis(0));
    TableSpec { writers: vec![writer], ..table() }
}

#[test]
fn what_is_older_is_trimmed_in_one_shard_or_in_all() {
    let older = |minutes, shard| Happening::TrimOlder { age: Millis::minutes(minutes), shard };
    let mut caller = only(every_minute().event(Millis(0), older(6, None)));
    assert_eq!(ages(&mut caller, NOW), [[5, 4, 3, 2, 1]]);
    assert!(caller.0.happen(NOW, "orders", &older(8, None)), "what was trimmed stays trimmed");
    assert!(caller.0.happen(NOW, "orders", &older(1, Some(7))), "a shard that is not there");
    assert_eq!(ages(&mut caller, NOW), [[5, 4, 3, 2, 1]]);
    let mut caller = only(every_minute().event(Millis::minutes(-4), roll(0)));
    let before = ages(&mut caller, NOW);
    assert_eq!(before.concat().len(), 10);
    assert!(caller.0.happen(NOW, "orders", &older(2, Some(1))));
    assert_eq!(ages(&mut caller, NOW), [before[0].clone(), vec![1]]);
}

#[test]
fn a_series_of_trims_takes_a_shard_away_bit_by_bit() {
    let older = Happening::TrimOlder { age: Millis::minutes(5), shard: Some(0) };
    let spec = (-2..=2).fold(every_minute(), |spec, at| spec.event(Millis::minutes(at), older.clone()));
    let mut caller = only(spec);
    let left = |caller: &mut Caller, minute: i64| ages(caller, NOW + minute * 60_000).concat().len();
    let sizes: Vec<_> = (0..=3).map(|minute| left(&mut caller, minute)).collect();
    assert_eq!(sizes, [4, 3, 2, 2]);
}

#[test]
fn a_coarse_retention_trims_all_at_once() {
    let coarse = |trim_every| Scenario {
        retention: Millis::minutes(5),
        trim_every,
        ..Scenario::new(1).table(every_minute())
    };
    let left = |caller: &mut Caller, minute: i64| ages(caller, NOW + minute * 60_000).concat().len();
    let mut exact = Caller::new(coarse(Millis(0)));
    let sizes: Vec<_> = (0..=5).map(|minute| left(&mut exact, minute)).collect();
    assert_eq!(sizes, [4, 3, 2, 1, 0, 0]);
    // The start is a full hour, so records go 5 minutes after a full multiple of 4 minutes.
    let mut caller = Caller::new(coarse(Millis::minutes(4)));
    let sizes: Vec<_> = (0..=9).map(|minute| left(&mut caller, minute)).collect();
    assert_eq!(sizes, [7, 3, 3, 3, 3, 0, 0, 0, 0, 0]);
}
