//! When somebody is to be called: each alarm as a rule of Prometheus and, where it can be one, as an alarm of CloudWatch.

use std::time::Duration;

use sealog_pipeline::LOSS_CLOCK_MIN;

/// Iterator age above this is too much (the customer's document, "Alarms").
pub const ITERATOR_AGE_MAX: Duration = Duration::from_secs(60);
/// More user errors than this in [`ERRORS_WINDOW`] are too many (the customer's document, "Alarms").
pub const USER_ERRORS_MAX: u32 = 10;
/// More failed calls of the archive than this in [`ERRORS_WINDOW`] are too many.
pub const STORE_ERRORS_MAX: u32 = 10;
/// What errors are counted over.
pub const ERRORS_WINDOW: Duration = Duration::from_secs(300);
/// Longest time without a successful poll; the longest that a table may be told to wait is ten minutes.
pub const POLL_SILENCE_MAX: Duration = Duration::from_secs(900);
/// Heartbeats that may pass without a commit; verifiers say STALE after as many.
pub const HEARTBEATS_MAX: u32 = 2;
/// Oldest verification: a daily one, and two hours for it.
pub const VERIFICATION_AGE_MAX: Duration = Duration::from_secs(26 * 3600);

/// A process that has just been started has not read yet.
const STARTING: Duration = Duration::from_secs(120);

/// How soon somebody has to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// Now: changes are lost, or will be.
    Critical,
    /// Today.
    Warning,
}

impl Severity {
    /// Its name in labels.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// One alarm.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Its name, the same everywhere.
    pub name: &'static str,
    /// How soon somebody has to look.
    pub severity: Severity,
    /// The rule's expression.
    pub expr: String,
    /// How long it has to hold.
    pub holds: Duration,
    /// The alarm of CloudWatch; `None`: what it looks at is not there.
    pub cloudwatch: Option<CloudWatchAlarm>,
    /// What has happened.
    pub summary: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

/// An alarm of CloudWatch on a metric of [`crate::NAMESPACE`], for one `TableName`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CloudWatchAlarm {
    /// The metric.
    pub metric: &'static str,
    /// How its values in a period become one.
    pub statistic: &'static str,
    /// `GreaterThanThreshold` or `LessThanThreshold`.
    pub comparison: &'static str,
    /// The bound.
    pub threshold: f64,
    /// The period in seconds.
    pub period_s: u32,
    /// Periods in a row.
    pub periods: u32,
    /// What it is taken for when nothing comes: `breaching` or `missing`.
    pub missing: &'static str,
}

const fn above(metric: &'static str, statistic: &'static str, threshold: f64) -> CloudWatchAlarm {
    CloudWatchAlarm {
        metric,
        statistic,
        comparison: "GreaterThanThreshold",
        threshold,
        period_s: 60,
        periods: 1,
        missing: "missing",
    }
}

fn over_window(alarm: CloudWatchAlarm) -> Option<CloudWatchAlarm> {
    let period_s = u32::try_from(ERRORS_WINDOW.as_secs()).unwrap_or(u32::MAX);
    Some(CloudWatchAlarm { period_s, ..alarm })
}

/// All alarms.
#[must_use]
pub fn all() -> Vec<Alarm> {
    [lag(), reading(), archive(), verification()].concat()
}

fn lag() -> Vec<Alarm> {
    let (age_s, left_s) = (ITERATOR_AGE_MAX.as_secs(), LOSS_CLOCK_MIN.as_secs());
    let window_m = ERRORS_WINDOW.as_secs() / 60;
    vec![
        Alarm {
            name: "SealogIteratorAge",
            severity: Severity::Warning,
            expr: format!("sealog_iterator_age_seconds > {age_s}"),
            holds: Duration::from_secs(60),
            cloudwatch: Some(above(
                "IteratorAgeMilliseconds",
                "Maximum",
                ITERATOR_AGE_MAX.as_secs_f64() * 1000.0,
            )),
            summary: "Changes wait too long before they are archived",
            remedy: "Look at sealog_commit_duration_seconds (a slow archive), at throttled calls, and at sealog_shards; an \
                     idle shard is as old as `latency` lets it be, so keep that below the threshold",
        },
        Alarm {
            name: "SealogUserErrors",
            severity: Severity::Warning,
            expr: format!(
                "sum by (table, log) (increase(sealog_stream_calls_total{{outcome=\"user_error\"}}[{window_m}m])) > {USER_ERRORS_MAX}"
            ),
            holds: Duration::ZERO,
            cloudwatch: over_window(above("UserErrors", "Sum", f64::from(USER_ERRORS_MAX))),
            summary: "The service refuses calls",
            remedy: "Run sealog doctor: it tries each permission, and says which one is missing",
        },
        Alarm {
            name: "SealogLossClock",
            severity: Severity::Critical,
            expr: format!("sealog_loss_clock_seconds < {left_s}"),
            holds: Duration::ZERO,
            cloudwatch: Some(CloudWatchAlarm {
                comparison: "LessThanThreshold",
                ..above("LossClockSeconds", "Minimum", LOSS_CLOCK_MIN.as_secs_f64())
            }),
            summary: "A change that is not archived will soon be gone for ever",
            remedy: "Find out why its shard is not read (/readyz says it); the service forgets changes after 24 hours",
        },
    ]
}

fn reading() -> Vec<Alarm> {
    let silence_s = POLL_SILENCE_MAX.as_secs();
    vec![
        Alarm {
            name: "SealogNoPoll",
            severity: Severity::Critical,
            expr: format!("time() - sealog_last_poll_timestamp_seconds > {silence_s}"),
            holds: STARTING,
            cloudwatch: Some(CloudWatchAlarm {
                missing: "breaching",
                ..above("SecondsSinceLastPoll", "Maximum", POLL_SILENCE_MAX.as_secs_f64())
            }),
            summary: "Nobody has read the table's stream with success for a while",
            remedy: "Look whether the process runs, at its log, and at /readyz; run sealog doctor",
        },
        Alarm {
            name: "SealogShardUnowned",
            severity: Severity::Critical,
            expr: "sum by (table, log) (sealog_shards{state=~\"too_old|in_trouble\"}) > 0".to_owned(),
            holds: Duration::from_secs(300),
            cloudwatch: Some(CloudWatchAlarm { periods: 5, ..above("ShardsUnread", "Minimum", 0.0) }),
            summary: "A shard is read by nobody",
            remedy: "/readyz names the shard and why its replies cannot be used",
        },
        Alarm {
            name: "SealogGap",
            severity: Severity::Critical,
            expr: "increase(sealog_gaps_total[15m]) > 0".to_owned(),
            holds: Duration::ZERO,
            cloudwatch: over_window(above("Gaps", "Sum", 0.0)),
            summary: "Changes are lost, and the log declares it",
            remedy: "sealog gaps says which, and why; the audit has to know",
        },
    ]
}

fn archive() -> Vec<Alarm> {
    let window_m = ERRORS_WINDOW.as_secs() / 60;
    vec![
        Alarm {
            name: "SealogStopped",
            severity: Severity::Critical,
            expr: "max by (table, log, kind) (sealog_alarm) > 0".to_owned(),
            holds: Duration::ZERO,
            cloudwatch: Some(CloudWatchAlarm { periods: 5, ..above("NotReady", "Minimum", 0.0) }),
            summary: "Reading has stopped, or the stream is off or shows less than required",
            remedy: "/readyz says why; a gap that halted the table needs a person's decision (on_gap)",
        },
        Alarm {
            name: "SealogNoCommit",
            severity: Severity::Warning,
            expr: format!(
                "time() - sealog_last_commit_timestamp_seconds > {HEARTBEATS_MAX} * sealog_heartbeat_seconds"
            ),
            holds: STARTING,
            cloudwatch: None,
            summary: "The log is silent for longer than its heartbeat: verifiers say STALE",
            remedy: "Look whether the archive can be written: sealog doctor, sealog archive check",
        },
        Alarm {
            name: "SealogStoreErrors",
            severity: Severity::Warning,
            expr: format!(
                "sum by (table, log) (increase(sealog_store_calls_total{{outcome=\"failed\"}}[{window_m}m])) > {STORE_ERRORS_MAX}"
            ),
            holds: Duration::ZERO,
            cloudwatch: over_window(above("StoreErrors", "Sum", f64::from(STORE_ERRORS_MAX))),
            summary: "The archive fails or refuses calls",
            remedy: "The log names the call and the permission that it needs; sealog archive check tries them",
        },
        Alarm {
            name: "SealogFilterBypassed",
            severity: Severity::Critical,
            expr: "sealog_filter_bypassed > 0".to_owned(),
            holds: Duration::ZERO,
            cloudwatch: Some(above("FiltersBypassed", "Maximum", 0.0)),
            summary: "A filter failed so often that it is no longer asked: every record is kept",
            remedy: "Mend the filter, try it with sealog filter replay, pin it anew, and restart",
        },
        Alarm {
            name: "SealogDown",
            severity: Severity::Critical,
            expr: "absent(sealog_build_info)".to_owned(),
            holds: Duration::from_secs(300),
            cloudwatch: None,
            summary: "No process answers",
            remedy: "Start it; DynamoDB Streams forgets changes after 24 hours",
        },
    ]
}

fn verification() -> Vec<Alarm> {
    let age_s = VERIFICATION_AGE_MAX.as_secs();
    vec![
        Alarm {
            name: "SealogVerificationFailed",
            severity: Severity::Critical,
            expr: "sealog_verification_outcome{outcome=~\"tampered|stale|unverifiable\"} > 0".to_owned(),
            holds: Duration::ZERO,
            cloudwatch: None,
            summary: "The archive does not verify",
            remedy: "Keep everything as it is; sealog verify names what was altered, or what could not be read",
        },
        Alarm {
            name: "SealogVerificationOld",
            severity: Severity::Warning,
            expr: format!("time() - sealog_verification_timestamp_seconds > {age_s}"),
            holds: Duration::ZERO,
            cloudwatch: None,
            summary: "The archive was not verified for more than a day",
            remedy: "Look at the job that runs sealog verify --metrics",
        },
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::catalog::{ALL, CLOUDWATCH};

    #[test]
    fn alarms_look_at_metrics_that_there_are() {
        let names: BTreeSet<_> = all().iter().map(|alarm| alarm.name).collect();
        assert_eq!(names.len(), all().len());
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        for alarm in all() {
            let named: Vec<_> =
                alarm.expr.split(|c| !word(c)).filter(|it| it.starts_with("sealog_")).collect();
            assert!(!named.is_empty(), "{}", alarm.name);
            for name in named {
                assert!(ALL.iter().any(|metric| metric.name == name), "{}: {name}", alarm.name);
            }
            if let Some(found) = alarm.cloudwatch {
                assert!(CLOUDWATCH.iter().any(|metric| metric.name == found.metric), "{}", alarm.name);
            }
        }
    }

    #[test]
    fn the_two_alarms_of_the_customers_document_have_its_thresholds() {
        let cloudwatch = |name: &str| {
            let found = all().into_iter().find(|alarm| alarm.name == name).unwrap().cloudwatch.unwrap();
            (found.metric, found.comparison, found.threshold, found.period_s * found.periods)
        };
        assert_eq!(
            cloudwatch("SealogIteratorAge"),
            ("IteratorAgeMilliseconds", "GreaterThanThreshold", 60_000.0, 60)
        );
        assert_eq!(cloudwatch("SealogUserErrors"), ("UserErrors", "GreaterThanThreshold", 10.0, 300));
    }
}
