//! The text format that Prometheus scrapes, version 0.0.4.

use std::fmt::Write as _;

use sealog_pipeline::{DURATION_BOUNDS_MS, DurationCounts};

use crate::catalog::Metric;

/// Content type of the format.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page of metrics, being written.
#[derive(Debug, Default)]
pub(crate) struct Text(String);

/// A value: counts are exact, everything else is not.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Value {
    Count(u64),
    Amount(f64),
}

impl From<u64> for Value {
    fn from(count: u64) -> Self {
        Self::Count(count)
    }
}

impl From<bool> for Value {
    fn from(is: bool) -> Self {
        Self::Count(u64::from(is))
    }
}

impl From<f64> for Value {
    fn from(amount: f64) -> Self {
        Self::Amount(amount)
    }
}

/// Milliseconds as seconds.
pub(crate) fn seconds(milliseconds: i64) -> f64 {
    // Exact up to thousands of years.
    let whole = i32::try_from(milliseconds / 1000).map_or(f64::MAX, f64::from);
    let rest = i32::try_from(milliseconds % 1000).map_or(0.0, f64::from);
    whole + rest / 1000.0
}

impl Text {
    /// All samples of one metric: values of its labels, in the catalog's order, and its value. Without samples the metric
    /// is left out.
    pub(crate) fn family(&mut self, metric: &Metric, samples: Vec<(Vec<&str>, Value)>) {
        if samples.is_empty() {
            return;
        }
        self.head(metric);
        for (values, value) in samples {
            let labels = metric.labels.iter().copied().zip(values);
            self.sample(metric.name, labels, value);
        }
    }

    /// A histogram of durations, in seconds.
    pub(crate) fn durations(&mut self, metric: &Metric, samples: Vec<(Vec<&str>, DurationCounts)>) {
        if samples.is_empty() {
            return;
        }
        self.head(metric);
        for (values, counts) in samples {
            let labels: Vec<_> = metric.labels.iter().copied().zip(values).collect();
            let name = format!("{}_bucket", metric.name);
            let bounds = DURATION_BOUNDS_MS.iter().map(|bound| {
                let bound = i64::try_from(*bound).unwrap_or(i64::MAX);
                seconds(bound).to_string()
            });
            for (bound, at_most) in bounds.zip(counts.at_most) {
                let labels = labels.iter().copied().chain([("le", bound.as_str())]);
                self.sample(&name, labels, at_most.into());
            }
            self.sample(&name, labels.iter().copied().chain([("le", "+Inf")]), counts.count.into());
            let sum = seconds(i64::try_from(counts.sum_ms).unwrap_or(i64::MAX));
            self.sample(&format!("{}_sum", metric.name), labels.iter().copied(), sum.into());
            self.sample(&format!("{}_count", metric.name), labels.iter().copied(), counts.count.into());
        }
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }

    fn head(&mut self, metric: &Metric) {
        let (name, help, kind) = (metric.name, metric.help, metric.kind.as_str());
        self.0.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n"));
    }

    fn sample<'a>(&mut self, name: &str, labels: impl Iterator<Item = (&'a str, &'a str)>, value: Value) {
        let labels: Vec<_> = labels.map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        // Writing to a text cannot fail.
        let written = match value {
            Value::Count(count) => writeln!(self.0, "{name}{labels} {count}"),
            Value::Amount(amount) => writeln!(self.0, "{name}{labels} {amount}"),
        };
        debug_assert!(written.is_ok());
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{COMMIT_DURATION, ITERATOR_AGE, RECORDS_READ};

    #[test]
    fn samples_are_lines_and_labels_are_escaped() {
        let mut text = Text::default();
        text.family(&RECORDS_READ, vec![(vec!["a\"b\\c\nd", "l"], 7.into())]);
        text.family(&ITERATOR_AGE, vec![]);
        let lines: Vec<_> = text.0.lines().collect();
        assert_eq!(lines[1], "# TYPE sealog_records_read_total counter");
        assert_eq!(lines[2], r#"sealog_records_read_total{table="a\"b\\c\nd",log="l"} 7"#);
        assert_eq!(lines.len(), 3, "a metric without samples is left out");
    }

    #[test]
    fn a_histogram_has_classes_a_sum_and_a_count() {
        let mut counts = DurationCounts { count: 3, sum_ms: 61_250, ..DurationCounts::default() };
        counts.at_most[12] = 2;
        let mut text = Text::default();
        text.durations(&COMMIT_DURATION, vec![(vec!["t", "l"], counts)]);
        let text = text.finish();
        for line in [
            r#"sealog_commit_duration_seconds_bucket{table="t",log="l",le="0.005"} 0"#,
            r#"sealog_commit_duration_seconds_bucket{table="t",log="l",le="60"} 2"#,
            r#"sealog_commit_duration_seconds_bucket{table="t",log="l",le="+Inf"} 3"#,
            r#"sealog_commit_duration_seconds_sum{table="t",log="l"} 61.25"#,
            r#"sealog_commit_duration_seconds_count{table="t",log="l"} 3"#,
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn milliseconds_become_seconds_without_loss() {
        assert_eq!([0, 1, -1500, 1_795_342_530_123].map(seconds), [0.0, 0.001, -1.5, 1_795_342_530.123]);
    }
}
