//! Every metric there is: name, type, labels, and what it means.
//!
//! Base units, `_total` for counters (Prometheus, "Metric and label naming"). No label has unbounded values: tables, logs
//! and filters are configured, everything else is listed in the code.

/// How a metric behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows while a process lives.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts in classes.
    Histogram,
}

impl Kind {
    /// Its name in the text format.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// How it behaves.
    pub kind: Kind,
    /// What its value counts: `seconds`, `bytes`, or nothing.
    pub unit: &'static str,
    /// Names of its labels.
    pub labels: &'static [&'static str],
    /// What it means, in a sentence.
    pub help: &'static str,
}

const TABLE: &[&str] = &["table", "log"];

const fn metric(
    name: &'static str,
    kind: Kind,
    unit: &'static str,
    labels: &'static [&'static str],
    help: &'static str,
) -> Metric {
    Metric { name, kind, unit, labels, help }
}

macro_rules! catalog {
    ($($constant:ident = $name:literal $kind:ident $unit:literal $labels:expr, $help:literal;)*) => {
        $(#[doc = $help] pub const $constant: Metric = metric($name, Kind::$kind, $unit, $labels, $help);)*
        /// All of them, in the order in which they are printed.
        pub const ALL: &[Metric] = &[$($constant),*];
    };
}

catalog! {
    BUILD_INFO = "sealog_build_info" Gauge "" &["version"], "Which build runs; always 1";
    READY = "sealog_ready" Gauge "" &[], "What /readyz says: 1 is ready";
    START_TIME = "process_start_time_seconds" Gauge "seconds" &[], "When the process was started, since 1970-01-01 UTC";
    CPU = "process_cpu_seconds_total" Counter "seconds" &[], "Time that the process used of all processors";
    RESIDENT = "process_resident_memory_bytes" Gauge "bytes" &[], "Memory that the process holds";
    PAGES_MEMORY = "sealog_pages_memory_bytes" Gauge "bytes" &[], "Pages that were read and are not sealed yet";
    PAGES_MEMORY_LIMIT = "sealog_pages_memory_limit_bytes" Gauge "bytes" &[], "Bound on the pages that were read and are not sealed yet";
    RECORDS_READ = "sealog_records_read_total" Counter "" TABLE, "Records read from the stream";
    READ_BYTES = "sealog_read_bytes_total" Counter "bytes" TABLE, "Bytes of the replies that records came in";
    RECORDS_COMMITTED = "sealog_records_committed_total" Counter "" TABLE, "Records sealed and committed by this process";
    WRITTEN_BYTES = "sealog_written_bytes_total" Counter "bytes" TABLE, "Bytes of evidence and commits written";
    COMMITS = "sealog_commits_total" Counter "" TABLE, "Commits made by this process";
    LOST_RACES = "sealog_lost_races_total" Counter "" TABLE, "Commits that another writer made first";
    RESTARTS = "sealog_table_restarts_total" Counter "" TABLE, "Times that the table was started again after it had failed";
    GAPS = "sealog_gaps_total" Counter "" TABLE, "Gaps that this process declared: changes are lost";
    STREAM_CALLS = "sealog_stream_calls_total" Counter "" &["table", "log", "operation", "outcome"], "Requests to DynamoDB and its streams, retries included; each GetRecords is billed";
    STORE_CALLS = "sealog_store_calls_total" Counter "" &["table", "log", "operation", "outcome"], "Calls of the archive, after what the store retries by itself";
    ITERATOR_AGE = "sealog_iterator_age_seconds" Gauge "seconds" TABLE, "Age of the oldest change that is not archived";
    LOSS_CLOCK = "sealog_loss_clock_seconds" Gauge "seconds" TABLE, "Time until a change that is not archived may be gone; not positive: it may be gone";
    LAST_POLL = "sealog_last_poll_timestamp_seconds" Gauge "seconds" TABLE, "When records were last asked for with success, since 1970-01-01 UTC; 0 is never";
    LAST_COMMIT = "sealog_last_commit_timestamp_seconds" Gauge "seconds" TABLE, "When the newest commit of the log was made, since 1970-01-01 UTC; 0 is never";
    HEARTBEAT = "sealog_heartbeat_seconds" Gauge "seconds" TABLE, "Longest time between two commits, as configured";
    COMMIT_DURATION = "sealog_commit_duration_seconds" Histogram "seconds" TABLE, "Time from a sealed batch to the published head";
    SHARDS = "sealog_shards" Gauge "" &["table", "log", "state"], "Shards that are not committed to their end";
    ALARM = "sealog_alarm" Gauge "" &["table", "log", "kind"], "Whether a person should look at something";
    FILTER_RECORDS = "sealog_filter_records_total" Counter "" &["table", "log", "filter", "verdict"], "Records that a filter judged, by its answer";
    FILTER_BYPASSED = "sealog_filter_bypassed" Gauge "" &["table", "log", "filter"], "Whether a filter failed too often and is no longer asked";
    LAKE_LAG = "sealog_lake_lag_seconds" Gauge "seconds" TABLE, "Time from the newest published commit until its rows were in the lake";
    LAKE_CAUGHT_UP = "sealog_lake_caught_up" Gauge "" TABLE, "Whether everything that was committed was in the lake when it was last looked";
    VERIFICATION_OUTCOME = "sealog_verification_outcome" Gauge "" &["log", "outcome"], "What the last verification said: 1 for its outcome; written by sealog verify --metrics";
    VERIFICATION_TIME = "sealog_verification_timestamp_seconds" Gauge "seconds" &["log"], "When that verification was made, since 1970-01-01 UTC";
}

/// One metric of CloudWatch, in the namespace [`crate::NAMESPACE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloudWatchMetric {
    /// Its name.
    pub name: &'static str,
    /// Its unit, as CloudWatch calls it.
    pub unit: &'static str,
    /// The sets of dimensions that it is kept by.
    pub dimensions: &'static [&'static [&'static str]],
}

const BY_TABLE: &[&[&str]] = &[&["TableName"]];
const BY_OPERATION: &[&[&str]] = &[&["TableName"], &["TableName", "Operation"]];
/// AWS's own `UserErrors` has no dimension for the table: it counts the account's in a Region.
const BY_TABLE_AND_ALL: &[&[&str]] = &[&["TableName"], &[]];

/// What the embedded metric format carries; the first four are named as AWS names them.
pub const CLOUDWATCH: &[CloudWatchMetric] = &[
    CloudWatchMetric { name: "IteratorAgeMilliseconds", unit: "Milliseconds", dimensions: BY_TABLE },
    CloudWatchMetric { name: "UserErrors", unit: "Count", dimensions: BY_TABLE_AND_ALL },
    CloudWatchMetric { name: "SystemErrors", unit: "Count", dimensions: BY_OPERATION },
    CloudWatchMetric { name: "ReturnedRecordsCount", unit: "Count", dimensions: BY_OPERATION },
    CloudWatchMetric { name: "ThrottledRequests", unit: "Count", dimensions: BY_TABLE },
    CloudWatchMetric { name: "LossClockSeconds", unit: "Seconds", dimensions: BY_TABLE },
    CloudWatchMetric { name: "SecondsSinceLastPoll", unit: "Seconds", dimensions: BY_TABLE },
    CloudWatchMetric { name: "Gaps", unit: "Count", dimensions: BY_TABLE },
    CloudWatchMetric { name: "ShardsUnread", unit: "Count", dimensions: BY_TABLE },
    CloudWatchMetric { name: "FiltersBypassed", unit: "Count", dimensions: BY_TABLE },
    CloudWatchMetric { name: "NotReady", unit: "Count", dimensions: BY_TABLE },
    CloudWatchMetric { name: "StoreErrors", unit: "Count", dimensions: BY_TABLE },
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_follow_the_conventions_and_stand_once() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for Metric { name, kind, unit, labels, help } in ALL {
            assert!(name.starts_with("sealog_") || name.starts_with("process_"), "{name}");
            assert_eq!(*kind == Kind::Counter, name.ends_with("_total"), "{name}");
            assert!(unit.is_empty() || name.contains(unit), "{name} does not name its unit {unit}");
            assert!(!help.is_empty() && !help.ends_with('.'), "{name}");
            for label in *labels {
                assert!(
                    !["key", "item", "shard", "stream", "sequence", "le", "job", "instance"].contains(label),
                    "{name}: label {label}"
                );
            }
        }
    }

    #[test]
    fn the_four_metrics_of_the_customers_document_are_there() {
        for name in ["IteratorAgeMilliseconds", "UserErrors", "SystemErrors", "ReturnedRecordsCount"] {
            assert!(CLOUDWATCH.iter().any(|metric| metric.name == name), "{name}");
        }
    }
}
