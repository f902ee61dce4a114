//! The table's log: whose it is, what it lacks, and how long its positions can still be read from.

use sealog_chain::Fold;
use sealog_pipeline::{Signer, TableConfig};
use sealog_record::{ShardId, ShardPosition, StreamArn};
use sealog_source::{IteratorStart, RETENTION_MS, ServiceErrorKind, StreamClient as _};
use sealog_store::{Log, LogError, StoreError, StoreErrorKind};

use super::{Doctor, Finding};

/// Positions that are tried, the oldest first: each costs a call.
const POSITIONS_MAX: usize = 16;

pub(super) async fn examine(
    doctor: &Doctor<'_>,
    table: &TableConfig,
    signer: Option<&dyn Signer>,
) -> Vec<Finding> {
    let subject = format!("log {}", table.log);
    let log = Log::new(doctor.config.archive.open_to_read().await, &table.log);
    let fold = match signer {
        Some(signer) => log.restore(signer.verifier()).await,
        None => None,
    };
    let mut fold = fold.unwrap_or_default();
    if let Err(error) = log.follow(&mut fold, |_, _| ()).await {
        return vec![unreadable(&subject, &error)];
    }
    if fold.size() == 0 {
        return vec![Finding::good("log", &subject, "it has not begun yet; `sealog run` begins it")];
    }
    let mut found = vec![whose(&subject, &fold, table, signer)];
    found.extend(lacks(&subject, &fold));
    found.extend(silence(doctor, &subject, &fold));
    found.extend(positions(doctor, &subject, &fold).await);
    found
}

fn unreadable(subject: &str, error: &LogError) -> Finding {
    if let LogError::Store(error) = error {
        return not_reached(subject, error);
    }
    Finding::bad(
        "log",
        subject,
        error.to_string(),
        "keep everything as it is and run `sealog verify` with the key that lies outside the archive",
    )
}

fn not_reached(subject: &str, error: &StoreError) -> Finding {
    let said = error.to_string();
    match error.kind {
        StoreErrorKind::Forbidden => Finding::bad(
            "permission-read-archive",
            subject,
            said,
            "a writer reads its own log: allow s3:GetObject under the prefix and s3:ListBucket on the bucket",
        ),
        StoreErrorKind::Gone => {
            Finding::bad("archive", subject, said, "check the archive's name, region and endpoint")
        }
        StoreErrorKind::Conflict
        | StoreErrorKind::Unknown
        | StoreErrorKind::NoCredentials
        | StoreErrorKind::Full
        | StoreErrorKind::Invalid => Finding::unknown("log", subject, said),
    }
}

fn whose(subject: &str, fold: &Fold, table: &TableConfig, signer: Option<&dyn Signer>) -> Finding {
    let remedy = "name the right key, or another log with `log = \"…\"`";
    if let Some(held) = fold.table().filter(|held| held.table_name() != table.name) {
        return Finding::bad("log", subject, format!("it holds {held}"), remedy);
    }
    if fold.is_closed() {
        return Finding::bad("log", subject, "it was closed: nothing may follow", remedy);
    }
    match (fold.key(), signer) {
        (Some(key), Some(signer)) if !signer.has(key) => Finding::bad(
            "log",
            subject,
            format!("it is signed by {key}, which is not the configured key"),
            remedy,
        ),
        _ => Finding::good("log", subject, format!("{} records in {} commits", fold.records(), fold.size())),
    }
}

fn lacks(subject: &str, fold: &Fold) -> Option<Finding> {
    let gaps = fold.gaps().len();
    (gaps > 0).then(|| {
        Finding::weak(
            "gaps",
            subject,
            format!("it declares {gaps} gaps: changes that could not be read any more"),
            "`sealog gaps` lists them; a reader that runs all the time, with an alarm on the loss clock, leaves none",
        )
    })
}

fn silence(doctor: &Doctor<'_>, subject: &str, fold: &Fold) -> Option<Finding> {
    let ago_ms = doctor.now_ms.saturating_sub(fold.committed_at()?.as_millis());
    let bound_ms = i64::try_from(doctor.config.heartbeat.as_millis()).unwrap_or(i64::MAX).saturating_mul(2);
    (ago_ms > bound_ms).then(|| {
        Finding::weak(
            "silence",
            subject,
            format!(
                "its last commit is {} min old, more than two heartbeats: nobody writes it",
                ago_ms / 60_000
            ),
            "start `sealog run`, and keep it running",
        )
    })
}

/// The shard that will be lost first, and those that are lost already.
async fn positions(doctor: &Doctor<'_>, subject: &str, fold: &Fold) -> Vec<Finding> {
    let mut open: Vec<_> = fold.positions().into_iter().filter(|(_, position)| !position.done).collect();
    open.sort_by_key(|(_, position)| position.as_of.map_or(0, |as_of| as_of.as_millis()));
    let mut found = Vec::new();
    let oldest = open.first().and_then(|((_, shard), position)| Some((shard.clone(), position.as_of?)));
    if let Some((shard, as_of)) = oldest {
        let left_ms = RETENTION_MS - doctor.now_ms.saturating_sub(as_of.as_millis()).max(0);
        found.push(clock(doctor, subject, shard.as_str(), left_ms));
    }
    for ((stream, shard), position) in open.into_iter().take(POSITIONS_MAX) {
        let Some(state) = fold.streams().get(&stream) else { continue };
        if let Some(said) = lost(doctor, &state.arn, &shard, &position).await {
            found.push(Finding::bad(
                "position-lost",
                subject,
                format!("shard {shard} can no longer be read from its position: {said}"),
                "changes are lost: `sealog run` with on_gap = \"record-and-continue\" declares which and goes on",
            ));
        }
    }
    found
}

/// Why a shard cannot be read on. That the last record itself was trimmed is no loss, while the place behind it is
/// accepted: so it is with every shard that was idle for a day. (The reader decides in the same way.)
async fn lost(
    doctor: &Doctor<'_>,
    stream: &StreamArn,
    shard: &ShardId,
    position: &ShardPosition,
) -> Option<String> {
    let behind = position.last.and_then(|last| last.successor()).map(IteratorStart::At);
    let places = match position.last {
        Some(last) => vec![Some(IteratorStart::After(last)), behind],
        None => vec![Some(IteratorStart::TrimHorizon)],
    };
    let mut said = None;
    for place in places.into_iter().flatten() {
        match doctor.client.shard_iterator(stream, shard, place).await {
            Err(error) if matches!(error.kind, ServiceErrorKind::Trimmed | ServiceErrorKind::NotFound) => {
                said = Some(error.message);
            }
            // What else is refused, the trial of permissions says.
            Ok(_) | Err(_) => return None,
        }
    }
    said
}

fn clock(doctor: &Doctor<'_>, subject: &str, shard: &str, left_ms: i64) -> Finding {
    const CODE: &str = "loss-clock";
    let bound_ms = i64::try_from(doctor.config.signals.loss_clock_min.as_millis()).unwrap_or(i64::MAX);
    let minutes = left_ms / 60_000;
    let remedy = "start `sealog run` now: the service keeps changes for 24 hours and no longer";
    if left_ms <= 0 {
        let text = format!("shard {shard} was last read more than 24 hours ago: changes are probably lost");
        Finding::bad(CODE, subject, text, remedy)
    } else if left_ms < bound_ms {
        let text = format!("what shard {shard} holds may be gone in {minutes} minutes");
        Finding::bad(CODE, subject, text, remedy)
    } else {
        Finding::good(CODE, subject, format!("{} h {} min are left", minutes / 60, minutes % 60))
    }
}
