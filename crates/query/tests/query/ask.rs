//! Lakes to be asked, and answers as text.

use std::sync::Arc;

use futures_util::StreamExt as _;
use sealog_lake::{Columns, CompactOptions, Publisher, Spill, Unhurried, compact, pending};
use sealog_query::{Format, QueryError, Rendering, Session, SessionOptions};
use sealog_record::Timestamp;
use sealog_store::{Directory, Log, Memory, Store};

use crate::archive::{BEGIN_MS, HOUR_MS, LOG, columns};

pub(crate) fn now() -> Timestamp {
    Timestamp::from_millis(BEGIN_MS + 100 * HOUR_MS)
}

pub(crate) async fn publish_by(log: &Log, columns: Columns) {
    let mut publisher = Publisher::resume(log.clone(), columns, now()).await.unwrap();
    while publisher.step().await.unwrap().is_some() {}
}

pub(crate) async fn publish(log: &Log) {
    publish_by(log, columns()).await;
}

pub(crate) fn compacting(columns: Columns) -> CompactOptions {
    CompactOptions {
        columns,
        spill: Spill { folder: std::env::temp_dir(), memory: 1 << 20 },
        file_bytes: 64 << 20,
        writer: "w".to_owned(),
        anew: false,
    }
}

/// Sorts every day, or only those that are named.
pub(crate) async fn sort(log: &Log, days: &[&str]) {
    let through = sealog_lake::published(log, now()).await.unwrap().unwrap();
    for day in pending(log, through, false).await.unwrap() {
        if days.is_empty() || days.contains(&day.date.as_str()) {
            compact(log, (&day.date, through), now(), &compacting(columns()), &Unhurried).await.unwrap();
        }
    }
}

pub(crate) async fn over_lake(log: &Log) -> Session {
    Session::open(std::slice::from_ref(log), &SessionOptions::at(now())).await.unwrap()
}

pub(crate) async fn over_evidence(log: &Log) -> Session {
    let columns = [(log.name().to_owned(), columns())].into_iter().collect();
    let options = SessionOptions { evidence: true, columns, ..SessionOptions::at(now()) };
    Session::open(std::slice::from_ref(log), &options).await.unwrap()
}

/// The answer in a form.
pub(crate) async fn formed(session: &Session, format: Format, sql: &str) -> Result<Vec<u8>, QueryError> {
    let mut rows = session.sql(sql).await?;
    let mut rendering = Rendering::new(format, rows.schema(), Vec::new())?;
    while let Some(rows) = rows.next().await {
        rendering.write(&rows?)?;
    }
    Ok(rendering.finish()?)
}

/// The answer as lines of CSV, without the names.
pub(crate) async fn lines(session: &Session, sql: &str) -> Result<Vec<String>, QueryError> {
    let text = String::from_utf8(formed(session, Format::Csv, sql).await?).unwrap();
    Ok(text.lines().skip(1).map(str::to_owned).collect())
}

/// The answer as lines of CSV; a question that fails is a failure.
pub(crate) async fn asked(session: &Session, sql: &str) -> Vec<String> {
    lines(session, sql).await.unwrap_or_else(|error| panic!("{sql}\n{error}"))
}

/// The same archive in a directory.
pub(crate) async fn in_directory(memory: &Memory) -> (tempfile::TempDir, Log) {
    let folder = tempfile::tempdir().unwrap();
    let directory = Directory::create(folder.path()).await.unwrap();
    for entry in memory.list("", None).await.unwrap() {
        directory.create(&entry.key, memory.read(&entry.key).await.unwrap().unwrap().bytes).await.unwrap();
    }
    (folder, Log::new(Arc::new(directory) as Arc<dyn Store>, LOG))
}
