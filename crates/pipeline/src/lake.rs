//! Publishes a table's log to the lake while it grows, beside the committer and never in its way: it reads what is committed
//! back from the store, and what fails there delays the lake and nothing else.

use std::sync::Arc;
use std::time::Duration;

use sealog_lake::{Columns, LakeError, Publisher};
use sealog_record::Timestamp;
use sealog_store::{Log, Store};

use crate::{Identity, Progress, TableConfig};

/// How soon a commit of this process is looked for.
const LOOK: Duration = Duration::from_secs(1);
/// Looks between two questions to the store while this process commits nothing: another one may.
const QUIET_LOOKS: u32 = 60;
/// Waits after an error: doubling, up to the larger.
const RETRY: Duration = Duration::from_secs(1);
const RETRY_MAX: Duration = Duration::from_secs(300);
/// Attempts at the rest once nothing more is committed.
const LAST_TRIES: u32 = 5;

/// Publishes until `finished` is cancelled, and then what is left. An error that does not pass by itself is said, and ends it.
pub(crate) async fn follow(
    store: Arc<dyn Store>,
    table: TableConfig,
    identity: Identity,
    progress: Arc<Progress>,
    finished: tokio_util::sync::CancellationToken,
) {
    let log = Log::new(store, &table.log);
    let mut follower = Follower { log, columns: table.columns, identity, progress, publisher: None };
    let (mut seen, mut quiet, mut tries, mut wait) = (None, 0, 0, RETRY);
    loop {
        let last = finished.is_cancelled();
        let commits = follower.progress.totals().commits;
        if last || seen != Some(commits) || quiet >= QUIET_LOOKS {
            match follower.publish().await {
                Ok(()) if last => return,
                Ok(()) => (seen, quiet, wait) = (Some(commits), 0, RETRY),
                Err(error) => {
                    tries += u32::from(last);
                    tracing::warn!(
                        log = table.log, %error,
                        "the lake is behind; nothing but queries depends on it, and `sealog lake publish` makes up for it"
                    );
                    if !error.may_pass() || tries >= LAST_TRIES {
                        return follower.progress.lake_stopped();
                    }
                    pause(&follower.identity, wait, &finished).await;
                    wait = (wait * 2).min(RETRY_MAX);
                    continue;
                }
            }
        }
        quiet += 1;
        pause(&follower.identity, LOOK, &finished).await;
    }
}

async fn pause(identity: &Identity, wait: Duration, finished: &tokio_util::sync::CancellationToken) {
    if finished.is_cancelled() {
        return identity.clock.sleep(RETRY).await;
    }
    tokio::select! {
        biased;
        () = finished.cancelled() => {}
        () = identity.clock.sleep(wait) => {}
    }
}

struct Follower {
    log: Log,
    columns: Columns,
    identity: Identity,
    progress: Arc<Progress>,
    publisher: Option<Publisher>,
}

impl Follower {
    /// Everything that is committed by now.
    async fn publish(&mut self) -> Result<(), LakeError> {
        let publisher = match &mut self.publisher {
            Some(publisher) => publisher,
            empty => {
                let now = Timestamp::from_millis(self.identity.clock.now_ms());
                empty.insert(Publisher::resume(self.log.clone(), self.columns.clone(), now).await?)
            }
        };
        while let Some(published) = publisher.step().await? {
            let lag_ms = self.identity.clock.now_ms().saturating_sub(published.committed_at.as_millis());
            self.progress.lake_published(&published, lag_ms);
        }
        self.progress.lake_caught_up();
        Ok(())
    }
}
