//! The suite: what is asked of each store, as a table of property × store that is printed.
//!
//! Where a server breaks a rule, `deviations.rs` says so; that it still does is asserted, so that the list stays true.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

use crate::deviations::DEVIATIONS;
use crate::subject::{self, Server, Subject};
use crate::{log, objects, protection, upload};

/// Why a property does not hold.
pub(crate) type Flaw = String;
pub(crate) type Check<'a> = BoxFuture<'a, Result<(), Flaw>>;

/// What can be asked of a store.
pub(crate) struct Property {
    pub(crate) name: &'static str,
    pub(crate) check: Checked,
}

/// Of what it can be asked.
#[derive(Clone, Copy)]
pub(crate) enum Checked {
    /// Of everything behind our seam.
    Store(for<'a> fn(&'a Subject) -> Check<'a>),
    /// Of what speaks S3.
    S3(for<'a> fn(&'a Server) -> Check<'a>),
}

/// `Ok` if it holds, else what was seen.
pub(crate) fn holds(good: bool, seen: impl std::fmt::Debug) -> Result<(), Flaw> {
    if good { Ok(()) } else { Err(format!("{seen:?}")) }
}

/// How a store did.
enum Cell {
    Holds,
    Deviates,
    NotAsked,
    Wrong,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_store_holds_what_is_promised_and_deviates_only_as_listed() {
    let subjects = subject::all("conformance").await;
    let properties: Vec<&Property> =
        [objects::PROPERTIES, log::PROPERTIES, protection::PROPERTIES, upload::PROPERTIES]
            .into_iter()
            .flatten()
            .collect();
    let (mut problems, mut rows) = (Vec::new(), Vec::new());
    for property in &properties {
        let mut row = BTreeMap::new();
        for subject in &subjects {
            let cell = ask(property, subject, &mut problems).await;
            row.insert(subject.name, cell);
        }
        rows.push((property.name, row));
    }
    for deviation in DEVIATIONS {
        let known = properties.iter().any(|property| property.name == deviation.property);
        if !known {
            problems.push(format!("the listed deviation {:?} is of no property", deviation.property));
        }
    }
    print(&subjects, &rows);
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

async fn ask(property: &Property, subject: &Subject, problems: &mut Vec<String>) -> Cell {
    let check = match (property.check, &subject.server) {
        (Checked::Store(check), _) => check(subject),
        (Checked::S3(check), Some(server)) => check(server),
        (Checked::S3(_), None) => return Cell::NotAsked,
    };
    let outcome = AssertUnwindSafe(check).catch_unwind().await;
    let outcome = outcome.unwrap_or_else(|_| Err("it panicked, see above".to_owned()));
    let listed = DEVIATIONS
        .iter()
        .find(|deviation| deviation.store == subject.name && deviation.property == property.name);
    let place = format!("{} of {}", property.name, subject.name);
    match (outcome, listed) {
        (Ok(()), None) => Cell::Holds,
        (Err(seen), Some(deviation)) if seen.contains(deviation.seen) => Cell::Deviates,
        (Err(seen), Some(deviation)) => {
            problems.push(format!("{place}: deviates otherwise than listed ({:?}): {seen}", deviation.seen));
            Cell::Wrong
        }
        (Ok(()), Some(_)) => {
            problems.push(format!("{place}: the listed deviation is gone; strike it from deviations.rs"));
            Cell::Wrong
        }
        (Err(seen), None) => {
            problems.push(format!("{place}: {seen}"));
            Cell::Wrong
        }
    }
}

/// Straight to standard error: a table that only a failing test shows is no use.
fn print(subjects: &[Subject], rows: &[(&str, BTreeMap<&str, Cell>)]) {
    let mut text = format!("\n{:<62}", "property");
    for subject in subjects {
        text.push_str(&format!("{:<11}", subject.name));
    }
    for (name, row) in rows {
        text.push_str(&format!("\n{name:<62}"));
        for subject in subjects {
            let cell = match row.get(subject.name) {
                Some(Cell::Holds) => "holds",
                Some(Cell::Deviates) => "deviates",
                Some(Cell::NotAsked) | None => "-",
                Some(Cell::Wrong) => "WRONG",
            };
            text.push_str(&format!("{cell:<11}"));
        }
    }
    text.push('\n');
    for deviation in DEVIATIONS {
        text.push_str(&format!(
            "deviates: {}, {}: AWS: {}. Here: {}.\n",
            deviation.store, deviation.property, deviation.rule, deviation.does
        ));
    }
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}
