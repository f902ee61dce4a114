//! Stores that keep versions: what was deleted, created anew, or written twice.

use sealog_chain::{CHECKPOINT_KEY, checkpoint_key, commit_key};
use sealog_store::{Version, Versioning};

use super::writer::{Files, LOG};
use super::{Case, Kept, TOUCHED, UNTOUCHED, check_cases};

fn version(name: &str, version_id: &str, is_marker: bool, is_latest: bool) -> Version {
    Version { key: format!("{LOG}/{name}"), version_id: version_id.to_owned(), is_marker, is_latest }
}

/// One version of each file, and these.
fn kept(files: &Files, more: Vec<Version>) -> Kept {
    let again: Vec<&str> = more.iter().map(|version| version.key.as_str()).collect();
    let once = files.keys().filter(|name| !again.contains(&format!("{LOG}/{name}").as_str()));
    let mut versions: Vec<Version> = once.map(|name| version(name, "1", false, true)).collect();
    versions.extend(more);
    versions.sort();
    Kept { versioning: Some(Versioning::Enabled), versions: Some(versions) }
}

fn twice(name: &str) -> Vec<Version> {
    vec![version(name, "1", false, false), version(name, "2", false, true)]
}

fn anew(name: &str) -> Vec<Version> {
    let mut versions = twice(name);
    versions.push(version(name, "m", true, false));
    versions
}

fn first_evidence(files: &Files) -> &str {
    files.keys().find(|name| name.starts_with("evidence/")).unwrap()
}

pub(super) const CASES: &[Case] = &[
    Case {
        about: "each name has one version, the newest checkpoint has several",
        history: Some(|files| kept(files, twice(CHECKPOINT_KEY))),
        ..UNTOUCHED
    },
    Case {
        about: "a commit has a second version",
        history: Some(|files| kept(files, twice(&commit_key(3)))),
        findings: &["second-version commit=3 object=commits/00000000000000000003.json"],
        ..TOUCHED
    },
    Case {
        about: "a commit was deleted and created anew",
        history: Some(|files| kept(files, anew(&commit_key(2)))),
        findings: &["delete-marker commit=2 object=commits/00000000000000000002.json"],
        ..TOUCHED
    },
    Case {
        about: "the newest commit lies under a delete marker, its checkpoints are gone",
        files: |files| {
            files.retain(|name, _| !name.ends_with("005.json") && !name.ends_with("006"));
            let before = files[&checkpoint_key(5)].clone();
            files.insert(CHECKPOINT_KEY.to_owned(), before);
        },
        history: Some(|files| {
            let marked =
                [version(&commit_key(5), "1", false, false), version(&commit_key(5), "m", true, true)];
            kept(files, marked.to_vec())
        }),
        findings: &["delete-marker commit=5 object=commits/00000000000000000005.json"],
        ..TOUCHED
    },
    Case {
        about: "a kept checkpoint was written twice",
        history: Some(|files| kept(files, twice(&checkpoint_key(4)))),
        findings: &["second-version object=checkpoints/00000000000000000004"],
        ..TOUCHED
    },
    Case {
        about: "evidence that no commit names was written twice",
        history: Some(|files| kept(files, anew(&format!("evidence/{}.parquet", "0".repeat(64))))),
        ..UNTOUCHED
    },
    Case {
        about: "versioning was suspended",
        history: Some(|files| Kept { versioning: Some(Versioning::Suspended), ..kept(files, vec![]) }),
        findings: &["versioning-suspended"],
        ..UNTOUCHED
    },
    Case {
        about: "the auditor may not ask for versioning",
        history: Some(|files| Kept { versioning: None, ..kept(files, vec![]) }),
        findings: &["versions-unseen"],
        ..UNTOUCHED
    },
    Case {
        about: "the auditor may not list versions",
        history: Some(|files| Kept { versions: None, ..kept(files, vec![]) }),
        findings: &["versions-unseen"],
        ..UNTOUCHED
    },
];

#[test]
fn former_versions_are_told_of() {
    check_cases(CASES);
}

/// Named by a commit: which one depends on hashes, so it is looked up.
#[test]
fn evidence_that_a_commit_names_and_that_was_written_again_is_named() {
    use futures_util::FutureExt as _;
    let draft = super::sample();
    let files = draft.seal();
    for (again, code) in [(twice as fn(&str) -> Vec<Version>, "second-version"), (anew, "delete-marker")] {
        let name = first_evidence(&files);
        let history = Some(kept(&files, again(name)));
        let store = super::stored(&[(LOG, &files)]).now_or_never().unwrap();
        let report = super::run(
            std::sync::Arc::new(super::Refusing { store, refused: None, history }),
            &super::options(),
        );
        let found: Vec<_> =
            report.logs[0].findings.iter().map(|it| (it.code.as_str(), it.object.as_deref())).collect();
        assert_eq!(found, [(code, Some(name))]);
        assert!(report.logs[0].findings[0].commit.is_some());
    }
}
