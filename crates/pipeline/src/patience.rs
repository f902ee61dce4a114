//! How long a store that does not do as asked is asked again, and how often.

use std::time::Duration;

use sealog_chain::sha256;
use sealog_store::{StoreError, StoreErrorKind};

use crate::{Identity, PipelineError};

const WAIT_FIRST: Duration = Duration::from_millis(100);
const WAIT_MAX: Duration = Duration::from_secs(10);
/// Attempts at an object while the disk is full: somebody may be making room.
const FULL_TRIES: u32 = 4;
/// Attempts after a stop was asked for; about half a minute.
const STOPPING_TRIES: u32 = 9;

/// Waits longer and longer for a store that may come back.
pub(crate) struct Patience<'a> {
    identity: &'a Identity,
    log: &'a str,
    tries: u32,
    wait: Duration,
}

impl<'a> Patience<'a> {
    /// Fresh, for one object of a log.
    pub(crate) fn new(identity: &'a Identity, log: &'a str) -> Self {
        Self { identity, log, tries: 0, wait: WAIT_FIRST }
    }

    /// Returns when it is time to try again; the error itself when that is of no use.
    pub(crate) async fn wait(&mut self, error: StoreError) -> Result<(), PipelineError> {
        self.tries += 1;
        let full = error.kind == StoreErrorKind::Full && self.tries >= FULL_TRIES;
        let stopping = self.identity.cancel.is_cancelled() && self.tries >= STOPPING_TRIES;
        if full || stopping || !error.kind.may_pass() {
            return Err(error.into());
        }
        tracing::warn!(log = self.log, %error, wait_ms = self.wait.as_millis(), "the archive is written again");
        self.identity.clock.sleep(jittered(self.wait, &self.identity.writer.id, self.tries)).await;
        self.wait = (self.wait * 2).min(WAIT_MAX);
        Ok(())
    }
}

/// Between half of `wait` and all of it: writers that met once do not meet again. Each draws from its own name.
fn jittered(wait: Duration, writer: &str, tries: u32) -> Duration {
    let [high, low, ..] = sha256(format!("{writer} {tries}").as_bytes()).0;
    let part = u32::from(u16::from_be_bytes([high, low]));
    wait / 2 + wait / 2 * part / u32::from(u16::MAX)
}
