//! Sorted days: what they hold, late rows, two compactors, clean-up, and files of a size.

use sealog_lake::{
    Columns, CompactOptions, Compacted, LakeError, Publisher, Spill, Unhurried, ViewFile, clean, compact,
    declared, pending, view,
};
use sealog_record::Timestamp;
use sealog_store::{Log, Store};

use crate::archive::{Archive, BEGIN_MS, HOUR_MS, change, columns, three_days};
use crate::publishing::{now, publish};
use crate::reader;

pub(crate) const DAY_MS: i64 = 24 * HOUR_MS;

pub(crate) fn options(writer: &str) -> CompactOptions {
    CompactOptions {
        columns: columns(),
        spill: Spill { folder: std::env::temp_dir(), memory: 4_000 },
        file_bytes: 6_000,
        writer: writer.to_owned(),
        anew: false,
    }
}

/// Compacts every day up to the newest commit.
pub(crate) async fn compact_all(
    log: &Log,
    through: u64,
    at: Timestamp,
    options: &CompactOptions,
) -> Result<Vec<Compacted>, LakeError> {
    let mut done = Vec::new();
    for day in pending(log, through, options.anew).await? {
        done.push(compact(log, (&day.date, through), at, options, &Unhurried).await?);
    }
    Ok(done)
}

#[tokio::test]
async fn a_day_is_rewritten_in_order_and_its_rows_are_the_same() {
    let archive = three_days().await;
    let log = archive.log();
    publish(&log).await;
    let before = reader::rows(&log).await;
    let done = compact_all(&log, 9, now(), &options("a")).await.unwrap();
    assert_eq!(done.len(), 3);
    assert_eq!(reader::rows(&log).await, before);
    let mut files = 0;
    for day in view(&log).await.unwrap() {
        assert!(day.fresh.is_empty() && !day.sorted.is_empty(), "{day:?}");
        files += day.sorted.len();
        let mut order = Vec::new();
        for ViewFile { key, .. } in &day.sorted {
            for batch in reader::batches(log.store().read(key).await.unwrap().unwrap().bytes) {
                use arrow::array::AsArray as _;
                let text = |name: &str| batch.column_by_name(name).unwrap().as_string::<i32>().clone();
                let (pk, sequence) = (text("pk"), text("sequence_number"));
                order.extend(
                    (0..batch.num_rows())
                        .map(|n| (pk.value(n).to_owned(), sequence.value(n).parse::<u64>().unwrap())),
                );
            }
        }
        let mut sorted = order.clone();
        sorted.sort();
        assert_eq!(order, sorted, "{}", day.date);
    }
    assert!(files >= 3);
    assert_eq!(compact_all(&log, 9, now(), &options("a")).await.unwrap(), [], "nothing is left to do");
}

#[tokio::test]
async fn late_rows_make_a_new_generation_of_their_day() {
    let mut archive = three_days().await;
    let log = archive.log();
    publish(&log).await;
    compact_all(&log, 9, now(), &options("a")).await.unwrap();
    archive.commit(BEGIN_MS + 60 * HOUR_MS, &[change(3, "7.77", BEGIN_MS)]).await;
    publish(&log).await;
    let before = reader::rows(&log).await;
    assert_eq!(before.len(), 181);
    assert_eq!(before[&(10, 0)].date, "2026-11-22");
    let late = pending(&log, 10, false).await.unwrap();
    assert_eq!((late.len(), late[0].date.as_str(), late[0].files), (1, "2026-11-22", 1));
    let later = Timestamp::from_millis(now().as_millis() + 1000);
    let done = compact_all(&log, 10, later, &options("a")).await.unwrap();
    assert!(matches!(done.as_slice(), [Compacted::Done { .. }]), "{done:?}");
    assert_eq!(reader::rows(&log).await, before);
}

#[tokio::test]
async fn of_two_compactors_one_wins_and_the_other_leaves_nothing() {
    let archive = three_days().await;
    let log = archive.log();
    publish(&log).await;
    let before = reader::rows(&log).await;
    let (ours, theirs) = (options("a"), options("b"));
    let (one, other) = tokio::join!(
        compact(&log, ("2026-11-22", 9), now(), &ours, &Unhurried),
        compact(&log, ("2026-11-22", 9), now(), &theirs, &Unhurried),
    );
    let done = [one.unwrap(), other.unwrap()];
    let won = done.iter().filter(|it| matches!(it, Compacted::Done { .. })).count();
    assert_eq!((won, done.contains(&Compacted::Overtaken)), (1, true), "{done:?}");
    assert_eq!(reader::rows(&log).await, before);
    let valid = view(&log).await.unwrap().remove(0).sorted;
    let valid: Vec<String> = valid.into_iter().map(|file| file.key).collect();
    let there = archive.store.list("orders/lake/sorted/dt=2026-11-22/", None).await.unwrap();
    assert_eq!(there.into_iter().map(|entry| entry.key).collect::<Vec<_>>(), valid);
}

#[tokio::test]
async fn clean_up_waits_for_the_grace_period_and_takes_nothing_that_is_needed() {
    let mut archive = three_days().await;
    let log = archive.log();
    publish(&log).await;
    compact_all(&log, 9, now(), &options("a")).await.unwrap();
    archive.commit(BEGIN_MS + 60 * HOUR_MS, &[change(3, "7.77", BEGIN_MS)]).await;
    publish(&log).await;
    let at = |days: i64| Timestamp::from_millis(now().as_millis() + days * DAY_MS);
    compact_all(&log, 10, at(1), &options("a")).await.unwrap();
    let rows = reader::rows(&log).await;
    let abandoned = "orders/lake/sorted/dt=2026-11-22/00000000000000000010-6a00000000000000-00000.parquet";
    archive.store.replace(abandoned, "of a compaction that died".into(), None).await.unwrap();
    let fresh = archive.store.list("orders/lake/fresh/", None).await.unwrap().len();
    let none = clean(&log, at(1), 7 * DAY_MS).await.unwrap();
    assert_eq!((none.fresh, none.sorted), (0, 1), "only what was begun before");
    let some = clean(&log, Timestamp::from_millis(at(7).as_millis() + 1), 7 * DAY_MS).await.unwrap();
    assert_eq!(
        (some.fresh as usize, some.sorted),
        (fresh - 1, 0),
        "the first generation covers all but the late row"
    );
    assert_eq!(reader::rows(&log).await, rows);
    let rest = clean(&log, at(9), 7 * DAY_MS).await.unwrap();
    assert_eq!(rest.fresh, 1);
    assert!(rest.sorted > 0, "the superseded generation");
    assert_eq!(reader::rows(&log).await, rows);
    assert_eq!(clean(&log, at(30), 7 * DAY_MS).await.unwrap(), sealog_lake::Cleaned::default());
    let valid: usize = view(&log).await.unwrap().iter().map(|day| day.sorted.len()).sum();
    assert_eq!(archive.store.list("orders/lake/sorted/", None).await.unwrap().len(), valid);
    for prefix in ["orders/commits/", "orders/evidence/"] {
        assert!(!archive.store.list(prefix, None).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn making_a_cleaned_lake_anew_fills_new_columns_of_sorted_rows() {
    let archive = three_days().await;
    let log = archive.log();
    let mut without = Publisher::resume(log.clone(), Columns::default(), now()).await.unwrap();
    while without.step().await.unwrap().is_some() {}
    let bare = CompactOptions { columns: Columns::default(), ..options("a") };
    compact_all(&log, 9, now(), &bare).await.unwrap();
    let later = Timestamp::from_millis(now().as_millis() + 30 * DAY_MS);
    clean(&log, later, 7 * DAY_MS).await.unwrap();
    assert!(archive.store.list("orders/lake/fresh/", None).await.unwrap().is_empty());
    let anew = CompactOptions { anew: true, ..options("a") };
    assert!(
        pending(&log, 9, true).await.unwrap().is_empty(),
        "without fresh rows there is nothing to make it of"
    );
    let mut publisher = Publisher::anew(log.clone(), columns());
    while publisher.step().await.unwrap().is_some() {}
    assert!(reader::rows(&log).await.values().all(|row| row.new_amount.is_none()), "still what was sorted");
    let gone = archive.store.list("orders/lake/fresh/dt=2026-11-23/", None).await.unwrap().remove(0);
    let kept = archive.store.read(&gone.key).await.unwrap().unwrap();
    archive.store.remove(&gone.key).await.unwrap();
    let error = compact(&log, ("2026-11-23", 9), later, &anew, &Unhurried).await.unwrap_err();
    assert!(error.to_string().contains("rows that are sorted"), "{error}");
    archive.store.replace(&gone.key, kept.bytes, None).await.unwrap();
    compact_all(&log, 9, later, &anew).await.unwrap();
    let rows = reader::rows(&log).await;
    assert!(rows.len() == 180 && rows.values().all(|row| row.new_amount.is_some()));
}

#[tokio::test]
async fn a_lake_is_declared_by_what_was_made_last_sorted_or_fresh() {
    let archive = three_days().await;
    let log = archive.log();
    let mut without = Publisher::resume(log.clone(), Columns::default(), now()).await.unwrap();
    while without.step().await.unwrap().is_some() {}
    let stated = async || declared(&log, &view(&log).await.unwrap()).await.unwrap();
    assert_eq!(stated().await, Some(Columns::default()));
    compact(&log, ("2026-11-22", 9), now(), &options("a"), &Unhurried).await.unwrap();
    assert_eq!(
        stated().await,
        Some(columns()),
        "one day is sorted, with the new columns; the others are fresh"
    );
    compact_all(&log, 9, now(), &options("a")).await.unwrap();
    assert_eq!(stated().await, Some(columns()));
}

#[tokio::test]
async fn a_changed_sorted_file_is_not_taken_over_into_the_next_generation() {
    let mut archive = three_days().await;
    let log = archive.log();
    publish(&log).await;
    compact_all(&log, 9, now(), &options("a")).await.unwrap();
    let key = view(&log).await.unwrap().remove(0).sorted.remove(0).key;
    let there = archive.store.read(&key).await.unwrap().unwrap();
    let mut bytes = there.bytes.to_vec();
    bytes[100] ^= 1;
    archive.store.replace(&key, bytes.into(), Some(&there)).await.unwrap();
    archive.commit(BEGIN_MS + 60 * HOUR_MS, &[change(3, "7.77", BEGIN_MS)]).await;
    publish(&log).await;
    let error = compact(&log, ("2026-11-22", 10), now(), &options("a"), &Unhurried).await.unwrap_err();
    assert!(matches!(&error, LakeError::Broken { key: of, .. } if *of == key), "{error}");
}

#[tokio::test]
async fn an_archive_without_a_lake_has_nothing_to_compact_or_clean() {
    let archive = Archive::begun().await;
    assert!(pending(&archive.log(), 0, false).await.unwrap().is_empty());
    assert_eq!(clean(&archive.log(), now(), 0).await.unwrap(), sealog_lake::Cleaned::default());
}
