//! What a scenario must fulfil beyond its syntax.

use std::collections::BTreeSet;

use super::{Scenario, ScenarioError, Shape, TableSpec, WriterSpec};

/// A stream lists 100 shards a page; more than this many would only show that memory is finite.
const SHARDS_MAX: u32 = 10_000;

impl Scenario {
    /// Checks what the types cannot; [`crate::Engine::new`] relies on it.
    pub fn validate(&self) -> Result<(), ScenarioError> {
        if self.retention.0 <= 0 || self.iterator_lifetime.0 <= 0 {
            return invalid("scenario", "retention and iterator_lifetime must be longer than nothing");
        }
        if self.trim_every.0 < 0 {
            return invalid("scenario", "trim_every must not be negative");
        }
        if !self.speed.is_finite() || self.speed < 0.0 {
            return invalid("scenario", "speed must be 0 or more");
        }
        let mut names = BTreeSet::new();
        for table in &self.tables {
            let place = format!("table {:?}", table.name);
            if !names.insert((&table.account, &table.region, &table.name)) {
                return invalid(&place, "is there twice: give each table its own name");
            }
            check_table(table, &place)?;
        }
        for (index, fault) in self.faults.iter().enumerate() {
            let place = format!("fault {}", index + 1);
            if fault.every == Some(0) || fault.probability.is_some_and(|p| !(0.0..=1.0).contains(&p)) {
                return invalid(&place, "every must be 1 or more, probability from 0 to 1");
            }
            if fault.table.as_ref().is_some_and(|name| !self.tables.iter().any(|table| table.name == *name)) {
                return invalid(&place, "names a table that the scenario does not have");
            }
        }
        Ok(())
    }
}

fn check_table(table: &TableSpec, place: &str) -> Result<(), ScenarioError> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    if !(3..=255).contains(&table.name.len()) || !table.name.bytes().all(good) {
        return invalid(place, "a name has 3 to 255 of a-z A-Z 0-9 _ . -");
    }
    if table.hash_key.is_empty()
        || table.range_key.as_ref().is_some_and(|key| key.is_empty() || *key == table.hash_key)
    {
        return invalid(place, "hash_key and range_key need different names");
    }
    let digits = &table.sequence_start;
    if !(21..=40).contains(&digits.len())
        || !digits.bytes().all(|byte| byte.is_ascii_digit())
        || digits.starts_with('0')
    {
        return invalid(place, "sequence_start has 21 to 40 digits and no leading zero");
    }
    if table.switch_takes.0 < 0 {
        return invalid(place, "switch_takes must not be negative");
    }
    if table.shards == 0 || table.shards > SHARDS_MAX {
        return invalid(place, "shards must be 1 to 10000");
    }
    let (listing, pages) = (&table.listing, &table.pages);
    if !(1..=100).contains(&listing.page_size) || !(1..=1_000).contains(&pages.records_max) {
        return invalid(place, "listing.page_size must be 1 to 100, pages.records_max 1 to 1000");
    }
    for (index, event) in table.events.iter().enumerate() {
        if event.at < table.created {
            return invalid(&format!("{place}, event {}", index + 1), "lies before the stream was created");
        }
    }
    for (index, writer) in table.writers.iter().enumerate() {
        check_writer(table, writer, &format!("{place}, writer {}", index + 1))?;
    }
    Ok(())
}

fn check_writer(table: &TableSpec, writer: &WriterSpec, place: &str) -> Result<(), ScenarioError> {
    if writer.count.is_some() == writer.rate.is_some() {
        return invalid(place, "set either count or rate");
    }
    if writer.rate.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
        return invalid(place, "rate must be more than 0");
    }
    if writer.from < table.created {
        return invalid(place, "begins before the stream was created: move `created` back");
    }
    if writer.until.is_some_and(|until| until <= writer.from) {
        return invalid(place, "until must be later than from");
    }
    if ![writer.removes, writer.ttl, writer.unreadable].iter().all(|share| (0.0..=1.0).contains(share)) {
        return invalid(place, "removes, ttl and unreadable are shares from 0 to 1");
    }
    if writer.items == 0 {
        return invalid(place, "items must be 1 or more");
    }
    if writer.shape == Shape::Ledger && (table.hash_key != "account_id" || table.range_key.is_some()) {
        return invalid(place, "the ledger shape needs hash_key = \"account_id\" and no range_key");
    }
    Ok(())
}

fn invalid(place: &str, problem: &str) -> Result<(), ScenarioError> {
    Err(ScenarioError::Invalid { place: place.to_owned(), problem: problem.to_owned() })
}
