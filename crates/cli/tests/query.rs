//! `sealog query` as a shell sees it: what stands on which stream, exit codes, files, pipes that close, signals.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test fails by panicking"
)]

#[path = "../../lake/tests/lake/archive.rs"]
#[allow(dead_code, reason = "the lake's tests use all of it")]
mod archive;

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Output, Stdio};

use archive::{Archive, BEGIN_MS, HOUR_MS, change, columns, three_days};
use sealog_lake::Publisher;
use sealog_record::Timestamp;
use sealog_store::{Directory, Memory, Store as _};

fn sealog(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealog"));
    command.args(arguments).env("NO_COLOR", "1").env_remove("SEALOG_ARCHIVE").env_remove("SEALOG_CONFIG");
    command
}

fn said(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

async fn in_directory(memory: &Memory) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::create(&folder.path().join("archive")).await.unwrap();
    for entry in memory.list("", None).await.unwrap() {
        directory.create(&entry.key, memory.read(&entry.key).await.unwrap().unwrap().bytes).await.unwrap();
    }
    folder
}

/// Three days with a lake, and a commit that is not in it.
async fn prepared() -> (tempfile::TempDir, String) {
    let mut archive: Archive = three_days().await;
    let now = Timestamp::from_millis(BEGIN_MS + 100 * HOUR_MS);
    let mut publisher = Publisher::resume(archive.log(), columns(), now).await.unwrap();
    while publisher.step().await.unwrap().is_some() {}
    archive.commit(BEGIN_MS + 60 * HOUR_MS, &[change(1, "1", BEGIN_MS + 60 * HOUR_MS)]).await;
    let folder = in_directory(&archive.store).await;
    let path = folder.path().join("archive").display().to_string();
    (folder, path)
}

#[tokio::test]
async fn answers_go_to_standard_output_and_all_else_to_standard_error() {
    let (_folder, archive) = prepared().await;
    let asked = |more: &[&str]| {
        said(&sealog(&[&["query"], more, &["--archive", &archive]].concat()).output().unwrap())
    };
    let (code, out, err) =
        asked(&["SELECT dt, count(*) AS n FROM changes GROUP BY dt ORDER BY dt", "--format", "csv"]);
    assert_eq!((code, out.lines().next(), out.lines().count()), (Some(0), Some("dt,n"), 4), "{err}");
    assert!(err.contains("1 commit of orders not in the lake yet") && err.contains("--evidence"), "{err}");
    let (code, out, err) = asked(&["SELECT count(*) AS n FROM changes", "--evidence", "--format", "json"]);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "{\"n\":181}\n", ""));
    let (code, out, err) = asked(&["SELECT pk FROM changes", "--limit", "3", "--explain"]);
    assert_eq!((code, out.lines().count()), (Some(0), 2 + 3));
    for part in ["only the first 3 rows", "DataSourceExec", "files opened", "requests", "3 rows in"] {
        assert!(err.contains(part), "{part} is missing in {err}");
    }
}

#[tokio::test]
async fn what_is_wrong_is_said_with_its_code() {
    let (folder, archive) = prepared().await;
    let asked =
        |sql: &str, archive: &str| said(&sealog(&["query", sql, "--archive", archive]).output().unwrap());
    let absent = folder.path().join("absent").display().to_string();
    for (sql, archive, code, part) in [
        ("SELECT nothing FROM changes", archive.as_str(), 2, "new_amount"),
        ("SELECT * FROM nothing", &archive, 2, "orders_item_history"),
        ("DROP TABLE changes", &archive, 2, "only queries are accepted"),
        ("@absent.sql", &archive, 2, "absent.sql"),
        ("SELECT 1", &absent, 69, "check the path"),
    ] {
        let (found, out, err) = asked(sql, archive);
        assert!(found == Some(code) && out.is_empty() && err.contains(part), "{sql}: {found:?} {out} {err}");
    }
    std::fs::remove_dir_all(folder.path().join("archive/orders/lake")).unwrap();
    let (code, _, err) = asked("SELECT 1", &archive);
    assert!(code == Some(2) && err.contains("--evidence") && err.contains("[lake]"), "{err}");
}

#[tokio::test]
async fn questions_come_from_files_and_standard_input_and_answers_go_to_new_files() {
    let (folder, archive) = prepared().await;
    let file = folder.path().join("question.sql");
    std::fs::write(&file, "SELECT count(*) FROM changes\n").unwrap();
    let out = folder.path().join("answer.csv").display().to_string();
    let question = format!("@{}", file.display());
    let ask =
        ["query", question.as_str(), "--archive", archive.as_str(), "--format", "csv", "--out", out.as_str()];
    assert_eq!(said(&sealog(&ask).output().unwrap()).0, Some(0));
    assert!(std::fs::read_to_string(&out).unwrap().ends_with("180\n"));
    let (code, _, err) = said(&sealog(&ask).output().unwrap());
    assert!(code == Some(2) && err.contains("name a new file"), "{err}");
    let other = folder.path().join("other.csv");
    let wrong = [
        "query",
        "SELECT CAST(pk AS bigint) FROM changes",
        "--archive",
        &archive,
        "--out",
        other.to_str().unwrap(),
    ];
    let (code, _, err) = said(&sealog(&wrong).output().unwrap());
    assert!(code == Some(69) && !other.exists(), "{code:?} {err}");

    let mut asking = sealog(&["query", "-", "--archive", &archive, "--format", "csv"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    asking.stdin.take().unwrap().write_all(b"SELECT count(*) FROM changes WHERE pk = 'item-00003'").unwrap();
    let (code, out, _) = said(&asking.wait_with_output().unwrap());
    assert_eq!((code, out.lines().count()), (Some(0), 2));
}

#[tokio::test]
async fn a_pipe_that_closes_ends_it_quietly() {
    let (_folder, archive) = prepared().await;
    let long = "SELECT repeat('x', 1000) FROM generate_series(1, 200000)";
    let mut asking = sealog(&["query", long, "--archive", &archive, "--evidence", "--format", "csv"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut out = BufReader::new(asking.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    drop(out);
    let (code, _, err) = said(&asking.wait_with_output().unwrap());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(!first.is_empty());
}

#[tokio::test]
async fn a_signal_stops_it_and_leaves_no_half_of_an_answer() {
    let (folder, archive) = prepared().await;
    let out = folder.path().join("answer.csv");
    let endless = "SELECT count(*) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b";
    let asking =
        sealog(&["query", endless, "--archive", &archive, "--evidence", "--out", out.to_str().unwrap()])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
    // The file is made once signals are heard.
    let wait = format!("while [ ! -e '{}' ]; do sleep 0.05; done; kill -INT {}", out.display(), asking.id());
    assert!(Command::new("sh").args(["-c", &wait]).status().unwrap().success());
    let (code, _, err) = said(&asking.wait_with_output().unwrap());
    assert_eq!(code, Some(75), "{err}");
    assert!(err.contains("stopped before the answer was whole") && !out.exists(), "{err}");
}
