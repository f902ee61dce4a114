//! What was released and must never change: the directories under `wit/`, listed with their hashes in `wit/RELEASED`.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use sha2::{Digest, Sha256};

use crate::Finding;

/// The list, relative to the workspace.
const LIST: &str = "wit/RELEASED";
const RULE: &str = "a released directory never changes (wit/README.md, \"Rules\")";

/// What is in the released directories, by path within `wit/`.
///
/// # Errors
/// If a folder or file cannot be read.
pub fn files(root: &Path) -> io::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for folder in fs::read_dir(root.join("wit"))? {
        let folder = folder?.path();
        if !folder.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            let name =
                [folder.file_name(), path.file_name()].map(|name| name.unwrap_or_default().to_string_lossy());
            files.insert(name.join("/"), fs::read(&path)?);
        }
    }
    Ok(files)
}

/// Files that are not what the list says, are not in it, or are gone. `list` is the output of `sha256sum`.
#[must_use]
pub fn changed(list: &str, files: &BTreeMap<String, Vec<u8>>) -> Vec<Finding> {
    let listed: BTreeMap<_, _> =
        list.lines().filter_map(|line| line.split_once("  ")).map(|(sum, name)| (name, sum)).collect();
    let finding = |name: &str, found: &str, remedy| Finding {
        rule: RULE,
        place: format!("wit/{name}"),
        found: found.to_owned(),
        remedy,
    };
    let restore = "put it back (git checkout); what is to be different goes into a new directory";
    let mut findings = Vec::new();
    for (name, bytes) in files {
        match listed.get(name.as_str()) {
            Some(sum) if *sum == hex::encode(Sha256::digest(bytes)) => {}
            Some(_) => findings.push(finding(name, "differs from what was released", restore)),
            None => findings.push(finding(
                name,
                "is not listed",
                "a new directory's files are added to wit/RELEASED once, by sha256sum",
            )),
        }
    }
    let gone = listed.keys().filter(|name| !files.contains_key(**name));
    findings.extend(gone.map(|name| finding(name, "is gone", restore)));
    findings
}

/// The list of what was released.
///
/// # Errors
/// If it cannot be read.
pub fn list(root: &Path) -> io::Result<String> {
    fs::read_to_string(root.join(LIST))
}

/// The SDK's copy of the newest interface, if it is another.
#[must_use]
pub fn other_copy(files: &BTreeMap<String, Vec<u8>>, copy: &[u8]) -> Option<Finding> {
    let newest =
        files.iter().filter(|(name, _)| name.ends_with("/filter.wit")).max_by_key(|(name, _)| version(name));
    (newest.map(|(_, bytes)| bytes.as_slice()) != Some(copy)).then(|| Finding {
        rule: "the SDK is generated from the newest released interface (wit/README.md, \"Rules\")",
        place: "plugins/sdk/wit/filter.wit".to_owned(),
        found: "differs from the newest filter.wit under wit/".to_owned(),
        remedy: "copy that file over it",
    })
}

/// The numbers in a directory's name, so that 1.10.0 comes after 1.9.0.
fn version(name: &str) -> Vec<u64> {
    name.split(|mark: char| !mark.is_ascii_digit()).filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(of: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        of.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn what_differs_is_missing_or_is_new_is_found() {
        let list = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a-1.0.0/x\n";
        let found = |of: &[(&str, &str)]| {
            changed(list, &files(of)).into_iter().map(|it| it.found).collect::<Vec<_>>()
        };
        assert!(found(&[("a-1.0.0/x", "abc")]).is_empty());
        assert_eq!(found(&[("a-1.0.0/x", "abd")]), ["differs from what was released"]);
        assert_eq!(found(&[]), ["is gone"]);
        assert_eq!(found(&[("a-1.0.0/x", "abc"), ("a-1.1.0/x", "abc")]), ["is not listed"]);
    }

    #[test]
    fn the_copy_is_compared_with_the_newest_version() {
        let files = files(&[
            ("f-1.9.0/filter.wit", "nine"),
            ("f-1.10.0/filter.wit", "ten"),
            ("f-1.10.0/z.json", "z"),
        ]);
        assert_eq!(other_copy(&files, b"ten"), None);
        assert!(other_copy(&files, b"nine").is_some());
        assert!(other_copy(&BTreeMap::new(), b"").is_some());
    }
}
