//! What only a directory can do wrong.

use sealog_store::{Created, Directory, Store as _};

use crate::subject::bytes;

#[tokio::test]
async fn two_handles_on_one_directory_never_both_win() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) =
        (Directory::create(folder.path()).await.unwrap(), Directory::create(folder.path()).await.unwrap());
    for round in 0..50 {
        let key = format!("l/{round}");
        let (a, b) = tokio::join!(one.create(&key, bytes("a")), two.create(&key, bytes("b")));
        assert_eq!([a.unwrap(), b.unwrap()].iter().filter(|created| **created == Created::Exists).count(), 1);
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_says_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "x").unwrap();
    let error = Directory::create(&folder.path().join("file")).await.unwrap_err();
    assert!(error.to_string().contains("check the path"), "{error}");
}
