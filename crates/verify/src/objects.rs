//! Objects without their bytes: what the store says of each, against what its commit states.

use futures_util::StreamExt as _;
use sealog_chain::BatchObject;
use sealog_store::{Log, Stat, StoreError};

use crate::evidence::{Checked, Evidence};
use crate::finding::{Code, Findings, Place};

const ASKED_AT_ONCE: usize = 16;

/// Asks for the objects of commit `number`.
pub(crate) async fn check(log: Log, number: u64, evidence: Evidence) -> Checked {
    let objects = evidence.batch.objects;
    let mut checked = Checked::nothing(objects.len() as u64);
    let log = &log;
    let asked = futures_util::stream::iter(objects).map(|object| async move {
        let stat = log.store().stat(&log.key(&object.key)).await;
        (object, stat)
    });
    let mut asked = std::pin::pin!(asked.buffered(ASKED_AT_ONCE));
    while let Some((object, stat)) = asked.next().await {
        checked.hashed += u64::from(matches!(&stat, Ok(Some(Stat { sha256: Some(_), .. }))));
        judge(number, &object, stat, &mut checked.findings);
    }
    checked
}

fn judge(number: u64, object: &BatchObject, stat: Result<Option<Stat>, StoreError>, findings: &mut Findings) {
    let key = &object.key;
    let place = || Place::commit(number).within(key);
    match stat {
        Ok(Some(stat)) => {
            if let Some(unlike) = unlike(object, &stat) {
                let message = format!(
                    "{key} (commit {number}) has {unlike}: its bytes were changed after it was sealed; check with --level full to \
                     see which rows"
                );
                findings.add(Code::ObjectChanged, place(), message);
            }
        }
        Ok(None) => {
            let message = format!(
                "{key} with {} rows, which commit {number} names, is not there: it was removed",
                object.rows
            );
            findings.add(Code::ObjectMissing, place(), message);
        }
        Err(error) => {
            let message = format!(
                "{key} (commit {number}) could not be asked for, which says nothing of its bytes: {error}"
            );
            findings.add(Code::Unreadable, Place::object(key), message);
        }
    }
}

fn unlike(object: &BatchObject, stat: &Stat) -> Option<String> {
    if stat.bytes != object.bytes {
        return Some(format!("{} bytes, the commit states {}", stat.bytes, object.bytes));
    }
    let stored = stat.sha256.filter(|stored| *stored != object.sha256)?;
    Some(format!("SHA-256 {stored} as the store states it, the commit states {}", object.sha256))
}
