//! The built binary, as a shell sees it: exit codes, what stands on which stream, files and their modes.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::process::{Command, Output};

fn sealog(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_sealog")).args(arguments).env("NO_COLOR", "1").output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn path(folder: &tempfile::TempDir, name: &str) -> String {
    folder.path().join(name).display().to_string()
}

#[test]
fn the_demo_seals_proves_and_names_what_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let out = path(&folder, "demo");
    let done = sealog(&["demo", "--out", &out]);
    let said = text(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{said}{}", text(&done.stderr));
    for part in ["60,000", "INTACT", "TAMPERED", "object-changed", "Summary", "Try next"] {
        assert!(said.contains(part), "{part} is missing in\n{said}");
    }
    let (archive, key) = (format!("{out}/archive"), format!("{out}/sealog.vkey"));
    assert_eq!(sealog(&["verify", &archive, "--key", &key]).status.code(), Some(0));
    assert_eq!(sealog(&["verify", &format!("{out}/tampered"), "--key", &key]).status.code(), Some(1));
    let without_key = sealog(&["verify", &archive]);
    assert_eq!(without_key.status.code(), Some(5));
    assert!(text(&without_key.stdout).contains("a rewritten archive is consistent too"));
    assert_eq!(
        sealog(&["verify", &archive, "--key", &key, "--now", "2099-01-01T00:00:00.000Z"]).status.code(),
        Some(4)
    );
    assert!(text(&sealog(&["status", &archive]).stdout).contains("60,000 records"));
    let again = sealog(&["demo", "--out", &out]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("not empty"));
}

#[test]
fn a_key_is_private_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "sealog.key");
    let made = sealog(&["keys", "generate", "--out", &file, "--name", "acme"]);
    assert_eq!(made.status.code(), Some(0));
    assert!(text(&made.stdout).starts_with("acme+"));
    assert_eq!(mode(Path::new(&file)), 0o600);
    assert_eq!(sealog(&["keys", "show", &file]).stdout, made.stdout);
    let again = sealog(&["keys", "generate", "--out", &file]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("name a new file"));
    assert_eq!(
        sealog(&["keys", "generate", "--out", &path(&folder, "k"), "--name", "a b"]).status.code(),
        Some(2)
    );
}

#[cfg(unix)]
fn mode(file: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_cannot_be_verified_is_not_tampered() {
    let folder = tempfile::tempdir().unwrap();
    for archive in [path(&folder, "nowhere"), folder.path().display().to_string()] {
        let done = sealog(&["verify", &archive, "--format", "json"]);
        assert_eq!(done.status.code(), Some(69));
        assert!(text(&done.stdout).contains("UNVERIFIABLE"));
    }
    assert_eq!(sealog(&["status", &path(&folder, "nowhere")]).status.code(), Some(69));
}

#[test]
fn wrong_usage_is_2_and_wrong_configuration_is_78() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(sealog(&["verify"]).status.code(), Some(2));
    assert_eq!(sealog(&["verify", "x", "--key", "rubbish"]).status.code(), Some(2));
    assert_eq!(sealog(&["verify", "x", "--now", "yesterday"]).status.code(), Some(2));
    assert_eq!(sealog(&["verify", "https://x"]).status.code(), Some(2));
    let config = path(&folder, "sealog.toml");
    assert_eq!(sealog(&["run", "--config", &config]).status.code(), Some(78));
    std::fs::write(&config, "archive = \"a\"\n[[table]]\nname = \"t\"\n").unwrap();
    let done = sealog(&["run", "--config", &config]);
    assert_eq!(done.status.code(), Some(78));
    assert!(text(&done.stderr).contains("sealog keys generate"));
}

#[test]
fn one_change_is_proved_by_one_file() {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors");
    let at = |name: &str| vectors.join(name).display().to_string();
    let folder = tempfile::tempdir().unwrap();
    let (archive, key, out) = (at("clean-ledger/archive"), at("proofs/key"), path(&folder, "proof"));
    let made = sealog(&["prove", "3/1", "--archive", &archive, "--out", &out]);
    assert_eq!(made.status.code(), Some(0), "{}", text(&made.stderr));
    assert_eq!(std::fs::read(&out).unwrap(), std::fs::read(at("proofs/orders-3-1.tlog-proof")).unwrap());
    let again = sealog(&["prove", "3/1", "--archive", &archive, "--out", &out]);
    assert_eq!(again.status.code(), Some(2));
    assert!(text(&again.stderr).contains("name a new file"));
    let checked = sealog(&["check-proof", &out, "--key", &key]);
    assert_eq!(checked.status.code(), Some(0));
    for part in [
        "PROVEN",
        "1 of commit 3",
        "key ",
        "new item",
        "sealed at",
        "sealog/arn:aws:dynamodb",
        "signer",
        "vectors+",
    ] {
        assert!(text(&checked.stdout).contains(part), "{part} is missing in\n{}", text(&checked.stdout));
    }
    let json = text(&sealog(&["check-proof", &out, "--key", &key, "--format", "json"]).stdout);
    assert!(json.contains("\"format\":\"sealog.proven/1\"") && json.contains("\"commit\":3"), "{json}");
    assert_eq!(sealog(&["check-proof", &out, "--key", &at("proofs/other-keys")]).status.code(), Some(2));
    assert_eq!(sealog(&["check-proof", &archive, "--key", &key]).status.code(), Some(69));
    assert_eq!(sealog(&["check-proof", &path(&folder, "nowhere"), "--key", &key]).status.code(), Some(69));
    assert_eq!(sealog(&["check-proof", &key, "--key", &key]).status.code(), Some(1));
    for wrong in ["3", "3/x", "3/100", "0/0"] {
        assert_eq!(sealog(&["prove", wrong, "--archive", &archive]).status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn completions_name_every_command() {
    let script = text(&sealog(&["completions", "bash"]).stdout);
    for command in [
        "demo",
        "run",
        "verify",
        "status",
        "keys",
        "prove",
        "check-proof",
        "tiles",
        "simulator",
        "completions",
    ] {
        assert!(script.contains(command), "{command}");
    }
}

#[test]
fn the_documents_two_examples_are_done_by_its_model_and_by_awss() {
    let done = sealog(&["cost", "--document", "--format", "json"]);
    let said = text(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{said}");
    // 500,000 units for $0.10 and 15 million for $3.00, says the document; calls are what is billed.
    for part in [
        r#""units":500000.0,"usd":0.1"#,
        r#""units":15000000.0,"usd":3.0"#,
        r#""aws_full_pages":{"calls":2050.0"#,
        r#""aws_full_pages":{"calls":61476.0"#,
    ] {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    let idle = sealog(&["cost", "--writes-per-day", "0"]);
    assert!(text(&idle.stdout).contains("259200"), "{}", text(&idle.stdout));
    assert_eq!(sealog(&["cost", "--writes-per-day", "-1"]).status.code(), Some(2));
}

#[test]
fn a_configuration_is_checked_without_asking_anybody() {
    let folder = tempfile::tempdir().unwrap();
    let file = path(&folder, "sealog.toml");
    let good = "archive = \"a\"\n[signing]\nkey = \"file:k\"\n[signals]\nlisten = \"0.0.0.0:9464\"\n[[table]]\nname = \"t\"\nlatency = \"60s\"\n";
    std::fs::write(&file, good).unwrap();
    let done = sealog(&["config", "check", "--config", &file]);
    let said = text(&done.stdout);
    assert_eq!(done.status.code(), Some(0), "{said}");
    for part in
        ["is a directory", "keys generate", "require_view_type", "not on loopback", "SealogIteratorAge"]
    {
        assert!(said.contains(part), "{part} is not in\n{said}");
    }
    std::fs::write(&file, good.replace("listen", "listens")).unwrap();
    let wrong = sealog(&["config", "check", "--config", &file]);
    assert_eq!(wrong.status.code(), Some(78));
    assert!(text(&wrong.stderr).contains("did you mean listen?"));
}
