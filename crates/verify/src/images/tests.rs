//! The sort against memory's own, values that are equal, and what interrupts.

use proptest::prelude::*;

use super::*;

fn change(item: u8, commit: u64, row: u32, old: u8, new: u8) -> Change {
    let image = |value: u8| match value {
        0 => Image::Absent,
        255 => Image::Unknown,
        value => Image::Value([value; 16]),
    };
    let spot = Spot { commit, object: 0, row };
    Change { item: [item; 16], spot, old: image(old), new: image(new) }
}

fn judged(changes: &[Change], interruptions: Interruptions, rows_in_memory: usize) -> Vec<(u64, u64)> {
    let images = Images::new(Spill { rows_in_memory, ..Spill::default() });
    changes.iter().for_each(|change| images.take(vec![*change]));
    let (breaks, count) = images.judge(interruptions).unwrap();
    assert_eq!(count, breaks.len() as u64);
    breaks.iter().map(|found| (found.earlier.commit, found.later.commit)).collect()
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let one = (0_u8..4, 0_u64..50, 0_u32..9, 0_u8..4, 0_u8..4);
    proptest::collection::vec(
        one.prop_map(|(item, commit, row, old, new)| change(item, commit, row, old, new)),
        0..200,
    )
}

proptest! {
    #[test]
    fn changes_come_back_in_order_however_few_fit_into_memory(mut all in changes(), rows_in_memory in 1_usize..60) {
        let mut sorter = Sorter::new(Spill { rows_in_memory, ..Spill::default() });
        all.chunks(7).for_each(|some| sorter.take(some.to_vec()));
        let mut found = Vec::new();
        sorter.merged(|change| found.push(change)).unwrap();
        all.sort_unstable();
        prop_assert_eq!(found, all);
    }
}

#[test]
fn a_missing_change_is_a_break_and_an_unknown_image_is_none() {
    let good = [change(1, 1, 0, 0, 5), change(1, 2, 0, 5, 6), change(1, 9, 0, 6, 0), change(1, 9, 1, 0, 7)];
    for rows_in_memory in [1, 2, 100] {
        assert_eq!(judged(&good, Interruptions::default(), rows_in_memory), []);
        let lost = [good[0], good[2]];
        assert_eq!(judged(&lost, Interruptions::default(), rows_in_memory), [(1, 9)]);
    }
    // Created though it was there; gone though it was there.
    assert_eq!(
        judged(&[change(1, 1, 0, 0, 5), change(1, 2, 0, 0, 5)], Interruptions::default(), 9),
        [(1, 2)]
    );
    assert_eq!(
        judged(&[change(1, 1, 0, 4, 0), change(1, 2, 0, 5, 0)], Interruptions::default(), 9),
        [(1, 2)]
    );
    // Of what is not known nothing is said, neither before nor behind it.
    let unknown = [change(1, 1, 0, 0, 5), change(1, 2, 0, 255, 255), change(1, 3, 0, 7, 8)];
    assert_eq!(judged(&unknown, Interruptions::default(), 9), []);
    // Two items have nothing to do with each other.
    assert_eq!(judged(&[change(1, 1, 0, 0, 5), change(2, 2, 0, 6, 7)], Interruptions::default(), 9), []);
}

#[test]
fn interruptions_excuse_what_lies_across_them_and_nothing_else() {
    let pair = [change(1, 3, 0, 0, 5), change(1, 7, 0, 6, 7)];
    let with = |set: fn(&mut Interruptions)| {
        let mut interruptions = Interruptions::default();
        set(&mut interruptions);
        judged(&pair, interruptions, 9)
    };
    let found = vec![(3, 7)];
    assert_eq!(with(|it| it.before(3)), found);
    assert_eq!(with(|it| it.before(4)), []);
    assert_eq!(with(|it| it.before(7)), []);
    assert_eq!(with(|it| it.before(8)), found);
    assert_eq!(with(|it| it.within(2)), found);
    assert_eq!(with(|it| it.within(3)), []);
    assert_eq!(with(|it| it.within(7)), []);
    assert_eq!(with(|it| it.within(8)), found);
    assert_eq!(with(|it| it.end_at(7)), []);
    assert_eq!(with(|it| it.end_at(8)), found);
}

#[test]
fn only_the_first_thousand_breaks_are_kept_and_all_are_counted() {
    let images = Images::new(Spill::default());
    images.take((0..3000).map(|row| change(1, 4, row, 1, 2)).collect());
    let (breaks, count) = images.judge(Interruptions::default()).unwrap();
    assert_eq!((breaks.len(), count), (1000, 2999));
    assert_eq!(breaks.last().unwrap().later.row, 1000);
}

#[test]
fn values_are_compared_and_not_their_spelling() {
    let same = [
        r#"{"a":{"S":"x"},"b":{"SS":["1","2"]},"c":{"M":{"d":{"N":"1"},"e":{"NULL":true}}}}"#,
        r#"{ "c":{"M":{"e":{"NULL":true},"d":{"N":"1"}}}, "b":{"SS":["2","1"]}, "a":{"S":"\u0078"}}"#,
    ];
    assert_eq!(value::digest(same[0]), value::digest(same[1]));
    assert!(value::digest(same[0]).is_some());
    let others = [
        r#"{"a":{"S":"x"}}"#,
        r#"{"a":{"N":"x"}}"#,
        r#"{"a":{"L":[{"S":"x"},{"S":"y"}]}}"#,
        r#"{"a":{"L":[{"S":"y"},{"S":"x"}]}}"#,
        r#"{"a":{"BOOL":true}}"#,
        r#"{"a":{"BOOL":false}}"#,
        r#"{"a":{"M":{}}}"#,
        r"{}",
        r#"{"a":{"S":"b"},"c":{"S":""}}"#,
        r#"{"a":{"S":""},"bc":{"S":""}}"#,
    ];
    let digests: std::collections::BTreeSet<_> =
        others.iter().map(|text| value::digest(text).unwrap()).collect();
    assert_eq!(digests.len(), others.len());
}

#[test]
fn what_is_no_dynamodb_json_has_no_digest() {
    let deep = format!("{}{}", r#"{"a":{"M":"#.repeat(60) + "{}", "}}".repeat(60));
    for text in [
        "",
        "[]",
        "{",
        r#"{"a":1}"#,
        r#"{"a":{"S":1}}"#,
        r#"{"a":{"S":"x","N":"1"}}"#,
        r#"{"a":{}}"#,
        r#"{"a":{"X":"y"}}"#,
        r#"{"a":{"L":["x"]}}"#,
        r#"{"a":{"SS":[1]}}"#,
        &deep,
    ] {
        assert_eq!(value::digest(text), None, "{text}");
    }
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_and_no_pass() {
    let spill = Spill { folder: "/nonexistent-folder".into(), rows_in_memory: 1 };
    let images = Images::new(spill);
    images.take(vec![change(1, 1, 0, 0, 5), change(1, 2, 0, 5, 6)]);
    assert!(images.judge(Interruptions::default()).unwrap_err().0.contains("/nonexistent-folder"));
}
