//! What a filter says, and what becomes of records.

use std::path::PathBuf;
use std::sync::LazyLock;

use sealog_filter::{Answer, Filter, FilterOptions, Host};
use sealog_record::ChangeRecord;

use crate::guest::{Guest, drop, guest};

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

#[test]
fn a_filter_keeps_and_drops() {
    let filter = load(&guest().answers(&[crate::guest::Verdict::Keep, drop("why")]));
    let images = [r#"{"t":{"S":"a"}}"#, r#"{"t":{"S":"b"}}"#, r#"{"n":{"N":"1"}}"#];
    let records = images.map(|image| ChangeRecord {
        sequence_number: "1",
        new_image: Some(image),
        ..ChangeRecord::default()
    });
    let evaluation = filter.evaluate(&records);
    let answers: Vec<_> = evaluation.answers.unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [Answer::Keep, Answer::Drop("why".to_owned()), Answer::Keep]);
    assert!(evaluation.usage.fuel > 0);
}
