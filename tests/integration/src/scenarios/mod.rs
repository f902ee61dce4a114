//! The scenarios: one function a subject, each giving the vectors that show it.
//!
//! What a verifier must find is written here by hand from `crates/chain/FORMAT.md`, section 8; it is never taken from a
//! verifier.

mod bytes;
mod clean;
mod evidence;
mod filters;
mod form;
mod images;
mod order;
mod rich;
mod signatures;
mod tiles;
mod trust;

use crate::ledger::NOW;
use crate::model::{Files, Key, LogModel};
use crate::vector::Vector;

/// All vectors, in order of subject.
#[must_use]
pub fn all() -> Vec<Vector> {
    [
        clean::vectors(),
        images::vectors(),
        trust::vectors(),
        signatures::vectors(),
        bytes::vectors(),
        form::vectors(),
        order::vectors(),
        evidence::vectors(),
        filters::vectors(),
        tiles::vectors(),
    ]
    .concat()
}

/// An archive that must verify as INTACT with the first key, ten minutes after the ledger's newest commit.
fn intact(name: &'static str, about: &'static str, files: Files) -> Vector {
    let (key, checkpoint, findings, loops) = (Some(Key::First), None, Vec::new(), Vec::new());
    Vector { name, about, key, now: NOW, checkpoint, expect: "INTACT", findings, files, loops }
}

/// As [`intact`], of a model.
fn clean(name: &'static str, about: &'static str, log: &LogModel) -> Vector {
    intact(name, about, log.seal())
}

/// TAMPERED with these findings.
fn tampered(name: &'static str, about: &'static str, files: Files, findings: &[String]) -> Vector {
    intact(name, about, files).expect_findings("TAMPERED", findings)
}

/// TAMPERED with this one finding.
fn one(name: &'static str, about: &'static str, log: &LogModel, finding: impl Into<String>) -> Vector {
    tampered(name, about, log.seal(), &[finding.into()])
}

/// `finding:` lines from their texts.
fn lines(findings: &[&str]) -> Vec<String> {
    findings.iter().map(ToString::to_string).collect()
}

/// The bytes with the first one bent that makes them `wanted`.
///
/// The Parquet library panics on some of what is tried, which its reader contains; no need to print that.
fn first_bent(bytes: &[u8], bend: fn(u8) -> u8, wanted: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let bent = |place: usize| {
        let mut bytes = bytes.to_vec();
        bytes[place] = bend(bytes[place]);
        bytes
    };
    let found = (4..bytes.len()).map(bent).find(|bytes| wanted(bytes));
    std::panic::set_hook(loud);
    found.unwrap()
}

impl Vector {
    fn expect_findings(self, expect: &'static str, findings: &[String]) -> Self {
        Self { expect, findings: findings.to_vec(), ..self }
    }

    fn judged_at(self, now: &'static str) -> Self {
        Self { now, ..self }
    }

    fn judged_with(self, key: Option<Key>) -> Self {
        Self { key, ..self }
    }

    fn with_outside(self, checkpoint: Vec<u8>) -> Self {
        Self { checkpoint: Some(checkpoint), ..self }
    }
}
