//! Filters that were compiled against each released version of the interface run today, and say today what they said then.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sealog_filter::{Answer, FaultClass, Filter, FilterOptions, Host, Image};
use sealog_record::ChangeRecord;
use serde_json::json;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/released")
}

fn load(version: &str) -> Filter {
    let component = fs::read(folder().join(version).join("everything.wasm")).unwrap();
    let options = FilterOptions { config: json!({ "greeting": "hello" }), ..FilterOptions::default() };
    Host::new(None).unwrap().load(&component, options).unwrap()
}

/// What it says of one record.
fn ask(filter: &Filter, record: ChangeRecord<'_>) -> Answer {
    let mut answers = filter.evaluate(&[record]).answers.unwrap();
    answers.pop().unwrap().unwrap()
}

fn with_image(event_name: &'static str, new_image: &'static str) -> ChangeRecord<'static> {
    ChangeRecord {
        sequence_number: "7",
        event_name: Some(event_name),
        new_image: Some(new_image),
        ..ChangeRecord::default()
    }
}

#[test]
fn each_released_version_has_its_component() {
    let wit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let versions = |folder: &Path, prefix: &str| {
        let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let folders = names.filter(|path| path.is_dir());
        let mut names: Vec<_> = folders
            .map(|path| path.file_name().unwrap().to_string_lossy().strip_prefix(prefix).unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let released = versions(&wit, "filter-");
    assert!(!released.is_empty());
    assert_eq!(
        released,
        versions(&folder(), ""),
        "compile a component once and for all when a version is released"
    );
}

#[test]
fn filters_of_1_0_0_say_what_they_are() {
    let filter = load("1.0.0");
    let manifest = filter.manifest();
    assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("everything", "1.0.0"));
    let columns: Vec<_> =
        manifest.columns.iter().map(|column| (column.image, column.path.join("/"))).collect();
    let new = ["text", "number", "flag", "nil", "bytes", "map/inner", "list/1", "texts"];
    let mut want: Vec<_> = new.map(|path| (Image::NewImage, path.to_owned())).to_vec();
    want.extend([(Image::Keys, "pk".to_owned()), (Image::OldImage, String::new())]);
    want.push((Image::NewImage, "secret".to_owned()));
    assert_eq!(columns, want);
    assert_eq!(manifest.reasons, ["noise", "loud"]);
    let may = manifest.verdicts;
    assert!(may.drop && may.redact && may.tag && may.alert);
    assert!(manifest.config_schema.as_ref().unwrap().contains("greeting"));
}

#[test]
fn filters_of_1_0_0_see_a_value_of_each_kind() {
    let record = ChangeRecord {
        sequence_number: "4421584500000000017450439091",
        event_name: Some("MODIFY"),
        created_at: Some(1_678_831_218_000),
        user_identity_type: Some("Service"),
        user_identity_principal_id: Some("dynamodb.amazonaws.com"),
        keys: Some(r#"{"pk":{"S":"k"}}"#),
        old_image: Some(r#"{"a": {"N":"1"}}"#),
        new_image: Some(
            r#"{"text":{"S":"\u00e9"},"number":{"N":"1.50"},"flag":{"BOOL":true},"nil":{"NULL":true},"bytes":{"B":"Zm9v"},
            "map":{"M":{"inner":{"N":"99999999999999999999999999999999999999"}}},"list":{"L":[{"S":"a"},{"S":"b"}]},
            "texts":{"SS":["x","y"]},"secret":{"S":"s"}}"#,
        ),
        ..ChangeRecord::default()
    };
    let Answer::KeepWith { tags, redact, alert } = ask(&load("1.0.0"), record) else {
        panic!("not kept with marks")
    };
    let tags: BTreeMap<_, _> = tags.iter().map(|tag| (tag.name.as_str(), tag.value.as_str())).collect();
    let want = BTreeMap::from([
        ("kind", "modify"),
        ("said", "hello"),
        ("text", "text é"),
        ("number", "number 1.50"),
        ("flag", "boolean true"),
        ("nil", "nil"),
        ("bytes", "bytes [102, 111, 111]"),
        ("map.inner", "number 99999999999999999999999999999999999999"),
        ("list.1", "text b"),
        ("texts", r#"json {"SS":["x","y"]}"#),
        ("key", "text k"),
        ("old", r#"json {"a": {"N":"1"}}"#),
        ("who", "Service dynamodb.amazonaws.com"),
        ("when", "1678831218000 4421584500000000017450439091"),
    ]);
    assert_eq!(tags, want);
    assert_eq!((redact, alert.as_deref()), (vec![10], Some("loud")));
}

#[test]
fn filters_of_1_0_0_give_each_verdict() {
    let filter = load("1.0.0");
    assert_eq!(ask(&filter, with_image("INSERT", "{}")), Answer::Keep);
    let noise = with_image("INSERT", r#"{"text":{"S":"noise"}}"#);
    assert_eq!(ask(&filter, noise), Answer::Drop("noise".to_owned()));
    let refused = filter.evaluate(&[with_image("INSERT", r#"{"text":{"S":"refuse"}}"#)]).answers.unwrap_err();
    assert_eq!(refused.class, FaultClass::Refused);
    assert!(refused.message.contains("refused as asked"), "{}", refused.message);
    for (event, kind) in [("REMOVE", "remove"), ("TRUNCATE", "other")] {
        let Answer::KeepWith { tags, .. } = ask(&filter, with_image(event, "{}")) else { panic!("{event}") };
        assert!(tags.iter().any(|tag| tag.name == "kind" && tag.value == kind), "{event}: {tags:?}");
    }
}
