//! The evidence of one commit: each object read once, decoded once, each row hashed once.

use std::sync::Arc;

use bytes::Bytes;
use sealog_batch::{BatchError, EvidenceReader};
use sealog_chain::{Batch, BatchObject, sha256};
use sealog_record::SequenceNumber;
use sealog_store::Log;

use crate::bounds;
use crate::finding::{Code, Findings, Place};
use crate::images::{Gathered, Images};
use crate::walk::{Rows, Walk};

/// What a commit says of its evidence, and what the log says of it.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) batch: Batch,
    /// For each segment the last record before a gap of its shard; shorter where the log could not be followed.
    pub(crate) floors: Vec<Option<SequenceNumber>>,
}

/// What became of a commit's evidence.
pub(crate) struct Checked {
    pub(crate) findings: Findings,
    pub(crate) objects: u64,
    pub(crate) bytes: u64,
    pub(crate) records: u64,
    /// Objects whose SHA-256 was compared.
    pub(crate) hashed: u64,
    /// The commit, if some of its rows could not be looked at, or do not say which item they changed.
    pub(crate) opaque: Option<u64>,
}

impl Checked {
    /// Nothing looked at yet, of a commit with so many objects.
    pub(crate) fn nothing(objects: u64) -> Self {
        Self { findings: Findings::default(), objects, bytes: 0, records: 0, hashed: 0, opaque: None }
    }
}

/// Reads and checks the objects of commit `number`, one after the other: one object in memory at a time. Each row's
/// images go to `images`.
pub(crate) async fn check(log: Log, number: u64, evidence: Evidence, images: Option<Arc<Images>>) -> Checked {
    let evidence = Arc::new(evidence);
    let batch = &evidence.batch;
    let mut checked = Checked::nothing(batch.objects.len() as u64);
    let mut walk = Walk::new(Arc::clone(&evidence));
    let mut whole = true;
    for (place, object) in (0_u32..).zip(&batch.objects) {
        let Some(bytes) = fetch(&log, number, object, &mut checked.findings).await else {
            walk.skip(object.rows);
            whole = false;
            continue;
        };
        checked.bytes += bytes.len() as u64;
        checked.hashed += 1;
        let subject = Subject { number, place, object: object.clone(), images: images.clone() };
        let seen = look(subject, bytes, walk.clone()).await;
        checked.findings.append(seen.findings);
        if seen.blind {
            checked.opaque = Some(number);
        }
        checked.records += seen.rows;
        match seen.walk {
            Some(behind) => walk = behind,
            None => {
                walk.skip(object.rows);
                whole = false;
            }
        }
    }
    if whole {
        judge_sums(number, batch, &walk, &mut checked.findings);
    } else {
        checked.opaque = Some(number);
    }
    checked
}

async fn fetch(log: &Log, number: u64, object: &BatchObject, findings: &mut Findings) -> Option<Bytes> {
    match bounds::object(log, object).await {
        Ok(Some(bytes)) => Some(bytes),
        Ok(None) => {
            let message = format!(
                "{} with {} rows, which commit {number} names, is not there: it was removed",
                object.key, object.rows
            );
            findings.add(Code::ObjectMissing, Place::commit(number).within(&object.key), message);
            None
        }
        Err(error) => {
            let message = format!(
                "{} (commit {number}) could not be read, which says nothing of its bytes: {error}",
                object.key
            );
            findings.add(Code::Unreadable, Place::object(&object.key), message);
            None
        }
    }
}

/// What one object holds.
struct Seen {
    findings: Findings,
    rows: u64,
    /// Behind the object's rows; `None` when they could not be looked at as what was sealed.
    walk: Option<Walk>,
    /// Whether a row does not say which item it changed.
    blind: bool,
}

/// One object, and what it is looked at for.
#[derive(Clone)]
struct Subject {
    number: u64,
    /// Place among the commit's objects.
    place: u32,
    object: BatchObject,
    images: Option<Arc<Images>>,
}

/// Hashing and decoding take a while: off the threads that wait for the store.
async fn look(subject: Subject, bytes: Bytes, walk: Walk) -> Seen {
    let looked_at = subject.clone();
    let looking = tokio::task::spawn_blocking(move || inspect(looked_at, bytes, walk));
    looking.await.unwrap_or_else(|error| {
        let problem = format!("it could not be decoded ({error})");
        let findings = unreadable(subject.number, &subject.object, &problem);
        Seen { findings, rows: 0, walk: None, blind: false }
    })
}

fn inspect(subject: Subject, bytes: Bytes, walk: Walk) -> Seen {
    let Subject { number, place, object, images } = subject;
    let object = &object;
    if bounds::is_beyond(object, &bytes) {
        return beyond(number, object);
    }
    let found = sha256(&bytes);
    if found != object.sha256 {
        let change = format!("SHA-256 {found}, the commit states {}", object.sha256);
        return inspect_changed(number, object, bytes, walk, &change);
    }
    if bytes.len() as u64 != object.bytes {
        let change = format!("{} bytes, the commit states {}", bytes.len(), object.bytes);
        return inspect_changed(number, object, bytes, walk, &change);
    }
    let mut rows = Rows::new(walk, number, &object.key);
    rows.images = images.is_some().then(|| (place, Gathered::default()));
    let decoded = each_row(bytes, |row, stored| rows.sealed(row, stored));
    let Rows { walk, mut findings, seen, images: gathered, .. } = rows;
    if let Err(error) = decoded {
        // Whatever was seen before it broke off is not evidence either.
        return Seen {
            findings: unreadable(number, object, &error.to_string()),
            rows: seen,
            walk: None,
            blind: true,
        };
    }
    let Gathered { changes, blind } = gathered.map(|(_, gathered)| gathered).unwrap_or_default();
    if let Some(images) = images {
        images.take(changes);
    }
    if seen != object.rows {
        let message =
            format!("{} (commit {number}) holds {seen} rows, the commit states {}", object.key, object.rows);
        findings.add(Code::CountsMismatch, Place::commit(number), message);
    }
    Seen { findings, rows: seen, walk: Some(walk), blind }
}

/// What is that much longer is not what was sealed, and its rows are not worth the memory.
fn beyond(number: u64, object: &BatchObject) -> Seen {
    let message = format!(
        "{} (commit {number}) has far more than the {} bytes that the commit states: something else lies in its place, which was \
         not looked into",
        object.key, object.bytes
    );
    let mut findings = Findings::default();
    findings.add(Code::ObjectChanged, Place::commit(number).within(&object.key), message);
    Seen { findings, rows: 0, walk: None, blind: true }
}

fn inspect_changed(number: u64, object: &BatchObject, bytes: Bytes, walk: Walk, change: &str) -> Seen {
    let mut rows = Rows::new(walk, number, &object.key);
    let decoded = each_row(bytes, |row, stored| rows.changed(row, stored));
    let Rows { mut findings, seen, first_changed, .. } = rows;
    let detail = match (first_changed, decoded) {
        (Some(row), _) => format!("{row} is not what was sealed"),
        (None, Err(error)) => format!("which rows cannot be told, because it can no longer be read: {error}"),
        (None, Ok(())) => {
            "its rows agree with the hashes stored beside them, so either other sealed rows were put in \
                           their place, or the rows were hashed anew, or what changed is not a row"
                .to_owned()
        }
    };
    let message = format!(
        "{} (commit {number}) has {change}: its bytes were changed after it was sealed; {detail}",
        object.key
    );
    findings.add(Code::ObjectChanged, Place::commit(number).within(&object.key), message);
    Seen { findings, rows: seen, walk: None, blind: true }
}

fn each_row(
    bytes: Bytes,
    mut each: impl FnMut(&sealog_record::EvidenceRow<'_>, &[u8]),
) -> Result<(), BatchError> {
    EvidenceReader::open(bytes)?.for_each(|_, row, stored| each(row, stored))
}

fn unreadable(number: u64, object: &BatchObject, problem: &str) -> Findings {
    let mut findings = Findings::default();
    let message = format!(
        "{} (commit {number}) has the bytes that were committed, but they are no evidence: {problem}; it was sealed like this",
        object.key
    );
    findings.add(Code::ObjectUnreadable, Place::commit(number).within(&object.key), message);
    findings
}

/// What only all rows together can tell.
fn judge_sums(number: u64, batch: &Batch, walk: &Walk, findings: &mut Findings) {
    if walk.decisions() != batch.decisions {
        let message = format!(
            "the rows of commit {number} were decided {:?}, the commit states {:?}",
            walk.decisions(),
            batch.decisions
        );
        findings.add(Code::CountsMismatch, Place::commit(number), message);
    }
    if let Some(problem) = walk.filters().contradiction(&batch.filters, &walk.decisions()) {
        let message = format!("commit {number} counts otherwise than its rows: {problem}");
        findings.add(Code::CountsMismatch, Place::commit(number), message);
    }
    let root = walk.root();
    if root != batch.records_root {
        let message = format!(
            "the rows of commit {number} have the root {root}, the commit states {}: they are not the rows it was made for",
            batch.records_root
        );
        findings.add(Code::RecordsRootMismatch, Place::commit(number), message);
    }
}
