//! Looks for what is wrong with a set-up before it costs changes: key, clock, table, stream, positions, bucket.
//!
//! Permissions are tried, not read from policies: only the service knows what a role, a boundary and an organisation add
//! up to. Nothing is changed but for a canary in the bucket, which stays for a day, and a small file in a directory.

mod archive;
mod finding;
mod keys;
mod log;
mod stream;
mod table;

use std::sync::Arc;

use sealog_pipeline::Config;
use sealog_source::{AwsStreamClient, Calls, Clock};

pub use finding::{Finding, FindingState};

/// Clocks further apart than this are worth a word: retention and heartbeats are counted by ours.
const SKEW_WEAK_MS: i64 = 30_000;
/// AWS refuses requests that were signed this far from its time (Signature Version 4; S3 takes 15 minutes).
const SKEW_BAD_MS: i64 = 5 * 60_000;

/// A set-up to be examined.
pub struct Doctor<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The service.
    pub client: &'a AwsStreamClient,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// The instant that positions are judged at, in ms since 1970.
    pub now_ms: i64,
}

impl Doctor<'_> {
    /// Everything that was looked at, good and bad, in the order of a person who sets it up.
    pub async fn examine(&self) -> Vec<Finding> {
        let (signer, mut found) = keys::examine(self.config).await;
        found.extend(archive::examine(self).await);
        let calls = Arc::new(Calls::default());
        for table in &self.config.tables {
            found.extend(table::examine(self, table, &calls).await);
            found.extend(log::examine(self, table, signer.as_deref()).await);
        }
        let offset_ms = calls.service_clock_ms().map(|theirs| self.clock.now_ms().saturating_sub(theirs));
        found.push(clock(offset_ms));
        found
    }
}

/// `offset_ms`: how far our clock is ahead, as of the newest reply.
fn clock(offset_ms: Option<i64>) -> Finding {
    const SUBJECT: &str = "this machine";
    let Some(offset_ms) = offset_ms else {
        return Finding::unknown(
            "clock",
            SUBJECT,
            "the service did not answer, so clocks could not be compared",
        );
    };
    // The header knows whole seconds, and a reply takes its time.
    let seconds = (offset_ms.abs() - 1000).max(0) / 1000;
    let direction = if offset_ms < 0 { "behind" } else { "ahead of" };
    let found = format!("its clock is {seconds} s {direction} the service's");
    let remedy = "set the clock and keep it by NTP or chrony (on AWS: 169.254.169.123): the service refuses requests that \
                  are signed more than 5 minutes from its time, and lag, retention and heartbeats are counted by this clock";
    match offset_ms.abs() {
        SKEW_BAD_MS.. => Finding::bad("clock", SUBJECT, found, remedy),
        SKEW_WEAK_MS.. => Finding::weak("clock", SUBJECT, found, remedy),
        _ => Finding::good("clock", SUBJECT, "its clock agrees with the service's"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_told_to_differ_by_more_than_a_reply_takes() {
        let state = |offset_ms| clock(offset_ms).state;
        assert_eq!(state(None), FindingState::Unknown);
        for good_ms in [0, 1500, -29_000] {
            assert_eq!(state(Some(good_ms)), FindingState::Good, "{good_ms}");
        }
        assert_eq!(state(Some(-40_000)), FindingState::Weak);
        let ahead = clock(Some(600_000));
        assert_eq!(ahead.state, FindingState::Bad);
        assert!(ahead.found.contains("599 s ahead"), "{}", ahead.found);
    }
}
