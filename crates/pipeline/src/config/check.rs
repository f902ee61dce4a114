//! Which keys there are, and what holds between tables.

use std::collections::BTreeSet;

use super::TableConfig;
use super::filters::FILTER;

const ROOT: &[&str] = &[
    "archive",
    "heartbeat",
    "signing",
    "batch",
    "memory",
    "filter_cache",
    "redaction_secret",
    "retention",
    "encryption",
    "signals",
    "lake",
    "table",
];
const SIGNING: &[&str] = &["key", "also", "name"];
const BATCH: &[&str] = &["rows_max", "bytes_max", "age_max"];
const MEMORY: &[&str] = &["pages_max"];
const RETENTION: &[&str] = &["mode", "days"];
const ENCRYPTION: &[&str] = &["mode", "key", "bucket_key"];
const SIGNALS: &[&str] = &["listen", "loss_clock_min", "emf", "emf_interval"];
const LAKE: &[&str] = &["compact", "grace", "bytes_per_second", "memory", "spill"];
const TABLE: &[&str] =
    &["name", "log", "require_view_type", "start", "on_gap", "latency", "keys", "columns", "filter"];

/// Refuses keys that are unknown.
pub(super) fn known_keys(file: &toml::Table) -> Result<(), String> {
    keys("", file, ROOT)?;
    for (name, known) in [
        ("signing", SIGNING),
        ("batch", BATCH),
        ("memory", MEMORY),
        ("retention", RETENTION),
        ("encryption", ENCRYPTION),
        ("signals", SIGNALS),
        ("lake", LAKE),
    ] {
        if let Some(section) = file.get(name).and_then(toml::Value::as_table) {
            keys(&format!("{name}."), section, known)?;
        }
    }
    let tables = file.get("table").and_then(toml::Value::as_array);
    tables.into_iter().flatten().filter_map(toml::Value::as_table).try_for_each(|table| {
        keys("table.", table, TABLE)?;
        let filters = table.get("filter").and_then(toml::Value::as_array).into_iter().flatten();
        filters.filter_map(toml::Value::as_table).try_for_each(|filter| keys("table.filter.", filter, FILTER))
    })
}

fn keys(place: &str, section: &toml::Table, known: &[&str]) -> Result<(), String> {
    for key in section.keys() {
        if !known.contains(&key.as_str()) {
            return Err(format!("{place}{key} is unknown; {}", nearest(key, known)));
        }
    }
    Ok(())
}

fn nearest(key: &str, known: &[&str]) -> String {
    let scored = known.iter().map(|name| (strsim::jaro_winkler(key, name), name));
    match scored.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((score, name)) if score > 0.7 => format!("did you mean {name}?"),
        _ => format!("known are {}", known.join(", ")),
    }
}

/// Each log has one table, and its name is one folder.
pub(super) fn tables(tables: &[TableConfig]) -> Result<(), String> {
    if tables.is_empty() {
        return Err("no table; write [[table]] and name = \"<table>\"".to_owned());
    }
    let mut logs = BTreeSet::new();
    for TableConfig { name, log, .. } in tables {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        if log.is_empty() || log.starts_with('.') || !log.chars().all(plain) {
            return Err(format!(
                "table.log = {log:?} should be letters, digits, '_', '-' and '.', without a leading '.'"
            ));
        }
        if name.is_empty() || !logs.insert(log) {
            return Err(format!("table {name:?} has no name, or its log {log:?} is named twice"));
        }
    }
    Ok(())
}
