//! The lake beside the evidence: right, wrong, foreign, missing rows.

use std::sync::Arc;

use bytes::Bytes;
use sealog_lake::{Columns, CompactOptions, Publisher, Spill, Unhurried, compact, pending};
use sealog_record::Timestamp;
use sealog_store::{Log, Store};

use super::writer::{BEGIN_MS, Files, LOG, sample, stored};
use super::{Case, TOUCHED, UNTOUCHED, check, check_cases, options};
use crate::{Depth, VerifyOptions};

const FRESH: &str = "lake/fresh/dt=2026-11-22/";

fn at_lake(options: &mut VerifyOptions, _files: &Files) {
    options.depth = Depth::Lake;
}

fn now() -> Timestamp {
    Timestamp::from_millis(BEGIN_MS + 60_000)
}

/// What a publisher makes of the commits, and a compactor of that.
fn published(files: &mut Files, sorted: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let store: Arc<dyn Store> = stored(&[(LOG, &*files)]).await;
        let log = Log::new(Arc::clone(&store), LOG);
        let mut publisher = Publisher::anew(log.clone(), Columns::default());
        while publisher.step().await.unwrap().is_some() {}
        if sorted {
            let options = CompactOptions {
                columns: Columns::default(),
                spill: Spill { folder: std::env::temp_dir(), memory: 1 << 20 },
                file_bytes: 1 << 20,
                writer: "w".to_owned(),
                anew: false,
            };
            let through = publisher.next() - 1;
            for day in pending(&log, through, false).await.unwrap() {
                compact(&log, (&day.date, through), now(), &options, &Unhurried).await.unwrap();
            }
        }
        for entry in store.list(&log.key("lake/"), None).await.unwrap() {
            let bytes = store.read(&entry.key).await.unwrap().unwrap().bytes;
            files.insert(entry.key.strip_prefix("orders/").unwrap().to_owned(), bytes);
        }
    });
}

fn fresh(files: &Files) -> Vec<String> {
    files.keys().filter(|name| name.starts_with(FRESH)).cloned().collect()
}

pub(super) const CASES: &[Case] = &[
    Case { about: "an archive without a lake", options: at_lake, ..UNTOUCHED },
    Case { about: "a published lake", files: |files| published(files, false), options: at_lake, ..UNTOUCHED },
    Case { about: "a sorted lake", files: |files| published(files, true), options: at_lake, ..UNTOUCHED },
    Case {
        about: "a lake nobody asked for is not looked at",
        files: |files| {
            published(files, false);
            files.insert("lake/x".to_owned(), Bytes::from_static(b"?"));
        },
        ..UNTOUCHED
    },
    Case {
        about: "a foreign file",
        files: |files| {
            published(files, true);
            files.insert(format!("{FRESH}more.parquet"), Bytes::from_static(b"?"));
        },
        options: at_lake,
        findings: &["lake-mismatch object=lake/fresh/dt=2026-11-22/more.parquet"],
        ..TOUCHED
    },
];

#[test]
fn the_lake_is_held_against_the_evidence() {
    check_cases(CASES);
}

/// What is said of a lake that was changed; each finding is of the lake.
fn said(sorted: bool, change: fn(&mut Files)) -> Vec<(Option<u64>, Option<u64>, String)> {
    let mut files = sample().seal();
    published(&mut files, sorted);
    change(&mut files);
    let report = check(&files, &VerifyOptions { depth: Depth::Lake, ..options() });
    assert_eq!(report.outcome, crate::Outcome::Tampered);
    let findings = report.logs.into_iter().flat_map(|log| log.findings);
    findings
        .inspect(|finding| assert_eq!(finding.code.as_str(), "lake-mismatch"))
        .map(|finding| (finding.commit, finding.row, finding.message))
        .collect()
}

#[test]
fn rows_that_are_missing_doubled_or_exchanged_are_named() {
    let missing = said(false, |files| {
        let name = fresh(files).remove(0);
        files.remove(&name);
    });
    assert!(missing.iter().all(|(_, _, message)| message.contains("is not shown")), "{missing:?}");
    let twice = said(false, |files| {
        let names = fresh(files);
        let copied = names[0].replace("/0", "/1");
        files.insert(copied, files[&names[0]].clone());
    });
    assert!(twice.iter().all(|(_, _, message)| message.contains("times")), "{twice:?}");
    let places =
        |said: &[(Option<u64>, Option<u64>, String)]| said.iter().map(|it| (it.0, it.1)).collect::<Vec<_>>();
    assert_eq!(places(&missing), places(&twice));
    let exchanged = said(false, |files| {
        let names = fresh(files);
        files.insert(names[0].clone(), files[&names[1]].clone());
    });
    assert!(exchanged.len() > missing.len(), "missing here, doubled there: {exchanged:?}");
    let moved = said(false, |files| {
        let name = fresh(files).remove(0);
        let bytes = files.remove(&name).unwrap();
        files.insert(name.replace("2026-11-22", "2026-11-21"), bytes);
    });
    assert_eq!(places(&moved), places(&missing));
    assert!(moved.iter().all(|(_, _, message)| message.contains("not shown under 2026-11-22")), "{moved:?}");
}

#[test]
fn a_sorted_file_that_was_changed_or_is_gone_is_named() {
    let changed = said(true, |files| {
        let name = files.keys().find(|name| name.starts_with("lake/sorted/")).unwrap().clone();
        let mut bytes = files[&name].to_vec();
        bytes[60] ^= 1;
        files.insert(name, bytes.into());
    });
    assert!(
        changed.iter().any(|(_, _, message)| message.contains("not what its day's marker names")),
        "{changed:?}"
    );
    let gone = said(true, |files| files.retain(|name, _| !name.starts_with("lake/sorted/")));
    assert!(gone.iter().any(|(_, _, message)| message.contains("is not there")), "{gone:?}");
    let unmarked = said(true, |files| {
        files.retain(|name, _| !name.starts_with(FRESH));
        files.retain(|name, _| !name.starts_with("lake/days/"));
    });
    assert!(unmarked.iter().all(|(_, _, message)| message.contains("is not shown")), "{unmarked:?}");
}
