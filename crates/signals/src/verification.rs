//! What a verification said, as metrics for node_exporter's textfile collector: the job that verifies lives for a minute,
//! and nobody could scrape it.

use sealog_record::Timestamp;

use crate::catalog::{VERIFICATION_OUTCOME, VERIFICATION_TIME};
use crate::prometheus::{Text, seconds};

/// Every outcome, as the metric names it.
pub const OUTCOMES: [&str; 6] =
    ["intact", "declared_gaps", "consistent", "stale", "unverifiable", "tampered"];

/// The metrics of a verification at `at`: each log with its outcome, one of [`OUTCOMES`].
#[must_use]
pub fn verification(at: Timestamp, logs: &[(&str, &str)]) -> String {
    let mut text = Text::default();
    let outcomes = logs.iter().flat_map(|(log, found)| {
        OUTCOMES.into_iter().map(move |outcome| (vec![*log, outcome], (outcome == *found).into()))
    });
    text.family(&VERIFICATION_OUTCOME, outcomes.collect());
    let time = seconds(at.as_millis());
    text.family(&VERIFICATION_TIME, logs.iter().map(|(log, _)| (vec![*log], time.into())).collect());
    text.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_outcome_is_one() {
        let text = verification(Timestamp::from_millis(1500), &[("orders", "stale")]);
        let ones: Vec<_> = text.lines().filter(|line| line.ends_with(" 1")).collect();
        assert_eq!(ones, [r#"sealog_verification_outcome{log="orders",outcome="stale"} 1"#]);
        assert_eq!(text.lines().filter(|line| line.ends_with(" 0")).count(), OUTCOMES.len() - 1);
        assert!(text.ends_with("sealog_verification_timestamp_seconds{log=\"orders\"} 1.5\n"), "{text}");
    }
}
